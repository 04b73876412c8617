//! Runs that start at a mixture.

use super::STUDY;
use crate::error::Result;
use crate::limit_set::LimitSet;
use crate::model::Activation;
use crate::schedule::Schedule;
use crate::state::Neuron;
use crate::study::Lab;
use crate::study::ensemble::{Ensemble, lead};
use crate::theory::selection::{diffusion_rate, log_cosines};
use crate::theory::{gd, random_walk};
use crate::vectors::dot;

/// Log-ratio of the leader to the sum of the others at which a run has committed: it comes back from there with a
/// probability of 0.012.
pub(super) const COMMITTED: f64 = 4.0;

/// SGD started at `w_GD = Σ α_j a_j`, with batches of `batch` samples and `η_B = step_size`.
pub(super) struct Departure {
    pub alpha: Vec<f64>,
    pub batch: usize,
    pub step_size: f64,
    /// Which of the claim's random streams it takes.
    pub cell: u64,
}

/// After how many steps a run has committed, and how far `Σ log cos(w, a_j)` has fallen until then.
pub(super) struct Commitment {
    pub steps: f64,
    pub fall: f64,
}

impl Departure {
    /// Time of the diffusion a step.
    pub fn kappa(&self) -> f64 {
        diffusion_rate(self.alpha.len(), self.batch, self.step_size)
    }

    /// What `look` sees of so many runs after a number of steps.
    pub fn after<T: Send>(
        &self,
        lab: &Lab,
        steps: f64,
        replicas: u64,
        look: impl Fn(&Neuron) -> T + Sync,
    ) -> Result<Vec<T>> {
        self.run(lab, (steps, steps), replicas, |_, neuron| Some(look(neuron)))
    }

    /// Sums over so many steps of the conditional means of the steps of a quantity, one a run: what it grows by, in the mean. A step less its conditional mean is a martingale difference,
    /// and while the mean steps differ little along a run, so do their sums from run to run.
    pub fn mean_steps(
        &self,
        lab: &Lab,
        steps: u64,
        replicas: u64,
        quantity: impl Fn(&[f64]) -> f64 + Sync,
    ) -> Result<Vec<f64>> {
        let (samples, batch) = (self.alpha.len(), self.batch);
        let schedule = Schedule::sgd(samples, batch, lab.cell_seed(&STUDY, self.cell))?;
        lab.each(0..replicas, |replica| {
            let (mut batches, mut c, mut total) = (schedule.stream(replica), self.alpha.clone(), 0.0);
            let mut next = c.clone();
            for _ in 0..steps {
                let norm_sq = dot(&c, &c);
                let step = |next: &mut [f64], batch: &[usize]| {
                    random_walk::step_into(next, &c, norm_sq, batch, self.step_size, Activation::Linear);
                };
                let (mut sum, mut count) = (0.0, 0.0);
                random_walk::for_each_subset(samples, batch, |batch| {
                    step(&mut next, batch);
                    sum += quantity(&next);
                    count += 1.0;
                });
                total += sum / count - quantity(&c);
                step(&mut next, batches.next_batch());
                c.copy_from_slice(&next);
            }
            Ok(total)
        })
    }

    /// So many runs until they have committed.
    pub fn commitments(&self, lab: &Lab, replicas: u64) -> Result<Vec<Commitment>> {
        let before = log_cosines(&self.alpha);
        self.run(lab, (1.0, 200.0 / self.kappa()), replicas, |steps, neuron| {
            (lead(neuron).1 < (-COMMITTED).exp())
                .then(|| Commitment { steps: steps as f64, fall: before - log_cosines(&neuron.correlations) })
        })
    }

    /// What the rule, asked every so many steps, sees of the runs; those that reach the budget are left out.
    fn run<T: Send>(
        &self,
        lab: &Lab,
        (every, budget): (f64, f64),
        replicas: u64,
        rule: impl Fn(u64, &Neuron) -> Option<T> + Sync,
    ) -> Result<Vec<T>> {
        let schedule = Schedule::sgd(self.alpha.len(), self.batch, lab.cell_seed(&STUDY, self.cell))?;
        let ensemble = Ensemble::new(schedule, self.step_size, every, budget)?;
        ensemble.repeat_from(lab, &self.alpha, replicas, rule)
    }
}

/// `w_GD` in coordinates.
pub(super) fn mixture(c: &[f64]) -> Vec<f64> {
    match gd::limit(c, Activation::Linear) {
        Some(LimitSet::Point(alpha)) => alpha,
        _ => unreachable!("correlations are not all 0"),
    }
}
