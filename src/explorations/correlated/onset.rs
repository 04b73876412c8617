//! Where a datapoint stops being a fixed point: one step from it, under every correlation.

use super::{Condition, Setting};
use crate::engine::{Engine, Reduced};
use crate::error::{Misuse, Result};
use crate::init::Start;
use crate::vectors::{largest_size, norm};

/// One step from a datapoint.
pub(super) struct FirstStep {
    /// `‖w_1 − x_i‖`.
    pub length: f64,
    /// The same from the Gram matrix and the batch.
    pub predicted: f64,
}

/// Length from which a step counts as one, of a point of norm 1; far above rounding, far below `η_B ρ`.
const MOVED: f64 = 1e-12;

/// One step from `x_i` for every pair, `i` the number of the pair modulo m.
pub(super) fn measure(setting: &Setting, condition: Condition, pairs: &[u64]) -> Result<Vec<FirstStep>> {
    let (problem, schedule) = (setting.problem(condition)?, setting.schedule(condition)?);
    let (dataset, step_per_sample) = (problem.dataset(), problem.step_per_sample(condition.batch));
    let rows: Vec<&[f64]> = dataset.rows()?.chunks_exact(dataset.dim()).collect();
    let sample = |pair: u64| pair as usize % setting.samples;
    let starts = pairs.iter().map(|pair| Start::from_weights(dataset, rows[sample(*pair)].to_vec()));
    let mut engine = Reduced::new(&problem, &schedule, &starts.collect::<Result<Vec<_>, Misuse>>()?, 0)?;
    engine.advance(1);
    let step = |pair: &u64| {
        let (i, batch) = (sample(*pair), schedule.batch(*pair, 0));
        let w = engine.weights(*pair as usize)?;
        let way: Vec<f64> = w.iter().zip(rows[i]).map(|(w, x)| w - x).collect();
        let displacement = setting.prediction.displacement;
        let predicted = displacement(dataset.gram()?, i, &batch, condition.activation, step_per_sample);
        Ok(FirstStep { length: norm(&way), predicted })
    };
    pairs.iter().map(step).collect()
}

/// How many steps left their datapoint.
pub(super) fn moved(steps: &[FirstStep]) -> u64 {
    steps.iter().filter(|step| step.length > MOVED).count() as u64
}

/// How many theory says do.
pub(super) fn moved_predicted(steps: &[FirstStep]) -> u64 {
    steps.iter().filter(|step| step.predicted > MOVED).count() as u64
}

/// Largest `|measured − predicted|`.
pub(super) fn deviation(steps: &[FirstStep]) -> f64 {
    largest_size(steps.iter().map(|step| step.length - step.predicted))
}
