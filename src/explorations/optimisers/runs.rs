//! The runs of one rule at one batch size in one basis, all seeds as one stack.

use itertools::iproduct;

use super::STUDY;
use crate::data::Dataset;
use crate::engine::{Autodiff, Engine, Member};
use crate::error::{Error, Result};
use crate::init::Start;
use crate::model::{Activation, SingleNeuronConfig, flat};
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;
use crate::study::Lab;
use crate::study::words::listed;
use crate::train::{Outcome, Plan, Run, StopRule, train};
use crate::update::{Noise, Update};
use crate::vectors::{largest_size, participation_ratio};

/// A rule with its options as `train` takes them: name, update, step size, weight decay, label noise.
const RULES: [(&str, &str, f64, f64, f64); 7] = [
    ("sgd", "sgd", 0.2, 0.0, 0.0),
    ("momentum", "heavy-ball:0.9", 0.02, 0.0, 0.0),
    ("RMSProp", "rmsprop", 0.01, 0.0, 0.0),
    ("Adam", "adam", 0.01, 0.0, 0.0),
    ("sign", "sign", 0.01, 0.0, 0.0),
    ("decay", "sgd", 0.2, 0.03, 0.0),
    ("noise", "sgd", 0.2, 0.0, 0.1),
];

const INIT_NORM: f64 = 0.5;

/// What all runs share.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    samples: usize,
    dim: usize,
    pairs: u64,
    /// Steps of a run; step sizes fall as a cosine, so that rules which do not come to rest are not measured where they happen to be.
    steps: u64,
}

/// One rule at one batch size in one basis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cell {
    pub name: &'static str,
    pub update: &'static str,
    pub step_size: f64,
    pub weight_decay: f64,
    pub label_noise: f64,
    pub batch: usize,
    pub is_rotated: bool,
}

impl Cell {
    /// Name of the basis.
    pub fn basis(&self) -> &'static str {
        if self.is_rotated { "rotated" } else { "standard" }
    }
}

/// How a run ended; NaN of one that diverged.
#[derive(Clone, Debug)]
pub(super) struct Ended {
    pub outcome: Outcome,
    pub participation_ratio: f64,
    pub max_cos: f64,
    pub norm: f64,
}

impl Ended {
    fn of(run: &Run) -> Self {
        let (outcome, neuron) = (run.outcome, &run.neurons[0]);
        let (c, norm) = (&neuron.correlations, neuron.norm_sq.sqrt());
        let known = |x: f64| if outcome == Outcome::Diverged { f64::NAN } else { x };
        Self {
            outcome,
            participation_ratio: known(participation_ratio(c)),
            max_cos: known(largest_size(c.iter().copied()) / norm),
            norm: known(norm),
        }
    }
}

impl Setting {
    pub fn new(samples: usize, pairs: u64, steps: u64) -> Result<Self> {
        if samples < 2 {
            return Err(Error::Usage(format!(
                "--samples {samples}: batches smaller than the data need at least 2"
            )));
        }
        Ok(Self { samples, dim: samples + 2, pairs, steps })
    }

    /// Every rule, batch size and basis.
    pub fn cells(&self) -> Vec<Cell> {
        let cell = |((name, update, step_size, weight_decay, label_noise), batch, is_rotated)| Cell {
            name,
            update,
            step_size,
            weight_decay,
            label_noise,
            batch,
            is_rotated,
        };
        iproduct!(RULES, [1, self.samples], [false, true]).map(cell).collect()
    }

    /// All seeds of a cell: correlations of the start and batches depend on the seed alone.
    pub fn run(&self, lab: &Lab, cell: &Cell, pairs: &[u64]) -> Result<Vec<Ended>> {
        let compute = &lab.compute;
        let (mut models, mut problems, mut schedules) = (Vec::new(), Vec::new(), Vec::new());
        for pair in pairs {
            let seed = lab.cell_seed(&STUDY, *pair);
            let dataset = if cell.is_rotated {
                Dataset::orthonormal(self.samples, self.dim, seed)?
            } else {
                Dataset::standard_basis(self.samples, self.dim)?
            };
            let start = Start::gaussian(&dataset, INIT_NORM, seed, 0)?;
            let config = SingleNeuronConfig::new(self.dim, Activation::Linear);
            models.push(config.init_at(start.weights(&dataset)?, compute)?);
            schedules.push(Schedule::sgd(self.samples, cell.batch, seed)?);
            problems.push(self.problem(dataset, cell)?);
        }
        let member = |(problem, schedule)| Member { problem, schedule, replica: 0 };
        let members: Vec<Member> = problems.iter().zip(&schedules).map(member).collect();
        let mut engine = Autodiff::of_members(flat::stacked(models, compute), &members, compute)?;
        let plan = Plan { budget: self.steps, stop: StopRule::Never, check_every: self.steps };
        let (runs, _) = train(&mut engine as &mut dyn Engine, &plan, &mut []);
        Ok(runs.iter().map(Ended::of).collect())
    }

    fn problem(&self, dataset: Dataset, cell: &Cell) -> Result<Problem> {
        let &Cell { update, step_size, weight_decay, label_noise, .. } = cell;
        let update = Update {
            rule: update.parse().map_err(Error::Usage)?,
            weight_decay,
            step_schedule: format!("cosine:{}", self.steps).parse().map_err(Error::Usage)?,
        };
        let problem = Problem::new(dataset, Activation::Linear, Reduction::Mean, step_size)?;
        Ok(problem.with_update(update)?.with_noise(Noise { label: label_noise, gradient: 0.0 })?)
    }

    /// What is run, in words.
    pub fn sentences(&self) -> Vec<String> {
        let &Self { samples, dim, pairs, steps } = self;
        let rules: Vec<String> = RULES
            .iter()
            .map(|(name, update, eta, decay, noise)| {
                let options = [("λ", decay), ("σ", noise)];
                let options: String = options
                    .iter()
                    .filter(|(_, x)| **x > 0.0)
                    .map(|(name, x)| format!(", {name} = {x}"))
                    .collect();
                format!("{name} ({update}, η = {eta}{options})")
            })
            .collect();
        vec![
            format!(
                "Burn's autodiff trains the linear neuron on m = {samples} orthonormal samples in {dim} dimensions for {steps} steps, mean reduction, b = 1 and \
                 b = m, {pairs} seeds a cell as one stack. A seed fixes correlations and residual of the start and the stream of batches; the samples are e_1, …, e_m \
                 or the rows of a random rotation."
            ),
            format!("Rules: {}. Step sizes fall as a cosine to 0.", listed(&rules)),
        ]
    }
}
