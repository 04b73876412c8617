//! Many runs of one algorithm, each until a sample is selected, in slices that leave a page time to breathe.

use puremix_dynamics::Result;
use puremix_dynamics::engine::Engine;
use puremix_dynamics::limit_set::LimitSet;
use puremix_dynamics::problem::Problem;
use puremix_dynamics::reduced::Reduced;
use puremix_dynamics::schedule::{Schedule, ScheduleKind};
use puremix_dynamics::state::Neuron;
use puremix_dynamics::theory::budget;
use puremix_dynamics::theory::selection::{diffusion_rate, diffusion_rate_with_replacement};
use puremix_dynamics::vectors::arg_max;

use crate::scene::{Scene, predicted_limit};

/// A run ends when the sum of the losers' sizes is below this share of the leader's. For two samples the law of the winner is then off by less than
/// `(2/π) 1e-4`.
pub const SELECTED: f64 = 1e-4;

/// Distance to the mixture at which a run of full batches ends.
const MIXED: f64 = 1e-6;

/// Runs that are in memory at the same time.
const ABREAST: u64 = 256;

/// Looks at a run in a unit of the time `κt`.
const LOOKS: f64 = 8.0;

/// Steps after which a run is left, where theory grants no budget.
const MAX_STEPS: u64 = 2_000_000;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ended {
    /// The sample that was selected, if one was.
    pub winner: Option<usize>,
    /// Steps at the look that saw the end.
    pub steps: u64,
    /// Largest cosine with a sample; NaN if the run diverged.
    pub cosine: f64,
}

/// Runs in progress and ended.
pub struct Ensemble {
    scene: Scene,
    problem: Problem,
    schedule: Schedule,
    /// Whether every run has the start that `train --replicas` gives it, or all that of the stage.
    own_starts: bool,
    runs: u64,
    first: u64,
    between_looks: u64,
    max_steps: u64,
    here: Option<Here>,
    ended: Vec<Ended>,
}

/// The runs in memory.
struct Here {
    engine: Reduced,
    limits: Vec<Option<LimitSet>>,
    running: Vec<usize>,
}

impl Ensemble {
    /// Runs of an algorithm, given by its schedule, batch size and momentum, each with batches of its own.
    ///
    /// # Errors
    /// A batch size that there is not; a momentum outside of `[0, 1)`.
    pub fn new(
        scene: &Scene,
        (kind, batch, momentum): (ScheduleKind, usize, f64),
        runs: u64,
        own_starts: bool,
    ) -> Result<Self> {
        let (schedule, problem) = (scene.schedule(kind, batch)?, scene.problem_under(momentum)?);
        let effective_step = effective_step(problem.step_per_sample(batch), momentum);
        let rate = clock(&schedule, effective_step);
        let between_looks = if rate > 0.0 { (1.0 / (LOOKS * rate)).clamp(1.0, 1e6) as u64 } else { 16 };
        let start = scene.start();
        let (c, s, activation) = (&start.correlations, start.residual, problem.activation());
        let budget = budget::steps(&schedule, c, s, activation, effective_step, SELECTED);
        // Budgets are for plain steps: momentum has the same time only as `η → 0`.
        let least = if momentum == 0.0 { 1 } else { MAX_STEPS };
        Ok(Self {
            scene: scene.clone(),
            problem,
            schedule,
            own_starts,
            runs,
            first: 0,
            between_looks,
            max_steps: budget.unwrap_or(MAX_STEPS).max(least),
            here: None,
            ended: Vec::new(),
        })
    }

    /// Takes about so many steps, over all runs; whether all have ended.
    ///
    /// # Errors
    /// None that [`Ensemble::new`] has not met.
    pub fn slice(&mut self, steps: u64) -> Result<bool> {
        let mut left = steps;
        loop {
            let Some(here) = &mut self.here else {
                if self.first >= self.runs {
                    return Ok(true);
                }
                let next = self.next()?;
                self.here = Some(next);
                continue;
            };
            if left == 0 {
                return Ok(false);
            }
            // However the way is cut into slices, runs are looked at after the same steps.
            let (step, running) = (here.engine.steps_taken(), here.running.len() as u64);
            let look = ((step / self.between_looks + 1) * self.between_looks).min(self.max_steps);
            let stretch = (look - step).min(left / running + 1);
            here.engine.advance(stretch);
            left = left.saturating_sub(stretch * running);
            if step + stretch < look {
                continue;
            }
            let out_of_steps = look == self.max_steps;
            let ended = here.look(out_of_steps);
            self.ended.extend(ended);
            if here.running.is_empty() {
                self.here = None;
            }
        }
    }

    /// The next runs.
    fn next(&mut self) -> Result<Here> {
        let until = (self.first + ABREAST).min(self.runs);
        let start = |replica| {
            if self.own_starts { self.scene.start_of(replica) } else { Ok(self.scene.start().clone()) }
        };
        let starts = (self.first..until).map(start).collect::<Result<Vec<_>>>()?;
        let engine = Reduced::new(&self.problem, &self.schedule, &starts, self.first)?;
        let limits =
            starts.iter().map(|start| predicted_limit(&self.problem, &self.schedule, start)).collect();
        self.first = until;
        Ok(Here { running: (0..starts.len()).collect(), engine, limits })
    }

    /// Steps between two looks: the steps of [`Ended`] are multiples of it, but where a run diverged or was left.
    pub fn between_looks(&self) -> u64 {
        self.between_looks
    }

    /// Runs that have ended.
    pub fn ended(&self) -> &[Ended] {
        &self.ended
    }
}

