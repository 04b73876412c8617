//! The tables: odds of two samples, thresholds, and runs on both sides of them.

use serde::{Deserialize, Serialize};

use crate::study::Row;

/// Two samples at one tilt from one angle, extrapolated to `η = 0`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct TiltedOdds {
    /// What is unequal: weights, norms, or both.
    pub unequal: String,
    pub tilt: f64,
    /// `arctan(|u_1/u_2|)` over `π/2`.
    pub angle: f64,
    /// The smaller step size; the larger is twice this.
    pub step_size: f64,
    pub odds: f64,
    pub standard_error: f64,
    pub predicted: f64,
    /// The law of equal data.
    pub equal: f64,
    /// Runs at each of the two step sizes.
    pub runs: u64,
}

impl Row for TiltedOdds {
    const TABLE: &'static str = "unequal_odds";
}

/// Runs from the neighbourhood of a sample.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Bracket {
    /// What is unequal: weights or norms.
    pub unequal: String,
    pub samples: usize,
    pub step_size: f64,
    /// Weight of a rival over that of the sample, or squared norm of it over that of the sample.
    pub ratio: f64,
    /// The threshold at this step size.
    pub critical: f64,
    /// Whether the sample can be a limit.
    pub predicted: bool,
    pub stayed: u64,
    pub left: u64,
    pub runs: u64,
}

impl Row for Bracket {
    const TABLE: &'static str = "unequal_limits";
}

/// How many runs from random starts end in a sample.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Ends {
    pub setting: u64,
    pub sample: usize,
    pub norm_sq: f64,
    pub weight: f64,
    pub step_size: f64,
    /// Whether the sample can be a limit.
    pub predicted: bool,
    pub ended: u64,
    /// Runs of the setting that ended in no sample within the budget.
    pub open: u64,
    pub runs: u64,
}

impl Row for Ends {
    const TABLE: &'static str = "unequal_ends";
}

/// A threshold by bisection of runs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Threshold {
    /// What is unequal: weights or norms.
    pub unequal: String,
    pub samples: usize,
    /// What is sought, the ratio of weights or squared norms or the step size; and the value of the other.
    pub sought: String,
    pub given: f64,
    pub predicted: f64,
    /// Where the mean drift of the rival changes its sign, with its standard error.
    pub measured: f64,
    pub standard_error: f64,
    /// Runs at every point, and steps of each.
    pub runs: u64,
    pub steps: u64,
}

impl Row for Threshold {
    const TABLE: &'static str = "unequal_thresholds";
}
