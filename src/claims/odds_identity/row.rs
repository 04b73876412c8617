//! One sample of one cell: what its weight and its odds came to.

use serde::{Deserialize, Serialize};

use crate::study::Row;

/// A sample of a cell of runs: the weighted and the plain odds, and the variance of two ways to estimate the latter.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct SampleOdds {
    pub samples: usize,
    pub batch: usize,
    /// The smaller step size; that of the extrapolation is twice this.
    pub step_per_sample: f64,
    pub sample: usize,
    /// `c_j(0)/‖c(0)‖`.
    pub cosine: f64,
    /// `E[e^{A/2} |c_j|/‖c‖]` where runs are decided or `A` is stopped, extrapolated to `η = 0`, with its standard error; and the same at a time before the end.
    pub weight: f64,
    pub se_weight: f64,
    pub early_weight: f64,
    pub se_early_weight: f64,
    /// Share of the runs at the smaller step size that the sample wins.
    pub odds: f64,
    pub se_odds: f64,
    /// `E[e^{−A/2}; i* = j]`, extrapolated, and the law.
    pub damped: f64,
    pub se_damped: f64,
    pub predicted_damped: f64,
    /// Variance of a count of winners over that of the identity's estimator: of the runs, and of the laws.
    pub gain: f64,
    pub predicted_gain: f64,
    /// Runs at each of the two step sizes.
    pub runs: u64,
}

impl Row for SampleOdds {
    const TABLE: &'static str = "odds_identity";
}
