//! A start off the manifold: how long it takes to get there, and what the lots do on the way.

use super::{Prediction, STUDY};
use crate::error::Result;
use crate::schedule::Schedule;
use crate::state::Neuron;
use crate::stats::{CHECK_LEVEL, Mean, combination};
use crate::study::ensemble::Ensemble;
use crate::study::{Context, Lab, Part};
use crate::theory::selection::{Chain, direction};
use crate::verdict::{Check, Covered, Register};

const SAMPLES: usize = 4;
const NORM: f64 = 0.01;

/// What is seen of a run when it should be half-way up.
struct HalfWay {
    norm_sq: f64,
    /// Square of a log-ratio, over `η`.
    spread: f64,
}

/// From even correlations and `‖w_0‖ = ρ`, one sample a step. In the mean `dN/dt = (4η/m) N (1 − N)`, so `N = ½` after
/// `(m/4η) log((1 − ρ²)/ρ²)` steps; a step moves `log|c_i|` of the drawn sample by `η (2 − N)`, so by then a log-ratio has the
/// variance `(η/2) ∫ (2 − N)²/(N(1 − N)) dN = η (4 log(1/ρ) − ¼ − (3/2) log 2)`, but for powers of `ρ`.
///
/// The terms of order `η` and `η²` carry powers of `log 1/ρ`: three step sizes take both away.
pub(super) fn arrival(context: &Context, prediction: &Prediction, register: &mut Register) -> Part {
    let (replicas, fewest) = context.effort.pick((40_000, 460), (100_000, 920), (250_000, 920));
    let runs = [fewest, 2 * fewest, 4 * fewest]
        .map(|steps| (steps, 0.5 * SAMPLES as f64 * NORM.ln().abs() / f64::from(steps)));
    let why = "η, η/2 and η/4 extrapolated to 0; order η³ is left, a fifth of an error at most";
    let arrival = register
        .expect(
            "m = 4, ‖w_0‖ = 0.01: N after m log(1/‖w_0‖)/2η steps",
            (prediction.arrival)(NORM),
            format!("mean growth of the norm; {why}"),
        )
        .chance(CHECK_LEVEL)
        .covered(context.effort.pick(0.0021, 0.0007, 0.00045));
    let spread = register
        .expect(
            "m = 4, ‖w_0‖ = 0.01: variance of a log-ratio there, over η",
            (prediction.arrival_spread)(NORM),
            format!("independent lots of size η (2 − N); {why}"),
        )
        .chance(CHECK_LEVEL)
        .covered(context.effort.pick(2.5, 1.6, 1.02));
    Box::new(move |lab, findings| {
        let (mut norms, mut squares) = (Vec::new(), Vec::new());
        for (k, (steps, eta)) in (0..).zip(runs) {
            let seen = half_way(lab, f64::from(steps), eta, replicas, 11 << 32 | k)?;
            norms.push(seen.iter().map(|seen| seen.norm_sq).collect());
            squares.push(seen.iter().map(|seen| seen.spread).collect());
        }
        let thirds = [1.0 / 3.0, -2.0, 8.0 / 3.0];
        findings.checks.push(extrapolated(&norms, &thirds, arrival));
        findings.checks.push(extrapolated(&squares, &thirds, spread));
        findings.protocol.push(format!(
            "From ‖w_0‖ = {NORM} and even correlations of {SAMPLES} samples (b = 1): norm and log-ratio after m log(1/‖w_0‖)/2η steps of {replicas} runs at \
             each of η = {:.4}, {:.4} and {:.4}, extrapolated.",
            runs[0].1, runs[1].1, runs[2].1,
        ));
        Ok(())
    })
}

fn half_way(lab: &Lab, steps: f64, eta: f64, replicas: u64, cell: u64) -> Result<Vec<HalfWay>> {
    let schedule = Schedule::sgd(SAMPLES, 1, lab.cell_seed(&STUDY, cell))?;
    let ensemble = Ensemble::new(schedule, eta, steps, steps)?;
    ensemble.repeat_from(lab, &[0.5 * NORM; SAMPLES], replicas, |_, neuron: &Neuron| {
        let c = &neuron.correlations;
        let norm_sq = c.iter().map(|c| c * c).sum::<f64>();
        Some(HalfWay { norm_sq, spread: (c[0] / c[1]).ln().powi(2) / eta })
    })
}

/// Value at `η = 0` from means at `η, η/2, …` and their weights.
fn extrapolated(means: &[Mean], weights: &[f64], expected: Covered) -> Check {
    let terms: Vec<_> =
        means.iter().zip(weights).map(|(mean, weight)| (*weight, mean.mean, mean.sem)).collect();
    let (value, interval) = combination(&terms, CHECK_LEVEL);
    expected.estimated(value, interval, means.iter().map(|mean| mean.n as u64).sum())
}

/// What that does to the odds of two samples: runs as far as the manifold, from where the chain is solved.
pub(super) fn odds(context: &Context, prediction: &Prediction, register: &mut Register) -> Part {
    let (norm, replicas) = (0.1, context.effort.pick(250_000, 650_000, 1_500_000));
    let coarse: f64 = context.effort.pick(0.03, 0.03, 0.02);
    let start = direction(0.25).map(|c| norm * c);
    let limit = (prediction.pair)(start);
    let expected = register
        .expect(
            "m = 2, θ = π/8, ‖w_0‖ = 0.1: (P(i* = 1) − 2θ/π)/η, η → 0",
            (prediction.slope)(start),
            "first order in η; extrapolated from η and η/2, which leaves an order η², a quarter of an error at most",
        )
        .chance(CHECK_LEVEL)
        .covered(context.effort.pick(0.175, 0.11, 0.09));
    Box::new(move |lab, findings| {
        let mut quotients = Vec::new();
        for (k, eta) in (0..).zip([coarse, 0.5 * coarse]) {
            // N − 1 down to some e^{−4} η.
            let steps = (0.5 * ((1.0 / (norm * norm)).ln() + (1.0 / eta).ln() + 4.0) / eta).round();
            let schedule = Schedule::sgd(2, 1, lab.cell_seed(&STUDY, 13 << 32 | k))?;
            let ensemble = Ensemble::new(schedule, eta, steps, steps)?;
            let chain = Chain::new(eta);
            let seen = ensemble.repeat_from(lab, &start, replicas, |_, neuron: &Neuron| {
                let p = chain.probability([neuron.correlations[0], neuron.correlations[1]]);
                Some((p - limit) / eta)
            })?;
            quotients.push(Mean::of(&seen));
        }
        findings.checks.push(extrapolated(&quotients, &[-1.0, 2.0], expected));
        findings.protocol.push(format!(
            "From ‖w_0‖ = {norm} and θ = π/8 of two samples: the odds of the solved chain where the runs reach the manifold, over {replicas} runs at each of η = {coarse} \
             and {}, extrapolated.",
            0.5 * coarse,
        ));
        Ok(())
    })
}
