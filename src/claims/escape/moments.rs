//! The way out at given times: the spread at first, the martingale later, and the full batch that stays.

use super::departure::{Departure, mixture};
use super::{Prediction, START};
use crate::error::Result;
use crate::schedule::Schedule;
use crate::state::Neuron;
use crate::stats::{CHECK_LEVEL, Mean, combination};
use crate::study::ensemble::Ensemble;
use crate::study::{Context, Part, told};
use crate::theory::selection::log_cosines;
use crate::vectors::largest;
use crate::verdict::Register;

/// Small time at which the spread is seen.
const EARLY: f64 = 0.02;

/// `(m, b)` of the martingale.
const MARTINGALE: [(usize, usize); 3] = [(2, 1), (5, 2), (12, 11)];

/// The mean square distance after a short time, for three batch sizes.
pub(super) fn spreads(
    context: &Context,
    replicas: u64,
    prediction: &Prediction,
    register: &mut Register,
) -> Vec<Part> {
    let runs = 4 * replicas;
    let [one, three, four] = [1, 3, 4].map(|batch| spread(context, batch, runs, prediction, register));
    let sentence =
        format!("For m = 5 and b = 1, 3, 4, {runs} runs each give the mean square distance at τ = {EARLY}.");
    vec![one, three, four, told(sentence)]
}

fn spread(
    context: &Context,
    batch: usize,
    replicas: u64,
    prediction: &Prediction,
    register: &mut Register,
) -> Part {
    let (alpha, step_size) = (mixture(&START), 0.02);
    let departure = Departure { alpha, batch, step_size, cell: batch as u64 };
    let alpha = &departure.alpha;
    let steps = (EARLY / departure.kappa()).round();
    let time = (prediction.diffusion_rate)(alpha.len(), batch, step_size) * steps;
    let name = format!("m = 5, b = {batch}, η = {step_size}: E‖w − w_GD‖² at τ = {EARLY}");
    let why = "diffusion, to second order in τ; what is left goes as τ² and η";
    let expected = register
        .expect(name, (prediction.early_spread)(alpha, time), why)
        .covered(context.effort.pick(0.11, 0.04, 0.02) * EARLY);
    Box::new(move |lab, findings| {
        let seen = departure.after(lab, steps, replicas, |neuron| distance_sq(neuron, &departure.alpha))?;
        let mean = Mean::of(&seen);
        let interval = mean.interval(CHECK_LEVEL);
        findings.checks.push(expected.estimated(mean.mean, interval, mean.n as u64));
        Ok(())
    })
}

/// `‖w − w_GD‖²` in the span.
fn distance_sq(neuron: &Neuron, alpha: &[f64]) -> f64 {
    neuron.correlations.iter().zip(alpha).map(|(c, a)| (c - a).powi(2)).sum()
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
