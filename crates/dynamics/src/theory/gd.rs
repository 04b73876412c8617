//! Full-batch gradient descent, solved: its limit and its whole trajectory in three scalars
//! (GFHY Theorem 1).

use crate::activation::Activation;
use crate::limit_set::LimitSet;
use crate::vectors::{dot, largest_size, norm};

/// Limit of gradient descent from correlations `c_0`: `w_GD = Πw_0/‖Πw_0‖`, for ReLU with the sum
/// over `S⁺ = {i : c_i(0) > 0}` only (Theorem 1). `None` where it does not move towards any, no
/// sample being active, and for an activation that is not the paper's.
pub fn limit(c0: &[f64], activation: Activation) -> Option<LimitSet> {
    if !activation.has_unit_slope() {
        return None;
    }
    let alpha: Vec<f64> = c0.iter().map(|&c| if activation.admits(c) { c } else { 0.0 }).collect();
    let length = norm(&alpha);
    (length > 0.0).then(|| LimitSet::Point(alpha.iter().map(|a| a / length).collect()))
}

/// Distance of the mixture to the nearest datapoint in which SGD could end: `√(2 − 2 max_i |α_i|)` for `w_GD = Σ α_i a_i`.
/// `None` where [`limit`] is.
pub fn to_a_datapoint(c0: &[f64], activation: Activation) -> Option<f64> {
    let Some(LimitSet::Point(alpha)) = limit(c0, activation) else { return None };
    Some((2.0 - 2.0 * largest_size(alpha)).max(0.0).sqrt())
}

/// Distance of the limits that ReLU and the linear model have from the same start: `√(2 − 2 ‖c⁺‖/‖c‖)`. `None` if either has
/// none.
pub fn relu_to_linear(c0: &[f64]) -> Option<f64> {
    let Some(LimitSet::Point(relu)) = limit(c0, Activation::Relu) else { return None };
    let Some(LimitSet::Point(linear)) = limit(c0, Activation::Linear) else { return None };
    Some((2.0 - 2.0 * dot(&relu, &linear)).max(0.0).sqrt())
}

/// Step size `μ` of the radial recursion: `η/m` (mean) or `η` (sum), that is `η_B` at `b = m`.
///
/// The state is `r₊ = ‖c⁺‖`, `r₋ = ‖c⁻‖` and `s`; for the linear model all of `c` counts as `c⁺`.
/// With `N = r₊² + r₋² + s²` one step is
///
/// ```text
/// r₊ ← r₊ (1 − μ(N − 2) − μ r₊²),   r₋ ← r₋ (1 − μ r₊²),   s ← s (1 − μ r₊²)
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Radial {
    /// Norm of the active part of `Πw`.
    pub active: f64,
    /// Norm of the inactive part (0 for the linear model).
    pub inactive: f64,
    /// Residual `s`, with the sign it has along its initial direction.
    pub residual: f64,
}

impl Radial {
    /// The state at correlations `c_0` and residual `s_0`.
    ///
    /// # Panics
    /// For an activation that is not the paper's.
    pub fn new(c0: &[f64], residual: f64, activation: Activation) -> Self {
        activation.require_unit_slope();
        let part = |active: bool| {
            let sum: f64 = c0.iter().filter(|&&c| activation.admits(c) == active).map(|c| c * c).sum();
            sum.sqrt()
        };
        Self { active: part(true), inactive: part(false), residual }
    }

    /// `N = ‖w‖²`.
    pub fn norm_sq(&self) -> f64 {
        self.active * self.active + self.inactive * self.inactive + self.residual * self.residual
    }

    /// The state one step of size `μ` later.
    #[must_use]
    pub fn step(self, mu: f64) -> Self {
        let decay = 1.0 - mu * self.active * self.active;
        Self {
            active: self.active * (decay - mu * (self.norm_sq() - 2.0)),
            inactive: self.inactive * decay,
            residual: self.residual * decay,
        }
    }

    /// Distance `‖w − w_GD‖` to the limit.
    pub fn distance(&self) -> f64 {
        ((self.active - 1.0).powi(2) + self.inactive.powi(2) + self.residual.powi(2)).sqrt()
    }

    /// Steps of size `μ` until the distance to the limit is at most `tolerance`, or `None` if that
    /// takes more than `cap`.
    pub fn steps_to(self, tolerance: f64, mu: f64, cap: u64) -> Option<u64> {
        let mut state = self;
        for step in 0..=cap {
            if state.distance() <= tolerance {
                return Some(step);
            }
            state = state.step(mu);
        }
        None
    }

    /// Correlations of the trajectory at this state, given where it started: each part of `c_0` only
    /// ever changes in length.
    pub fn correlations(&self, start: &Radial, c0: &[f64], activation: Activation) -> Vec<f64> {
        let ratio = |now: f64, then: f64| if then == 0.0 { 0.0 } else { now / then };
        let (grown, shrunk) = (ratio(self.active, start.active), ratio(self.inactive, start.inactive));
        c0.iter().map(|&c| c * if activation.admits(c) { grown } else { shrunk }).collect()
    }
}

