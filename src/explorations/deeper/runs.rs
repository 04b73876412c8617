//! The runs of a model at a batch size, and what is measured at their end.

use super::{Cell, STUDY, Setting, TOLERANCE, WINDOW, init_norm};
use crate::data::Dataset;
use crate::engine::{Autodiff, Engine, Member};
use crate::error::Result;
use crate::init::Start;
use crate::limit_set::LimitSet;
use crate::measure::neurons::{NeuronGauge, NeuronRow};
use crate::model::{Activation, Architecture, Kind, flat};
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;
use crate::state::Neuron;
use crate::study::Lab;
use crate::theory::predicted_limit;
use crate::train::{Cadence, Observer, Outcome, Plan, Run, StopRule, train};
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

/// Keeps the neurons of all replicas as they were at some step.
struct NeuronsAt {
    step: u64,
    neurons: Vec<Vec<Neuron>>,
}

impl Observer for NeuronsAt {
    fn cadence(&self) -> Cadence {
        Cadence::Every(self.step)
    }

    fn observe(&mut self, step: u64, engine: &dyn Engine) {
        if step == self.step {
            self.neurons = (0..engine.replicas()).map(|replica| engine.neurons(replica)).collect();
        }
    }
}

impl Setting {
    /// All pairs of a cell as one stack; data, start and batch stream depend on the pair alone.
    pub fn run(&self, lab: &Lab, Cell { model, batch }: &Cell, pairs: &[u64]) -> Result<Vec<Ended>> {
        let (compute, norm) = (&lab.compute, init_norm(model));
        let (mut models, mut problems, mut schedules) = (Vec::new(), Vec::new(), Vec::new());
        for pair in pairs {
            let seed = lab.cell_seed(&STUDY, *pair);
            let dataset = Dataset::orthonormal(self.samples, self.dim, seed)?;
            models.push(model.init(Activation::Relu, &dataset, norm, (seed, 0), compute)?);
            schedules.push(Schedule::sgd(self.samples, *batch, seed)?);
            let step_size = self.step_per_sample(model);
            problems.push(Problem::new(dataset, Activation::Relu, Reduction::Sum, step_size)?);
        }
        let member = |(problem, schedule)| Member { problem, schedule, replica: 0 };
        let members: Vec<Member> = problems.iter().zip(&schedules).map(member).collect();
        let mut engine = Autodiff::of_members(flat::stacked(models, compute), &members, compute)?;
        let plan = Plan {
            budget: self.budget(model),
            stop: StopRule::Tail { window: WINDOW, tolerance: TOLERANCE },
            check_every: WINDOW,
        };
        let mut half = NeuronsAt { step: plan.budget / 2, neurons: Vec::new() };
        let runs = train(&mut engine, &plan, &mut [&mut half]).0;
        let ended = |(replica, run): (usize, &Run)| {
            let gauge = NeuronGauge::new(
                problems[replica].dataset(),
                Activation::Relu,
                vec![norm; run.neurons.len()],
            );
            let halfway = match run.outcome {
                Outcome::MaxSteps | Outcome::Stalled => half.neurons.get(replica),
                _ => None,
            };
            let halfway = halfway.map_or(Vec::new(), |neurons| gauge.read(half.step, neurons, None));
            let rows = match run.outcome {
                Outcome::Diverged => Vec::new(),
                _ => gauge.read(run.steps, &run.neurons, None),
            };
            Ok(Ended {
                outcome: run.outcome,
                steps: run.steps,
                loss: run.loss,
                participation_ratio: mean(&rows, |row| row.participation_ratio),
                max_cos: mean(&rows, |row| row.max_cos),
                cos_init: mean(&rows, |row| row.cos_init),
                dead: rows.iter().filter(|row| row.dead).count(),
                halfway: mean(&halfway, |row| row.participation_ratio),
                predicted: predicted(model, &members[replica], norm)?,
            })
        };
        runs.iter().enumerate().map(ended).collect()
    }
}

/// Participation ratio that theory predicts of a single neuron.
fn predicted(model: &Architecture, member: &Member, norm: f64) -> Result<Option<f64>> {
    if model.widths != [1] || model.bias || !matches!(model.kind, Kind::Neuron | Kind::Shallow) {
        return Ok(None);
    }
    let start = Start::gaussian(member.problem.dataset(), norm, member.schedule.seed(), 0)?;
    Ok(predicted_limit(member.schedule, &start.correlations, Activation::Relu).map(mixed))
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
