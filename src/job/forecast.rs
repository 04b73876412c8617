//! Where theory says that the runs of a job end.

use std::ops::Range;
use std::sync::Arc;

use super::Job;
use crate::init::Start;
use crate::limit_set::{LimitSet, Scaled};
use crate::model::Activation;
use crate::problem::Problem;
use crate::schedule::Schedule;
use crate::theory::{self, unequal};
use crate::update::Rule;

/// What the predictions for single neurons have in common. Whether there are any, and of which kind, depends on all starts together, so that the
/// replicas of a job stop by one rule, however they are divided among engines.
#[derive(Clone, Debug)]
pub(super) struct Forecast {
    /// `‖x_i‖`, `[m]`; 1 for a sample that is 0.
    norms: Arc<[f64]>,
    /// Whether samples are orthonormal and drawn by the uniform law.
    is_equal: bool,
    /// Whether a step can change the sign of a correlation.
    may_turn: bool,
}

impl Forecast {
    /// That of a neuron, if theory predicts the limit of any start.
    pub fn new(problem: &Problem, schedule: &Schedule, starts: &[Start]) -> Option<Self> {
        let dataset = problem.dataset();
        let is_equal = dataset.is_orthonormal() && schedule.sampling_weights().is_none();
        if !(problem.keeps_limits() && is_equal || problem.is_plain() && dataset.is_orthogonal()) {
            return None;
        }
        let norm = |i| Some(dataset.row_norm(i)).filter(|norm| *norm > 0.0).unwrap_or(1.0);
        let norms: Arc<[f64]> = (0..dataset.samples()).map(norm).collect();
        let longest = norms.iter().fold(0.0f64, |most, norm| most.max(norm * norm));
        let steepest = problem.step_per_sample(schedule.batch_size()) * longest;
        let may_turn = starts.iter().any(|start| may_turn(start, steepest))
            || !is_equal && !schedule.is_full_batch() && steepest > 0.5;
        if may_turn && (problem.activation() == Activation::Relu || schedule.is_full_batch()) {
            return None;
        }
        let forecast = Self { norms, is_equal, may_turn };
        starts.iter().any(|start| forecast.limit(problem, schedule, start).is_some()).then_some(forecast)
    }

    /// The set that the run from a start ends in, if theory predicts one.
    fn limit(&self, problem: &Problem, schedule: &Schedule, start: &Start) -> Option<LimitSet> {
        let (c, activation) = (&start.correlations, problem.activation());
        let step_per_sample = problem.step_per_sample(schedule.batch_size());
        match problem.update().rule {
            Rule::Sgd if self.is_equal && self.may_turn => {
                Some(LimitSet::EitherSign(c.iter().map(|c| *c != 0.0).collect()))
                    .filter(|_| theory::predicted_limit(schedule, c, activation).is_some())
            }
            Rule::Sgd if self.is_equal => theory::predicted_limit(schedule, c, activation),
            Rule::Sgd if schedule.is_full_batch() => {
                unequal::predicted_full_batch(&self.norms, c, start.norm_sq, activation, step_per_sample)
            }
            Rule::Sgd => unequal::predicted_limit(schedule, &self.norms, c, activation, step_per_sample),
            _ => theory::momentum::predicted_limit(schedule, c),
        }
    }
}

impl Job {
    /// The predicted limit set of each of these replicas, if the job has a forecast.
    pub(super) fn limits(&self, replicas: Range<usize>) -> Option<Vec<Scaled>> {
        let forecast = self.forecast.as_ref()?;
        // A start in the dead region has no limit; it is found dead before the set is asked.
        let empty = || LimitSet::Datapoints(vec![0; self.problem.dataset().samples()]);
        let scaled = |start: &Start| Scaled {
            norms: forecast.norms.clone(),
            set: forecast.limit(&self.problem, &self.schedule, start).unwrap_or_else(empty),
        };
        Some(self.starts[replicas].iter().map(scaled).collect())
    }
}

/// Whether a step from here can change the sign of a correlation: a batch multiplies `c_i` by `1 − η_B E + η_B (2 − N) n_i` or, without `i`, by `1 − η_B E`, `E ≤ N max n` being the energy of its
/// samples, and neither is negative up to `N = 1 + 1/(2 η_B max n)`, as long as `η_B max n ≤ ½`.
fn may_turn(start: &Start, steepest: f64) -> bool {
    start.norm_sq > 1.0 + 0.5 / steepest
}