/// Factor by which the radial error `r₊ − 1` shrinks per step near the limit, without residual:
/// `1 − 4μ`. It turns to −1 at `μ = 1/2`, where convergence must fail.
pub fn radial_rate(mu: f64) -> f64 {
    1.0 - 4.0 * mu
}

/// Step size per sample at which the radial multiplier `1 − 4μ` reaches −1, for full batches and, at a
/// datapoint that is drawn, for any others.
pub const STABILITY_THRESHOLD: f64 = 0.5;

/// Factor by which the residual and the inactive part shrink per step near the limit: `1 − μ`.
pub fn transverse_rate(mu: f64) -> f64 {
    1.0 - mu
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Neuron;
    use crate::theory::sgd;

    #[test]
    fn recursion_follows_plain_descent_in_coordinates() {
        // Independent route: full-batch steps on (c, s) written out from ∇L, not from the radii.
        let (c0, s0, mu) = ([0.31, -0.22, 0.17, -0.05], 0.4, 0.07);
        for activation in Activation::PAPER {
            let (mut c, mut s) = (c0.to_vec(), s0);
            let start = Radial::new(&c0, s0, activation);
            let mut state = start;
            let Some(LimitSet::Point(mixture)) = limit(&c0, activation) else { unreachable!() };
            let mut arrived = None;
            for taken in 1..=200 {
                let phi: Vec<f64> = c.iter().map(|&c| activation.apply(c)).collect();
                let energy: f64 = phi.iter().map(|p| p * p).sum();
                let norm_sq: f64 = c.iter().map(|c| c * c).sum::<f64>() + s * s;
                for (c, phi) in c.iter_mut().zip(&phi) {
                    *c -= mu * (energy * *c + (norm_sq - 2.0) * phi);
                }
                s -= mu * energy * s;
                state = state.step(mu);
                let ours = state.correlations(&start, &c0, activation);
                assert_eq!(ours.len(), c.len());
                for (a, b) in ours.iter().zip(&c) {
                    assert!((a - b).abs() < 1e-14, "{activation:?}: {a} {b}");
                }
                assert!((state.residual - s).abs() < 1e-14);
                let apart: f64 = c.iter().zip(&mixture).map(|(c, a)| (c - a).powi(2)).sum();
                let distance = (apart + s * s).sqrt();
                assert!((state.distance() - distance).abs() < 1e-14, "{activation:?}: {distance}");
                if distance < 1e-3 && arrived.is_none() {
                    arrived = Some(taken);
                }
            }
            let steps = arrived.expect("200 steps are enough");
            assert_eq!(start.steps_to(1e-3, mu, steps), Some(steps));
            assert_eq!(start.steps_to(1e-3, mu, steps - 1), None);
        }
    }

    #[test]
    fn rates_are_those_of_the_linearisation() {
        let mu = 0.03;
        let near = Radial { active: 1.0 + 1e-6, inactive: 1e-6, residual: 0.0 };
        let radial = Radial { inactive: 0.0, ..near }.step(mu);
        assert!(((radial.active - 1.0) / 1e-6 - radial_rate(mu)).abs() < 1e-6);
        assert!((near.step(mu).inactive / 1e-6 - transverse_rate(mu)).abs() < 1e-6);
    }

    #[test]
    fn distances_of_limits_are_those_of_the_points() {
        let c0 = [0.3, -0.1, 0.4, -0.5];
        let neuron =
            |alpha: Vec<f64>| Neuron { correlations: alpha, residual: 0.0, norm_sq: 1.0, overlap_init: 0.0 };
        for activation in Activation::PAPER {
            let Some(LimitSet::Point(mixture)) = limit(&c0, activation) else { unreachable!() };
            let nearest = sgd::limit_set(&c0, activation).distance(&neuron(mixture.clone()));
            assert!((to_a_datapoint(&c0, activation).unwrap() - nearest).abs() < 1e-15, "{activation:?}");
            let apart = limit(&c0, Activation::Relu).unwrap().distance(&neuron(mixture));
            let expected = if activation == Activation::Relu { 0.0 } else { relu_to_linear(&c0).unwrap() };
            assert!((apart - expected).abs() < 1e-15, "{activation:?}");
        }
        assert_eq!(relu_to_linear(&[-1.0, -0.2]), None);
        assert_eq!(to_a_datapoint(&[-1.0, 0.2], Activation::Relu), Some(0.0));
    }

    #[test]
    fn no_active_sample_no_limit() {
        assert_eq!(limit(&[-0.1, -0.2], Activation::Relu), None);
        assert_eq!(limit(&[0.0, 0.0], Activation::Linear), None);
        assert_eq!(limit(&[-3.0, 4.0], Activation::Linear), Some(LimitSet::Point(vec![-0.6, 0.8])));
        assert_eq!(limit(&[-3.0, 4.0], Activation::Relu), Some(LimitSet::Point(vec![0.0, 1.0])));
    }
}
