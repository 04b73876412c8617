//! The way out at given times: the first moments of it, and the law halfway.

use rayon::prelude::*;

use super::{Prediction, STUDY};
use crate::data::dot;
use crate::error::Result;
use crate::limit_set::LimitSet;
use crate::model::Activation;
use crate::rng::{Purpose, stream};
use crate::schedule::Schedule;
use crate::state::Neuron;
use crate::stats::{CHECK_LEVEL, Mean, homogeneity};
use crate::study::ensemble::Ensemble;
use crate::study::{Context, Findings};
use crate::theory::gd;
use crate::theory::selection::{Diffusion, diffusion_rate, log_cosines};
use crate::vectors::largest;
use crate::verdict::{Check, Expectation};

/// A mixture, `w_GD` of this start.
const START: [f64; 5] = [0.2, 0.35, 0.3, 0.15, 0.25];

/// Small time at which the spread is seen, and the one of the law.
const EARLY: f64 = 0.02;
const HALFWAY: f64 = 1.5;

/// Most runs a batch size of the test of one law, which takes steps as `1/runs`.
const MAX_COUNTED: u64 = 10_000;

/// `(m, b)` of the martingale.
const MARTINGALE: [(usize, usize); 3] = [(2, 1), (5, 2), (12, 11)];

pub(super) fn examine(
    context: &Context,
    replicas: u64,
    prediction: &Prediction,
    findings: &mut Findings,
) -> Result<()> {
    let alpha = mixture(&START);
    for batch in [1, 3, 4] {
        findings.checks.push(spread(context, &alpha, batch, 4 * replicas, prediction)?);
    }
    findings.checks.push(halfway(context, &alpha, replicas)?);
    for (k, (samples, batch)) in MARTINGALE.into_iter().enumerate() {
        findings.checks.push(fall(context, samples, batch, 3 * replicas / 2, prediction, k as u64)?);
    }
    findings.checks.push(gradient_descent(&alpha)?);
    let martingale = MARTINGALE.map(|(samples, batch)| format!("({samples}, {batch})")).join(", ");
    findings.protocol.push(format!(
        "For m = 5 and b = 1, 3, 4, {} runs each give the mean square distance at τ = {EARLY}; {} runs for each of b = 1, 2, 4 and twice as many exact paths \
         of the diffusion give the law of the leader's share at τ = {HALFWAY}, by one χ² test over ten cells. For (m, b) = {martingale}, {} runs at each of \
         η_B = 0.1 and 0.05 give the fall of Σ log cos until τ = 1, extrapolated to η_B = 0. Control: 20,000 steps of the full batch.",
        4 * replicas,
        replicas.min(MAX_COUNTED),
        3 * replicas / 2
    ));
    Ok(())
}

/// `w_GD` in coordinates.
pub(super) fn mixture(c: &[f64]) -> Vec<f64> {
    match gd::limit(c, Activation::Linear) {
        Some(LimitSet::Point(alpha)) => alpha,
        _ => unreachable!("correlations are not all 0"),
    }
}

/// Where so many runs from the mixture are at a time `τ`.
fn at_time<T: Send>(
    context: &Context,
    alpha: &[f64],
    (batch, eta): (usize, f64),
    time: f64,
    replicas: u64,
    cell: u64,
    look: impl Fn(&Neuron) -> T + Sync,
) -> Result<(Vec<T>, f64)> {
    let kappa = diffusion_rate(alpha.len(), batch, eta);
    let steps = (time / kappa).round();
    let schedule = Schedule::sgd(alpha.len(), batch, context.cell_seed(&STUDY, cell))?;
    let ensemble = Ensemble::new(schedule, eta, steps, steps)?;
    let seen =
        ensemble.repeat(context, &ensemble.start(alpha, 0.0)?, replicas, |_, neuron| Some(look(neuron)))?;
    Ok((seen.into_iter().flatten().collect(), steps))
}

fn spread(
    context: &Context,
    alpha: &[f64],
    batch: usize,
    replicas: u64,
    prediction: &Prediction,
) -> Result<Check> {
    let eta = 0.02;
    let distance =
        |neuron: &Neuron| neuron.correlations.iter().zip(alpha).map(|(c, a)| (c - a).powi(2)).sum::<f64>();
    let (seen, steps) = at_time(context, alpha, (batch, eta), EARLY, replicas, batch as u64, distance)?;
    let expected =
        (prediction.early_spread)(alpha, (prediction.diffusion_rate)(alpha.len(), batch, eta) * steps);
    let name = format!("m = 5, b = {batch}, η = {eta}: E‖w − w_GD‖² at τ = {EARLY}");
    let why = "diffusion, to second order in τ; what is left goes as τ² and η";
    let mean = Mean::of(&seen);
    let precision = context.effort.pick(0.25, 0.1, 0.06) * EARLY;
    Ok(Expectation::new(name, expected, why).covered(precision).estimated(
        mean.mean,
        mean.interval(CHECK_LEVEL),
        mean.n as u64,
    ))
}

