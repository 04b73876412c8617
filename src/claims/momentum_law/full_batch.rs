//! Full batches: the direction they keep, and where their minimum loses its stability.

use super::{Prediction, STUDY};
use crate::data::Dataset;
use crate::engine::{Analytic, Autodiff, Engine, Reduced};
use crate::error::Result;
use crate::init::Start;
use crate::limit_set::LimitSet;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;
use crate::study::{Context, Part};
use crate::update::{Rule, Update};
use crate::vectors::{largest, norm, norm_of, smallest};
use crate::verdict::Register;

const RULES: [Rule; 4] = [
    Rule::HeavyBall { momentum: 0.4 },
    Rule::HeavyBall { momentum: 0.9 },
    Rule::Nesterov { momentum: 0.4 },
    Rule::Nesterov { momentum: 0.9 },
];

/// How far below and above the threshold the step sizes lie, and the steps after which one looks.
const MARGIN: f64 = 0.02;
const STEPS: u64 = 4000;

/// Correlations of a start, which is normed to be near the minimum.
const START: [f64; 5] = [0.2, -0.35, 0.3, 0.15, 0.25];

/// A problem on five implicit samples under a rule, the linear model, sum reduction.
fn problem(rule: Rule, step: f64) -> Result<Problem> {
    let dataset = Dataset::implicit_orthonormal(START.len(), START.len() + 2)?;
    let problem = Problem::new(dataset, Activation::Linear, Reduction::Sum, step)?;
    Ok(problem.with_update(Update::of(rule))?)
}

/// Distance from the mixture of a run that starts a thousandth away from it, after many steps.
fn distance(prediction: &Prediction, rule: Rule, share: f64) -> Result<f64> {
    let momentum = rule.momentum().expect("a rule with momentum");
    let problem = problem(rule, share * (prediction.threshold)(momentum))?;
    let Some(set @ LimitSet::Point(_)) = (prediction.mixture)(&START) else { return Ok(f64::NAN) };
    let scale = 1.001 / norm(&START);
    let start = Start::from_coordinates(problem.dataset(), START.map(|c| c * scale).to_vec(), 0.0, 0, 0)?;
    let schedule = Schedule::full_batch(START.len())?;
    let mut engine = Reduced::new(&problem, &schedule, &[start], 0)?;
    engine.advance(STEPS);
    Ok(engine.diverged_at(0).map_or_else(|| set.distance(&engine.neurons(0)[0]), |_| f64::INFINITY))
}

/// Just below the threshold the minimum attracts, just above it does not.
pub(super) fn thresholds(prediction: &Prediction, register: &mut Register) -> Part {
    let name = |side: &str| format!("full batch, {side} the threshold of η_B, four rules");
    let why = "η_B = (1 + β)/2 (heavy ball), (1 + β)/(2 + 4β) (Nesterov): a deviation of 1e-3 shrinks by a factor of at most 0.96 a step below";
    let below = register
        .expect(name("2 % below") + ": largest distance from w_GD after 4000 steps", 0.0, why)
        .within(1e-9);
    let above = register
        .expect(
            name("2 % above") + ": least distance from w_GD after 4000 steps",
            0.01,
            "the deviation grows until the cubic terms hold it",
        )
        .control()
        .at_least();
    let prediction = prediction.clone();
    Box::new(move |_, findings| {
        let at = |share: f64| {
            RULES.iter().map(|&rule| distance(&prediction, rule, share)).collect::<Result<Vec<f64>>>()
        };
        findings.checks.push(below.measured(largest(at(1.0 - MARGIN)?), RULES.len() as u64));
        findings.checks.push(above.measured(smallest(at(1.0 + MARGIN)?), RULES.len() as u64));
        findings.protocol.push(format!(
            "Full batches of {} samples under four rules, started 1e-3 away from w_GD along it, at step sizes 2 % below and above the threshold.",
            START.len()
        ));
        Ok(())
    })
}

/// Samples and dimension, steps and step size of the trainings whose direction is watched.
const SIZE: (usize, usize) = (6, 9);
const WATCHED: u64 = 400;

/// Momentum keeps the direction of `Πw`, because every gradient of the full batch and so the velocity lies along it; Adam does not.
pub(super) fn direction(context: &Context, prediction: &Prediction, register: &mut Register) -> Result<Part> {
    let unit = context.compute.precision().unit_roundoff();
    let kept = register
        .expect(
            "Burn, full batch, linear, four rules: largest turn of Πw/‖Πw‖ at any of 400 steps",
            prediction.turn,
            "gradients (C + N − 2) Πw + C (w − Πw); rounding of 32 units in the last place a step, added up",
        )
        .within(32.0 * WATCHED as f64 * unit);
    let turned = register
        .expect(
            "Adam instead: turn of Πw/‖Πw‖ after 400 steps",
            prediction.turn_of_adam,
            "its steps are the same in every coordinate at first",
        )
        .control()
        .at_least();
    let compute = context.compute.clone();
    Ok(Box::new(move |lab, findings| {
        let (m, n) = SIZE;
        let seed = lab.cell_seed(&STUDY, 2 << 32);
        let dataset = Dataset::orthonormal(m, n, seed)?;
        let start = Start::gaussian(&dataset, 0.5, seed, 0)?;
        let schedule = Schedule::full_batch(m)?;
        let under = |rule, step| -> Result<Problem> {
            let problem = Problem::new(dataset.clone(), Activation::Linear, Reduction::Mean, step)?;
            Ok(problem.with_update(Update::of(rule))?)
        };
        let turn = |engine: &dyn Engine| turn_of(&engine.neurons(0)[0].correlations, &start.correlations);
        let mut worst: f64 = 0.0;
        for rule in RULES {
            let mut engine = Autodiff::single_neuron(&under(rule, 0.1)?, &schedule, &start, 0, &compute)?;
            for _ in 0..WATCHED {
                engine.advance(1);
                worst = largest([worst, turn(&engine)]);
            }
        }
        findings.checks.push(kept.measured(worst, RULES.len() as u64));
        let adam: Rule = "adam".parse().expect("a rule");
        let starts = std::slice::from_ref(&start);
        let mut engine = Analytic::new(&under(adam, 0.01)?, &schedule, starts, 0, &compute)?;
        engine.advance(WATCHED);
        findings.checks.push(turned.measured(turn(&engine), 1));
        findings.protocol.push(format!(
            "Burn's autodiff, full batches, m = {m}, n = {n}, η = 0.1, four rules, {WATCHED} steps each; Adam, η = 0.01, on the analytic engine as the control."
        ));
        Ok(())
    }))
}

/// `‖c/‖c‖ − c_0/‖c_0‖‖`.
fn turn_of(c: &[f64], c0: &[f64]) -> f64 {
    let (length, length0) = (norm(c), norm(c0));
    norm_of(c.iter().zip(c0).map(|(c, c0)| c / length - c0 / length0))
}
