//! One algorithm on the stage, and what is remembered of its run.

use puremix_dynamics::Result;
use puremix_dynamics::engine::Engine;
use puremix_dynamics::limit_set::LimitSet;
use puremix_dynamics::reduced::Reduced;
use puremix_dynamics::schedule::{Schedule, ScheduleKind};
use puremix_dynamics::state::Neuron;
use puremix_dynamics::theory::random_walk::log_ratio;
use puremix_dynamics::vectors::{arg_max, participation_ratio};

use crate::scene::{Scene, predicted_limit};

/// Rows a decade of steps, after a row for each of the first steps.
const ROWS_A_DECADE: f64 = 160.0;
const EVERY_STEP_UNTIL: u64 = 64;

/// A run in progress.
pub struct Lane {
    engine: Reduced,
    schedule: Schedule,
    active: Vec<usize>,
    limit: Option<LimitSet>,
    /// `step, R, c_0, …, c_{m−1}`, one row after the other.
    rows: Vec<f64>,
    next_row: u64,
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
    /// Distance to the predicted limit; NaN where nothing is predicted.
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
        let active = (0..scene.samples()).filter(|&i| activation.admits(start.correlations[i])).collect();
        let mut lane = Self { engine, schedule, active, limit, rows: Vec::new(), next_row: 0 };
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
        self.next_row = if step < EVERY_STEP_UNTIL {
            step + 1
        } else {
            (step + 1).max((step as f64 * 10f64.powf(1.0 / ROWS_A_DECADE)).ceil() as u64)
        };
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
            distance: self.limit.as_ref().map_or(f64::NAN, |limit| limit.distance(&neuron)),
            log_ratio: log_ratio(c, &self.active),
            mixed: participation_ratio(c),
            leader,
            neuron,
        }
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

#[cfg(test)]
mod tests {
    use puremix_dynamics::activation::Activation;
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
        // A row for every step up to the 64th, the start among them; then 160 a decade.
        let steps: Vec<f64> = whole.rows(0).chunks_exact(7).map(|row| row[0]).collect();
        assert_eq!(steps[..65], (0..65).map(f64::from).collect::<Vec<_>>());
        let later = steps.iter().filter(|&&step| (100.0..1000.0).contains(&step)).count();
        assert!((110..=160).contains(&later), "{later}");
        assert_eq!(whole.rows(steps.len()), [0.0; 0]);
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
