//! Rows of the table of two samples.

use serde::{Deserialize, Serialize};

use super::Prediction;
use super::pair::frequency;
use crate::study::Row;
use crate::theory::selection::direction;

/// The odds of two samples from one start, and how often the first won.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct PairOdds {
    /// Samples a step; of schedules that are equivalent to one a step, after their kind.
    pub batch: String,
    pub samples: usize,
    pub angle_over_right: f64,
    pub step_per_sample: f64,
    pub limit_law: f64,
    pub first_order: f64,
    /// Of the chain at this step size; NaN where it is not solved.
    pub exact: f64,
    /// NaN without runs.
    pub measured: f64,
    pub standard_error: f64,
    pub runs: u64,
}

impl Row for PairOdds {
    const TABLE: &'static str = "selection_pair";
}

impl PairOdds {
    /// What theory says of one of two samples a step, without runs.
    pub fn new(prediction: &Prediction, share: f64, step_size: f64, exact: f64) -> Self {
        let limit_law = (prediction.pair)(direction(share));
        Self {
            batch: "1".into(),
            samples: 2,
            angle_over_right: share,
            step_per_sample: step_size,
            limit_law,
            first_order: limit_law + step_size * (prediction.slope)(direction(share)),
            exact,
            measured: f64::NAN,
            standard_error: f64::NAN,
            runs: 0,
        }
    }

    /// The same with what so many walks give for the deviation from the law, and its error.
    pub fn summed(self, deviation: f64, standard_error: f64, runs: u64) -> Self {
        Self { measured: self.limit_law + deviation, standard_error, runs, ..self }
    }

    /// The same with the wins of so many runs.
    pub fn won(self, wins: u64, runs: u64) -> Self {
        let (measured, standard_error) = frequency(wins, runs);
        Self { measured, standard_error, runs, ..self }
    }
}
