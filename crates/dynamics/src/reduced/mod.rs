//! The exact recursion in correlations and residual: no `n`, no matrix, always f64. [`Reduced`] is that of the single neuron, [`TiedLayer`] that of several.

mod gram;
mod momentum;
mod orthonormal;
mod singles;
mod tied;
mod width_one;

#[cfg(feature = "threads")]
use rayon::prelude::*;

use self::gram::Gram;
use self::momentum::WithVelocity;
use self::orthonormal::Orthonormal;
use self::singles::LANES;
pub use self::tied::TiedLayer;
pub use self::width_one::WidthOne;
use crate::activation::Activation;
use crate::engine::{Engine, Snapshot, blow_up, is_blown_up};
use crate::error::{Error, Result};
use crate::init::Start;
use crate::limits;
use crate::problem::{Problem, Step};
use crate::schedule::{BatchStream, Schedule};
use crate::state::Neuron;
use crate::update::Rule;

/// Replicas of the single neuron in reduced coordinates; rayon runs them side by side.
///
/// What a replica does depends neither on the others, nor on threads, nor on how its steps are cut into calls of
/// [`advance`](Engine::advance).
pub struct Reduced {
    problem: Problem,
    /// What a correlation is divided by to be a length along its sample: the norm of the sample.
    norms: Vec<f64>,
    replicas: Vec<Replica>,
    steps_taken: u64,
}

struct Replica {
    start: Start,
    state: State,
    batches: BatchStream,
    limit: f64,
    diverged_at: Option<u64>,
    retired: bool,
}

/// What one thread takes at a time.
enum Group<'a, 'b> {
    Abreast(&'a mut [&'b mut Replica]),
    Alone(&'a mut &'b mut Replica),
}

enum State {
    Orthonormal(Orthonormal),
    WithVelocity(WithVelocity),
    Gram(Gram),
}

/// Batches of one sample drawn ahead, so that the arithmetic stays in registers.
const AHEAD: u64 = 128;

/// A point in reduced coordinates that can take a step.
trait Coordinates {
    /// One step on the samples of `batch` (repetitions count).
    fn step(&mut self, batch: &[usize], step: Step);

    /// Squared norm `N`, as it was kept up to date.
    fn norm_sq(&self) -> f64;

    /// Steps between refreshes, which cost under a hundredth of the steps between them.
    fn refresh_period(&self) -> u64;

    /// Sums afresh what is kept up to date, and brings scales back to 1.
    fn refresh(&mut self);

