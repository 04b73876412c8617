//! What the protocols share: one run to a predicted set, on any engine.

use super::Context;
use crate::device::{Compute, Precision};
use crate::engine::{Autodiff, Engine, Reduced};
use crate::error::Result;
use crate::init::Start;
use crate::limit_set::LimitSet;
use crate::problem::Problem;
use crate::schedule::Schedule;
use crate::theory;
use crate::train::{Outcome, Plan, Run, StopRule, train};

/// Steps granted where theory predicts no convergence, so that a bent hypothesis is seen to fail.
const WITHOUT_PREDICTION: u64 = 200_000;

/// One run: problem, schedule, start, and which replica's batches it sees.
pub(super) struct Case<'a> {
    pub problem: &'a Problem,
    pub schedule: &'a Schedule,
    pub start: &'a Start,
    pub replica: u64,
}

impl Case<'_> {
    /// The reduced engine for this case.
    pub fn reduced(&self) -> Result<Reduced> {
        Reduced::new(self.problem, self.schedule, std::slice::from_ref(self.start), self.replica)
    }

    /// Burn's autodiff on the real model for this case.
    pub fn autodiff(&self, compute: &Compute) -> Result<impl Engine + use<>> {
        Autodiff::single_neuron(self.problem, self.schedule, self.start, self.replica, compute)
    }

    /// The budget of [`theory::budget`] for this case.
    pub fn budget(&self, tolerance: f64) -> u64 {
        let Start { correlations, residual, .. } = self.start;
        let step_per_sample = self.problem.step_per_sample(self.schedule.batch_size());
        let activation = self.problem.activation();
        theory::budget::steps(self.schedule, correlations, *residual, activation, step_per_sample, tolerance)
            .unwrap_or(WITHOUT_PREDICTION)
    }

    /// Trains until within `tolerance` of `set`, or until the budget of this case is used up.
    pub fn run_to(&self, engine: &mut dyn Engine, set: LimitSet, tolerance: f64) -> Run {
        let (samples, batch) = (self.schedule.samples() as u64, self.schedule.batch_size() as u64);
        let plan = Plan {
            budget: self.budget(tolerance),
            stop: StopRule::Limit { sets: vec![set], tolerance },
            // A look costs about m entries, a step about b: a quarter of the work at most.
            check_every: (4 * samples / batch).max(64),
        };
        only(train(engine, &plan, &mut []).0)
    }

    /// Takes the given number of steps, looking for nothing.
    pub fn run_for(&self, engine: &mut dyn Engine, steps: u64) -> Run {
        let plan = Plan { budget: steps, stop: StopRule::Never, check_every: steps.max(1) };
        only(train(engine, &plan, &mut []).0)
    }
}

/// The run of an engine with one replica.
fn only(runs: Vec<Run>) -> Run {
    runs.into_iter().next().expect("one replica, one run")
}

/// How many of the runs of a group ended in their predicted set.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    /// Runs with a prediction.
    pub trials: u64,
    /// Those that converged to it.
    pub hits: u64,
    /// ReLU starts without an active sample: the claims do not speak of them.
    pub dead: u64,
}

impl Tally {
    /// Counts one run; `limit: None` for a start without prediction.
    pub fn of(run: Option<&Run>) -> Self {
        match run {
            None => Self { dead: 1, ..Self::default() },
            Some(run) => Self { trials: 1, hits: u64::from(run.outcome == Outcome::Converged), dead: 0 },
        }
    }
}

impl std::iter::Sum for Tally {
    fn sum<I: Iterator<Item = Self>>(tallies: I) -> Self {
        tallies.fold(Self::default(), |a, b| Self {
            trials: a.trials + b.trials,
            hits: a.hits + b.hits,
            dead: a.dead + b.dead,
        })
    }
}

/// Says what a report's backend and precision have no part in, if they are not those of the reduced engine.
pub(super) fn by_the_reduced_engine(context: &Context, what: &str) -> Option<String> {
    let (backend, precision) = (context.compute.backend(), context.compute.precision());
    (!backend.is_host() || precision != Precision::F64).then(|| {
        let (backend, precision) = (backend.name(), precision.name());
        format!("{what}: by the reduced engine, f64 on the CPU; {backend} {precision} has no part in it.")
    })
}

/// Sizes `m × n` in words.
pub(super) fn in_words(sizes: &[(usize, usize)]) -> String {
    sizes.iter().map(|(m, n)| format!("{m} × {n}")).collect::<Vec<_>>().join(", ")
}

/// Says which hypotheses of the theorems the command line has bent, if any.
pub(super) fn bent(step_size: Option<f64>, init_norm: Option<f64>) -> Option<String> {
    let step_size =
        step_size.filter(|&eta| eta > 0.2).map(|eta| format!("η = {eta} (the theorems: at most 1/5)"));
    let init_norm =
        init_norm.filter(|&rho| rho >= 1.0).map(|rho| format!("‖w_0‖ = {rho} (the theorems: below 1)"));
    let bent: Vec<String> = step_size.into_iter().chain(init_norm).collect();
    (!bent.is_empty()).then(|| {
        format!(
            "Outside the hypotheses: {}. The verdict is on the conclusion there, not on the theorem.",
            bent.join(", ")
        )
    })
}

/// The smallest of some numbers; NaN if any is, infinite if there are none.
pub(super) fn smallest(values: impl IntoIterator<Item = f64>) -> f64 {
    values.into_iter().fold(f64::INFINITY, |least, x| if least.is_nan() || least <= x { least } else { x })
}

/// The largest of some non-negative numbers; NaN if any is.
pub(super) fn largest(values: impl IntoIterator<Item = f64>) -> f64 {
    values.into_iter().fold(0.0, |worst, x| if x.is_nan() || x > worst { x } else { worst })
}

#[cfg(test)]
mod tests {
    use super::{largest, smallest};

    #[test]
    fn extremes_do_not_hide_what_is_no_number() {
        assert_eq!(smallest([3.0, 1.0, 2.0]), 1.0);
        assert_eq!(largest([3.0, 1.0, 4.0]), 4.0);
        for at in 0..3 {
            let mut values = [3.0, 1.0, 2.0];
            values[at] = f64::NAN;
            assert!(smallest(values).is_nan() && largest(values).is_nan(), "{at}");
        }
    }
}
