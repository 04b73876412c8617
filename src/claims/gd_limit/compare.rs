//! One training held against theory at its end and on the way.

use super::{Prediction, Tolerances};
use crate::data::Dataset;
use crate::device::Compute;
use crate::engine::Engine;
use crate::error::Result;
use crate::init::Start;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;
use crate::state::Neuron;
use crate::study::trial::{Trial, start_where};
use crate::theory::gd::Radial;
use crate::train::{Cadence, Observer, Outcome, Plan, StopRule, train};
use crate::vectors::largest;
use crate::vectors::norm;

/// One training of the protocol.
#[derive(Clone)]
pub(super) struct Cell {
    pub dataset: Dataset,
    pub activation: Activation,
    pub reduction: Reduction,
    pub step_size: f64,
    pub init_norm: f64,
    pub seed: u64,
}

impl Cell {
    pub fn problem(&self) -> Result<Problem> {
        Ok(Problem::new(self.dataset.clone(), self.activation, self.reduction, self.step_size)?)
    }

    /// The first Gaussian start whose active part is at least a tenth of its root mean square, `√(m/n)‖w_0‖` (ReLU:
    /// `√(m/2n)‖w_0‖`): the rounding of `w_0` over this part is that of the limit's direction.
    pub fn start(&self) -> Result<Option<Start>> {
        let half = if self.activation == Activation::Relu { 0.5 } else { 1.0 };
        let share = half * self.dataset.samples() as f64 / self.dataset.dim() as f64;
        let min = 0.1 * share.sqrt() * self.init_norm;
        start_where(&self.dataset, self.init_norm, self.seed, 0, |start| {
            Radial::new(&start.correlations, start.residual, self.activation).active >= min
        })
    }
}

/// What it came to.
pub(super) struct Measured {
    /// Whether the norm blew up; the numbers are then not.
    pub diverged: bool,
    pub distance: f64,
    pub deviation: f64,
    /// The start.
    pub start: Start,
    /// The end.
    pub neuron: Neuron,
}

/// One training, compared with theory; `None` for a start in the dead region, which has no limit.
pub(super) fn measure(
    cell: &Cell,
    compute: Option<&Compute>,
    prediction: &Prediction,
    tolerances: &Tolerances,
) -> Result<Option<Measured>> {
    let Some(start) = cell.start()? else { return Ok(None) };
    let problem = cell.problem()?;
    let samples = cell.dataset.samples();
    let schedule = Schedule::full_batch(samples)?;
    let Some(limit) = (prediction.limit)(&start.correlations, cell.activation) else { return Ok(None) };
    let case = Trial { problem: &problem, schedule: &schedule, start: &start, replica: 0 };
    let mut engine: Box<dyn Engine> = match compute {
        Some(compute) => Box::new(case.autodiff(compute)?),
        None => Box::new(case.reduced()?),
    };
    let budget = case.budget(tolerances.target);
    let mut lockstep = Lockstep::new(&start, cell.activation, problem.step_per_sample(samples), prediction);
    // Every step on Burn; on the large sizes of the reduced engine, where a look costs a step, 1000 times.
    lockstep.every = if compute.is_some() { 1 } else { (budget / 1000).max(1) };
    let plan = Plan { budget, stop: StopRule::Never, check_every: budget };
    let (runs, _) = train(engine.as_mut(), &plan, &mut [&mut lockstep]);
    let neuron = runs[0].neurons[0].clone();
    let diverged = runs[0].outcome == Outcome::Diverged;
    let unless_diverged = |x: f64| if diverged { f64::NAN } else { x };
    let (distance, deviation) = (unless_diverged(limit.distance(&neuron)), unless_diverged(lockstep.worst));
    Ok(Some(Measured { diverged, distance, deviation, neuron, start }))
}

/// Theory and practice side by side: the scalar recursion steps along, and the distance between it
/// and the engine is what is observed.
struct Lockstep<'a> {
    c0: &'a [f64],
    activation: Activation,
    mu: f64,
    step: fn(Radial, f64) -> Radial,
    start: Radial,
    state: Radial,
    at: u64,
    every: u64,
    worst: f64,
}

impl<'a> Lockstep<'a> {
    fn new(start: &'a Start, activation: Activation, mu: f64, prediction: &Prediction) -> Self {
        let state = Radial::new(&start.correlations, start.residual, activation);
        let c0 = &start.correlations;
        Self { c0, activation, mu, step: prediction.step, start: state, state, at: 0, every: 1, worst: 0.0 }
    }
}

impl Observer for Lockstep<'_> {
    fn cadence(&self) -> Cadence {
        Cadence::Every(self.every)
    }

    fn observe(&mut self, step: u64, engine: &dyn Engine) {
        while self.at < step {
            self.state = (self.step)(self.state, self.mu);
            self.at += 1;
        }
        let neuron = &engine.neurons(0)[0];
        let mut difference = self.state.correlations(&self.start, self.c0, self.activation);
        difference.iter_mut().zip(&neuron.correlations).for_each(|(p, c)| *p -= c);
        difference.push(self.state.residual.abs() - neuron.residual);
        self.worst = largest([self.worst, norm(&difference)]);
    }
}
