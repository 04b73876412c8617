//! One algorithm on the stage, and what is remembered of its run.

use puremix_dynamics::Result;
use puremix_dynamics::activation::Activation;
use puremix_dynamics::engine::Engine;
use puremix_dynamics::limit_set::LimitSet;
use puremix_dynamics::reduced::Reduced;
use puremix_dynamics::schedule::{Schedule, ScheduleKind};
use puremix_dynamics::state::Neuron;
use puremix_dynamics::theory::random_walk::log_ratio;
use puremix_dynamics::vectors::{arg_max, participation_ratio};

use crate::scene::{Scene, predicted_limit};

/// Pairs of rows a decade of steps, after a row for each of the first steps. A pair is a step and the next one: rows at a stride of any
/// parity would show only one side of a run that jumps to and fro.
const PAIRS_A_DECADE: f64 = 160.0;
const EVERY_STEP_UNTIL: u64 = 64;

/// Distance to the limit from which on a run is at its end.
const SETTLED: f64 = 1e-12;

/// A run in progress.
pub struct Lane {
    engine: Reduced,
    schedule: Schedule,
    active: Vec<usize>,
    limit: Option<LimitSet>,
    measured: Option<LimitSet>,
    /// `step, R, c_0, …, c_{m−1}`, one row after the other.
    rows: Vec<f64>,
    next_row: u64,
    next_pair: u64,
}

/// What is shown of a lane at one step.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Steps taken.
    pub step: u64,
    /// First step after which the run counted as diverged.
    pub diverged_at: Option<u64>,
    /// Whether nothing will ever move again.
    pub dead: bool,
    /// Training loss.
    pub loss: f64,
    /// Distance to the predicted limit, in the linear model to its datapoints of either sign; NaN where nothing is predicted.
    pub distance: f64,
    /// The log-ratio `R_t`.
    pub log_ratio: f64,
    /// Samples that are mixed, `(Σc²)²/Σc⁴`.
    pub mixed: f64,
    /// Sample with the largest correlation of the active ones.
    pub leader: Option<usize>,
    /// The neuron.
    pub neuron: Neuron,
}

impl Lane {
    /// An algorithm at the start of a scene, at rest.
    ///
    /// # Errors
    /// A batch size that there is not; a momentum outside of `[0, 1)`.
    pub fn new(scene: &Scene, kind: ScheduleKind, batch: usize, momentum: f64) -> Result<Self> {
        let (schedule, problem) = (scene.schedule(kind, batch)?, scene.problem_under(momentum)?);
        let start = scene.start();
        let activation = problem.activation();
        let engine = Reduced::new(&problem, &schedule, std::slice::from_ref(start), 0)?;
        let limit = predicted_limit(&problem, &schedule, start);
        let measured = limit.clone().map(|limit| either_sign(limit, activation));
        let active = (0..scene.samples()).filter(|&i| activation.admits(start.correlations[i])).collect();
        let rows = Vec::new();
        let mut lane = Self { engine, schedule, active, limit, measured, rows, next_row: 0, next_pair: 0 };
        lane.record();
        Ok(lane)
    }

    /// Takes steps, and records rows on the way.
    pub fn advance(&mut self, steps: u64) {
        let end = self.engine.steps_taken() + steps;
        while self.engine.steps_taken() < end && self.engine.diverged_at(0).is_none() {
            let here = self.engine.steps_taken();
            self.engine.advance(self.next_row.min(end) - here);
            if self.engine.steps_taken() == self.next_row {
                self.record();
            }
        }
        // The clock is common to all lanes; what a diverged run holds means nothing, and it takes no more steps.
        self.engine.advance(end - self.engine.steps_taken());
    }

    fn record(&mut self) {
        let step = self.engine.steps_taken();
        if step == self.next_pair {
            self.next_pair = pair_after(step);
            self.next_row = step + 1;
        } else {
            self.next_row = self.next_pair;
        }
        if self.engine.diverged_at(0).is_some() {
            return;
        }
        let neuron = self.engine.neurons(0).swap_remove(0);
        self.rows.extend([step as f64, log_ratio(&neuron.correlations, &self.active)]);
        self.rows.extend(neuron.correlations);
    }

    /// Where the run is.
    pub fn read(&self) -> Reading {
        let neuron = self.engine.neurons(0).swap_remove(0);
        let c = &neuron.correlations;
        let leader = arg_max(self.active.iter().map(|&i| c[i].abs())).map(|k| self.active[k]);
        Reading {
            step: self.engine.steps_taken(),
            diverged_at: self.engine.diverged_at(0),
            dead: self.engine.is_dead(0),
            loss: self.engine.loss(0),
            distance: self.measured.as_ref().map_or(f64::NAN, |limit| limit.distance(&neuron)),
            log_ratio: log_ratio(c, &self.active),
            mixed: participation_ratio(c),
            leader,
            neuron,
        }
    }

    /// Whether the run is at its end: it diverged, it is dead, or it is at its limit.
    pub fn has_settled(&self) -> bool {
        let reading = self.read();
        reading.diverged_at.is_some() || reading.dead || reading.distance < SETTLED
    }

