//! Where the runs of a setting ended, and after how many steps: the jump at `b = m`, and the rate law.

use serde::{Deserialize, Serialize};

use super::settings::Setting;
use crate::device::Precision;
use crate::measure::alignment::best_match;
use crate::measure::sparsity::participation_ratio;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::stats::{ESTIMATE_LEVEL, Mean};
use crate::study::Row;
use crate::theory::{alignment, sgd};
use crate::train::{Outcome, Run};

/// The end of one run.
pub(super) struct End {
    max_cos: f64,
    participation_ratio: f64,
    /// Steps to the tolerance; NaN if it was not reached.
    steps: f64,
}

impl End {
    pub fn of(run: &Run, problem: &Problem) -> Self {
        let neuron = &run.neurons[0];
        Self {
            max_cos: best_match(neuron, problem.dataset(), problem.activation()).cosine,
            participation_ratio: participation_ratio(neuron),
            steps: if run.outcome == Outcome::Converged { run.steps as f64 } else { f64::NAN },
        }
    }
}

/// The runs of a setting: means with 95 % intervals, and what theory says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct BatchSize {
    pub samples: usize,
    pub dim: usize,
    pub batch: usize,
    pub activation: Activation,
    pub reduction: Reduction,
    pub step_size: f64,
    pub init_norm: f64,
    pub runs: usize,
    pub max_cos: f64,
    pub max_cos_low: f64,
    pub max_cos_high: f64,
    pub max_cos_predicted: f64,
    pub participation_ratio: f64,
    pub participation_ratio_low: f64,
    pub participation_ratio_high: f64,
    /// Steps to the tolerance; NaN if a run did not reach it.
    pub steps: f64,
    pub steps_low: f64,
    pub steps_high: f64,
    pub rate_predicted: f64,
    pub tolerance: f64,
}

impl Row for BatchSize {
    const TABLE: &'static str = "batch_sizes";
}

impl BatchSize {
    /// The row of a setting; none without runs.
    pub fn of(setting: &Setting, ends: &[End]) -> Option<Self> {
        if ends.is_empty() {
            return None;
        }
        let &Setting { samples, dim, batch, activation, reduction, step_size, init_norm, .. } = setting;
        let [max_cos, max_cos_low, max_cos_high] = estimate(ends, |end| end.max_cos);
        let [ratio, ratio_low, ratio_high] = estimate(ends, |end| end.participation_ratio);
        let [steps, steps_low, steps_high] = estimate(ends, |end| end.steps);
        Some(Self {
            samples,
            dim,
            batch,
            activation,
            reduction,
            step_size,
            init_norm,
            runs: ends.len(),
            max_cos,
            max_cos_low,
            max_cos_high,
            max_cos_predicted: if batch < samples { 1.0 } else { alignment::gd_max_cos(samples, activation) },
            participation_ratio: ratio,
            participation_ratio_low: ratio_low,
            participation_ratio_high: ratio_high,
            steps,
            steps_low,
            steps_high,
            rate_predicted: sgd::rate(samples, batch, reduction.step_per_sample(step_size, batch)),
            tolerance: super::tolerance(Precision::F64),
        })
    }
}

/// Mean and 95 % interval; the interval of a single run is that run.
fn estimate(ends: &[End], of: fn(&End) -> f64) -> [f64; 3] {
    let sample: Vec<f64> = ends.iter().map(of).collect();
    if sample.len() < 2 {
        return [sample[0]; 3];
    }
    let mean = Mean::of(&sample);
    let interval = mean.interval(ESTIMATE_LEVEL);
    [mean.mean, interval.low, interval.high]
}
