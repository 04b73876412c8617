//! The loop itself, as a value: what it knows between two steps can be kept, and gone on with.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::tail::Tail;
use super::{Cadence, Observer, Outcome, Plan, Run, StopRule};
use crate::engine::Engine;

/// How long steps are taken without asking whether to pause, if nobody needs to know sooner.
pub const PATIENCE: Duration = Duration::from_millis(100);

/// A training under way. Together with a [`Snapshot`](crate::engine::Snapshot) of its engine and what its observers
/// have recorded, this is all that going on takes.
///
/// Looks happen at steps that plan and cadences determine. A pause falls between two steps wherever the clock
/// wants it, and leaves no trace in the results.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Training {
    /// Step of the engine at which this began.
    first: u64,
    runs: Vec<Option<Run>>,
    tails: Vec<Tail>,
    /// Step at which each observer looks next.
    due: Vec<u64>,
    /// Step at which anybody looks next.
    next: u64,
    /// Time spent in [`Engine::advance`].
    spent: Duration,
}

impl Training {
    /// A training of `engine` from where it is, under so many observers.
    pub fn new(engine: &dyn Engine, observers: usize) -> Self {
        Self {
            first: engine.steps_taken(),
            runs: vec![None; engine.replicas()],
            tails: vec![Tail::default(); engine.replicas()],
            due: vec![0; observers],
            next: 0,
            spent: Duration::ZERO,
        }
    }

    /// Trains on until every replica has an outcome, or `pause` says so; whether it finished.
    ///
    /// `pause` is asked about every `patience` ([`PATIENCE`] is a good one), as far as single steps allow, and told the
    /// steps taken. Engine, plan and observers are those of the beginning, or restored to where they were.
    pub fn go_on(
        &mut self,
        engine: &mut dyn Engine,
        plan: &Plan,
        observers: &mut [&mut dyn Observer],
        patience: Duration,
        mut pause: impl FnMut(u64) -> bool,
    ) -> bool {
        let settled = self.runs.iter().enumerate().filter(|(_, run)| run.is_some());
        settled.for_each(|(replica, _)| engine.retire(replica));
        let (mut pace, mut asked) = (1, Instant::now());
        while !self.is_finished() {
            while self.taken(engine) < self.next {
                let steps = (self.next - self.taken(engine)).min(pace);
                let time = self.advance(engine, steps);
                pace = if time > patience { (steps / 2).max(1) } else { pace.max(2 * steps) };
                if asked.elapsed() >= patience {
                    asked = Instant::now();
                    if pause(self.taken(engine)) {
                        return false;
                    }
                }
            }
            self.look(engine, plan, observers);
        }
        true
    }

    /// Trains to the end, without a glance at the clock.
    pub(super) fn finish(
        &mut self,
        engine: &mut dyn Engine,
        plan: &Plan,
        observers: &mut [&mut dyn Observer],
    ) {
        while !self.is_finished() {
            let steps = self.next - self.taken(engine);
            self.advance(engine, steps);
            self.look(engine, plan, observers);
        }
    }

    /// Whether every replica has an outcome.
    pub fn is_finished(&self) -> bool {
        self.runs.iter().all(Option::is_some)
    }

    /// What came of each replica, and the time spent in [`Engine::advance`] alone.
    ///
    /// # Panics
    /// If the training is not finished.
    pub fn into_runs(self) -> (Vec<Run>, Duration) {
        let runs = self.runs.into_iter().map(|run| run.expect("asked of a finished training"));
        (runs.collect(), self.spent)
    }

    fn taken(&self, engine: &dyn Engine) -> u64 {
        engine.steps_taken() - self.first
    }

    fn advance(&mut self, engine: &mut dyn Engine, steps: u64) -> Duration {
        let clock = Instant::now();
        engine.advance(steps);
        let time = clock.elapsed();
        self.spent += time;
        time
    }

    /// Settles what can be settled, lets observers look, and finds the step at which to look again.
    fn look(&mut self, engine: &mut dyn Engine, plan: &Plan, observers: &mut [&mut dyn Observer]) {
        let taken = self.taken(engine);
        let looked = taken.is_multiple_of(plan.period()) || taken == plan.budget;
        for replica in 0..self.runs.len() {
            if self.runs[replica].is_none() {
                self.runs[replica] = self.settle(engine, replica, taken, looked, plan);
            }
            if self.runs[replica].is_some() {
                engine.retire(replica);
            }
        }
        let finished = self.is_finished();
        if !(0..engine.replicas()).all(|replica| engine.diverged_at(replica).is_some()) {
            for (observer, due) in observers.iter_mut().zip(&mut self.due) {
                if *due <= taken || finished {
                    observer.observe(taken, engine);
                    *due = observer.cadence().next_after(taken);
                }
            }
        }
        let watch = Cadence::Every(plan.period()).next_after(taken);
        self.next = self.due.iter().copied().fold(watch.min(plan.budget), u64::min);
    }

    /// The outcome of a replica at this point, if it has one.
    fn settle(
        &mut self,
        engine: &dyn Engine,
        replica: usize,
        taken: u64,
        looked: bool,
        plan: &Plan,
    ) -> Option<Run> {
        let run = |outcome, steps, distance, neurons| {
            let (weights, loss) = (engine.weights(replica).ok(), engine.loss(replica));
            Some(Run { outcome, steps, distance, neurons, weights, loss })
        };
        if let Some(step) = engine.diverged_at(replica) {
            return run(Outcome::Diverged, step - self.first, f64::NAN, engine.neurons(replica));
        }
        if !looked {
            return None;
        }
        if plan.never_arrives() && taken < plan.budget && !engine.is_dead(replica) {
            return None;
        }
        let distance = self.distance(engine, replica, taken, plan);
        let (outcome, distance) = if engine.is_dead(replica) {
            (Outcome::Dead, distance)
        } else if let Some(end) = self.end(engine, replica, distance, plan) {
            end
        } else if taken == plan.budget {
            (Outcome::MaxSteps, distance)
        } else {
            return None;
        };
        run(outcome, taken, distance, engine.neurons(replica))
    }

    /// How a replica ends if the distance meets the stop rule, and how far it then has to go.
    fn end(&self, engine: &dyn Engine, replica: usize, distance: f64, plan: &Plan) -> Option<(Outcome, f64)> {
        if !plan.is_met(distance) {
            return None;
        }
        match plan.stop {
            StopRule::Tail { tolerance, .. } => {
                self.tails[replica].end(distance, engine.slope(replica), tolerance)
            }
            StopRule::Limit { .. } | StopRule::Never => Some((Outcome::Converged, distance)),
        }
    }

    fn distance(&mut self, engine: &dyn Engine, replica: usize, taken: u64, plan: &Plan) -> f64 {
        match &plan.stop {
            StopRule::Never => f64::NAN,
            StopRule::Limit { sets, .. } => sets[replica].distance(&engine.neurons(replica)[0]),
            // A shorter last window would pass for convergence: keep to whole ones.
            StopRule::Tail { .. } if taken.is_multiple_of(plan.period()) => {
                self.tails[replica].remaining(engine.position(replica))
            }
            StopRule::Tail { .. } => f64::INFINITY,
        }
    }
}
