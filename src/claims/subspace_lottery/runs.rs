//! Runs of the recursion.

use nalgebra::DMatrix;

use crate::draws::normal;
use crate::engine::TiedLayer;
use crate::error::Result;
use crate::model::Activation;
use crate::rng::{Purpose, stream};
use crate::schedule::Schedule;
use crate::study::Lab;

/// Replicas under one schedule, and how often one looks at them.
pub(super) struct Ensemble {
    pub schedule: Schedule,
    pub step_per_sample: f64,
    /// Steps between looks.
    pub every: u64,
    /// Steps after which a replica is given up.
    pub budget: u64,
}

impl Ensemble {
    /// What the rule makes of so many replicas, in their order; `None` for those given up. Every run has a memory of its own, made of its start, which the rule is given at every look.
    pub fn run<T: Send, W>(
        &self,
        lab: &Lab,
        replicas: u64,
        start: impl Fn(u64) -> DMatrix<f64> + Sync,
        memory: impl Fn(&DMatrix<f64>) -> W + Sync,
        rule: impl Fn(&mut W, &TiedLayer) -> Option<T> + Sync,
    ) -> Result<Vec<Option<T>>> {
        lab.each(0..replicas, |replica| {
            let start = start(replica);
            let mut layer =
                TiedLayer::new(&start, Activation::Linear, &self.schedule, self.step_per_sample, replica)?;
            let mut memory = memory(&start);
            while layer.steps_taken() < self.budget {
                layer.advance(self.every);
                let seen = rule(&mut memory, &layer);
                if seen.is_some() {
                    return Ok(seen);
                }
            }
            Ok(None)
        })
    }
}

/// Columns of a random start, `[k, columns]`: independent Gaussians, a row of which has a mean squared norm of ¼, so that no rotation of the neurons changes their law.
pub(super) fn gaussian(neurons: usize, columns: usize, seed: u64, replica: u64) -> DMatrix<f64> {
    let mut rng = stream(seed, Purpose::Init, replica);
    DMatrix::from_fn(neurons, columns, |_, _| 0.5 * normal(&mut rng) / (columns as f64).sqrt())
}
