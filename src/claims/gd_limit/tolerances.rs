//! What rounding leaves of Theorem 1.

use crate::device::Precision;

/// Tolerances by precision.
#[derive(Clone)]
pub(super) struct Tolerances {
    /// Distance aimed at: somewhat below what is asked.
    pub target: f64,
    /// Distance to the limit.
    pub limit: f64,
    /// Deviation from the scalar recursion at any step.
    pub trajectory: f64,
    /// Range of distances over which a tail rate is read, and the tolerance on its logarithm.
    pub tail: (f64, f64, f64),
    /// Smallest `μ` at which the target can be reached. What fades by the factor `1 − μ` a step, the residual and what
    /// ReLU shuts out, stays for good once `μ` times it is less than half a unit in the last place of `w`: at `u/μ` (measured: 0.6 to 1.1 times that).
    /// (A radial error shrinks four times as fast, and goes down to `u/4μ`.)
    pub smallest_mu: f64,
    pub why: &'static str,
}

impl Tolerances {
    pub fn of(precision: Precision) -> Self {
        match precision {
            Precision::F64 => Self {
                target: 1e-13,
                limit: 1e-12,
                trajectory: 1e-10,
                tail: (1e-6, 1e-11, 1e-4),
                smallest_mu: 0.0,
                why: "f64: rounding 2⁻⁵³ a step, contracted by at least 1 − μ",
            },
            Precision::F32 => Self {
                target: 4e-6,
                limit: 1e-5,
                trajectory: 1e-4,
                tail: (1e-2, 1e-4, 5e-2),
                smallest_mu: Precision::F32.unit_roundoff() / 4e-6,
                why: "f32: rounding 2⁻²⁴ a step, contracted by at least 1 − μ",
            },
        }
    }
}