    /// The rows from one on, `step, R, c_0, …, c_{m−1}` each.
    pub fn rows(&self, from: usize) -> &[f64] {
        let width = 2 + self.schedule.samples();
        self.rows.get(from * width..).unwrap_or_default()
    }

    /// The batch of the last step taken; none at the start.
    pub fn last_batch(&self) -> Vec<usize> {
        let step = self.engine.steps_taken();
        step.checked_sub(1).map_or_else(Vec::new, |step| self.schedule.batch(0, step))
    }

    /// Where the run is predicted to end.
    pub fn limit(&self) -> Option<&LimitSet> {
        self.limit.as_ref()
    }
}

/// The step with which the pair after this one begins.
fn pair_after(step: u64) -> u64 {
    if step < EVERY_STEP_UNTIL {
        return step + 1;
    }
    (step + 1).max((step as f64 * 10f64.powf(1.0 / PAIRS_A_DECADE)).ceil() as u64)
}

/// The linear model has both signs of a datapoint among its minima, and large steps may carry a run from one to the other.
fn either_sign(limit: LimitSet, activation: Activation) -> LimitSet {
    match limit {
        LimitSet::Datapoints(signs) if activation == Activation::Linear => {
            LimitSet::EitherSign(signs.iter().map(|&sign| sign != 0).collect())
        }
        limit => limit,
    }
}

#[cfg(test)]
mod tests {
    use puremix_dynamics::problem::Reduction;

    use super::*;

    fn lane(step_size: f64, momentum: f64) -> Lane {
        let how = (Activation::Linear, Reduction::Sum, step_size);
        let scene = Scene::new((5, 7), how, 0.5, 3).unwrap();
        Lane::new(&scene, ScheduleKind::Sgd, 2, momentum).unwrap()
    }

    #[test]
    fn how_steps_are_cut_into_calls_leaves_no_trace() {
        cut_into_calls(0.0);
        cut_into_calls(0.9);
    }

    fn cut_into_calls(momentum: f64) {
        let (mut whole, mut cut) = (lane(0.1, momentum), lane(0.1, momentum));
        whole.advance(5000);
        [1, 63, 1, 700, 0, 4235].into_iter().for_each(|steps| cut.advance(steps));
        assert_eq!(whole.rows(0), cut.rows(0));
        assert_eq!(whole.read().neuron, cut.read().neuron);
        // A row for every step up to the 64th, the start among them; then 160 pairs a decade.
        let steps: Vec<f64> = whole.rows(0).chunks_exact(7).map(|row| row[0]).collect();
        assert_eq!(steps[..65], (0..65).map(f64::from).collect::<Vec<_>>());
        let later = steps.iter().filter(|&&step| (100.0..1000.0).contains(&step)).count();
        assert!((220..=320).contains(&later), "{later}");
        let alone = steps.windows(3).filter(|row| row[1] - row[0] > 1.0 && row[2] - row[1] > 1.0).count();
        assert_eq!(alone, 0);
        assert_eq!(whole.rows(steps.len()), [0.0; 0]);
    }

    #[test]
    fn a_run_that_jumps_to_and_fro_is_recorded_on_both_sides() {
        let how = (Activation::Linear, Reduction::Sum, 0.55);
        let scene = Scene::new((4, 6), how, 0.5, 31).unwrap();
        let mut lane = Lane::new(&scene, ScheduleKind::Gd, 4, 0.0).unwrap();
        lane.advance(10_000);
        assert!(!lane.has_settled());
        // From the 70th step to the 138th a row every 1.45 % would be every second step.
        let rows = lane.rows(0).chunks_exact(6).filter(|row| (70.0..=138.0).contains(&row[0]));
        let values: Vec<f64> = rows.map(|row| row[2]).collect();
        let (low, high) =
            values.iter().fold((f64::MAX, f64::MIN), |(low, high), &c| (low.min(c), high.max(c)));
        let near = |side: f64| values.iter().filter(|&&c| (c - side).abs() < 0.1 * (high - low)).count();
        let third = values.len() / 3;
        assert!(high - low > 0.05 && near(low) > third && near(high) > third, "{values:?}");
    }

    #[test]
    fn datapoints_of_either_sign_are_ends_of_the_linear_model_alone() {
        let signs = LimitSet::Datapoints(vec![1, -1, 0]);
        let both = LimitSet::EitherSign(vec![true, true, false]);
        assert_eq!(either_sign(signs.clone(), Activation::Linear), both);
        assert_eq!(either_sign(signs.clone(), Activation::Relu), signs);
    }

    #[test]
    fn the_clock_goes_on_where_a_run_diverged() {
        let mut lane = lane(9.0, 0.0);
        lane.advance(3000);
        let reading = lane.read();
        assert!(reading.step == 3000 && reading.diverged_at.unwrap() < 100, "{reading:?}");
        assert!(lane.rows(0).iter().all(|x| x.is_finite()));
    }
}
