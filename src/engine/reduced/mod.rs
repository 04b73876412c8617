//! The exact recursion in correlations and residual: no `n`, no matrix, always f64.

mod gram;
mod orthonormal;

use rayon::prelude::*;

use self::gram::GramState;
use self::orthonormal::OrthonormalState;
use super::{Engine, blow_up, is_blown_up};
use crate::error::Result;
use crate::init::Start;
use crate::model::Activation;
use crate::problem::Problem;
use crate::schedule::{BatchStream, Schedule};
use crate::state::Neuron;

/// Replicas of the single neuron in reduced coordinates; rayon runs them side by side.
pub struct Reduced {
    problem: Problem,
    replicas: Vec<Replica>,
}

struct Replica {
    start: Start,
    state: State,
    batches: BatchStream,
    limit: f64,
    diverged_at: Option<u64>,
}

enum State {
    Orthonormal(OrthonormalState),
    Gram(GramState),
}

/// Batches of one sample drawn ahead.
const SINGLES_AT_ONCE: u64 = 512;

/// A point in reduced coordinates that can take a step.
trait Coordinates {
    /// One step on the samples of `batch` (repetitions count) with step size `η_B` per sample.
    fn step(&mut self, batch: &[usize], step_per_sample: f64);
    /// Squared norm `N`.
    fn norm_sq(&self) -> f64;

    /// One step a sample, until `N` is not finite or beyond `limit`; how many steps that took.
    fn walk(&mut self, samples: &[usize], step_per_sample: f64, limit: f64) -> usize {
        for (taken, sample) in samples.iter().enumerate() {
            self.step(std::slice::from_ref(sample), step_per_sample);
            if is_blown_up(self.norm_sq(), limit) {
                return taken + 1;
            }
        }
        samples.len()
    }
}

impl Reduced {
    /// Replicas `first, first + 1, …`, one a start. Orthonormal data takes the O(b) recursion,
    /// anything else the O(m b) one in its Gram matrix.
    ///
    /// # Errors
    /// [`Error::ImplicitData`](crate::Error::ImplicitData) if a Gram matrix is needed and cannot be had.
    pub fn new(problem: &Problem, schedule: &Schedule, starts: &[Start], first: u64) -> Result<Self> {
        let replicas = (first..).zip(starts).map(|(replica, start)| {
            Ok(Replica {
                state: State::new(problem, start)?,
                start: start.clone(),
                batches: schedule.stream(replica),
                limit: blow_up(start.norm_sq),
                diverged_at: None,
            })
        });
        Ok(Self { replicas: replicas.collect::<Result<_>>()?, problem: problem.clone() })
    }
}

impl State {
    fn new(problem: &Problem, start: &Start) -> Result<Self> {
        let (dataset, activation) = (problem.dataset(), problem.activation());
        Ok(if dataset.is_orthonormal() {
            State::Orthonormal(OrthonormalState::new(start, activation))
        } else {
            State::Gram(GramState::new(start, activation, dataset)?)
        })
    }
}

impl Replica {
    fn advance(&mut self, steps: u64, problem: &Problem) {
        match &mut self.state {
            State::Orthonormal(state) => {
                walk(state, &mut self.batches, steps, problem, self.limit, &mut self.diverged_at);
            }
            State::Gram(state) => {
                walk(state, &mut self.batches, steps, problem, self.limit, &mut self.diverged_at);
            }
        }
    }

    fn neuron(&self) -> Neuron {
        match &self.state {
            State::Orthonormal(state) => state.neuron(&self.start),
            State::Gram(state) => state.neuron(&self.start),
        }
    }
}

/// The hot loop; a replica that has diverged stands still but keeps its place in the batch stream.
fn walk(
    state: &mut impl Coordinates,
    batches: &mut BatchStream,
    steps: u64,
    problem: &Problem,
    limit: f64,
    diverged_at: &mut Option<u64>,
) {
    let end = batches.step() + steps;
    let batch_size = batches.schedule().batch_size();
    let step_per_sample = problem.step_per_sample(batch_size);
    let mut singles = Vec::new();
    while diverged_at.is_none() && batches.step() < end {
        if batch_size == 1 {
            // Indices ahead of time, so that the arithmetic stays in registers.
            let block = (end - batches.step()).min(SINGLES_AT_ONCE);
            let first = batches.step();
            singles.clear();
            batches.next_singles(block as usize, &mut singles);
            let taken = state.walk(&singles, step_per_sample, limit);
            if is_blown_up(state.norm_sq(), limit) {
                *diverged_at = Some(first + taken as u64);
            }
        } else {
            state.step(batches.next_batch(), step_per_sample);
            if is_blown_up(state.norm_sq(), limit) {
                *diverged_at = Some(batches.step());
            }
        }
    }
    if batches.step() < end {
        batches.seek(end);
    }
}

impl Engine for Reduced {
    fn replicas(&self) -> usize {
        self.replicas.len()
    }

    fn steps_taken(&self) -> u64 {
        self.replicas.first().map_or(0, |replica| replica.batches.step())
    }

    fn advance(&mut self, steps: u64) {
        let problem = &self.problem;
        match self.replicas.as_mut_slice() {
            [replica] => replica.advance(steps, problem),
            replicas => replicas.par_iter_mut().for_each(|replica| replica.advance(steps, problem)),
        }
    }

    fn diverged_at(&self, replica: usize) -> Option<u64> {
        self.replicas[replica].diverged_at
    }

    fn neurons(&self, replica: usize) -> Vec<Neuron> {
        vec![self.replicas[replica].neuron()]
    }

    fn loss(&self, replica: usize) -> f64 {
        self.problem.single_neuron_loss(&self.replicas[replica].neuron())
    }

    fn weights(&self, replica: usize) -> Result<Vec<f64>> {
        let Replica { start, state, .. } = &self.replicas[replica];
        match state {
            State::Orthonormal(state) => state.weights(self.problem.dataset(), start),
            State::Gram(state) => state.weights(self.problem.dataset(), start),
        }
    }

    fn position(&self, replica: usize) -> Vec<f64> {
        let mut neuron = self.replicas[replica].neuron();
        neuron.correlations.push(neuron.residual);
        neuron.correlations
    }

    fn is_dead(&self, replica: usize) -> bool {
        self.problem.activation() == Activation::Relu && self.neurons(replica)[0].is_silent()
    }
}
