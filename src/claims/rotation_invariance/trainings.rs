//! The Burn model trained on both data of a pair.

use super::Prediction;
use super::pair::{Pair, distance, to_rows};
use crate::data::norm;
use crate::device::{Compute, Precision};
use crate::engine::Engine;
use crate::error::Result;
use crate::limit_set::LimitSet;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;
use crate::study::trial::Trial;
use crate::train::Outcome;
use crate::vectors::largest;

/// Steps of gradient descent.
pub(super) const STEPS: usize = 300;

/// What the trainings on a pair show.
pub(super) struct Shown {
    /// Largest relative distance of the two linear GD trajectories at any step.
    pub gd_linear: f64,
    /// Distances of ReLU GD on either data from its limit, and between the two ends.
    pub relu_off: f64,
    pub relu_apart: f64,
    /// Whether SGD on either data ended where predicted, linear and ReLU.
    pub arrived: [[bool; 2]; 2],
    /// Least distance of linear SGD's end on the rotated data to a row of either sign of the plain data.
    pub sgd_apart: f64,
}

/// Distance from its limit set at which SGD stops.
pub(super) fn tolerance(precision: Precision) -> f64 {
    precision.pick(1e-9, 1e-5)
}

/// Distance from its limit at which ReLU gradient descent stops.
pub(super) fn gd_tolerance(precision: Precision) -> f64 {
    precision.pick(1e-12, 1e-5)
}

/// All of them: linear GD, ReLU GD, and SGD, linear and ReLU.
pub(super) fn train(
    compute: &Compute,
    step_size: f64,
    prediction: &Prediction,
    pair: &Pair,
) -> Result<Shown> {
    let on = |k| Side { compute, step_size, pair, k };
    let (on_plain, on_rotated) = (on(0).descent()?, on(1).descent()?);
    let (relu_plain, relu_rotated) = (on(0).relu_end(prediction)?, on(1).relu_end(prediction)?);
    // Same start, same batches: only the samples behind the indices differ.
    let schedule = Schedule::sgd(pair.data[0].samples(), 1, pair.seed)?;
    let sgd = |k: usize, activation| on(k).sgd_end(&schedule, prediction, activation);
    let (plain, rotated) = (sgd(0, Activation::Linear)?, sgd(1, Activation::Linear)?);
    let seen = |k: usize| &pair.data[if prediction.sgd_follows[k] { k } else { 1 - k }];
    let in_a_row = |k: usize, (ended, w): &(bool, Vec<f64>)| -> Result<bool> {
        Ok(*ended && to_rows(w, seen(k))? <= 2.0 * tolerance(compute.precision()))
    };
    Ok(Shown {
        gd_linear: largest(on_plain.iter().zip(&on_rotated).map(|(a, b)| distance(a, b) / norm(a))),
        relu_off: largest([relu_plain.0, relu_rotated.0]),
        relu_apart: distance(&relu_plain.1, &relu_rotated.1),
        arrived: [
            [in_a_row(0, &plain)?, in_a_row(1, &rotated)?],
            [sgd(0, Activation::Relu)?.0, sgd(1, Activation::Relu)?.0],
        ],
        sgd_apart: to_rows(&rotated.1, &pair.data[0])?,
    })
}

/// One of the two data sets of a pair.
struct Side<'a> {
    compute: &'a Compute,
    step_size: f64,
    pair: &'a Pair,
    k: usize,
}

impl Side<'_> {
    fn problem(&self, activation: Activation) -> Result<Problem> {
        Ok(Problem::new(self.pair.data[self.k].clone(), activation, Reduction::Sum, self.step_size)?)
    }

    /// Every step of linear GD.
    fn descent(&self) -> Result<Vec<Vec<f64>>> {
        let problem = self.problem(Activation::Linear)?;
        let schedule = Schedule::full_batch(problem.dataset().samples())?;
        let start = &self.pair.starts[self.k];
        let trial = Trial { problem: &problem, schedule: &schedule, start, replica: 0 };
        let mut engine = trial.autodiff(self.compute)?;
        let step = |_| {
            engine.advance(1);
            Ok(engine.weights(0)?)
        };
        (0..STEPS).map(step).collect()
    }

    /// Where ReLU GD ends, and how far that is from its limit.
    fn relu_end(&self, prediction: &Prediction) -> Result<(f64, Vec<f64>)> {
        let problem = self.problem(Activation::Relu)?;
        let schedule = Schedule::full_batch(problem.dataset().samples())?;
        let start = &self.pair.starts[self.k];
        let trial = Trial { problem: &problem, schedule: &schedule, start, replica: 0 };
        let mut engine = trial.autodiff(self.compute)?;
        let limit = (prediction.gd_limit)(&start.correlations, Activation::Relu);
        let limit = limit.expect("pairs are drawn with active samples");
        let LimitSet::Point(alpha) = &limit else { unreachable!("gradient descent has one limit") };
        let mixture = problem.dataset().combine(alpha)?;
        trial.run_to(&mut engine, limit, gd_tolerance(self.compute.precision()));
        let end = engine.weights(0)?;
        Ok((distance(&mixture, &end), end))
    }

    /// Whether SGD reaches its limit set, and where it ends.
    fn sgd_end(
        &self,
        schedule: &Schedule,
        prediction: &Prediction,
        activation: Activation,
    ) -> Result<(bool, Vec<f64>)> {
        let problem = self.problem(activation)?;
        let start = &self.pair.starts[self.k];
        let trial = Trial { problem: &problem, schedule, start, replica: 0 };
        let mut engine = trial.autodiff(self.compute)?;
        let set = (prediction.sgd_limit)(&start.correlations, activation);
        let run = trial.run_to(&mut engine, set, tolerance(self.compute.precision()));
        Ok((run.outcome == Outcome::Converged, engine.weights(0)?))
    }
}