impl Here {
    /// Takes out the runs that have ended.
    fn look(&mut self, out_of_steps: bool) -> Vec<Ended> {
        let Self { engine, limits, running } = self;
        let steps = engine.steps_taken();
        let mut found = Vec::new();
        running.retain(|&replica| {
            let neuron = engine.neurons(replica).swap_remove(0);
            let ended = if let Some(step) = engine.diverged_at(replica) {
                Ended { winner: None, steps: step, cosine: f64::NAN }
            } else {
                let winner = selected(&neuron);
                let mixed =
                    matches!(&limits[replica], Some(limit @ LimitSet::Point(_)) if limit.distance(&neuron) < MIXED);
                if winner.is_none() && !mixed && !engine.is_dead(replica) && !out_of_steps {
                    return true;
                }
                Ended { winner, steps, cosine: largest_cosine(&neuron) }
            };
            engine.retire(replica);
            found.push(ended);
            false
        });
        found
    }
}

/// The sample beside which all others have faded.
fn selected(neuron: &Neuron) -> Option<usize> {
    let sizes = neuron.correlations.iter().map(|c| c.abs());
    let leader = arg_max(sizes.clone())?;
    let rest: f64 = sizes.enumerate().filter(|(i, _)| *i != leader).map(|(_, size)| size).sum();
    (rest <= SELECTED * neuron.correlations[leader].abs()).then_some(leader)
}

fn largest_cosine(neuron: &Neuron) -> f64 {
    let largest = neuron.correlations.iter().fold(0.0, |most: f64, c| most.max(c.abs()));
    largest / neuron.norm_sq.sqrt()
}

/// `ε = η_B/(1 − β)`: with momentum, laws for small steps are those of plain steps of this size ([`theory::momentum`](puremix_dynamics::theory::momentum)).
pub(crate) fn effective_step(step_per_sample: f64, momentum: f64) -> f64 {
    step_per_sample / (1.0 - momentum)
}

/// `κ/(1 − β)²`, the time of the limit diffusion a step of size `ε`; 0 where nothing is drawn, or nothing is known.
pub(crate) fn clock(schedule: &Schedule, effective_step: f64) -> f64 {
    let (samples, batch) = (schedule.samples(), schedule.batch_size());
    match schedule.kind() {
        ScheduleKind::Sgd => diffusion_rate(samples, batch, effective_step),
        ScheduleKind::Replacement => diffusion_rate_with_replacement(samples, batch, effective_step),
        ScheduleKind::Gd | ScheduleKind::Cyclic | ScheduleKind::Reshuffle => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use puremix_dynamics::activation::Activation;
    use puremix_dynamics::problem::Reduction;

    use super::*;

    fn under(momentum: f64, step_size: f64, slice: u64) -> Vec<Ended> {
        let scene = Scene::new((3, 4), (Activation::Linear, Reduction::Mean, step_size), 0.5, 31).unwrap();
        ended(&scene, (ScheduleKind::Sgd, 1, momentum), slice)
    }

    fn ended(scene: &Scene, algorithm: (ScheduleKind, usize, f64), slice: u64) -> Vec<Ended> {
        let mut ensemble = Ensemble::new(scene, algorithm, 300, true).unwrap();
        while !ensemble.slice(slice).unwrap() {}
        ensemble.ended().to_vec()
    }

    #[test]
    fn slices_leave_no_trace_and_every_run_ends_once() {
        let all = under(0.0, 0.2, u64::MAX);
        assert_eq!(all.len(), 300);
        assert_eq!(all, under(0.0, 0.2, 5000));
        assert_eq!(under(0.9, 0.02, u64::MAX), under(0.9, 0.02, 5000));
        assert!(all.iter().all(|run| run.winner.is_some() && run.cosine > 1.0 - 1e-7));
        // Each of three samples wins now and then.
        for sample in 0..3 {
            assert!(all.iter().filter(|run| run.winner == Some(sample)).count() > 50);
        }
    }

    #[test]
    fn full_batches_end_in_mixtures() {
        let scene = Scene::new((3, 4), (Activation::Linear, Reduction::Mean, 0.2), 0.5, 31).unwrap();
        let all = ended(&scene, (ScheduleKind::Gd, 3, 0.0), u64::MAX);
        assert!(all.iter().all(|run| run.winner.is_none() && run.cosine > 0.57 && run.cosine < 1.0));
    }

    #[test]
    fn momentum_brings_the_end_sooner_by_its_clock() {
        let mean = |all: Vec<Ended>| {
            assert!(all.iter().all(|run| run.winner.is_some()));
            all.iter().map(|run| run.steps as f64).sum::<f64>() / all.len() as f64
        };
        // 300 times deviate by some 40 % each: their means by 3 %, with a look in between and the way to length 1.
        let sooner = mean(under(0.0, 0.03, u64::MAX)) / mean(under(0.6, 0.03, u64::MAX));
        assert!((sooner / 6.25 - 1.0).abs() < 0.16, "{sooner}");
    }

    #[test]
    fn runs_that_do_not_settle_are_left() {
        let scene = Scene::new((3, 4), (Activation::Linear, Reduction::Sum, 9.0), 0.5, 1).unwrap();
        let mut ensemble = Ensemble::new(&scene, (ScheduleKind::Sgd, 2, 0.0), 10, false).unwrap();
        assert!(ensemble.slice(u64::MAX).unwrap());
        assert!(ensemble.ended().iter().all(|run| run.winner.is_none() && run.cosine.is_nan()));
    }
}
