//! What must come out otherwise: a dead start, the formula of the other model, the limit of the other algorithm.

use super::Prediction;
use super::compare::{Cell, Measured};
use crate::data::Dataset;
use crate::engine::Engine;
use crate::error::Result;
use crate::init::Start;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;
use crate::study::trial::Trial;
use crate::study::{Findings, Lab};
use crate::theory::{gd, sgd};
use crate::train::Outcome;
use crate::vectors::{largest, smallest};
use crate::verdict::{Equality, OneSided, Register};

/// Least distance of two limits that a control tells apart. Some 2e-2 of all starts are purer, or nearer to no negative
/// correlation; the controls leave them out.
pub(super) const DIFFERENT: f64 = 0.11;

/// What must come out otherwise.
pub(super) struct Controls {
    dead: Equality,
    formula: OneSided,
    algorithm: OneSided,
}

impl Controls {
    pub fn new(prediction: &Prediction, register: &mut Register) -> Self {
        let dead = register
            .expect(
                "movement of a dead ReLU start in 50 steps",
                prediction.dead_movement,
                "its gradient is exactly 0",
            )
            .control()
            .within(0.0);
        let mut apart = |name: &str| {
            let why = format!(
                "the limits differ by {DIFFERENT} at least from the starts used, by their closed forms"
            );
            register.expect(name, prediction.apart, why).control().at_least()
        };
        let formula = apart("smallest ReLU distance to the linear model's limit");
        let algorithm = apart("smallest distance to the mixture of SGD (b = 1) from the same starts");
        Self { dead, formula, algorithm }
    }

    /// Judges what the trainings allow.
    pub fn judge(self, lab: &Lab, runs: &[(Cell, Measured)], findings: &mut Findings) -> Result<()> {
        let linear = linear_formula(runs);
        let sgd = other_algorithm(lab, runs)?;
        findings.checks.push(self.dead.measured(dead_movement(lab)?, 1));
        let mut sentence = String::from("Controls: a dead start must not move");
        for (expected, distances, what) in [
            (
                self.formula,
                linear,
                format!(
                    "ReLU trainings whose limit is at least {DIFFERENT} from that of the linear model must keep away from that"
                ),
            ),
            (
                self.algorithm,
                sgd,
                format!(
                    "runs of SGD (b = 1, reduced engine) from starts whose mixture is at least {DIFFERENT} from every datapoint must end elsewhere"
                ),
            ),
        ] {
            if distances.is_empty() {
                findings.withdraw(expected.name(), format!("No run here allows this control: {what}."));
                continue;
            }
            sentence += &format!("; {} {what}", distances.len());
            findings
                .checks
                .push(expected.measured(smallest(distances.iter().copied()), distances.len() as u64));
        }
        findings.protocol.push(sentence + ".");
        Ok(())
    }
}

/// How far the ReLU start with no active sample moves: NaN if it does not count as dead.
fn dead_movement(lab: &Lab) -> Result<f64> {
    let dataset = Dataset::orthonormal(4, 6, 1)?;
    let start = Start::from_coordinates(&dataset, vec![-0.2, -0.1, -0.3, -0.05], 0.1, 1, 0)?;
    let problem = Problem::new(dataset.clone(), Activation::Relu, Reduction::Sum, 0.2)?;
    let schedule = Schedule::full_batch(4)?;
    let case = Trial { problem: &problem, schedule: &schedule, start: &start, replica: 0 };
    let mut engine = case.autodiff(&lab.compute)?;
    let before = engine.weights(0)?;
    engine.advance(50);
    let moved = largest(before.iter().zip(engine.weights(0)?).map(|(a, b)| (a - b).abs()));
    let outcome = case.run_for(&mut engine, 0).outcome;
    Ok(if outcome == Outcome::Dead { moved } else { f64::NAN })
}

/// Distances of the ends of ReLU trainings to the limit of the linear model.
fn linear_formula(runs: &[(Cell, Measured)]) -> Vec<f64> {
    let relu = runs.iter().filter(|(cell, _)| cell.activation == Activation::Relu);
    relu.filter_map(|(_, run)| {
        let c0 = &run.start.correlations;
        let limit = gd::limit(c0, Activation::Linear)?;
        gd::relu_to_linear(c0).filter(|&distance| distance >= DIFFERENT)?;
        Some(limit.distance(&run.neuron))
    })
    .collect()
}

/// Distances of the ends of SGD from the same starts, by the reduced engine, to the mixtures.
fn other_algorithm(lab: &Lab, runs: &[(Cell, Measured)]) -> Result<Vec<f64>> {
    let distances = lab.each(runs, |(cell, run)| {
        let c0 = &run.start.correlations;
        let mixed = gd::to_a_datapoint(c0, cell.activation).is_some_and(|distance| distance >= DIFFERENT);
        let Some(limit) = gd::limit(c0, cell.activation).filter(|_| mixed) else { return Ok(None) };
        let schedule = Schedule::sgd(cell.dataset.samples(), 1, cell.seed)?;
        let case = Trial { problem: &cell.problem()?, schedule: &schedule, start: &run.start, replica: 0 };
        let run = case.run_to(&mut case.reduced()?, sgd::limit_set(c0, cell.activation), 1e-8);
        Ok((run.outcome == Outcome::Converged).then(|| limit.distance(&run.neurons[0])))
    })?;
    Ok(distances.into_iter().flatten().collect())
}
