//! One training held against theory at its end and on the way.

use super::super::protocol::{Case, largest};
use super::{Prediction, Tolerances};
use crate::data::{Dataset, dot};
use crate::device::Compute;
use crate::engine::Engine;
use crate::error::Result;
use crate::init::Start;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;
use crate::theory::gd::{self, Radial};
use crate::theory::sgd;
use crate::train::{Cadence, Observer, Outcome, Plan, StopRule, train};

/// One training of the protocol.
pub(super) struct Cell {
    pub dataset: Dataset,
    pub activation: Activation,
    pub reduction: Reduction,
    pub step_size: f64,
    pub seed: u64,
}

/// What it came to.
pub(super) struct Measured {
    /// Whether the norm blew up; the numbers are then not.
    pub diverged: bool,
    pub distance: f64,
    pub deviation: f64,
    /// Distance of a ReLU run to what the formula of the linear model would give.
    pub to_linear_limit: Option<f64>,
    /// Distance to the mixture of an SGD run from the same start, if that converged.
    pub sgd_to_mixture: Option<f64>,
}

/// One training, compared with theory; `None` for a start in the dead region, which has no limit.
pub(super) fn measure(
    cell: &Cell,
    init_norm: f64,
    compute: Option<&Compute>,
    prediction: &Prediction,
    tolerances: &Tolerances,
) -> Result<Option<Measured>> {
    let Cell { dataset, activation, reduction, step_size, seed } = cell;
    let problem = Problem::new(dataset.clone(), *activation, *reduction, *step_size)?;
    let schedule = Schedule::full_batch(dataset.samples())?;
    let start = Start::gaussian(dataset, init_norm, *seed, 0)?;
    let c0 = &start.correlations;
    let Some(limit) = (prediction.limit)(c0, *activation) else { return Ok(None) };
    let case = Case { problem: &problem, schedule: &schedule, start: &start, replica: 0 };
    let mut engine: Box<dyn Engine> = match compute {
        Some(compute) => Box::new(case.autodiff(compute)?),
        None => Box::new(case.reduced()?),
    };
    let budget = case.budget(tolerances.target);
    let mut lockstep =
        Lockstep::new(&start, *activation, problem.step_per_sample(dataset.samples()), prediction);
    // Every step on Burn; on the large sizes of the reduced engine, where a look costs a step, 1000 times.
    lockstep.every = if compute.is_some() { 1 } else { (budget / 1000).max(1) };
    let plan = Plan { budget, stop: StopRule::Never, check_every: budget };
    let (runs, _) = train(engine.as_mut(), &plan, &mut [&mut lockstep]);
    let neuron = &runs[0].neurons[0];
    let unless_diverged = |x: f64| if runs[0].outcome == Outcome::Diverged { f64::NAN } else { x };

    let relu = *activation == Activation::Relu && c0.iter().any(|&c| c < 0.0);
    let active = c0.iter().filter(|&&c| activation.admits(c)).count();
    let sgd_to_mixture = (compute.is_some() && active > 1).then(|| -> Result<Option<f64>> {
        let schedule = Schedule::sgd(dataset.samples(), 1, *seed)?;
        let case = Case { schedule: &schedule, ..case };
        let run = case.run_to(&mut case.reduced()?, sgd::limit_set(c0, *activation), 1e-8);
        let arrived = run.outcome == Outcome::Converged;
        Ok(arrived.then(|| limit.distance(&run.neurons[0])))
    });
    Ok(Some(Measured {
        diverged: runs[0].outcome == Outcome::Diverged,
        distance: unless_diverged(limit.distance(neuron)),
        deviation: unless_diverged(lockstep.worst),
        to_linear_limit: gd::limit(c0, Activation::Linear).filter(|_| relu).map(|set| set.distance(neuron)),
        sgd_to_mixture: sgd_to_mixture.transpose()?.flatten(),
    }))
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
        self.worst = largest([self.worst, dot(&difference, &difference).sqrt()]);
    }
}
