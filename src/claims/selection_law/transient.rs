//! A start off the manifold: how long it takes to get there, and what the lots do on the way.

use super::pair::at;
use super::{CLAIM, Prediction};
use crate::claims::flock::Flock;
use crate::claims::{Context, Findings};
use crate::error::Result;
use crate::schedule::Schedule;
use crate::state::Neuron;
use crate::stats::{CHECK_LEVEL, Mean, combination};
use crate::theory::selection::Chain;
use crate::verdict::{Check, Covered, Expectation};

pub(super) fn examine(context: &Context, prediction: &Prediction, findings: &mut Findings) -> Result<()> {
    findings.checks.extend(arrival(context)?);
    findings.checks.push(odds(context, prediction)?);
    Ok(())
}

const SAMPLES: usize = 4;
const NORM: f64 = 0.01;
const STEP_SIZES: [f64; 2] = [0.02, 0.01];

/// From even correlations and `‖w_0‖ = ρ`, one sample a step. In the mean `dN/dt = (4η/m) N (1 − N)`, so `N = ½` after
/// `(m/4η) log((1 − ρ²)/ρ²)` steps; a step moves `log|c_i|` of the drawn sample by `η (2 − N)`, so by then a log-ratio has the
/// variance `(η/2) ∫ (2 − N)²/(N(1 − N)) dN = η (4 log(1/ρ) − ¼ − (3/2) log 2)`, but for powers of `ρ`.
fn arrival(context: &Context) -> Result<[Check; 2]> {
    let replicas = context.effort.pick(4000, 40_000, 400_000);
    let far = NORM.ln().abs();
    let arrival = Expectation::new(
        "m = 4, ‖w_0‖ = 0.01: N after m log(1/‖w_0‖)/2η steps",
        0.5,
        "mean growth of the norm; η = 0.02 and 0.01 extrapolated to 0",
    )
    .covered(context.effort.pick(0.02, 0.01, 0.005));
    let spread = Expectation::new(
        "m = 4, ‖w_0‖ = 0.01: variance of a log-ratio there, over η",
        4.0 * far - 0.25 - 1.5 * std::f64::consts::LN_2,
        "independent lots of size η (2 − N); η = 0.02 and 0.01 extrapolated to 0",
    )
    .covered(context.effort.pick(5.0, 1.5, 0.5));
    let (mut norms, mut squares) = (Vec::new(), Vec::new());
    for (k, eta) in STEP_SIZES.into_iter().enumerate() {
        let steps = (0.5 * SAMPLES as f64 * far / eta).round();
        let schedule = Schedule::sgd(SAMPLES, 1, context.cell_seed(&CLAIM, 11 << 32 | k as u64))?;
        let flock = Flock::new(schedule, eta, steps, steps)?;
        let start = flock.start(&[0.5 * NORM; SAMPLES], 0.0)?;
        let rule = |_, neuron: &Neuron| {
            let c = &neuron.correlations;
            Some((c.iter().map(|c| c * c).sum::<f64>(), (c[0] / c[1]).ln().powi(2) / eta))
        };
        let seen: Vec<(f64, f64)> =
            flock.repeat(context, &start, replicas, rule)?.into_iter().flatten().collect();
        norms.push(Mean::of(&seen.iter().map(|seen| seen.0).collect::<Vec<_>>()));
        squares.push(Mean::of(&seen.iter().map(|seen| seen.1).collect::<Vec<_>>()));
    }
    Ok([extrapolated(&norms, arrival), extrapolated(&squares, spread)])
}

/// Value at `η = 0` from means at `η` and `η/2`.
fn extrapolated(means: &[Mean], expectation: Covered) -> Check {
    let terms = [(-1.0, means[0].mean, means[0].sem), (2.0, means[1].mean, means[1].sem)];
    let (value, interval) = combination(&terms, CHECK_LEVEL);
    expectation.estimated(value, interval, (means[0].n + means[1].n) as u64)
}

/// What that does to the odds of two samples: runs as far as the manifold, from where the chain is solved.
fn odds(context: &Context, prediction: &Prediction) -> Result<Check> {
    let (norm, replicas) = (0.1, context.effort.pick(40_000, 400_000, 4_000_000));
    let start = at(0.25).map(|c| norm * c);
    let check = Expectation::new(
        "m = 2, θ = π/8, ‖w_0‖ = 0.1: (P(i* = 1) − 2θ/π)/η, η → 0",
        (prediction.slope)(start),
        "first order in η; extrapolated from η and η/2",
    )
    .covered(context.effort.pick(0.3, 0.1, 0.06));
    let mut quotients = Vec::new();
    let coarse: f64 = context.effort.pick(0.04, 0.04, 0.02);
    for (k, eta) in [coarse, 0.5 * coarse].into_iter().enumerate() {
        // N − 1 down to some e^{−4} η.
        let steps = (0.5 * ((1.0 / (norm * norm)).ln() + (1.0 / eta).ln() + 4.0) / eta).round();
        let schedule = Schedule::sgd(2, 1, context.cell_seed(&CLAIM, 13 << 32 | k as u64))?;
        let flock = Flock::new(schedule, eta, steps, steps)?;
        let chain = Chain::new(eta);
        let rule = |_, neuron: &Neuron| {
            let p = chain.probability([neuron.correlations[0], neuron.correlations[1]]);
            Some((p - (prediction.pair)(start)) / eta)
        };
        let seen = flock.repeat(context, &flock.start(&start, 0.0)?, replicas, rule)?;
        quotients.push(Mean::of(&seen.into_iter().flatten().collect::<Vec<_>>()));
    }
    Ok(extrapolated(&quotients, check))
}
