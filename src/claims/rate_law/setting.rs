//! One setting of schedule, batch size and step size, and the falls of the losers that its runs show.

use super::Prediction;
use crate::data::Dataset;
use crate::error::Result;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::schedule::{Schedule, ScheduleKind};
use crate::state::Neuron;
use crate::study::Lab;
use crate::study::replicas::Replicas;
use crate::theory::rate::{self, StepLaw};
use crate::vectors::arg_max;

/// One setting.
#[derive(Clone, Copy)]
pub(super) struct Setting {
    pub kind: ScheduleKind,
    pub samples: usize,
    pub batch: usize,
    pub eta: f64,
    pub reduction: Reduction,
}

/// What one run shows between the two times: the winner, and the fall of every `log|c_j|` a step (0 for the winner).
pub(super) struct Fall {
    pub winner: usize,
    pub by_sample: Vec<f64>,
}

impl Fall {
    /// Over so many steps.
    pub fn between(before: &Neuron, after: &Neuron, steps: u64) -> Self {
        let pairs = before.correlations.iter().zip(&after.correlations);
        let by_sample = pairs.map(|(a, b)| (a / b).abs().ln() / steps as f64).collect();
        let winner = arg_max(after.correlations.iter().map(|c| c.abs())).unwrap_or(0);
        Self { winner, by_sample }
    }

    /// Mean over the losers.
    pub fn mean(&self) -> f64 {
        self.by_sample.iter().sum::<f64>() / (self.by_sample.len() as f64 - 1.0)
    }
}

/// Times, in units of `1/λ`, between which falls are measured: after selection, and within the range of f64.
const SPAN: (f64, f64) = (40.0, 200.0);

impl Setting {
    pub fn step_per_sample(&self) -> f64 {
        self.reduction.step_per_sample(self.eta, self.batch)
    }

    pub fn name(&self) -> String {
        format!(
            "{}, m = {}, b = {}, η_B = {:.3}",
            self.kind.name(),
            self.samples,
            self.batch,
            self.step_per_sample()
        )
    }

    /// The predicted law of a step.
    pub fn law(&self, prediction: &Prediction) -> StepLaw {
        let law = (prediction.law)(self.kind, self.samples, self.batch, self.step_per_sample());
        law.expect("a law for all but cyclic batches of several samples")
    }

    /// Both times in steps, whole rounds of the schedule, by the true law whatever is predicted.
    pub fn times(&self) -> (u64, u64) {
        let law = rate::step_law(self.kind, self.samples, self.batch, self.step_per_sample());
        let slowest = rate::step_law(ScheduleKind::Cyclic, self.samples, 1, self.step_per_sample());
        let per_step = law.or(slowest).map_or(1.0, |law| law.rate);
        let at = |lambda_t: f64| (lambda_t / per_step) as u64 / self.round() * self.round();
        (at(SPAN.0), at(SPAN.1))
    }

    /// Steps of a round of the schedule.
    pub fn round(&self) -> u64 {
        match self.kind {
            ScheduleKind::Reshuffle => (self.samples / self.batch) as u64,
            _ => self.samples as u64,
        }
    }

    /// Independent runs of the linear model from Gaussian starts of norm ½.
    pub fn replicas(&self, seed: u64) -> Result<Replicas> {
        let dataset = Dataset::implicit_orthonormal(self.samples, self.samples + 1)?;
        let problem = Problem::new(dataset, Activation::Linear, self.reduction, self.eta)?;
        let schedule = Schedule::new(self.kind, self.samples, Some(self.batch), seed)?;
        Ok(Replicas { problem, schedule, init_norm: 0.5, seed })
    }

    /// Falls in so many of them.
    pub fn falls(&self, lab: &Lab, runs: u64, seed: u64) -> Result<Vec<Fall>> {
        let (from, to) = self.times();
        let fall = |seen: &[Neuron]| Fall::between(&seen[0], &seen[1], to - from);
        self.replicas(seed)?.looked_at(lab, runs, &[from, to], |_, seen| fall(seen))
    }
}
