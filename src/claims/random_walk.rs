//! Proposition 8: the log-ratio of the leader to the rest is a random walk that runs away.

use rand::RngExt;
use rayon::prelude::*;

use super::protocol::largest;
use super::{Claim, Context, Findings};
use crate::data::Dataset;
use crate::engine::{Engine, Reduced};
use crate::error::Result;
use crate::init::Start;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::rng::{Purpose, stream};
use crate::schedule::Schedule;
use crate::stats::{CHECK_LEVEL, Interval, Mean};
use crate::theory::{random_walk, sgd};
use crate::verdict::{Check, Expectation};

/// The claim.
pub const CLAIM: Claim = Claim {
    id: "random_walk",
    number: 9,
    title: "the log-ratio R_t has bounded steps and positive drift: it is transient",
    source: "GFHY Proposition 8 and the proof of Theorem 2",
    statement: "R_t = log(|c_{i*}| / Σ_{j≠i*} |c_j|) has bounded increments and an asymptotically positive conditional drift, at \
                least (1/m)(log 1/(1−η) − η) for b = 1, so it is transient; under the full batch it is constant. Beyond the \
                paper: log|c_j| falls at the rate λ = [b(m−b)/(m(m−1))] log 1/(1−η_B²).",
    run: |context| findings(context, &Options::default(), &Prediction::default()),
};

/// What the command line may bend.
#[derive(Clone, Debug, Default, clap::Args, serde::Serialize)]
pub struct Options {
    /// Step size η of the drift and increment checks.
    #[arg(long, allow_negative_numbers = true)]
    pub step_size: Option<f64>,
}

/// The theory that is put to the test.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// Conditional drift at `(c, N)`, from `b`, `η_B`, activation.
    pub drift: fn(&[f64], f64, usize, f64, Activation) -> f64,
    /// Asymptotic lower bound on it for `b = 1`, from `m`, `η`.
    pub bound: fn(usize, f64) -> f64,
    /// Bound on increments, from `η`.
    pub largest_increment: fn(f64) -> f64,
    /// Almost-sure rate from `m`, `b`, `η_B`.
    pub rate: fn(usize, usize, f64) -> f64,
}

impl Default for Prediction {
    fn default() -> Self {
        Self {
            drift: random_walk::drift,
            bound: random_walk::asymptotic_drift_bound,
            largest_increment: random_walk::largest_increment,
            rate: sgd::rate,
        }
    }
}

/// One observed step: level before it, increment, exact conditional expectation.
struct Step {
    level: f64,
    increment: f64,
    expected: f64,
}

/// Runs the protocol against a prediction.
///
/// # Errors
/// Bad options: see [`Problem::new`].
pub fn findings(context: &Context, options: &Options, prediction: &Prediction) -> Result<Findings> {
    let mut findings = Findings::default();
    for (k, (samples, batch)) in [(6, 1), (7, 3)].into_iter().enumerate() {
        let steps = observe(context, options, prediction, samples, batch, k as u64)?;
        judge_steps(samples, batch, &steps, options, prediction, &mut findings);
    }
    findings.checks.push(transience(context, options)?);
    findings.checks.push(full_batch(context)?);
    findings.checks.extend(rates(context, prediction)?);
    Ok(findings)
}

fn step_size(options: &Options) -> f64 {
    options.step_size.unwrap_or(0.18)
}

