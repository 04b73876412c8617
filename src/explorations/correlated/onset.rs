//! Where a datapoint stops being a fixed point: one step from it, under every correlation.

use super::{Condition, Setting};
use crate::engine::{Engine, Reduced};
use crate::error::{Misuse, Result};
use crate::init::Start;
use crate::vectors::{largest_size, norm};

/// First steps from datapoints, by pair.
pub(super) struct Onset {
    pub condition: Condition,
    /// `‖w_1 − x_i‖`.
    pub measured: Vec<f64>,
    /// The same from the Gram matrix and the batch.
    pub predicted: Vec<f64>,
}

/// Length from which a step counts as one, of a point of norm 1; far above rounding, far below `η_B ρ`.
const MOVED: f64 = 1e-12;

impl Onset {
    /// One step from `x_i`, `i` the number of the pair modulo m.
    pub fn measure(setting: &Setting, condition: Condition) -> Result<Self> {
        let (problem, schedule) = (setting.problem(condition)?, setting.schedule(condition)?);
        let (dataset, samples) = (problem.dataset(), setting.samples);
        let rows: Vec<&[f64]> = dataset.rows()?.chunks_exact(dataset.dim()).collect();
        let starts = (0..setting.pairs as usize)
            .map(|pair| Start::from_weights(dataset, rows[pair % samples].to_vec()));
        let mut engine = Reduced::new(&problem, &schedule, &starts.collect::<Result<Vec<_>, Misuse>>()?, 0)?;
        engine.advance(1);
        let step_per_sample = problem.step_per_sample(condition.batch);
        let (mut measured, mut predicted) = (Vec::new(), Vec::new());
        for pair in 0..setting.pairs as usize {
            let w = engine.weights(pair)?;
            let way: Vec<f64> = w.iter().zip(rows[pair % samples]).map(|(w, x)| w - x).collect();
            measured.push(norm(&way));
            let batch = schedule.batch(pair as u64, 0);
            let displacement = setting.prediction.displacement;
            predicted.push(displacement(
                dataset.gram()?,
                pair % samples,
                &batch,
                condition.activation,
                step_per_sample,
            ));
        }
        Ok(Self { condition, measured, predicted })
    }

    /// How many steps left their datapoint.
    pub fn moved(&self) -> u64 {
        steps(&self.measured)
    }

    /// How many theory says do.
    pub fn moved_predicted(&self) -> u64 {
        steps(&self.predicted)
    }

    /// Largest `|measured − predicted|`.
    pub fn deviation(&self) -> f64 {
        largest_size(self.measured.iter().zip(&self.predicted).map(|(a, b)| a - b))
    }
}

fn steps(lengths: &[f64]) -> u64 {
    lengths.iter().filter(|&&length| length > MOVED).count() as u64
}
