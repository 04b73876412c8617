//! Who wins from random starts, and over the simplex of three.

use itertools::Itertools;
use rand::RngExt;
use rayon::prelude::*;

use super::{Prediction, STUDY};
use crate::error::Result;
use crate::init::Start;
use crate::rng::{Purpose, stream};
use crate::schedule::Schedule;
use crate::stats::{CHECK_LEVEL, binomial_interval};
use crate::study::ensemble::{Ensemble, lead};
use crate::study::{Context, Findings, Table};
use crate::vectors;
use crate::verdict::{Check, Covered, Expectation};

pub(super) fn examine(context: &Context, prediction: &Prediction, findings: &mut Findings) -> Result<()> {
    random_starts(context, prediction, findings)?;
    let check = close_calls(context, prediction)?;
    let table = simplex(context, prediction)?;
    findings.protocol.push(format!(
        "The winner of {} close calls, m = 6, η = 0.02, and over {} starts on the simplex for m = 3.",
        check.n,
        table.csv.lines().count() - 1
    ));
    findings.checks.push(check);
    findings.tables.push(table);
    Ok(())
}

/// Winners from several starts under one step size; a start that did not decide has none.
fn winners(ensemble: &Ensemble, starts: &[Start]) -> Result<Vec<Option<usize>>> {
    let rule = |_, neuron: &crate::state::Neuron| {
        let (leader, others) = lead(neuron);
        (others < 0.05).then_some(leader)
    };
    let blocks = starts.par_chunks(64).map(|starts| ensemble.run(starts, 0, rule));
    Ok(blocks.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
}

fn ensemble(samples: usize, eta: f64) -> Result<Ensemble> {
    let cycle = samples as f64 / (eta * eta);
    Ensemble::new(Schedule::cyclic(samples, 1)?, eta, 0.5 * cycle, 1000.0 * cycle)
}

fn largest_of(c: &[f64]) -> usize {
    // The last one on a tie, which the simplex has; correlations of starts are numbers.
    (0..c.len()).max_by(|&i, &j| c[i].abs().total_cmp(&c[j].abs())).unwrap_or(0)
}

/// Gaussian starts: how often the largest correlation loses, measured and to first order.
fn random_starts(context: &Context, prediction: &Prediction, findings: &mut Findings) -> Result<()> {
    let replicas = context.effort.pick(300, 2000, 40_000);
    let etas: &[f64] = context.effort.pick(&[0.1, 0.05], &[0.2, 0.1, 0.05], &[0.2, 0.1, 0.05]);
    let sizes = context.effort.pick(vec![12], vec![3, 12], vec![3, 12, 40]);
    findings.protocol.push(format!(
        "The winner of {replicas} Gaussian starts of norm ½ a cell, m = {}, η = {}.",
        sizes.iter().join(", "),
        etas.iter().join(", ")
    ));
    let mut rows = Vec::new();
    for samples in sizes {
        for (k, &eta) in etas.iter().enumerate() {
            context.progress.inc_length(replicas);
            let ensemble = ensemble(samples, eta)?;
            let seed = context.cell_seed(&STUDY, (samples as u64) << 8 | k as u64);
            let starts = ensemble.gaussian(0.5, seed, 0, replicas)?;
            let largest: Vec<usize> = starts.iter().map(|start| largest_of(&start.correlations)).collect();
            let winner = |start: &Start| (prediction.winner)(&start.correlations, start.norm_sq, eta);
            let predicted: Vec<usize> = starts.par_iter().map(winner).collect();
            let share = |count: usize| count as f64 / replicas as f64;
            let foretold = share(predicted.iter().zip(&largest).filter(|(a, b)| a != b).count());
            let check = (samples == 12 && eta == 0.05).then(|| largest_loses(context, foretold));
            let won = winners(&ensemble, &starts)?;
            context.progress.inc(replicas);
            let differs = |from: &[usize]| won.iter().zip(from).filter(|(won, i)| **won != Some(**i)).count();
            let (lost, wrong) = (differs(&largest), share(differs(&predicted)));
            let se = (share(lost) * (1.0 - share(lost)) / replicas as f64).sqrt();
            let numbers = [eta, share(lost), se, foretold, wrong].map(|x| x.to_string());
            rows.push([vec![samples.to_string()], numbers.to_vec(), vec![replicas.to_string()]].concat());
            let interval = binomial_interval(lost as u64, replicas, CHECK_LEVEL);
            findings.checks.extend(check.map(|check| check.estimated(share(lost), interval, replicas)));
        }
    }
    let header = vec![
        "samples",
        "step_size",
        "largest_loses",
        "standard_error",
        "first_order",
        "prediction_wrong",
        "runs",
    ];
    findings.tables.push(Table::raw("cyclic_largest_loses", &header, rows));
    Ok(())
}

/// What the frequency of the cell with the most samples and the smallest step will be held to.
fn largest_loses(context: &Context, foretold: f64) -> Covered {
    let name = "m = 12, η = 0.05, Gaussian starts: fraction of runs in which the largest correlation loses";
    let why = "first order in η, for the very same starts, so that the interval is wider than need be; what is left is of the next order";
    Expectation::new(name, foretold, why).covered(context.effort.pick(0.1, 0.03, 0.012))
}

/// The order's law in `η`: starts whose runner-up is visited earlier and behind by `x η`, `x` uniform on `(0, 2)`. It
/// wins iff `x < B`, at any small `η`.
fn close_calls(context: &Context, prediction: &Prediction) -> Result<Check> {
    let (samples, eta) = (6, 0.02);
    let replicas = context.effort.pick(400, 1600, 20_000);
    let check = Expectation::new(
        "m = 6, η = 0.02, runner-up earlier and behind by up to 2η: fraction of winners not predicted",
        context.effort.pick(0.1, 0.04, 0.02),
        "a wrong winner needs a lead within O(η²) of the head start, or a third sample within O(η): at 0.0054 of the starts, as seen in \
         80,000, the interval ends above the bound with a probability below 1e-8; without a head start 0.3 to 0.4 would be wrong",
    )
    .bounded();
    let ensemble = ensemble(samples, eta)?;
    let seed = context.cell_seed(&STUDY, 1 << 32);
    let mut rng = stream(seed, Purpose::Protocol, 0);
    let mut starts = Vec::new();
    for start in ensemble.gaussian(0.5, seed, 0, replicas)? {
        let mut c = start.correlations;
        let largest = largest_of(&c);
        let runner_up =
            (0..samples).filter(|j| *j != largest).max_by(|&i, &j| c[i].abs().total_cmp(&c[j].abs()));
        let (first, second) = (largest.min(runner_up.unwrap_or(0)), largest.max(runner_up.unwrap_or(0)));
        let behind = 2.0 * eta * rng.random::<f64>();
        let top = c[largest].abs();
        (c[first], c[second]) = (top * (-behind).exp(), top);
        starts.push(ensemble.start(&c, start.residual)?);
    }
    let won = winners(&ensemble, &starts)?;
    let wrong = starts
        .iter()
        .zip(won)
        .filter(|(start, won)| *won != Some((prediction.winner)(&start.correlations, start.norm_sq, eta)));
    let wrong = wrong.count() as u64;
    let interval = binomial_interval(wrong, replicas, CHECK_LEVEL);
    Ok(check.estimated(wrong as f64 / replicas as f64, interval, replicas))
}

/// Three samples: the winner over the simplex of starts, for a map; norm ½.
fn simplex(context: &Context, prediction: &Prediction) -> Result<Table> {
    let n: usize = context.effort.pick(12, 60, 240);
    let (eta, norm) = (0.15, 0.5);
    let ensemble = ensemble(3, eta)?;
    let mut starts = Vec::new();
    for k in 0..n {
        for j in 0..n - k {
            let c = [k, j, n - 1 - k - j].map(|x| (x as f64 + 1.0 / 3.0) / n as f64);
            let length = vectors::norm(&c);
            starts.push(ensemble.start(&c.map(|c| norm * c / length), 0.0)?);
        }
    }
    let won = winners(&ensemble, &starts)?;
    let rows = starts.iter().zip(won).map(|(start, won)| {
        let c = &start.correlations;
        let total: f64 = c.iter().sum();
        let predicted = (prediction.winner)(c, start.norm_sq, eta);
        let name = |winner: Option<usize>| winner.map_or("none".to_string(), |i| i.to_string());
        let shares = c.iter().map(|c| (c / total).to_string());
        let settings = [norm.to_string(), eta.to_string()];
        let outcome = [name(won), predicted.to_string(), largest_of(c).to_string()];
        shares.chain(settings).chain(outcome).collect()
    });
    let header =
        vec!["share_0", "share_1", "share_2", "init_norm", "step_size", "winner", "first_order", "largest"];
    Ok(Table::raw("cyclic_simplex", &header, rows.collect()))
}
