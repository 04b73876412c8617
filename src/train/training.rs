//! The loop itself, as a value: what it knows between two steps can be kept, and gone on with.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::tail::Tail;
use super::{Cadence, Observer, Outcome, Plan, Run, StopRule};
use crate::engine::Engine;

/// How long steps are taken without asking whether to pause, unless the caller needs to know sooner.
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
    /// Step of the next look, of an observer or the stop rule.
    next: u64,
    /// Time spent in [`Engine::advance`].
    spent: Duration,
}

/// What a training of a job that was kept must look like.
pub(crate) struct Shape {
    pub replicas: usize,
    /// Neurons of the first layer.
    pub neurons: usize,
    pub samples: usize,
    /// Dimension, where the data is materialised.
    pub dim: Option<usize>,
    pub budget: u64,
    pub observers: usize,
    /// Parameters of the model and moments of its update rule, where its engine is kept for them.
    pub state: Option<usize>,
}

impl Training {
    /// Why this cannot be what a training of that shape, from step 0 on, left when its engine was at `step`.
    pub(crate) fn flaw(&self, shape: &Shape, is_finished: bool, step: Option<u64>) -> Option<String> {
        let Shape { replicas, neurons, samples, dim, budget, observers, .. } = *shape;
        let fits = |run: &Run| {
            run.steps <= budget
                && run.neurons.len() == neurons
                && run.neurons.iter().all(|neuron| neuron.correlations.len() == samples)
                && run.weights.as_ref().map(Vec::len) == dim.map(|dim| dim * neurons)
        };
        let lengths =
            self.runs.len() == replicas && self.tails.len() == replicas && self.due.len() == observers;
        if !lengths {
            return Some("it has another number of replicas or observers".into());
        }
        if !self.runs.iter().flatten().all(fits) {
            return Some("an outcome has another shape, or is beyond the budget".into());
        }
        if self.is_finished() != is_finished {
            return Some("it says that it is finished, and is not, or the other way round".into());
        }
        // What is looked at next lies ahead, and at the budget at the latest.
        let waits = is_finished || step.is_none_or(|step| (step..=budget).contains(&self.next));
        (self.first != 0 || !waits).then(|| "it waits for a step that does not come".into())
    }

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

    /// The same without the time that it took: what is kept of it does not depend on the machine.
    pub(crate) fn timeless(&self) -> Self {
        Self { spent: Duration::ZERO, ..self.clone() }
    }

    /// Whether a replica ended because the budget ran out.
    pub(crate) fn ran_out(&self) -> bool {
        self.runs.iter().flatten().any(|run| run.outcome == Outcome::MaxSteps)
    }

    /// Lets the replicas that ran out of steps go on under a plan with a larger budget, as if it had been the plan from the beginning. Each
    /// observer looks next when its cadence says so; what it saw at the end alone is to be forgotten.
    pub(crate) fn extend(&mut self, taken: u64, plan: &Plan) {
        for run in &mut self.runs {
            run.take_if(|run| run.outcome == Outcome::MaxSteps);
        }
        self.next = self.after(taken, plan);
    }

    /// The step after `taken` at which to look.
    fn after(&self, taken: u64, plan: &Plan) -> u64 {
        let watch = Cadence::Every(plan.period()).next_after(taken);
        self.due.iter().copied().fold(watch.min(plan.budget), u64::min)
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
        let started = Instant::now();
        engine.advance(steps);
        let time = started.elapsed();
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
        self.next = self.after(taken, plan);
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
            // A norm in range can have a loss that is not.
            let outcome = if loss.is_finite() { outcome } else { Outcome::Diverged };
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
            StopRule::Limit { .. } | StopRule::Orthogonal { .. } | StopRule::Never => {
                Some((Outcome::Converged, distance))
            }
        }
    }

    fn distance(&mut self, engine: &dyn Engine, replica: usize, taken: u64, plan: &Plan) -> f64 {
        match &plan.stop {
            StopRule::Never => f64::NAN,
            StopRule::Limit { sets, .. } => sets[replica].distance(&engine.neurons(replica)[0]),
            StopRule::Orthogonal { sets, .. } => sets[replica].distance(&engine.neurons(replica)[0]),
            // A shorter last window would pass for convergence: keep to whole ones.
            StopRule::Tail { .. } if taken.is_multiple_of(plan.period()) => {
                self.tails[replica].remaining(engine.position(replica))
            }
            StopRule::Tail { .. } => f64::INFINITY,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Neuron;

    const SHAPE: Shape =
        Shape { state: None, replicas: 2, neurons: 1, samples: 3, dim: Some(4), budget: 100, observers: 1 };

    fn run() -> Run {
        let neuron = Neuron { correlations: vec![0.1; 3], residual: 0.0, norm_sq: 1.0, overlap_init: 1.0 };
        let (neurons, weights) = (vec![neuron], Some(vec![0.5; 4]));
        Run { outcome: Outcome::MaxSteps, steps: 100, distance: f64::NAN, neurons, weights, loss: 0.0 }
    }

    fn training() -> Training {
        let tails = vec![Tail::default(); 2];
        Training {
            first: 0,
            runs: vec![Some(run()), None],
            tails,
            due: vec![60],
            next: 60,
            spent: Duration::ZERO,
        }
    }

    #[test]
    fn a_training_that_was_kept_is_checked_before_it_goes_on() {
        assert_eq!(training().flaw(&SHAPE, false, Some(50)), None);
        type Spoil = fn(&mut Training);
        let flawed: [(Spoil, &str); 9] = [
            (|t| t.runs.clear(), "another number of replicas"),
            (|t| t.tails.truncate(1), "another number of replicas"),
            (|t| t.due.clear(), "another number of replicas or observers"),
            (|t| t.runs[0].as_mut().unwrap().steps = 101, "beyond the budget"),
            (|t| t.runs[0].as_mut().unwrap().neurons.clear(), "another shape"),
            (|t| t.runs[0].as_mut().unwrap().weights = None, "another shape"),
            (|t| t.first = 1, "a step that does not come"),
            (|t| t.next = 49, "a step that does not come"),
            (|t| t.next = u64::MAX, "a step that does not come"),
        ];
        for (k, (spoil, needle)) in flawed.into_iter().enumerate() {
            let mut training = training();
            spoil(&mut training);
            let flaw = training.flaw(&SHAPE, false, Some(50)).unwrap_or_default();
            assert!(flaw.contains(needle), "{k}: {flaw}");
        }
        assert!(training().flaw(&SHAPE, true, None).is_some(), "one replica is not finished");
        let mut finished = training();
        finished.runs[1] = Some(run());
        assert_eq!(finished.flaw(&SHAPE, true, None), None);
    }
}
