//! Runs of a network of width one from a balanced start on the manifold, until one sample leads or much of the norm has moved.

use super::{Prediction, STUDY};
use crate::engine::WidthOne;
use crate::error::Result;
use crate::schedule::Schedule;
use crate::study::Lab;
use crate::theory::{depth, selection};
use crate::vectors::participation_ratio;

/// Log-ratio by which the first correlation leads at the end of a run, over the sum of the others.
const FAR: f64 = 3.0;

/// `A` at which a run ends at the latest: `e^{A/2}` is bounded, and so is the curvature at the end, `4 (1/N + (L − 1) N^{1/(L−1)})` over a sample, below the `2/η_B` that a step bears.
pub(super) const MOST: f64 = 1.5;

/// What all runs of a cell have in common.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    pub layers: usize,
    pub batch: usize,
    /// Correlations at the start; only their ratios count.
    pub start: Vec<f64>,
}

/// The end of a run.
pub(super) struct End {
    pub correlations: Vec<f64>,
    /// `A`, summed along the run.
    pub along: f64,
    /// `A`, told from the squared norm of the first layer.
    pub by_norm: f64,
    pub norm_sq: f64,
}

impl Cell {
    /// So many runs at a step size per sample.
    pub fn run(
        &self,
        lab: &Lab,
        prediction: &Prediction,
        step_per_sample: f64,
        replicas: u64,
        key: u64,
    ) -> Result<Vec<End>> {
        let schedule = Schedule::sgd(self.start.len(), self.batch, lab.cell_seed(&STUDY, key))?;
        lab.each(0..replicas, |replica| Ok(self.follow(prediction, &schedule, step_per_sample, replica)))
    }

    fn follow(
        &self,
        prediction: &Prediction,
        schedule: &Schedule,
        step_per_sample: f64,
        replica: u64,
    ) -> End {
        let rate = selection::diffusion_rate(self.start.len(), self.batch, step_per_sample);
        let mut network = WidthOne::balanced(&self.start, self.layers);
        let (mut batches, mut along, far) = (schedule.stream(replica), 0.0, FAR.exp());
        let most = depth::norm_sq(self.layers, MOST);
        loop {
            let (c, norm_sq) = (network.correlations(), network.norm_sq());
            let total: f64 = c.iter().map(|c| c.abs()).sum();
            let largest = c.iter().fold(0.0f64, |a, c| a.max(c.abs()));
            // What is no number ends a run, too.
            let is_open = largest <= far * (total - largest) && norm_sq < most;
            if !is_open {
                let by_norm = (prediction.balance)(self.layers, norm_sq);
                return End { correlations: c.to_vec(), along, by_norm, norm_sq };
            }
            along +=
                rate * network.gain().powi(2) * (1.0 - 1.0 / participation_ratio(network.correlations()));
            network.step(batches.next_batch(), step_per_sample);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_no_numbers_ends() {
        let cell = Cell { layers: 3, batch: 1, start: vec![f64::NAN, 1.0] };
        let schedule = Schedule::sgd(2, 1, 1).unwrap();
        assert!(cell.follow(&Prediction::default(), &schedule, 0.1, 0).norm_sq.is_nan());
    }
}
