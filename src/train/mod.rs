//! The only training loop: advance, look, stop; in one go, or to be broken off and gone on with.

mod tail;
mod training;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub(crate) use self::training::Shape;
pub use self::training::{PATIENCE, Training};
use crate::engine::Engine;
use crate::limit_set::{LimitSet, Scaled};
use crate::state::Neuron;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The stop rule was met. Of [`StopRule::Tail`] that means a point where the gradient vanishes: a saddle is one, too,
    /// if the run is exactly on it; the least eigenvalue of the Hessian tells
    /// ([`measure::sharpness`](crate::measure::sharpness)).
    Converged,
    /// ReLU only: no sample activates any neuron, so nothing will ever move again.
    Dead,
    /// A norm or the loss stopped being finite, or a norm blew up.
    Diverged,
    /// The budget ran out first.
    MaxSteps,
    /// [`StopRule::Tail`] only: nothing moves, because steps vanish in rounding; the gradient does not.
    Stalled,
}

impl Outcome {
    /// As it is written in files.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Converged => "converged",
            Outcome::Dead => "dead",
            Outcome::Diverged => "diverged",
            Outcome::MaxSteps => "max_steps",
            Outcome::Stalled => "stalled",
        }
    }
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
    /// The same over orthogonal samples of any norms.
    Orthogonal {
        /// One set a replica.
        sets: Vec<Scaled>,
        /// Euclidean distance; 0 never stops.
        tolerance: f64,
    },
    /// What is left of the way is estimated to be at most `tolerance`, with no theory at all.
    ///
    /// Every `window` steps the displacement `d_k` of [`Engine::position`] is taken. If the last
    /// three shrink by at least a factor `q < 1` each, the remaining path is at most
    /// `d_k q/(1 − q)`, as for a geometric series. A run that leaves a plateau has growing
    /// displacements and does not stop; noise that does not die out never stops. Noise that vanishes at a point need not
    /// draw a run there: a random walk that happens to come within `tolerance` of one, and to shrink for three windows, is
    /// taken for an approach. Where theory tells which points draw runs, a rule with limits is to be taken.
    ///
    /// The gradient has a say, because rounding shortens displacements, too. A run stops only if
    /// [`Engine::slope`] is at most 100 `tolerance`, and where the last three displacements are 0 it
    /// is converged if the slope is at most `tolerance`, and [stalled](Outcome::Stalled) otherwise. At
    /// parameters of a norm below 1 these bounds shrink with it: near the saddle 0 every gradient is small.
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

impl Plan {
    /// Steps between looks at the stop rule.
    fn period(&self) -> u64 {
        match self.stop {
            StopRule::Tail { window, .. } => window.max(1),
            StopRule::Limit { .. } | StopRule::Orthogonal { .. } | StopRule::Never => self.check_every.max(1),
        }
    }

    /// Whether no distance on the way matters, to a stop or to a later distance.
    fn never_arrives(&self) -> bool {
        match self.stop {
            StopRule::Never => true,
            StopRule::Limit { tolerance, .. } | StopRule::Orthogonal { tolerance, .. } => tolerance == 0.0,
            StopRule::Tail { .. } => false,
        }
    }

    fn is_met(&self, distance: f64) -> bool {
        match self.stop {
            StopRule::Never => false,
            // A tolerance of 0 never stops early, not even at an exact hit.
            StopRule::Limit { tolerance, .. }
            | StopRule::Orthogonal { tolerance, .. }
            | StopRule::Tail { tolerance, .. } => tolerance > 0.0 && distance <= tolerance,
        }
    }
}

/// What came of one replica.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Run {
    /// How it ended.
    pub outcome: Outcome,
    /// Steps taken until then; for [`Outcome::Diverged`] the step that blew up.
    pub steps: u64,
    /// Distance to the predicted set, or the estimate of the tail (the slope if nothing moves); NaN where neither was
    /// asked for.
    pub distance: f64,
    /// The neurons at that point (meaningless after divergence).
    pub neurons: Vec<Neuron>,
    /// First-layer weights at that point, row-major `[k, n]`; `None` over implicit data.
    pub weights: Option<Vec<f64>>,
    /// Loss over all samples at that point.
    pub loss: f64,
}

impl AsRef<Run> for Run {
    fn as_ref(&self) -> &Run {
        self
    }
}

/// When an observer looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cadence {
    /// At step 0, every so many steps, and at the end.
    Every(u64),
    /// At step 0, about `d` times a decade of steps, and at the end: after step `k` at `max(k + 1, k · 10^{1/d})`, rounded.
    Logarithmic {
        /// Looks a decade, `d`.
        per_decade: u32,
    },
}

impl Cadence {
    /// First step after `step` at which to look. It does not depend on where one looked before.
    pub fn next_after(self, step: u64) -> u64 {
        match self {
            Cadence::Every(every) => (step / every.max(1) + 1) * every.max(1),
            Cadence::Logarithmic { per_decade } => {
                logarithmic(per_decade).find(|&next| next > step).unwrap_or(u64::MAX)
            }
        }
    }

    /// Whether to look at `step`, be it the end or not.
    pub fn is_due(self, step: u64) -> bool {
        step == 0 || self.next_after(step - 1) == step
    }

    /// How many looks there are after step 0 and up to `last`.
    pub fn looks(self, last: u64) -> u64 {
        match self {
            Cadence::Every(every) => last / every.max(1),
            Cadence::Logarithmic { per_decade } => {
                logarithmic(per_decade).skip(1).take_while(|&step| step <= last).count() as u64
            }
        }
    }
}

/// The steps of a logarithmic cadence, from 0 on.
fn logarithmic(per_decade: u32) -> impl Iterator<Item = u64> {
    let ratio = 10f64.powf(1.0 / f64::from(per_decade.max(1)));
    let next = move |&step: &u64| Some(((step as f64 * ratio).round() as u64).max(step.checked_add(1)?));
    std::iter::successors(Some(0), next)
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
    let mut training = Training::new(engine, observers.len());
    training.finish(engine, plan, observers);
    training.into_runs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cadences_move_forward() {
        assert_eq!(Cadence::Every(7).next_after(0), 7);
        assert_eq!(Cadence::Every(7).next_after(13), 14);
        assert_eq!(Cadence::Every(0).next_after(3), 4);
        let mut steps = vec![0];
        while *steps.last().unwrap() < 1000 {
            steps.push(Cadence::Logarithmic { per_decade: 4 }.next_after(*steps.last().unwrap()));
        }
        assert_eq!(steps, [0, 1, 2, 4, 7, 12, 21, 37, 66, 117, 208, 370, 658, 1170]);
    }

    #[test]
    fn when_to_look_does_not_depend_on_where_one_looked_before() {
        for cadence in [Cadence::Every(7), Cadence::Logarithmic { per_decade: 4 }] {
            let steps: Vec<u64> = (0..1000).filter(|&step| cadence.is_due(step)).collect();
            for step in 0..999 {
                let next = steps.iter().copied().find(|&next| next > step);
                assert!(next.is_none_or(|next| cadence.next_after(step) == next), "{cadence:?} {step}");
                let seen = steps.iter().filter(|&&look| 0 < look && look <= step).count();
                assert_eq!(cadence.looks(step), seen as u64, "{cadence:?} {step}");
            }
        }
        let logarithmic = Cadence::Logarithmic { per_decade: 100 };
        assert_eq!(logarithmic.next_after(u64::MAX), u64::MAX);
        assert_eq!(logarithmic.looks(1_000_000), 482);
    }
}
