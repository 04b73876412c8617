//! Rows of the tables.

use serde::{Deserialize, Serialize};

use crate::study::Row;

/// How often one set of samples won from one start, beside its odds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct SetOdds {
    pub start: String,
    pub samples: usize,
    pub neurons: usize,
    pub batch: usize,
    pub step_per_sample: f64,
    /// Its samples.
    pub set: String,
    pub odds: f64,
    pub standard_error_of_odds: f64,
    /// The guesses `π̂²` and `|π̂|/Σ|π̂|`.
    pub by_volume: f64,
    pub proportional: f64,
    pub frequency: f64,
    /// 95 % interval of it.
    pub low: f64,
    pub high: f64,
    pub runs: u64,
}

impl Row for SetOdds {
    const TABLE: &'static str = "subspace_odds";
}

/// Mean time until a set has won, and the mean fall of `log|π̂_S|` until then, at one batch size.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct SetTime {
    pub samples: usize,
    pub neurons: usize,
    pub batch: usize,
    pub step_per_sample: f64,
    pub clock: f64,
    pub kappa_t: f64,
    pub se_kappa_t: f64,
    pub fall: f64,
    /// `k(m−k)κT/m`, with `log 1/(1 − η_B²)` for `η_B²` in `κ`, less the fall.
    pub excess: f64,
    pub se_excess: f64,
    pub runs: usize,
}

impl Row for SetTime {
    const TABLE: &'static str = "subspace_clock";
}