/// Walks of the reduced engine, seen step by step from many starts and ages.
fn observe(
    context: &Context,
    options: &Options,
    prediction: &Prediction,
    samples: usize,
    batch: usize,
    cell: u64,
) -> Result<Vec<Step>> {
    let walks = context.effort.pick(1000, 6000, 40_000);
    let seed = context.cell_seed(&CLAIM, cell << 32);
    let eta = step_size(options);
    let problem = Problem::new(
        Dataset::implicit_orthonormal(samples, samples + 2)?,
        Activation::Linear,
        Reduction::Sum,
        eta,
    )?;
    let schedule = Schedule::sgd(samples, batch, seed)?;
    let active: Vec<usize> = (0..samples).collect();
    let walk = |replica: u64| -> Result<Vec<Step>> {
        let start = Start::gaussian(problem.dataset(), 0.5, seed, replica)?;
        let mut engine = Reduced::new(&problem, &schedule, &[start], replica)?;
        // A few consecutive steps, then a jump: levels of all sizes, states not too correlated.
        let mut steps = Vec::new();
        for round in 0..12u64 {
            for _ in 0..8 {
                let before = engine.neurons(0).remove(0);
                engine.advance(1);
                let after = engine.neurons(0).remove(0);
                let level = random_walk::log_ratio(&before.correlations, &active);
                steps.push(Step {
                    level,
                    increment: random_walk::log_ratio(&after.correlations, &active) - level,
                    expected: (prediction.drift)(
                        &before.correlations,
                        before.norm_sq,
                        batch,
                        eta,
                        Activation::Linear,
                    ),
                });
            }
            engine.advance(20 * round);
        }
        Ok(steps)
    };
    context.progress.inc_length(walks);
    let walks = (0..walks).into_par_iter().map(walk).inspect(|_| context.progress.inc(1));
    Ok(walks.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
}

/// Lower ends of the levels by which steps are grouped.
const LEVELS: [f64; 5] = [f64::NEG_INFINITY, -0.5, 0.5, 2.0, 5.0];

fn judge_steps(
    samples: usize,
    batch: usize,
    steps: &[Step],
    options: &Options,
    prediction: &Prediction,
    findings: &mut Findings,
) {
    let eta = step_size(options);
    let name = format!("m = {samples}, b = {batch}");
    // Measured minus exact expectation is a sum of martingale differences in every level: mean 0.
    for (k, &low) in LEVELS.iter().enumerate() {
        let high = LEVELS.get(k + 1).copied().unwrap_or(f64::INFINITY);
        let within: Vec<&Step> = steps.iter().filter(|step| low <= step.level && step.level < high).collect();
        if within.len() < 200 {
            continue;
        }
        let noise = Mean::of(&within.iter().map(|step| step.increment - step.expected).collect::<Vec<_>>());
        let expected = Mean::of(&within.iter().map(|step| step.expected).collect::<Vec<_>>()).mean;
        let interval = noise.interval(CHECK_LEVEL);
        let shifted = Interval { low: interval.low + expected, high: interval.high + expected };
        let what = format!("{name}: drift of R for R in [{low}, {high})");
        let why = "mean of the exact conditional expectation over the states visited; martingale differences";
        let check = Expectation::new(what, expected, why).covered(0.01);
        findings.checks.push(check.estimated(noise.mean + expected, shifted, within.len() as u64));
    }
    let late = steps.iter().filter(|step| step.level > 8.0);
    let (mut least, mut count) = (f64::INFINITY, 0);
    for step in late {
        (least, count) = (least.min(step.expected), count + 1);
    }
    if batch == 1 {
        let bound = (prediction.bound)(samples, eta);
        let why = "exact conditional expectations, R > 8; the bound is asymptotic, hence the thousandth";
        let what = format!("{name}: smallest conditional drift for R > 8");
        findings.checks.push(Expectation::new(what, 0.999 * bound, why).at_least().measured(least, count));
        let largest_seen = largest(steps.iter().map(|step| step.increment.abs()));
        let limit = (prediction.largest_increment)(eta);
        let what = format!("{name}: largest |increment| over its bound");
        let check = Expectation::new(what, 1.0, "holds for every state with ‖w‖ ≤ 1").at_most();
        findings.checks.push(check.measured(largest_seen / limit, steps.len() as u64));
    }
}

/// After leaving a level for good the walk does not come back: the least level over the last half of long runs.
fn transience(context: &Context, options: &Options) -> Result<Check> {
    let replicas = context.effort.pick(100, 500, 5000);
    let seed = context.cell_seed(&CLAIM, 7 << 32);
    let samples = 5;
    let eta = step_size(options);
    let problem =
        Problem::new(Dataset::implicit_orthonormal(samples, 8)?, Activation::Linear, Reduction::Sum, eta)?;
    let schedule = Schedule::sgd(samples, 2, seed)?;
    let active: Vec<usize> = (0..samples).collect();
    // λ t = 240 by the end: levels far beyond any fluctuation, well within the range of f64.
    let horizon = (240.0 / sgd::rate(samples, 2, eta)) as u64;
    let runs = (0..replicas).into_par_iter().map(|replica| -> Result<bool> {
        let start = Start::gaussian(problem.dataset(), 0.5, seed, replica)?;
        let mut engine = Reduced::new(&problem, &schedule, &[start], replica)?;
        engine.advance(horizon / 2);
        let mut least = f64::INFINITY;
        for _ in 0..100 {
            engine.advance(horizon / 200);
            least = least.min(random_walk::log_ratio(&engine.neurons(0)[0].correlations, &active));
        }
        Ok(least > 3.0)
    });
    let stayed = runs.collect::<Result<Vec<_>>>()?.into_iter().filter(|stayed| *stayed).count() as u64;
    let why =
        "looked at 100 times between λt = 120 and 240; at 120 the walk is more than seven deviations above 3";
    Ok(Expectation::new("runs whose R never returns below 3 in the second half", 1.0, why)
        .always(context.effort.pick(0.85, 0.95, 0.99))
        .counted(stayed, replicas))
}

/// Under the full batch R is a constant of motion.
fn full_batch(context: &Context) -> Result<Check> {
    let mut worst: f64 = 0.0;
    let replicas = context.effort.pick(10, 40, 200);
    for replica in 0..replicas {
        let activation = Activation::ALL[replica as usize % 2];
        let problem = Problem::new(Dataset::implicit_orthonormal(8, 11)?, activation, Reduction::Mean, 0.2)?;
        let start = Start::gaussian(problem.dataset(), 0.5, context.cell_seed(&CLAIM, 8 << 32), replica)?;
        let active: Vec<usize> = (0..8).filter(|&i| activation.admits(start.correlations[i])).collect();
        if active.len() < 2 {
            continue;
        }
        let before = random_walk::log_ratio(&start.correlations, &active);
        let mut engine = Reduced::new(&problem, &Schedule::full_batch(8)?, &[start], replica)?;
        engine.advance(2000);
        worst =
            worst.max((random_walk::log_ratio(&engine.neurons(0)[0].correlations, &active) - before).abs());
    }
    Ok(Expectation::new("full batch: largest change of R in 2000 steps", 0.0, "2000 roundings")
        .control()
        .within(1e-12)
        .measured(worst, replicas))
}

/// The almost-sure rate over a grid of sizes, batches, step sizes and reductions.
fn rates(context: &Context, prediction: &Prediction) -> Result<Vec<Check>> {
    let replicas = context.effort.pick(40, 120, 1000);
    let mut cells = vec![
        (5, 1, 0.2, Reduction::Sum),
        (8, 3, 0.1, Reduction::Sum),
        (12, 11, 0.15, Reduction::Sum),
        (4, 2, 0.2, Reduction::Mean),
    ];
    // And one cell that the seed chooses.
    let mut rng = stream(context.cell_seed(&CLAIM, 9 << 32), Purpose::Protocol, 0);
    let m = rng.random_range(3..20);
    cells.push((m, rng.random_range(1..m), 0.06 + 0.13 * rng.random::<f64>(), Reduction::Sum));
    let mut checks = Vec::new();
    for (k, (m, b, eta, reduction)) in cells.into_iter().enumerate() {
        let seed = context.cell_seed(&CLAIM, 10 << 32 | k as u64);
        let problem = Problem::new(Dataset::implicit_orthonormal(m, m)?, Activation::Linear, reduction, eta)?;
        let schedule = Schedule::sgd(m, b, seed)?;
        let rate = (prediction.rate)(m, b, problem.step_per_sample(b));
        let true_rate = sgd::rate(m, b, problem.step_per_sample(b));
        let (settle, span) = ((100.0 / true_rate) as u64, (250.0 / true_rate) as u64);
        let slopes = (0..replicas).into_par_iter().map(|replica| -> Result<f64> {
            let start = Start::gaussian(problem.dataset(), 0.5, seed, replica)?;
            let mut engine = Reduced::new(&problem, &schedule, &[start], replica)?;
            engine.advance(settle);
            let before = engine.neurons(0).remove(0).correlations;
            engine.advance(span);
            let after = engine.neurons(0).remove(0).correlations;
            let leader = (0..m).max_by(|&i, &j| after[i].abs().total_cmp(&after[j].abs())).unwrap_or(0);
            // The mean over the losers: each is a random walk of drift −λ, so this is unbiased, unlike R itself.
            let losers = (0..m).filter(|&j| j != leader).map(|j| (before[j] / after[j]).abs().ln());
            Ok(losers.sum::<f64>() / (m - 1) as f64 / span as f64)
        });
        let slopes = slopes.collect::<Result<Vec<f64>>>()?;
        let mean = Mean::of(&slopes.iter().map(|slope| slope / rate).collect::<Vec<_>>());
        let name =
            format!("fall of log|c_j| per step over λ: m = {m}, b = {b}, η = {eta:.3}, {}", reduction.name());
        let why = "between λt = 100 and 350, mean over the losers";
        checks.push(Expectation::new(name, 1.0, why).covered(0.1).estimated(
            mean.mean,
            mean.interval(CHECK_LEVEL),
            replicas,
        ));
    }
    Ok(checks)
}
