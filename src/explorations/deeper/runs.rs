//! One run of one model, and what is measured at its end.

use super::{Cell, STUDY, Setting, TOLERANCE, WINDOW, init_norm};
use crate::data::Dataset;
use crate::engine::{Autodiff, Engine};
use crate::error::Result;
use crate::init::Start;
use crate::limit_set::LimitSet;
use crate::measure::neurons::{NeuronGauge, NeuronRow};
use crate::model::{Activation, Architecture};
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;
use crate::state::Neuron;
use crate::study::Lab;
use crate::theory::predicted_limit;
use crate::train::{Cadence, Observer, Outcome, Plan, StopRule, train};
use crate::vectors::participation_ratio;

/// A number of a run.
pub(super) type Measure = fn(&Ended) -> f64;

/// What is measured at the end, of the first layer and of the whole, and by which name.
pub(super) const MEASURES: [(&str, Measure); 4] = [
    ("participation_ratio", |ended| ended.participation_ratio),
    ("max_cos", |ended| ended.max_cos),
    ("cos_init", |ended| ended.cos_init),
    ("loss", |ended| ended.loss),
];

/// How a run ended. Means over neurons are weighted by `‖w‖²`, so that a neuron that fades away counts for less and less, and leave
/// out dead ones; NaN if all are dead or the run diverged.
#[derive(Clone, Debug)]
pub(super) struct Ended {
    pub outcome: Outcome,
    pub steps: u64,
    pub loss: f64,
    pub participation_ratio: f64,
    pub max_cos: f64,
    pub cos_init: f64,
    pub dead: usize,
    /// Participation ratio at half the budget, of a run that used it up; NaN otherwise.
    pub halfway: f64,
    /// Participation ratio that theory predicts.
    pub predicted: Option<f64>,
}

/// Keeps the neurons as they were at some step.
struct NeuronsAt {
    step: u64,
    neurons: Vec<Neuron>,
}

impl Observer for NeuronsAt {
    fn cadence(&self) -> Cadence {
        Cadence::Every(self.step)
    }

    fn observe(&mut self, step: u64, engine: &dyn Engine) {
        if step == self.step {
            self.neurons = engine.neurons(0);
        }
    }
}

impl Setting {
    /// One run; data, start and batch stream depend on the pair alone.
    pub fn run(&self, lab: &Lab, Cell { model, batch }: &Cell, pair: u64) -> Result<Ended> {
        let (compute, activation, norm) = (&lab.compute, Activation::Relu, init_norm(model));
        let seed = lab.cell_seed(&STUDY, pair);
        let dataset = Dataset::orthonormal(self.samples, self.dim, seed)?;
        let schedule = Schedule::sgd(self.samples, *batch, seed)?;
        let network = model.init(activation, &dataset, norm, (seed, 0), compute)?;
        let step_size = self.step_per_sample(model);
        let problem = Problem::new(dataset.clone(), activation, Reduction::Sum, step_size)?;
        let mut engine = Autodiff::new(network, &problem, &schedule, 0, compute)?;
        let plan = Plan {
            budget: self.budget(model),
            stop: StopRule::Tail { window: WINDOW, tolerance: TOLERANCE },
            check_every: WINDOW,
        };
        let mut half = NeuronsAt { step: plan.budget / 2, neurons: Vec::new() };
        let run = train(&mut engine, &plan, &mut [&mut half]).0.remove(0);
        let gauge = NeuronGauge::new(&dataset, activation, vec![norm; run.neurons.len()]);
        let rows = if run.outcome == Outcome::Diverged {
            Vec::new()
        } else {
            gauge.read(run.steps, &run.neurons, None)
        };
        let open = matches!(run.outcome, Outcome::MaxSteps | Outcome::Stalled);
        let half = if open { gauge.read(half.step, &half.neurons, None) } else { Vec::new() };
        let is_single =
            matches!(model, Architecture::Neuron | Architecture::Shallow { hidden: 1, bias: false });
        let predicted = if is_single {
            let start = Start::gaussian(&dataset, norm, seed, 0)?;
            predicted_limit(&schedule, &start.correlations, activation).map(mixed)
        } else {
            None
        };
        Ok(Ended {
            outcome: run.outcome,
            steps: run.steps,
            loss: run.loss,
            participation_ratio: mean(&rows, |row| row.participation_ratio),
            max_cos: mean(&rows, |row| row.max_cos),
            cos_init: mean(&rows, |row| row.cos_init),
            dead: rows.iter().filter(|row| row.dead).count(),
            halfway: mean(&half, |row| row.participation_ratio),
            predicted,
        })
    }
}

/// Mean over the living neurons, weighted by `‖w‖²`; NaN if there are none.
fn mean(rows: &[NeuronRow], value: fn(&NeuronRow) -> f64) -> f64 {
    let alive = || rows.iter().filter(|row| !row.dead);
    let weight: f64 = alive().map(|row| row.norm * row.norm).sum();
    alive().map(|row| row.norm * row.norm * value(row)).sum::<f64>() / weight
}

/// Participation ratio at a limit.
fn mixed(limit: LimitSet) -> f64 {
    match limit {
        LimitSet::Datapoints(_) | LimitSet::EitherSign(_) => 1.0,
        LimitSet::Point(correlations) => participation_ratio(&correlations),
    }
}
