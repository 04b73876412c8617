//! The way out at given times: the spread at first, the martingale later, and the full batch that stays.

use super::departure::{Departure, mixture};
use super::{Prediction, START};
use crate::error::Result;
use crate::schedule::Schedule;
use crate::stats::{CHECK_LEVEL, Mean, combination};
use crate::study::ensemble::Ensemble;
use crate::study::{Context, Part, told};
use crate::theory::selection::{diffusion_rate, log_cosines};
use crate::vectors::largest;
use crate::verdict::Register;

/// Small time at which the spread is seen.
const EARLY: f64 = 0.02;

/// `(m, b)` of the martingale.
const MARTINGALE: [(usize, usize); 3] = [(2, 1), (5, 2), (12, 11)];

/// Step sizes `η_B` of the spread, each half of the one before, and the weights that take the first order of it out.
const STEP_SIZES: [f64; 2] = [0.01, 0.005];
const WEIGHTS: [f64; 2] = [-1.0, 2.0];

/// Runs at each of them; more would see what is left: `−⅓ G³f τ³ = 2.7e-6` and, of order `η²`, at most 2.9e-6 (in 10⁵ runs at twice these step sizes), a seventh of a standard error.
const RUNS: u64 = 1000;

/// What this, and the skewness −1 of a sum, add to the level.
const LEFT: f64 = 0.3 * CHECK_LEVEL;

/// The mean square distance after a short time, for three batch sizes.
pub(super) fn spreads(prediction: &Prediction, register: &mut Register) -> Vec<Part> {
    let [one, three, four] = [1, 3, 4].map(|batch| spread(batch, prediction, register));
    let [coarse, fine] = STEP_SIZES;
    let sentence = format!(
        "For m = 5 and b = 1, 3, 4, {RUNS} runs at each of η_B = {coarse} and {fine} give the mean square distance at τ = {EARLY}, extrapolated to η_B = 0: in every \
         run the conditional means of its steps, enumerated over all batches, are summed."
    );
    vec![one, three, four, told(sentence)]
}

fn spread(batch: usize, prediction: &Prediction, register: &mut Register) -> Part {
    let alpha = mixture(&START);
    let samples = alpha.len();
    // The steps are those of the right clock, on which a wrong one reads another time.
    let rate = (prediction.diffusion_rate)(samples, batch, 1.0) / diffusion_rate(samples, batch, 1.0);
    let name = format!("m = {samples}, b = {batch}: E‖w − w_GD‖² at τ = {EARLY}, η → 0");
    let why = "diffusion, to second order in τ; mean steps at η = 0.01 and 0.005, extrapolated to 0";
    let expected = register
        .expect(name, (prediction.early_spread)(&alpha, EARLY * rate), why)
        .chance(LEFT)
        .covered(0.007 * EARLY);
    Box::new(move |lab, findings| {
        let mut terms = Vec::new();
        for (k, (step_size, weight)) in (0..).zip(STEP_SIZES.into_iter().zip(WEIGHTS)) {
            let departure = Departure { alpha: alpha.clone(), batch, step_size, cell: k << 8 | batch as u64 };
            let steps = (EARLY / departure.kappa()).round();
            let sums = departure.mean_steps(lab, steps as u64, RUNS, |c| distance_sq(c, &alpha))?;
            // A whole number of steps is not quite the time.
            let scale = EARLY / (departure.kappa() * steps);
            let mean: Mean = sums.iter().map(|sum| sum * scale).collect();
            terms.push((weight, mean.mean, mean.sem));
        }
        let (value, interval) = combination(&terms, CHECK_LEVEL);
        findings.checks.push(expected.estimated(value, interval, 2 * RUNS));
        Ok(())
    })
}

/// `‖w − w_GD‖²` in the span.
fn distance_sq(c: &[f64], alpha: &[f64]) -> f64 {
    c.iter().zip(alpha).map(|(c, a)| (c - a).powi(2)).sum()
}

/// The martingale at a fixed time, for three sizes.
pub(super) fn falls(
    context: &Context,
    replicas: u64,
    prediction: &Prediction,
    register: &mut Register,
) -> Vec<Part> {
    let runs = context.effort.pick(12 * replicas, 6 * replicas, 3 * replicas);
    let mut parts: Vec<Part> = (0..)
        .zip(MARTINGALE)
        .map(|(cell, size)| fall(context, size, runs, prediction, cell, register))
        .collect();
    let sizes = MARTINGALE.map(|(samples, batch)| format!("({samples}, {batch})")).join(", ");
    parts.push(told(format!(
        "For (m, b) = {sizes}, {runs} runs at each of η_B = 0.1 and 0.05 give the fall of Σ log cos until τ = 1, extrapolated to η_B = 0."
    )));
    parts
}

/// The same for one size, extrapolated from two step sizes.
fn fall(
    context: &Context,
    (samples, batch): (usize, usize),
    replicas: u64,
    prediction: &Prediction,
    cell: u64,
    register: &mut Register,
) -> Part {
    let time = 1.0;
    let c: Vec<f64> = (0..samples).map(|j| 1.0 + 0.3 * (j % 3) as f64).collect();
    let name = format!("m = {samples}, b = {batch}: fall of E Σ log cos(w, a_j) until τ = 1");
    let why = "a martingale from the first step on; η_B = 0.1 and 0.05 extrapolated to 0";
    let expected = register
        .expect(name, (prediction.fall)(samples) * time, why)
        .covered(context.effort.pick(0.23, 0.12, 0.0855) * (samples as f64 - 1.0).powf(0.7));
    Box::new(move |lab, findings| {
        let alpha = mixture(&c);
        let before = log_cosines(&alpha);
        let mut terms = Vec::new();
        for (k, (step_size, weight)) in [(0.1, -1.0), (0.05, 2.0)].into_iter().enumerate() {
            let cell = 3 << 32 | cell << 8 | k as u64;
            let departure = Departure { alpha: alpha.clone(), batch, step_size, cell };
            let steps = (time / departure.kappa()).round();
            let seen =
                departure.after(lab, steps, replicas, |neuron| before - log_cosines(&neuron.correlations))?;
            // A whole number of steps is not quite the time.
            let scale = time / (departure.kappa() * steps);
            let mean: Mean = seen.iter().map(|x| x * scale).collect();
            terms.push((weight, mean.mean, mean.sem));
        }
        let (value, interval) = combination(&terms, CHECK_LEVEL);
        findings.checks.push(expected.estimated(value, interval, 2 * replicas));
        Ok(())
    })
}

/// The full batch stays.
pub(super) fn gradient_descent(prediction: &Prediction, register: &mut Register) -> Part {
    let name = "full batch from w_GD: distance after 20000 steps";
    let expected = register.expect(name, prediction.rest, "a fixed point; rounding").control().within(1e-12);
    Box::new(|_, findings| {
        findings.checks.push(expected.measured(moved()?, 1));
        findings.protocol.push("Control: 20,000 steps of the full batch.".into());
        Ok(())
    })
}

/// How far full batches lead away from the mixture.
fn moved() -> Result<f64> {
    let alpha = mixture(&START);
    let ensemble = Ensemble::new(Schedule::full_batch(alpha.len())?, 0.05, 20_000.0, 20_000.0)?;
    let at = ensemble.run(&[ensemble.start(&alpha, 0.0)?], 0, |_, neuron| {
        Some(largest(neuron.correlations.iter().zip(&alpha).map(|(c, a)| (c - a).abs())))
    })?;
    Ok(at[0].unwrap_or(f64::NAN))
}
