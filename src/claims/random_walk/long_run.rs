//! In the long run: transience, constancy under the full batch, and the almost-sure rate.

use super::{Prediction, STUDY, Walk};
use crate::data::Dataset;
use crate::engine::Engine;
use crate::error::Result;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::rng::{Purpose, stream};
use crate::schedule::Schedule;
use crate::stats::{CHECK_LEVEL, Mean};
use crate::study::{Context, Effort};
use crate::theory::sgd;
use crate::vectors::{largest, smallest};
use crate::verdict::{Check, Expectation};
use rand::RngExt;

/// Walks of the check of transience.
pub(super) fn walks(effort: Effort) -> u64 {
    effort.pick(100, 500, 5000)
}

/// Walks a cell of the rates: where steps are large and the logarithm tells in `λ`, enough to see it.
pub(super) fn replicas(effort: Effort, large_steps: bool) -> u64 {
    if large_steps { effort.pick(100, 300, 2000) } else { effort.pick(100, 100, 1000) }
}

/// After leaving a level for good the walk does not come back: the least level over the last half of long runs.
pub(super) fn transience(context: &Context, prediction: &Prediction, eta: f64) -> Result<Check> {
    let replicas = walks(context.effort);
    let seed = context.cell_seed(&STUDY, 7 << 32);
    let samples = 5;
    let dataset = Dataset::implicit_orthonormal(samples, 8)?;
    let problem = Problem::new(dataset, Activation::Linear, Reduction::Sum, eta)?;
    let schedule = Schedule::sgd(samples, 2, seed)?;
    // λ t = 240 by the end: levels far beyond any fluctuation, well within the range of f64.
    let horizon = (240.0 / sgd::rate(samples, 2, eta)) as u64;
    let level = prediction.left_for_good;
    let runs = context.each(0..replicas, |replica| {
        let Some(mut walk) = Walk::new(&problem, &schedule, seed, replica)? else { return Ok(None) };
        walk.engine.advance(horizon / 2);
        let looks = (0..100).map(|_| {
            walk.engine.advance(horizon / 200);
            walk.level()
        });
        Ok(Some(smallest(looks) > level))
    })?;
    let stayed: Vec<bool> = runs.into_iter().flatten().collect();
    let why = "looked at 100 times between λt = 120 and 240; by then R is near N(108, 240) or above, and a walk of drift λ and variance 2λ is \
               below 3 then or later with probability 1e-11";
    let name = format!("runs whose R is above {level} at every look in the second half");
    Ok(Expectation::new(name, 1.0, why)
        .always(context.effort.pick(0.85, 0.95, 0.99), 1e-10, stayed.len() as u64)
        .counted(stayed.iter().filter(|stayed| **stayed).count() as u64, stayed.len() as u64))
}

/// Under the full batch R is a constant of motion.
pub(super) fn full_batch(context: &Context, prediction: &Prediction) -> Result<Check> {
    let mut changes = Vec::new();
    for replica in 0..context.effort.pick(10, 40, 200) {
        let activation = Activation::PAPER[replica as usize % 2];
        let problem = Problem::new(Dataset::implicit_orthonormal(8, 11)?, activation, Reduction::Mean, 0.2)?;
        let seed = context.cell_seed(&STUDY, 8 << 32);
        let Some(mut walk) = Walk::new(&problem, &Schedule::full_batch(8)?, seed, replica)? else { continue };
        let before = walk.level();
        walk.engine.advance(2000);
        changes.push((walk.level() - before).abs());
    }
    let runs = changes.len() as u64;
    let change = prediction.full_batch_change;
    Ok(Expectation::new("full batch: largest change of R in 2000 steps", change, "2000 roundings")
        .control()
        .within(1e-12)
        .measured(largest(changes), runs))
}

/// One cell of the rate grid.
struct Rate {
    samples: usize,
    batch: usize,
    eta: f64,
    reduction: Reduction,
    activation: Activation,
}

/// What one run of a cell shows, each relative to what is predicted.
struct RateRun {
    rivals: usize,
    /// Mean fall of the losers' `log|c_j|` a step.
    fall: f64,
    /// Growth of `R`.
    growth: f64,
}

/// Times, in units of `1/λ`, between which rates are measured: long after selection, and such that the
/// smallest correlation stays within the range of f64.
const SPAN: (f64, f64) = (100.0, 350.0);

/// Step size per sample from which `log 1/(1 − η_B²)` is more than a percent above `η_B²`.
const LARGE_STEP: f64 = 0.15;