/// Counts in the deciles that paths of the diffusion themselves fill.
///
/// A step size `η_B` shifts the shares of the deciles by `O(η_B)`: 400,000 runs at `η_B` = 0.05, 0.1 and 0.2 put the noncentrality of χ² at
/// `0.14 η_B²` a run for `b` = 1 and 4 and below that for `b = 2`, `0.27 η_B²` for the four rows together. With `η_B² = 1.8/runs` it is ½, and the
/// test rejects one law with a probability of 8e-6 instead of 5e-6.
fn halfway(context: &Context, alpha: &[f64], replicas: u64) -> Result<Check> {
    let replicas = replicas.min(MAX_COUNTED);
    let eta = (1.8 / replicas as f64).sqrt().min(0.1);
    let check = Expectation::new(
        format!("m = 5, τ = 1.5, η_B = {eta:.4}: P-value of one law of max cos² for b = 1, 2, 4 and the diffusion (χ² over deciles)"),
        CHECK_LEVEL,
        "four rows of counts; η_B² = 1.8/runs, so that what the step size changes has a noncentrality of ½",
    )
    .chance(8e-6)
    .at_least();
    let purest = |c: &[f64]| {
        let largest = largest(c.iter().map(|c| c * c));
        largest / dot(c, c)
    };
    let seed = context.cell_seed(&STUDY, 1 << 32);
    let mut paths: Vec<f64> = (0..2 * replicas)
        .into_par_iter()
        .map(|path| {
            let mut diffusion = Diffusion::new(alpha);
            let mut rng = stream(seed, Purpose::Protocol, path);
            (0..3).for_each(|_| diffusion.advance(&mut rng, HALFWAY / 3.0));
            purest(&diffusion.cosines())
        })
        .collect();
    paths.sort_by(f64::total_cmp);
    let deciles: Vec<f64> = (1..10).map(|k| paths[k * paths.len() / 10]).collect();
    let counts = |sample: &[f64]| {
        let mut counts = vec![0; 10];
        sample.iter().for_each(|x| counts[deciles.partition_point(|edge| edge < x)] += 1);
        counts
    };
    let mut rows = vec![counts(&paths)];
    for batch in [1, 2, 4] {
        let look = |neuron: &Neuron| purest(&neuron.correlations);
        let cell = 2 << 32 | batch as u64;
        rows.push(counts(&at_time(context, alpha, (batch, eta), HALFWAY, replicas, cell, look)?.0));
    }
    Ok(check.measured(homogeneity(&rows), 5 * replicas))
}

/// The martingale at a fixed time, extrapolated from two step sizes.
fn fall(
    context: &Context,
    samples: usize,
    batch: usize,
    replicas: u64,
    prediction: &Prediction,
    cell: u64,
) -> Result<Check> {
    let (eta, time) = (0.1, 1.0);
    let c: Vec<f64> = (0..samples).map(|j| 1.0 + 0.3 * (j % 3) as f64).collect();
    let alpha = mixture(&c);
    let name = format!("m = {samples}, b = {batch}: fall of E Σ log cos(w, a_j) until τ = 1");
    let why = "a martingale from the first step on; η_B = 0.1 and 0.05 extrapolated to 0";
    let expected = (prediction.fall)(samples) * time;
    let check = Expectation::new(name, expected, why)
        .covered(context.effort.pick(1.2, 0.45, 0.14) * (samples as f64 - 1.0).sqrt());
    let before = log_cosines(&alpha);
    let mut means = Vec::new();
    for (k, eta) in [eta, 0.5 * eta].into_iter().enumerate() {
        let look = |neuron: &Neuron| before - log_cosines(&neuron.correlations);
        let (seen, steps) =
            at_time(context, &alpha, (batch, eta), time, replicas, 3 << 32 | cell << 8 | k as u64, look)?;
        // A whole number of steps is not quite the time.
        let scale = time / (diffusion_rate(samples, batch, eta) * steps);
        means.push(Mean::of(&seen.iter().map(|x| x * scale).collect::<Vec<_>>()));
    }
    let terms = [(-1.0, means[0].mean, means[0].sem), (2.0, means[1].mean, means[1].sem)];
    let (value, interval) = crate::stats::combination(&terms, CHECK_LEVEL);
    Ok(check.estimated(value, interval, 2 * replicas))
}

/// The full batch stays.
fn gradient_descent(alpha: &[f64]) -> Result<Check> {
    let check =
        Expectation::new("full batch from w_GD: distance after 20000 steps", 0.0, "a fixed point; rounding")
            .control()
            .within(1e-12);
    let ensemble = Ensemble::new(Schedule::full_batch(alpha.len())?, 0.05, 20_000.0, 20_000.0)?;
    let at = ensemble.run(&[ensemble.start(alpha, 0.0)?], 0, |_, neuron| {
        Some(largest(neuron.correlations.iter().zip(alpha).map(|(c, a)| (c - a).abs())))
    })?;
    Ok(check.measured(at[0].unwrap_or(f64::NAN), 1))
}
