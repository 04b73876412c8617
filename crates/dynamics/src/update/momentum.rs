//! The linear rules as one recursion.

/// `v ← β v + g`, `p ← p − η (κ g + κ' v_before)`: gradient descent (`β = 0, κ = 1, κ' = 0`), the heavy ball (`κ = 1, κ' = β`) and Nesterov's
/// momentum (`κ = 1 + β, κ' = β²`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Momentum {
    /// `β`.
    pub decay: f64,
    /// `κ`, the weight of the gradient.
    pub gradient_weight: f64,
    /// `κ'`, the weight of the velocity before the step.
    pub velocity_weight: f64,
}
