//! Independent replicas of the reduced engine, each run until a stopping rule fires.

use super::Lab;
use crate::data::Dataset;
use crate::engine::{Engine, Reduced};
use crate::error::Result;
use crate::init::Start;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;
use crate::state::Neuron;
use crate::update::{Rule, Update};

/// Replicas that go through the engine together.
const BLOCK: usize = 64;

/// A problem under a schedule, and how often the rule looks.
pub(crate) struct Ensemble {
    problem: Problem,
    schedule: Schedule,
    /// Steps between looks.
    every: u64,
    /// Steps after which a replica is given up.
    budget: u64,
}

impl Ensemble {
    /// The linear model on `m` samples with `η_B = step_per_sample`, at least one step between looks.
    pub fn new(schedule: Schedule, step_per_sample: f64, every: f64, budget: f64) -> Result<Self> {
        let dataset = Dataset::implicit_orthonormal(schedule.samples(), schedule.samples() + 1)?;
        let problem = Problem::new(dataset, Activation::Linear, Reduction::Sum, step_per_sample)?;
        Ok(Self { problem, schedule, every: (every as u64).max(1), budget: budget as u64 })
    }

    /// Any problem of which the engine has the recursion.
    pub fn of(problem: Problem, schedule: Schedule, every: u64, budget: u64) -> Self {
        Self { problem, schedule, every, budget }
    }

    /// The same under another update rule.
    pub fn under(self, rule: Rule) -> Result<Self> {
        Ok(Self { problem: self.problem.with_update(Update::of(rule))?, ..self })
    }

    /// The start at correlations `c` and a residual.
    pub fn start(&self, c: &[f64], residual: f64) -> Result<Start> {
        Ok(Start::from_coordinates(self.problem.dataset(), c.to_vec(), residual, 0, 0)?)
    }

    /// Random starts, replicas `first, first + 1, …` of a seed.
    pub fn gaussian(&self, norm: f64, seed: u64, first: u64, count: u64) -> Result<Vec<Start>> {
        (first..first + count).map(|k| Ok(Start::gaussian(self.problem.dataset(), norm, seed, k)?)).collect()
    }

    /// What the rule makes of so many replicas of one start, in their order; `None` for those given up.
    pub fn repeat<T: Send>(
        &self,
        lab: &Lab,
        start: &Start,
        replicas: u64,
        rule: impl Fn(u64, &Neuron) -> Option<T> + Sync,
    ) -> Result<Vec<Option<T>>> {
        let blocks = (0..replicas).step_by(BLOCK);
        let seen = lab.each(blocks, |first| {
            let count = BLOCK.min((replicas - first) as usize);
            self.run(&vec![start.clone(); count], first, &rule)
        })?;
        Ok(seen.into_iter().flatten().collect())
    }

    /// What the rule makes of many starts, replicas `0, 1, …`, in their order; `None` for those given up.
    pub fn each<T: Send>(
        &self,
        lab: &Lab,
        starts: &[Start],
        rule: impl Fn(u64, &Neuron) -> Option<T> + Sync,
    ) -> Result<Vec<Option<T>>> {
        let blocks = (0..).step_by(BLOCK).zip(starts.chunks(BLOCK));
        let seen = lab.each(blocks, |(first, starts)| self.run(starts, first, &rule))?;
        Ok(seen.into_iter().flatten().collect())
    }

    /// The same from correlations `c` in the span of the samples, without those given up.
    pub fn repeat_from<T: Send>(
        &self,
        lab: &Lab,
        c: &[f64],
        replicas: u64,
        rule: impl Fn(u64, &Neuron) -> Option<T> + Sync,
    ) -> Result<Vec<T>> {
        let seen = self.repeat(lab, &self.start(c, 0.0)?, replicas, rule)?;
        Ok(seen.into_iter().flatten().collect())
    }

    /// The engine of replicas `first, first + 1, …` from several starts.
    pub fn engine(&self, starts: &[Start], first: u64) -> Result<Reduced> {
        Ok(Reduced::new(&self.problem, &self.schedule, starts, first)?)
    }

    /// The same from several starts in one block, replicas `first, first + 1, …`.
    pub fn run<T>(
        &self,
        starts: &[Start],
        first: u64,
        rule: impl Fn(u64, &Neuron) -> Option<T>,
    ) -> Result<Vec<Option<T>>> {
        let mut engine = self.engine(starts, first)?;
        let mut seen: Vec<Option<T>> = starts.iter().map(|_| None).collect();
        let mut waiting: Vec<usize> = (0..starts.len()).collect();
        while !waiting.is_empty() && engine.steps_taken() < self.budget {
            engine.advance(self.every);
            waiting.retain(|&replica| {
                seen[replica] = rule(engine.steps_taken(), &engine.neurons(replica)[0]);
                let settled = seen[replica].is_some() || engine.diverged_at(replica).is_some();
                if settled {
                    engine.retire(replica);
                }
                !settled
            });
        }
        Ok(seen)
    }
}

/// Index of the largest `|c_j|`, and the sum of the others over it.
pub(crate) fn lead(neuron: &Neuron) -> (usize, f64) {
    let (mut leader, mut largest, mut total) = (0, 0.0, 0.0);
    for (j, c) in neuron.correlations.iter().enumerate() {
        total += c.abs();
        if c.abs() > largest {
            (leader, largest) = (j, c.abs());
        }
    }
    (leader, (total - largest) / largest)
}
