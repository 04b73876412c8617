//! The almost-sure rate, over a grid of sizes, batches, step sizes, reductions and activations.

use super::active::Active;
use super::{Prediction, STUDY};
use crate::data::Dataset;
use crate::error::Result;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::rng::{Purpose, stream};
use crate::schedule::Schedule;
use crate::stats::{CHECK_LEVEL, Mean};
use crate::study::replicas::Replicas;
use crate::study::{Context, Effort, Lab, Part};
use crate::theory::sgd;
use crate::verdict::{Check, Covered, Register};
use rand::RngExt;

/// One setting of the grid.
struct Setting {
    samples: usize,
    batch: usize,
    eta: f64,
    reduction: Reduction,
    activation: Activation,
}

/// What one run shows, each relative to what is predicted.
struct Growth {
    losers: usize,
    /// Mean fall of the losers' `log|c_j|` a step.
    fall: f64,
    /// Growth of `R`.
    level: f64,
}

/// Times, in units of `1/λ`, between which rates are measured: long after selection, and such that the
/// smallest correlation stays within the range of f64.
const SPAN: (f64, f64) = (100.0, 350.0);

/// Step size per sample from which `log 1/(1 − η_B²)` is more than a percent above `η_B²`.
const LARGE_STEP: f64 = 0.15;

/// Runs a setting: where steps are large and the logarithm tells in `λ`, enough to see it.
pub(super) fn runs(effort: Effort, large_steps: bool) -> u64 {
    if large_steps { effort.pick(100, 300, 800) } else { effort.pick(100, 100, 400) }
}

/// Setting by setting, and all of them together.
pub(super) fn part(context: &Context, prediction: &Prediction, register: &mut Register) -> Part {
    let held: Vec<_> = settings(context)
        .into_iter()
        .map(|setting| {
            let expected = setting.expected(context, register);
            (setting, expected)
        })
        .collect();
    let why =
        "cells with η_B ≥ 0.15; fine enough to tell log 1/(1 − η_B²) from η_B², one to two percent less";
    let fall = register
        .expect("fall of log|c_j| a step over λ: large steps together", 1.0, why)
        .covered(context.effort.pick(0.022, 0.012, 0.0079));
    let why = "all runs with two rivals or more; given the losers at the first look; fine enough to see what their maximum takes \
               away; what the skewness of the steps changes is below 3e-4";
    let growth = register
        .expect("growth of R over its law: all cells together", 1.0, why)
        .chance(1e-5)
        .covered(context.effort.pick(0.02, 0.013, 0.0076));
    let prediction = prediction.clone();
    Box::new(move |lab, findings| {
        let (mut growths, mut falls) = (Vec::new(), Vec::new());
        for (k, (setting, (fall, growth))) in held.into_iter().enumerate() {
            let runs = setting.run(lab, &prediction, lab.cell_seed(&STUDY, 10 << 32 | k as u64))?;
            growths.extend(runs.iter().filter(|run| run.losers > 1).map(|run| run.level));
            if setting.has_large_steps() {
                falls.extend(runs.iter().map(|run| run.fall));
            }
            findings.checks.push(judge(fall, runs.iter().map(|run| run.fall)));
            findings.checks.extend(growth.map(|growth| judge(growth, runs.iter().map(|run| run.level))));
        }
        findings.checks.extend([judge(fall, falls), judge(growth, growths)]);
        Ok(())
    })
}

fn judge(check: Covered, ratios: impl IntoIterator<Item = f64>) -> Check {
    let mean = ratios.into_iter().collect::<Mean>();
    check.estimated(mean.mean, mean.interval(CHECK_LEVEL), mean.n as u64)
}

