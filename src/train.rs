//! The only training loop: advance, look, stop.

use std::time::{Duration, Instant};

use serde::Serialize;

use crate::engine::Engine;
use crate::limit_set::LimitSet;
use crate::state::Neuron;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The stop rule was met.
    Converged,
    /// ReLU only: no sample activates any neuron, so nothing will ever move again.
    Dead,
    /// A norm stopped being finite, or blew up.
    Diverged,
    /// The budget ran out first.
    MaxSteps,
}

/// When a run counts as converged.
#[derive(Clone, Debug)]
pub enum StopRule {
    /// Never: the budget is used up.
    Never,
    /// The distance of the first neuron to the predicted limit set is at most `tolerance`.
    Limit {
        /// One set a replica.
        sets: Vec<LimitSet>,
        /// Euclidean distance; 0 never stops.
        tolerance: f64,
    },
    /// What is left of the way is estimated to be at most `tolerance`, with no theory at all.
    ///
    /// Every `window` steps the displacement `d_k` of [`Engine::position`] is taken. If the last
    /// three shrink by at least a factor `q < 1` each, the remaining path is at most
    /// `d_k q/(1 − q)`, as for a geometric series. A run that leaves a plateau has growing
    /// displacements and does not stop; noise that does not die out never stops.
    Tail {
        /// Steps between displacements.
        window: u64,
        /// Largest estimate of what remains; 0 never stops.
        tolerance: f64,
    },
}

/// Budget and stop rule of a run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Most steps taken.
    pub budget: u64,
    /// When to stop before that.
    pub stop: StopRule,
    /// Steps between looks at the stop rule (a look costs O(m) or more). [`StopRule::Tail`] looks
    /// once a window instead.
    pub check_every: u64,
}

/// What came of one replica.
#[derive(Clone, Debug)]
pub struct Run {
    /// How it ended.
    pub outcome: Outcome,
    /// Steps taken until then; for [`Outcome::Diverged`] the step that blew up.
    pub steps: u64,
    /// Distance to the predicted set, or the estimate of the tail; NaN where neither was asked for.
    pub distance: f64,
    /// The neurons at that point (meaningless after divergence).
    pub neurons: Vec<Neuron>,
    /// First-layer weights at that point, row-major `[k, n]`; `None` over implicit data.
    pub weights: Option<Vec<f64>>,
    /// Loss over all samples at that point.
    pub loss: f64,
}

/// When an observer looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cadence {
    /// At step 0, every so many steps, and at the end.
    Every(u64),
    /// At step 0, about so many times a decade of steps, and at the end.
    Logarithmic {
        /// Looks a decade.
        per_decade: u32,
    },
}

impl Cadence {
    /// First step after `step` at which to look.
    pub fn next_after(self, step: u64) -> u64 {
        match self {
            Cadence::Every(every) => (step / every.max(1) + 1) * every.max(1),
            Cadence::Logarithmic { per_decade } => {
                let ratio = 10f64.powf(1.0 / f64::from(per_decade.max(1)));
                ((step as f64 * ratio).round() as u64).max(step + 1)
            }
        }
    }
}

/// Something that looks at an engine while it trains.
pub trait Observer {
    /// When to look.
    fn cadence(&self) -> Cadence;

    /// Looks. Called once a step at most; never after all replicas diverged.
    fn observe(&mut self, step: u64, engine: &dyn Engine);
}

/// Trains until every replica has an outcome; returns one [`Run`] a replica and the time spent in
/// [`Engine::advance`] alone.
pub fn train(
    engine: &mut dyn Engine,
    plan: &Plan,
    observers: &mut [&mut dyn Observer],
) -> (Vec<Run>, Duration) {
    let mut runs: Vec<Option<Run>> = vec![None; engine.replicas()];
    let mut watch = Watch::new(plan, engine.replicas());
    let mut due: Vec<u64> = vec![0; observers.len()];
    let mut training = Duration::ZERO;
    let first = engine.steps_taken();
    loop {
        let taken = engine.steps_taken() - first;
        let looked = watch.is_due(taken) || taken == plan.budget;
        for (replica, run) in runs.iter_mut().enumerate().filter(|(_, run)| run.is_none()) {
            *run = settle(engine, replica, taken, first, looked, plan, &mut watch);
        }
        let finished = runs.iter().all(Option::is_some);
        if !(0..engine.replicas()).all(|replica| engine.diverged_at(replica).is_some()) {
            for (observer, due) in observers.iter_mut().zip(&mut due) {
                if *due <= taken || finished {
                    observer.observe(taken, engine);
                    *due = observer.cadence().next_after(taken);
                }
            }
        }
        if finished {
            return (runs.into_iter().flatten().collect(), training);
        }
        let next = due.iter().copied().chain([watch.next_after(taken), plan.budget]).min();
        let clock = Instant::now();
        engine.advance(next.unwrap_or(plan.budget) - taken);
        training += clock.elapsed();
    }
}

