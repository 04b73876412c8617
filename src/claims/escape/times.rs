//! When SGD commits: its law for two samples, and how its mean goes with `κ` and `m`.

use super::laws::mixture;
use super::{Prediction, STUDY};
use crate::error::Result;
use crate::schedule::Schedule;
use crate::state::Neuron;
use crate::stats::{
    CHECK_LEVEL, ESTIMATE_LEVEL, Interval, Line, Mean, binomial_interval, distance_to_law, largest_distance,
};
use crate::study::ensemble::{Ensemble, lead};
use crate::study::{Context, Findings, Table};
use crate::theory::escape::Survival;
use crate::theory::selection::diffusion_rate;
use crate::vectors::largest;
use crate::verdict::{Check, Expectation};

/// Log-ratio of the leader to the sum of the others at which a run has committed: it comes back from there with a
/// probability of 0.012.
const COMMITTED: f64 = 4.0;

/// Samples of the even mixture whose time is seen against `κ`.
const SAMPLES: usize = 6;

pub(super) fn examine(
    context: &Context,
    replicas: u64,
    prediction: &Prediction,
    findings: &mut Findings,
) -> Result<()> {
    let (checks, law) = two(context, replicas, prediction)?;
    findings.checks.extend(checks);
    let (check, scaling) = scaling(context, replicas / 4, prediction)?;
    findings.checks.push(check);
    findings.tables.extend([law, scaling, sizes(context, replicas / 4)?]);
    findings.protocol.push(format!(
        "For m = 2, {replicas} runs from each of two mixtures give the time until a log-ratio of {COMMITTED}, its mean and, from the even mixture, the greatest distance \
         of its distribution function from the exact one. For m = {SAMPLES} and b = 1, 2, 3, 5, {} runs at each of η_B = 0.2, 0.1, 0.05 give the power of κ in the \
         mean time.",
        replicas / 4
    ));
    Ok(())
}

/// Steps until committed, of every run.
fn steps(
    context: &Context,
    alpha: &[f64],
    (batch, eta): (usize, f64),
    replicas: u64,
    cell: u64,
) -> Result<Vec<f64>> {
    let kappa = diffusion_rate(alpha.len(), batch, eta);
    let schedule = Schedule::sgd(alpha.len(), batch, context.cell_seed(&STUDY, cell))?;
    let ensemble = Ensemble::new(schedule, eta, 1.0, 200.0 / kappa)?;
    let rule = |steps: u64, neuron: &Neuron| (lead(neuron).1 < (-COMMITTED).exp()).then_some(steps as f64);
    Ok(ensemble
        .repeat(context, &ensemble.start(alpha, 0.0)?, replicas, rule)?
        .into_iter()
        .flatten()
        .collect())
}

/// Two samples: mean from two mixtures, and the whole law from the even one.
fn two(context: &Context, replicas: u64, prediction: &Prediction) -> Result<(Vec<Check>, Table)> {
    let eta = context.effort.pick(0.04, 0.04, 0.02);
    // The last step, up by some η, goes beyond the level by half of that in the mean.
    let far = COMMITTED + 0.5 * eta;
    let (mut checks, mut even) = (Vec::new(), Vec::new());
    for (k, c) in [[1.0, 1.0], [1.0, 0.3]].into_iter().enumerate() {
        let name = format!("m = 2, α ∝ ({}, {}): mean κT until committed, |d| = {COMMITTED}", c[0], c[1]);
        let why = "log(cosh D/cosh d_0), D half a step beyond the level; what is left is of order η";
        let expected = (prediction.mean_time)(c, far);
        let check = Expectation::new(name, expected, why).covered(context.effort.pick(0.8, 0.3, 0.1));
        let kappa = (prediction.diffusion_rate)(2, 1, eta);
        let times: Vec<f64> = steps(context, &mixture(&c), (1, eta), replicas, 4 << 32 | k as u64)?
            .into_iter()
            .map(|steps| kappa * steps)
            .collect();
        let mean = Mean::of(&times);
        checks.push(check.estimated(mean.mean, mean.interval(CHECK_LEVEL), mean.n as u64));
        if k == 0 {
            even = times;
        }
    }
    let bound = largest_distance(even.len(), CHECK_LEVEL);
    let name = "m = 2, even mixture: distance of the law of κT from its survival function";
    let why = "largest gap of the distribution functions; bound of Dvoretzky, Kiefer, Wolfowitz and Massart at the level of a check";
    let check = Expectation::new(name, bound, why).chance(CHECK_LEVEL).at_most();
    let survival = (prediction.survival)(far);
    let n = even.len() as u64;
    checks.push(check.measured(distance_to_law(&mut even, |t| 1.0 - survival.at(t)), n));
    Ok((checks, law_table(&even, &survival, eta)))
}

