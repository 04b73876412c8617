//! Where the runs of a cell ended, and after how many steps: the jump at `b = m`, and the rate law.

use super::super::Table;
use super::cells::Cell;
use crate::measure::alignment::best_match;
use crate::measure::sparsity::participation_ratio;
use crate::problem::Problem;
use crate::stats::{ESTIMATE_LEVEL, Mean};
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

/// One row a cell: means over its runs with 95 % intervals, and what theory says.
pub(super) fn table() -> Table {
    let header = [
        "samples",
        "dim",
        "batch",
        "activation",
        "reduction",
        "step_size",
        "init_norm",
        "runs",
        "max_cos",
        "max_cos_low",
        "max_cos_high",
        "max_cos_predicted",
        "participation_ratio",
        "participation_ratio_low",
        "participation_ratio_high",
        "steps",
        "steps_low",
        "steps_high",
        "rate_predicted",
        "tolerance",
    ];
    Table::new("batch_sizes", &header)
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

/// Adds the row of a cell.
pub(super) fn record(table: &mut Table, cell: &Cell, ends: &[End]) {
    if ends.is_empty() {
        return;
    }
    let &Cell { samples, dim, batch, activation, reduction, step_size, init_norm, .. } = cell;
    let rate = sgd::rate(samples, batch, reduction.step_per_sample(step_size, batch));
    let predicted = if batch < samples { 1.0 } else { alignment::gd_max_cos(samples, activation) };
    let [max_cos, max_cos_low, max_cos_high] = estimate(ends, |end| end.max_cos);
    let [ratio, ratio_low, ratio_high] = estimate(ends, |end| end.participation_ratio);
    let [steps, steps_low, steps_high] = estimate(ends, |end| end.steps);
    table.push(&[
        &samples,
        &dim,
        &batch,
        &activation.name(),
        &reduction.name(),
        &step_size,
        &init_norm,
        &ends.len(),
        &max_cos,
        &max_cos_low,
        &max_cos_high,
        &predicted,
        &ratio,
        &ratio_low,
        &ratio_high,
        &steps,
        &steps_low,
        &steps_high,
        &rate,
        &super::tolerance(crate::device::Precision::F64),
    ]);
}