/// The outcome of a replica at this point, if it has one.
fn settle(
    engine: &dyn Engine,
    replica: usize,
    taken: u64,
    first: u64,
    looked: bool,
    plan: &Plan,
    watch: &mut Watch,
) -> Option<Run> {
    let run = |outcome, steps, distance, neurons| {
        let (weights, loss) = (engine.weights(replica).ok(), engine.loss(replica));
        Some(Run { outcome, steps, distance, neurons, weights, loss })
    };
    if let Some(step) = engine.diverged_at(replica) {
        return run(Outcome::Diverged, step - first, f64::NAN, engine.neurons(replica));
    }
    if !looked {
        return None;
    }
    let neurons = engine.neurons(replica);
    let distance = watch.distance(replica, taken, &neurons[0], engine);
    let outcome = match () {
        () if engine.is_dead(replica) => Outcome::Dead,
        () if watch.is_met(distance) => Outcome::Converged,
        () if taken == plan.budget => Outcome::MaxSteps,
        () => return None,
    };
    run(outcome, taken, distance, neurons)
}

/// The memory of a stop rule.
struct Watch<'a> {
    plan: &'a Plan,
    tails: Vec<Tail>,
}

/// Where a replica was a window ago, and how far it moved in the windows before.
#[derive(Clone, Default)]
struct Tail {
    position: Vec<f64>,
    displacements: Vec<f64>,
}

impl<'a> Watch<'a> {
    fn new(plan: &'a Plan, replicas: usize) -> Self {
        Self { plan, tails: vec![Tail::default(); replicas] }
    }

    fn period(&self) -> u64 {
        match self.plan.stop {
            StopRule::Tail { window, .. } => window.max(1),
            StopRule::Limit { .. } | StopRule::Never => self.plan.check_every.max(1),
        }
    }

    fn is_due(&self, taken: u64) -> bool {
        taken.is_multiple_of(self.period())
    }

    fn next_after(&self, taken: u64) -> u64 {
        Cadence::Every(self.period()).next_after(taken)
    }

    fn is_met(&self, distance: f64) -> bool {
        match self.plan.stop {
            StopRule::Never => false,
            // A tolerance of 0 never stops early, not even at an exact hit.
            StopRule::Limit { tolerance, .. } | StopRule::Tail { tolerance, .. } => {
                tolerance > 0.0 && distance <= tolerance
            }
        }
    }

    fn distance(&mut self, replica: usize, taken: u64, neuron: &Neuron, engine: &dyn Engine) -> f64 {
        match &self.plan.stop {
            StopRule::Never => f64::NAN,
            StopRule::Limit { sets, .. } => sets[replica].distance(neuron),
            // A shorter last window would pass for convergence: keep to whole ones.
            StopRule::Tail { .. } if self.is_due(taken) => {
                self.tails[replica].remaining(engine.position(replica))
            }
            StopRule::Tail { .. } => f64::INFINITY,
        }
    }
}

impl Tail {
    /// Estimated length of the remaining path; infinite until three displacements are known.
    fn remaining(&mut self, position: Vec<f64>) -> f64 {
        if self.position.len() == position.len() {
            let square: f64 = position.iter().zip(&self.position).map(|(a, b)| (a - b).powi(2)).sum();
            self.displacements.push(square.sqrt());
            self.displacements.drain(..self.displacements.len().saturating_sub(3));
        }
        self.position = position;
        let &[.., before, middle, last] = self.displacements.as_slice() else { return f64::INFINITY };
        if before == 0.0 && middle == 0.0 && last == 0.0 {
            return 0.0;
        }
        let ratio = (middle / before).max(last / middle);
        if ratio < 1.0 { last * ratio / (1.0 - ratio) } else { f64::INFINITY }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tail_estimates_what_is_left_of_a_geometric_approach() {
        let mut tail = Tail::default();
        let remaining: Vec<f64> = (0..8).map(|k| tail.remaining(vec![1.0 - 0.6f64.powi(k)])).collect();
        assert!(remaining[..3].iter().all(|r| r.is_infinite()));
        for (k, r) in remaining.iter().enumerate().skip(3) {
            assert!((r - 0.6f64.powi(k as i32)).abs() < 1e-12, "{k}: {r}");
        }
    }

    #[test]
    fn tail_does_not_stop_on_a_plateau_that_is_being_left() {
        let mut tail = Tail::default();
        for k in 0..12 {
            assert!(tail.remaining(vec![1e-12 * 1.3f64.powi(k)]).is_infinite());
        }
        let mut still = Tail::default();
        let resting: Vec<f64> = (0..4).map(|_| still.remaining(vec![0.5])).collect();
        assert_eq!(resting[3], 0.0);
    }

    #[test]
    fn cadences_move_forward() {
        assert_eq!(Cadence::Every(7).next_after(0), 7);
        assert_eq!(Cadence::Every(7).next_after(13), 14);
        assert_eq!(Cadence::Every(0).next_after(3), 4);
        let mut steps = vec![0];
        while *steps.last().unwrap() < 1000 {
            steps.push(Cadence::Logarithmic { per_decade: 4 }.next_after(*steps.last().unwrap()));
        }
        assert!(steps.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(steps.len() < 20, "{steps:?}");
    }
}