    /// One step a sample, all of one size, until `N` is not finite or beyond `limit`; how many steps that took.
    fn walk(&mut self, samples: &[usize], step: Step, limit: f64) -> usize {
        for (taken, sample) in samples.iter().enumerate() {
            self.step(std::slice::from_ref(sample), step);
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
    /// As [`check`](Self::check); [`Error::ImplicitData`] if a Gram matrix is needed and cannot be had;
    /// [`Error::Empty`] without starts, [`Error::TooMany`] with too many;
    /// [`Error::TooLarge`].
    pub fn new(problem: &Problem, schedule: &Schedule, starts: &[Start], first: u64) -> Result<Self> {
        Self::check(problem)?;
        limits::replicas(starts.len() as u64, problem.dataset().samples())?;
        let replicas = (first..).zip(starts).map(|(replica, start)| {
            Ok(Replica {
                state: State::new(problem, start)?,
                start: start.clone(),
                batches: schedule.stream(replica),
                limit: blow_up(start.norm_sq),
                diverged_at: None,
                retired: false,
            })
        });
        // What lies along a sample that is 0 never moves.
        let norm = |i| Some(problem.dataset().row_norm(i)).filter(|norm| *norm > 0.0).unwrap_or(1.0);
        Ok(Self {
            replicas: replicas.collect::<Result<_>>()?,
            norms: (0..problem.dataset().samples()).map(norm).collect(),
            problem: problem.clone(),
            steps_taken: 0,
        })
    }

    /// Refuses a problem that leaves the recursion.
    ///
    /// # Errors
    /// [`Error::NoFormula`] for an activation that is not the paper's, for noise, for update rules other than `sgd` and the two momenta, and for
    /// these over data that is not orthonormal.
    pub fn check(problem: &Problem) -> Result<()> {
        problem.require_unit_slope("reduced")?;
        let rule = problem.update().rule;
        let what = if !problem.noise().is_silent() {
            "noise".to_owned()
        } else if rule.momentum().is_none() {
            format!("update {rule}")
        } else if rule != Rule::Sgd && !problem.dataset().is_orthonormal() {
            format!("update {rule} on data that is not orthonormal")
        } else {
            return Ok(());
        };
        Err(Error::NoFormula { engine: "reduced", what })
    }

    /// Whether replicas can take their steps abreast.
    fn walks_abreast(&self) -> bool {
        let schedule = self.replicas.first().map(|replica| replica.batches.schedule());
        self.problem.is_plain()
            && self.problem.dataset().is_orthonormal()
            && schedule.is_some_and(|schedule| schedule.batch_size() == 1)
    }
}

impl State {
    fn new(problem: &Problem, start: &Start) -> Result<Self> {
        let (dataset, activation) = (problem.dataset(), problem.activation());
        let momentum = problem.update().rule.momentum().filter(|momentum| momentum.decay > 0.0);
        Ok(match momentum {
            Some(momentum) => State::WithVelocity(WithVelocity::new(start, activation, momentum)),
            None if dataset.is_orthonormal() => State::Orthonormal(Orthonormal::new(start, activation)),
            None => State::Gram(Gram::new(start, activation, dataset)?),
        })
    }

    fn coordinates(&mut self) -> &mut dyn Coordinates {
        match self {
            State::Orthonormal(state) => state,
            State::WithVelocity(state) => state,
            State::Gram(state) => state,
        }
    }
}

impl Replica {
    fn is_running(&self) -> bool {
        self.diverged_at.is_none() && !self.retired
    }

    /// Steps until `end`, or until the replica diverges.
    fn advance_to(&mut self, end: u64, problem: &Problem) {
        let Self { state, batches, .. } = self;
        let batch_size = batches.schedule().batch_size();
        let is_plain = problem.is_plain();
        let constant = problem.update().step_schedule.is_constant().then(|| problem.step_at(0, batch_size));
        let step_at = |taken| constant.unwrap_or_else(|| problem.step_at(taken, batch_size));
        let mut samples = [0; AHEAD as usize];
        let state = state.coordinates();
        while self.diverged_at.is_none() && batches.step() < end {
            let first = batches.step();
            let max = stretch(state, first, end);
            let taken = if batch_size == 1 && is_plain {
                let step = step_at(first);
                let samples = &mut samples[..max.min(AHEAD) as usize];
                batches.fill_singles(samples.iter_mut());
                state.walk(samples, step, self.limit) as u64
            } else {
                let step = |_: &u64| {
                    let step = step_at(batches.step());
                    state.step(batches.next_batch(), step);
                    is_blown_up(state.norm_sq(), self.limit)
                };
                (1..=max).find(step).unwrap_or(max)
            };
            if is_blown_up(state.norm_sq(), self.limit) {
                self.diverged_at = Some(first + taken);
            }
        }
    }

    fn neuron(&self) -> Neuron {
        match &self.state {
            State::Orthonormal(state) => state.neuron(&self.start),
            State::WithVelocity(state) => state.neuron(&self.start),
            State::Gram(state) => state.neuron(&self.start),
        }
    }

    fn snapshot(&self) -> Vec<f64> {
        match &self.state {
            State::Orthonormal(state) => state.snapshot(),
            State::WithVelocity(state) => state.snapshot(),
            State::Gram(state) => state.snapshot(),
        }
    }

    fn restore(&mut self, step: u64, diverged_at: Option<u64>, values: &[f64]) -> Result<()> {
        match &mut self.state {
            State::Orthonormal(state) => state.restore(values)?,
            State::WithVelocity(state) => state.restore(values)?,
            State::Gram(state) => state.restore(values)?,
        }
        self.batches.seek(step);
        self.diverged_at = diverged_at;
        self.retired = false;
        Ok(())
    }
}

/// How many steps can be taken before `end` and the next refresh, which comes at multiples of its period;
/// refreshes if one is due.
fn stretch(state: &mut dyn Coordinates, step: u64, end: u64) -> u64 {
    let period = state.refresh_period();
    if step.is_multiple_of(period) {
        state.refresh();
    }
    (period - step % period).min(end - step)
}

/// Steps of eight replicas until `end`, one sample each a step. As soon as one has diverged, each goes on alone.
fn advance_abreast(replicas: &mut [&mut Replica; LANES], end: u64, problem: &Problem) {
    let general = problem.step_at(0, 1);
    let step_size = general.per_sample;
    let limits = replicas.each_ref().map(|replica| replica.limit);
    let mut samples = [[0; LANES]; AHEAD as usize];
    let mut step = replicas[0].batches.step();
    while step < end && replicas.iter().all(|replica| replica.diverged_at.is_none()) {
        // Of as many samples, all have the same period.
        let mut ahead = AHEAD;
        for replica in replicas.iter_mut() {
            ahead = ahead.min(stretch(replica.state.coordinates(), step, end));
        }
        let samples = &mut samples[..ahead as usize];
        for (lane, replica) in replicas.iter_mut().enumerate() {
            replica.batches.fill_singles(samples.iter_mut().map(|samples| &mut samples[lane]));
        }
        let mut left = &*samples;
        while !left.is_empty() {
            let states = replicas.each_mut().map(|replica| match &mut replica.state {
                State::Orthonormal(state) => state,
                State::WithVelocity(_) | State::Gram(_) => unreachable!("plain steps on orthonormal data"),
            });
            let taken = Orthonormal::abreast(states, left, step_size, &limits);
            (left, step) = (&left[taken..], step + taken as u64);
            // Somebody has to take the general step.
            let Some((samples, rest)) = left.split_first() else { break };
            (left, step) = (rest, step + 1);
            for (replica, sample) in replicas.iter_mut().zip(samples) {
                let state = replica.state.coordinates();
                if replica.diverged_at.is_none() {
                    state.walk(std::slice::from_ref(sample), general, replica.limit);
                    replica.diverged_at = is_blown_up(state.norm_sq(), replica.limit).then_some(step);
                }
            }
        }
    }
    replicas.iter_mut().for_each(|replica| replica.advance_to(end, problem));
}

impl Engine for Reduced {
    fn replicas(&self) -> usize {
        self.replicas.len()
    }

    fn steps_taken(&self) -> u64 {
        self.steps_taken
    }

    fn advance(&mut self, steps: u64) {
        self.steps_taken += steps;
        let (end, problem, abreast) = (self.steps_taken, &self.problem, self.walks_abreast());
        if let [replica] = self.replicas.as_mut_slice() {
            return replica.advance_to(end, problem);
        }
        let mut running: Vec<&mut Replica> =
            self.replicas.iter_mut().filter(|replica| replica.is_running()).collect();
        let together = if abreast { running.len() / LANES * LANES } else { 0 };
        let (together, alone) = running.split_at_mut(together);
        let advance = |group: Group| match group {
            Group::Abreast(replicas) => advance_abreast(replicas.try_into().expect("eight"), end, problem),
            Group::Alone(replica) => replica.advance_to(end, problem),
        };
        #[cfg(feature = "threads")]
        let (together, alone) = (together.par_chunks_exact_mut(LANES), alone.par_iter_mut());
        #[cfg(not(feature = "threads"))]
        let (together, alone) = (together.chunks_exact_mut(LANES), alone.iter_mut());
        together.map(Group::Abreast).chain(alone.map(Group::Alone)).for_each(advance);
    }

    fn retire(&mut self, replica: usize) {
        self.replicas[replica].retired = true;
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

    fn slope(&self, replica: usize) -> f64 {
        let Replica { batches, .. } = &self.replicas[replica];
        let (neuron, batch) = (self.replicas[replica].neuron(), batches.schedule().batch_size());
        self.problem.single_neuron_slope(&neuron, batch, || self.weights(replica))
    }

    fn weights(&self, replica: usize) -> Result<Vec<f64>> {
        let Replica { start, state, .. } = &self.replicas[replica];
        match state {
            State::Orthonormal(state) => state.weights(self.problem.dataset(), start),
            State::WithVelocity(state) => state.weights(self.problem.dataset(), start),
            State::Gram(state) => state.weights(self.problem.dataset(), start),
        }
    }

    fn position(&self, replica: usize) -> Vec<f64> {
        let Neuron { mut correlations, residual, .. } = self.replicas[replica].neuron();
        correlations.iter_mut().zip(&self.norms).for_each(|(c, norm)| *c /= norm);
        correlations.push(residual);
        correlations
    }

    fn is_dead(&self, replica: usize) -> bool {
        if self.problem.activation() != Activation::Relu {
            return false;
        }
        let silent = match &self.replicas[replica].state {
            State::Orthonormal(state) => state.is_silent(),
            State::WithVelocity(state) => state.is_silent(),
            State::Gram(state) => state.is_silent(),
        };
        let rests = |flight| match &self.replicas[replica].state {
            State::WithVelocity(state) => state.is_at_rest(flight),
            State::Orthonormal(_) | State::Gram(_) => true,
        };
        silent && self.problem.flight(self.steps_taken).is_some_and(rests)
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot {
            step: self.steps_taken(),
            diverged_at: self.replicas.iter().map(|replica| replica.diverged_at).collect(),
            replicas: self.replicas.iter().map(Replica::snapshot).collect(),
        }
    }

    fn restore(&mut self, snapshot: &Snapshot) -> Result<()> {
        snapshot.expect(self.replicas.len())?;
        self.steps_taken = snapshot.step;
        let saved = snapshot.diverged_at.iter().zip(&snapshot.replicas);
        self.replicas
            .iter_mut()
            .zip(saved)
            .try_for_each(|(replica, (&at, values))| replica.restore(snapshot.step, at, values))
    }
}

#[cfg(test)]
mod tests;