/// Distribution function of `κT` at evenly spaced times, for `escape_law.csv`: share of runs with its 95 % interval, beside the law.
fn law_table(times: &[f64], survival: &Survival, eta: f64) -> Table {
    let runs = times.len() as u64;
    let last = largest(times.iter().copied());
    let row = |k: u32| {
        let t = last * f64::from(k) / 40.0;
        let committed = times.iter().filter(|time| **time <= t).count() as u64;
        let Interval { low, high } = binomial_interval(committed, runs, ESTIMATE_LEVEL);
        let numbers = [eta, t, committed as f64 / runs as f64, low, high, 1.0 - survival.at(t)];
        numbers.map(|x| x.to_string()).into_iter().chain([runs.to_string()]).collect()
    };
    let header = vec!["step_per_sample", "kappa_t", "committed", "low", "high", "predicted", "runs"];
    Table::raw("escape_law", &header, (0..=40).map(row).collect())
}

/// Six even samples: the mean time against `κ`, over batch sizes and step sizes.
fn scaling(context: &Context, replicas: u64, prediction: &Prediction) -> Result<(Check, Table)> {
    let check = Expectation::new(
        format!("m = {SAMPLES}: log–log slope of the mean time to commit in κ"),
        -1.0,
        "b = 1, 2, 3, 5, η = 0.1 and 0.05, each extrapolated with 2η to first order: κ over a factor of 7; errors of the means",
    )
    .covered(context.effort.pick(0.4, 0.15, 0.05));
    let (mut points, mut rows) = (Vec::new(), Vec::new());
    for (k, batch) in [1usize, 2, 3, 5].into_iter().enumerate() {
        let mut coarser: Option<Mean> = None;
        for (l, eta) in [0.2, 0.1, 0.05].into_iter().enumerate() {
            let cell = 5 << 32 | (k as u64) << 8 | l as u64;
            let mean = Mean::of(&steps(context, &mixture(&[1.0; SAMPLES]), (batch, eta), replicas, cell)?);
            let kappa = (prediction.diffusion_rate)(SAMPLES, batch, eta);
            // Of κT, from η and 2η, without what is of order η.
            if let Some(coarser) = coarser {
                let time = 2.0 * mean.mean - 4.0 * coarser.mean;
                let error = (2.0 * mean.sem).hypot(4.0 * coarser.sem);
                points.push((kappa.ln(), time.ln(), error / time));
            }
            let numbers =
                [eta, kappa, mean.mean, mean.sem, kappa * mean.mean, kappa * mean.sem].map(|x| x.to_string());
            let head = vec![SAMPLES.to_string(), batch.to_string()];
            rows.push([head, numbers.to_vec(), vec![mean.n.to_string()]].concat());
            coarser = Some(mean);
        }
    }
    let line = Line::fit(&points);
    let interval: Interval = line.slope_interval(CHECK_LEVEL);
    let header = vec![
        "samples",
        "batch",
        "step_per_sample",
        "clock",
        "mean_steps",
        "se_steps",
        "kappa_t",
        "se_kappa_t",
        "runs",
    ];
    Ok((check.estimated(line.slope, interval, 12 * replicas), Table::raw("escape_scaling", &header, rows)))
}

/// The time to commit from the even mixture of `m` samples: no law for it here, but numbers, at one step size.
fn sizes(context: &Context, replicas: u64) -> Result<Table> {
    let eta = 0.1;
    let mut rows = Vec::new();
    let sizes: &[usize] = context.effort.pick(&[2, 8], &[2, 4, 8, 16, 32], &[2, 4, 8, 16, 32, 64]);
    for &samples in sizes {
        let kappa = diffusion_rate(samples, 1, eta);
        let cell = 6 << 32 | samples as u64;
        let times = steps(context, &mixture(&vec![1.0; samples]), (1, eta), replicas, cell)?;
        let mean = Mean::of(&times);
        let numbers = [eta, kappa * mean.mean, kappa * mean.sem].map(|x| x.to_string());
        rows.push([vec![samples.to_string()], numbers.to_vec(), vec![mean.n.to_string()]].concat());
    }
    let header = vec!["samples", "step_per_sample", "kappa_t", "standard_error", "runs"];
    Ok(Table::raw("escape_sizes", &header, rows))
}
