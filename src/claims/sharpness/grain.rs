//! What the instrument leaves of Theorem 13, by precision.

use crate::device::Precision;

/// What curvature is held to, by precision `u`. The difference step is `h = u^(1/3)`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grain {
    /// Distance from the limit at which training stops.
    pub arrival: f64,
    /// Error of a trace or an eigenvalue. Difference quotients of gradients are good to `u^(2/3)` an entry; a kink,
    /// straddled off its middle by the arrival distance, to that distance over `h`.
    pub curvature: f64,
    /// Least weight in a mixture, relative to its length: several `h`, so that no difference straddles its kink.
    pub clear: f64,
    /// Relative residual at which Lanczos stops.
    pub residual: f64,
}

impl Grain {
    pub fn of(precision: Precision) -> Self {
        precision.pick(
            Self { arrival: 1e-12, curvature: 1e-5, clear: 1e-3, residual: 1e-7 },
            Self { arrival: 1e-5, curvature: 2e-3, clear: 2e-2, residual: 1e-4 },
        )
    }

    /// Most samples at which a trace tells one kink from none.
    pub fn most_samples(self) -> usize {
        (1.0 / (16.0 * self.curvature)) as usize
    }
}

/// The trace that a kink adds.
pub(super) fn kink(samples: usize) -> f64 {
    1.0 / (2.0 * samples as f64)
}

/// The standard error that a stochastic trace is to have, as a part of a kink: a kink more or less is then more than two half-widths of
/// an interval at its level.
pub(super) const PART_OF_A_KINK: f64 = 14.0;

/// That standard error.
pub(super) fn target_error(samples: usize) -> f64 {
    kink(samples) / PART_OF_A_KINK
}