/// The almost-sure rate over a grid of sizes, batches, step sizes, reductions and activations.
pub(super) fn rates(context: &Context, prediction: &Prediction) -> Result<Vec<Check>> {
    use Activation::{Linear, Relu};
    use Reduction::{Mean as PerBatch, Sum};
    let mut cells = vec![
        (2, 1, 0.2, Sum, Linear),
        (5, 1, 0.2, Sum, Linear),
        (8, 3, 0.1, Sum, Linear),
        (12, 11, 0.15, Sum, Linear),
        (4, 2, 0.2, PerBatch, Linear),
        (3, 2, 0.15, PerBatch, Linear),
        (8, 2, 0.15, Sum, Relu),
        (30, 4, 0.2, Sum, Relu),
        (6, 3, 0.2, PerBatch, Relu),
    ];
    // And one cell that the seed chooses.
    let mut rng = stream(context.cell_seed(&STUDY, 9 << 32), Purpose::Protocol, 0);
    let m = rng.random_range(3..20);
    cells.push((m, rng.random_range(1..m), 0.06 + 0.13 * rng.random::<f64>(), Sum, Linear));
    let (mut checks, mut with_rivals, mut falls) = (Vec::new(), Vec::new(), Vec::new());
    for (k, (samples, batch, eta, reduction, activation)) in cells.into_iter().enumerate() {
        let cell = Rate { samples, batch, eta, reduction, activation };
        let runs = cell.runs(context, prediction, context.cell_seed(&STUDY, 10 << 32 | k as u64))?;
        with_rivals.extend(runs.iter().filter(|run| run.rivals > 1).map(|run| run.growth));
        if reduction.step_per_sample(eta, batch) >= LARGE_STEP {
            falls.extend(runs.iter().map(|run| run.fall));
        }
        checks.extend(cell.checks(&runs));
    }
    let fall = Mean::of(&falls);
    let why =
        "cells with η_B ≥ 0.15; fine enough to tell log 1/(1 − η_B²) from η_B², one to two percent less";
    checks.push(
        Expectation::new("fall of log|c_j| a step over λ: large steps together", 1.0, why)
            .covered(context.effort.pick(0.03, 0.012, 0.004))
            .estimated(fall.mean, fall.interval(CHECK_LEVEL), fall.n as u64),
    );
    let pooled = Mean::of(&with_rivals);
    let why = "all runs with two rivals or more; given the losers at the first look; fine enough to see what their maximum takes \
               away; what the skewness of the steps changes is below 3e-4";
    checks.push(
        Expectation::new("growth of R over its law: all cells together", 1.0, why)
            .chance(1e-5)
            .covered(context.effort.pick(0.03, 0.018, 0.006))
            .estimated(pooled.mean, pooled.interval(CHECK_LEVEL), pooled.n as u64),
    );
    Ok(checks)
}

impl Rate {
    fn runs(&self, context: &Context, prediction: &Prediction, seed: u64) -> Result<Vec<RateRun>> {
        let &Self { samples, batch, eta, reduction, activation } = self;
        let replicas = replicas(context.effort, reduction.step_per_sample(eta, batch) >= LARGE_STEP);
        let problem =
            Problem::new(Dataset::implicit_orthonormal(samples, samples)?, activation, reduction, eta)?;
        let schedule = Schedule::sgd(samples, batch, seed)?;
        let step_per_sample = problem.step_per_sample(batch);
        let rate = (prediction.rate)(samples, batch, step_per_sample);
        // The times at which to look are chosen by the true law, whatever is predicted.
        let time = |lambda_t: f64| (lambda_t / sgd::rate(samples, batch, step_per_sample)) as u64;
        let (settle, end) = (time(SPAN.0), time(SPAN.1));
        let runs = context.each(0..replicas, |replica| {
            let Some(mut walk) = Walk::new(&problem, &schedule, seed, replica)? else { return Ok(None) };
            walk.engine.advance(settle);
            let (before, from) = (walk.engine.neurons(0).remove(0).correlations, walk.level());
            let leader = walk.leader(&before);
            let losers: Vec<usize> = walk.active.iter().copied().filter(|&j| j != leader).collect();
            walk.engine.advance(end - settle);
            let (after, to) = (walk.engine.neurons(0).remove(0).correlations, walk.level());
            let steps = (end - settle) as f64;
            let falls: Vec<f64> = losers.iter().map(|&j| (before[j] / after[j]).abs().ln()).collect();
            let fall = falls.iter().sum::<f64>() / (falls.len() as f64 * rate * steps);
            let ratios: Vec<f64> = losers.iter().map(|&j| (before[j] / before[leader]).abs().ln()).collect();
            let predicted = (prediction.growth)(samples, batch, step_per_sample, &ratios, steps);
            Ok(Some(RateRun { rivals: losers.len(), fall, growth: (to - from) / predicted }))
        })?;
        Ok(runs.into_iter().flatten().collect())
    }

    fn checks(&self, runs: &[RateRun]) -> Vec<Check> {
        let &Self { samples, batch, eta, reduction, activation } = self;
        let relu = if activation == Activation::Relu { ", ReLU" } else { "" };
        let cell = format!("m = {samples}, b = {batch}, η = {eta:.3}, {}{relu}", reduction.name());
        let check = |name: &str, why: &str, bias: f64, ratios: Vec<f64>| {
            let mean = Mean::of(&ratios);
            Expectation::new(format!("{name}: {cell}"), 1.0, why).chance(bias).covered(0.1).estimated(
                mean.mean,
                mean.interval(CHECK_LEVEL),
                mean.n as u64,
            )
        };
        let (falls, growths) = runs.iter().map(|run| (run.fall, run.growth)).unzip();
        let mut checks = vec![check(
            "fall of log|c_j| a step over λ",
            "between λt = 100 and 350, mean over the losers: each is a walk of drift −λ",
            0.0,
            falls,
        )];
        // Of two samples R is the fall of the only loser.
        if samples > 2 {
            let why = "between λt = 100 and 350, given the losers at the first; the skewness of the steps changes 3e-4";
            checks.push(check("growth of R over its law", why, 0.6 * CHECK_LEVEL, growths));
        }
        checks
    }
}
