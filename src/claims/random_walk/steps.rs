//! Walks step by step: what is seen of them from their starts, and of single samples far out.

use super::Prediction;
use super::active::Active;
use super::drift::Setting;
use crate::data::Dataset;
use crate::engine::{Engine, Reduced};
use crate::error::Result;
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;
use crate::state::Neuron;
use crate::study::replicas::Replicas;
use crate::study::{Effort, Lab};
use crate::theory::sgd;

/// One observed step: level before it, whether the batch held the leader and the runner-up, increment, exact conditional expectation.
pub(super) struct Step {
    pub level: f64,
    pub holds: [bool; 2],
    pub increment: f64,
    pub expected: f64,
}

/// A stretch of a walk that begins when `R` is first seen above [`FAR`].
pub(super) struct Stretch {
    /// Mean increment over the stretch.
    pub drift: f64,
    /// Exact conditional expectation at its first state.
    pub expected: f64,
}

/// A level so high that the walk next to never comes back from it to 8, below which the bound is not yet the
/// asymptotic one.
pub(super) const FAR: f64 = 20.0;

/// Walks a setting.
pub(super) fn walks(effort: Effort) -> u64 {
    effort.pick(2000, 3700, 16_000)
}

impl Setting {
    /// The observed steps of all walks, and of single samples their stretches far out.
    pub fn walk(&self, lab: &Lab, prediction: &Prediction, seed: u64) -> Result<(Vec<Step>, Vec<Stretch>)> {
        let dataset = Dataset::implicit_orthonormal(self.samples, self.samples + 2)?;
        let problem = Problem::new(dataset, self.activation, Reduction::Sum, self.eta)?;
        let schedule = Schedule::sgd(self.samples, self.batch, seed)?;
        let replicas = Replicas { problem, schedule, init_norm: 0.5, seed };
        let observed = replicas.each(lab, walks(lab.effort), |replica, start, engine| {
            let active = Active::of(start, self.activation)?;
            let batch = |step| replicas.schedule.batch(replica, step);
            let steps = self.steps(prediction, &active, batch, engine);
            let far = if self.batch == 1 { self.stretch(prediction, &active, engine) } else { None };
            Some((steps, far))
        })?;
        let (steps, stretches): (Vec<_>, Vec<_>) = observed.into_iter().flatten().unzip();
        Ok((steps.into_iter().flatten().collect(), stretches.into_iter().flatten().collect()))
    }

    fn drift(&self, prediction: &Prediction, at: &Neuron) -> f64 {
        (prediction.drift)(&at.correlations, at.norm_sq, self.batch, self.eta, self.activation)
    }

    /// A few consecutive steps, then a jump: levels of all sizes, states not too correlated.
    fn steps(
        &self,
        prediction: &Prediction,
        active: &Active,
        batch: impl Fn(u64) -> Vec<usize>,
        engine: &mut Reduced,
    ) -> Vec<Step> {
        let mut steps = Vec::new();
        for round in 0..16u64 {
            for _ in 0..8 {
                let before = engine.neurons(0).remove(0);
                let holds = active.holds(&before.correlations, &batch(engine.steps_taken()));
                engine.advance(1);
                let level = active.level(&before);
                let increment = active.level(&engine.neurons(0)[0]) - level;
                steps.push(Step { level, holds, increment, expected: self.drift(prediction, &before) });
            }
            engine.advance(24 * round);
        }
        steps
    }

    /// From the first look that finds `R` above [`FAR`], over a time `20/λ`. The first look is a stopping
    /// time, so the mean increment estimates the mean conditional drift over the states of the stretch.
    fn stretch(&self, prediction: &Prediction, active: &Active, engine: &mut Reduced) -> Option<Stretch> {
        let span = (20.0 / sgd::rate(self.samples, self.batch, self.eta)) as u64;
        for _ in 0..400 {
            engine.advance(span / 40);
            let before = engine.neurons(0).remove(0);
            let level = active.level(&before);
            if level > FAR {
                engine.advance(span);
                let drift = (active.level(&engine.neurons(0)[0]) - level) / span as f64;
                return Some(Stretch { drift, expected: self.drift(prediction, &before) });
            }
        }
        None
    }
}
