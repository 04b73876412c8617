//! One run to a predicted set, on any engine.

use crate::data::Dataset;
use crate::device::Compute;
use crate::engine::{Autodiff, Engine, Reduced};
use crate::error::Result;
use crate::init::Start;
use crate::limit_set::LimitSet;
use crate::model::Activation;
use crate::problem::Problem;
use crate::schedule::Schedule;
use crate::theory;
use crate::train::{Plan, Run, StopRule, train};

/// Steps granted where theory predicts no convergence, so that a bent hypothesis is seen to fail.
const WITHOUT_PREDICTION: u64 = 200_000;

/// One run: problem, schedule, start, and which replica's batches it sees.
pub(crate) struct Trial<'a> {
    pub problem: &'a Problem,
    pub schedule: &'a Schedule,
    pub start: &'a Start,
    pub replica: u64,
}

impl Trial<'_> {
    /// The reduced engine for this trial.
    pub fn reduced(&self) -> Result<Reduced> {
        Ok(Reduced::new(self.problem, self.schedule, std::slice::from_ref(self.start), self.replica)?)
    }

    /// Burn's autodiff on the real model for this trial.
    pub fn autodiff(&self, compute: &Compute) -> Result<impl Engine + use<>> {
        Autodiff::single_neuron(self.problem, self.schedule, self.start, self.replica, compute)
    }

    /// The budget of [`theory::budget`] for this trial.
    pub fn budget(&self, tolerance: f64) -> u64 {
        let Start { correlations, residual, .. } = self.start;
        let step_per_sample = self.problem.step_per_sample(self.schedule.batch_size());
        let activation = self.problem.activation();
        theory::budget::steps(self.schedule, correlations, *residual, activation, step_per_sample, tolerance)
            .unwrap_or(WITHOUT_PREDICTION)
    }

    /// Trains until within `tolerance` of `set`, or until the budget of this trial is used up.
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

/// Takes more steps with an engine whose run has ended, which may let its replica stand still.
pub(crate) fn go_on(engine: &mut dyn Engine, steps: u64) -> Result<()> {
    let here = engine.snapshot();
    engine.restore(&here)?;
    engine.advance(steps);
    Ok(())
}

/// The run of an engine with one replica.
fn only(runs: Vec<Run>) -> Run {
    runs.into_iter().next().expect("one replica, one run")
}

/// Starts tried for a replica before it is given up. The rarest condition here holds for one start in five.
const ATTEMPTS: u64 = 64;

/// The first Gaussian start of a replica that `admits` takes, `None` if it takes none of many: a sample of a fixed size from
/// the starts that a claim speaks of.
pub(crate) fn start_where(
    dataset: &Dataset,
    init_norm: f64,
    seed: u64,
    replica: u64,
    admits: impl Fn(&Start) -> bool,
) -> Result<Option<Start>> {
    for attempt in 0..ATTEMPTS {
        let start = Start::gaussian(dataset, init_norm, seed, attempt << 32 | replica)?;
        if admits(&start) {
            return Ok(Some(start));
        }
    }
    Ok(None)
}

/// Whether a start has an active sample, without which nothing moves.
pub(crate) fn is_live(start: &Start, activation: Activation) -> bool {
    start.correlations.iter().any(|&c| activation.admits(c))
}