/// Nine settings, and one that the seed chooses.
fn settings(context: &Context) -> Vec<Setting> {
    use Activation::{Linear, Relu};
    use Reduction::{Mean as PerBatch, Sum};
    let mut rng = stream(context.cell_seed(&STUDY, 9 << 32), Purpose::Protocol, 0);
    let m = rng.random_range(3..20);
    let chosen = (m, rng.random_range(1..m), 0.06 + 0.13 * rng.random::<f64>(), Sum, Linear);
    let settings = [
        (2, 1, 0.2, Sum, Linear),
        (5, 1, 0.2, Sum, Linear),
        (8, 3, 0.1, Sum, Linear),
        (12, 11, 0.15, Sum, Linear),
        (4, 2, 0.2, PerBatch, Linear),
        (3, 2, 0.15, PerBatch, Linear),
        (8, 2, 0.15, Sum, Relu),
        (30, 4, 0.2, Sum, Relu),
        (6, 3, 0.2, PerBatch, Relu),
        chosen,
    ];
    settings
        .into_iter()
        .map(|(samples, batch, eta, reduction, activation)| Setting {
            samples,
            batch,
            eta,
            reduction,
            activation,
        })
        .collect()
}

impl Setting {
    /// What the fall of the losers and the growth of `R` are held to. Of two samples `R` is the fall of the only loser.
    fn expected(&self, context: &Context, register: &mut Register) -> (Covered, Option<Covered>) {
        let &Self { samples, batch, eta, reduction, activation } = self;
        let relu = if activation == Activation::Relu { ", ReLU" } else { "" };
        let setting = format!("m = {samples}, b = {batch}, η = {eta:.3}, {}{relu}", reduction.name());
        // Half-widths are some 0.45 of it, and of ReLU, where some starts have one active sample, up to 0.53.
        let precision = 0.75 / (runs(context.effort, self.has_large_steps()) as f64).sqrt();
        let mut expect = |name: &str, why: &str, bias: f64| {
            register.expect(format!("{name}: {setting}"), 1.0, why).chance(bias).covered(precision)
        };
        let why = "between λt = 100 and 350, mean over the losers: each is a walk of drift −λ";
        let fall = expect("fall of log|c_j| a step over λ", why, 0.0);
        let why =
            "between λt = 100 and 350, given the losers at the first; the skewness of the steps changes 3e-4";
        let growth = (samples > 2).then(|| expect("growth of R over its law", why, 0.6 * CHECK_LEVEL));
        (fall, growth)
    }

    fn step_per_sample(&self) -> f64 {
        self.reduction.step_per_sample(self.eta, self.batch)
    }

    fn has_large_steps(&self) -> bool {
        self.step_per_sample() >= LARGE_STEP
    }

    fn run(&self, lab: &Lab, prediction: &Prediction, seed: u64) -> Result<Vec<Growth>> {
        let &Self { samples, batch, eta, reduction, activation } = self;
        let dataset = Dataset::implicit_orthonormal(samples, samples)?;
        let problem = Problem::new(dataset, activation, reduction, eta)?;
        let step_per_sample = self.step_per_sample();
        let rate = (prediction.rate)(samples, batch, step_per_sample);
        // The times at which to look are chosen by the true law, whatever is predicted.
        let time = |lambda_t: f64| (lambda_t / sgd::rate(samples, batch, step_per_sample)) as u64;
        let (from, to) = (time(SPAN.0), time(SPAN.1));
        let steps = (to - from) as f64;
        let replicas =
            Replicas { problem, schedule: Schedule::sgd(samples, batch, seed)?, init_norm: 0.5, seed };
        let count = runs(lab.effort, self.has_large_steps());
        let runs = replicas.looked_at(lab, count, &[from, to], |start, seen| {
            let active = Active::of(start, activation)?;
            let (before, after) = (&seen[0].correlations, &seen[1].correlations);
            let (leader, losers) = (active.leader(before), active.losers(before));
            let falls: Vec<f64> = losers.iter().map(|&j| (before[j] / after[j]).abs().ln()).collect();
            let fall = falls.iter().sum::<f64>() / (falls.len() as f64 * rate * steps);
            let ratios: Vec<f64> = losers.iter().map(|&j| (before[j] / before[leader]).abs().ln()).collect();
            let predicted = (prediction.growth)(samples, batch, step_per_sample, &ratios, steps);
            let level = (active.level(&seen[1]) - active.level(&seen[0])) / predicted;
            Some(Growth { losers: losers.len(), fall, level })
        })?;
        Ok(runs.into_iter().flatten().collect())
    }
}
