//! What must come out otherwise: a dead start, the formula of the other model, the limit of the other algorithm.

use super::Prediction;
use super::compare::{Cell, Measured};
use crate::data::Dataset;
use crate::device::Compute;
use crate::engine::Engine;
use crate::error::Result;
use crate::init::Start;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;
use crate::study::Context;
use crate::study::trial::Trial;
use crate::theory::{gd, sgd};
use crate::train::Outcome;
use crate::vectors::{largest, smallest};
use crate::verdict::{Check, Expectation};

/// Least distance of two limits that a control tells apart. Some 2e-2 of all starts are purer, or nearer to no negative
/// correlation; the controls leave them out.
pub(super) const DIFFERENT: f64 = 0.11;

/// The ReLU start with no active sample: nothing may move at all.
pub(super) fn dead(compute: &Compute) -> Result<Check> {
    let expected =
        Expectation::new("movement of a dead ReLU start in 50 steps", 0.0, "its gradient is exactly 0")
            .control()
            .within(0.0);
    let dataset = Dataset::orthonormal(4, 6, 1)?;
    let start = Start::from_coordinates(&dataset, vec![-0.2, -0.1, -0.3, -0.05], 0.1, 1, 0)?;
    let problem = Problem::new(dataset.clone(), Activation::Relu, Reduction::Sum, 0.2)?;
    let schedule = Schedule::full_batch(4)?;
    let case = Trial { problem: &problem, schedule: &schedule, start: &start, replica: 0 };
    let mut engine = case.autodiff(compute)?;
    let before = engine.weights(0)?;
    engine.advance(50);
    let moved = before.iter().zip(engine.weights(0)?).map(|(a, b)| (a - b).abs());
    let moved = largest(moved);
    let outcome = case.run_for(&mut engine, 0).outcome;
    Ok(expected.measured(if outcome == Outcome::Dead { moved } else { f64::NAN }, 1))
}

/// The ends of ReLU trainings against the formula of the linear model.
pub(super) fn linear_formula(runs: &[(Cell, Measured)], prediction: &Prediction) -> Option<Check> {
    let expected = apart("smallest ReLU distance to the linear model's limit", prediction);
    let distances =
        runs.iter().filter(|(cell, _)| cell.activation == Activation::Relu).filter_map(|(_, run)| {
            let c0 = &run.start.correlations;
            let limit = gd::limit(c0, Activation::Linear)?;
            gd::relu_to_linear(c0).filter(|&distance| distance >= DIFFERENT)?;
            Some(limit.distance(&run.neuron))
        });
    let distances: Vec<f64> = distances.collect();
    let closest = smallest(distances.iter().copied());
    (!distances.is_empty()).then(|| expected.measured(closest, distances.len() as u64))
}

/// SGD from the same starts, by the reduced engine, against the mixtures.
pub(super) fn other_algorithm(
    context: &Context,
    runs: &[(Cell, Measured)],
    prediction: &Prediction,
) -> Result<Option<Check>> {
    let name = "smallest distance to the mixture of SGD (b = 1) from the same starts";
    let expected = apart(name, prediction);
    let distances = context.each(runs, |(cell, run)| {
        let c0 = &run.start.correlations;
        let mixed = gd::to_a_datapoint(c0, cell.activation).is_some_and(|distance| distance >= DIFFERENT);
        let Some(limit) = gd::limit(c0, cell.activation).filter(|_| mixed) else { return Ok(None) };
        let schedule = Schedule::sgd(cell.dataset.samples(), 1, cell.seed)?;
        let case = Trial { problem: &cell.problem()?, schedule: &schedule, start: &run.start, replica: 0 };
        let run = case.run_to(&mut case.reduced()?, sgd::limit_set(c0, cell.activation), 1e-8);
        Ok((run.outcome == Outcome::Converged).then(|| limit.distance(&run.neurons[0])))
    })?;
    let distances: Vec<f64> = distances.into_iter().flatten().collect();
    let closest = smallest(distances.iter().copied());
    Ok((!distances.is_empty()).then(|| expected.measured(closest, distances.len() as u64)))
}

fn apart(name: &str, prediction: &Prediction) -> crate::verdict::OneSided {
    let why =
        format!("the limits differ by {DIFFERENT} at least from the starts used, by their closed forms");
    Expectation::new(name, prediction.apart, why).control().at_least()
}
