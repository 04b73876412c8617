//! Before and after selection: two samples, where both times are known, and six.

use super::{Prediction, STUDY};
use crate::error::Result;
use crate::schedule::Schedule;
use crate::state::Neuron;
use crate::stats::{CHECK_LEVEL, Mean};
use crate::study::ensemble::{Ensemble, lead};
use crate::study::{Context, Findings, Table};
use crate::theory::selection::diffusion_rate;
use crate::vectors::norm;
use crate::verdict::Expectation;

/// Log-ratio at which a run counts as selected (it comes back from there with probability 0.03), and as done.
const LEVELS: [f64; 2] = [3.0, 9.0];

/// What the bias adds to the level of an interval: Φ(−4.56 + 0.4) + Φ(−4.56 − 0.4) is less than this beyond 2Φ(−4.56).
const BIAS: f64 = 1.2e-5;

pub(super) fn examine(context: &Context, prediction: &Prediction, findings: &mut Findings) -> Result<()> {
    // More runs see a smaller bias.
    let (c, eta) = ([0.6, 0.8], context.effort.pick(0.05, 0.05, 0.025));
    // The last step, up by some η, goes beyond a level by half of that in the mean.
    let [near, far] = LEVELS.map(|level| level + 0.5 * eta);
    let to_selection = (prediction.pair_time)(c, near);
    let after = (prediction.pair_time)([near.exp(), 1.0], far);
    // At η = 0.05 it is 0.005 ± 0.0016 and −0.005 ± 0.0034 in a million runs: a third of a standard error at most.
    let why = "log(cosh D/cosh d_0), D half a step beyond the level; what is left is of order η, a third of a standard error at most";
    let precision = context.effort.pick(0.9, 0.5, 0.15);
    let expectations = [
        Expectation::new("m = 2: mean κT to selection, |d| = 3", to_selection, why)
            .chance(BIAS)
            .covered(precision),
        Expectation::new("m = 2: mean κT from there to |d| = 9", after, why).chance(BIAS).covered(precision),
    ];
    let replicas = context.effort.pick(600, 2000, 15_000);
    let times = times(context, &c, 1, eta, replicas, 5 << 32)?;
    for (k, expectation) in expectations.into_iter().enumerate() {
        let mean = Mean::of(&times.iter().map(|both| both[k]).collect::<Vec<_>>());
        findings.checks.push(expectation.estimated(mean.mean, mean.interval(CHECK_LEVEL), mean.n as u64));
    }
    let mut rows = vec![row(2, 1, &times)];
    let (even, step_size, runs) = ([0.4; 6], 0.1, context.effort.pick(40, 300, 5000));
    for batch in [1, 3, 5] {
        let times = self::times(context, &even, batch, step_size, runs, 6 << 32 | batch as u64)?;
        rows.push(row(6, batch, &times));
    }
    findings.protocol.push(format!(
        "The times of SGD to a log-ratio of 3 and from there to 9: {replicas} runs for m = 2 from (0.6, 0.8), b = 1, η = {eta}; and {runs} for m = 6 \
         from the even mixture, b = 1, 3, 5, η = {step_size}, for the table."
    ));
    let header =
        vec!["samples", "batch", "kappa_t_selection", "se_selection", "kappa_t_after", "se_after", "runs"];
    findings.tables.push(Table::raw("rate_phases", &header, rows));
    Ok(())
}

/// `κT` to selection, and from there to the end, of each run.
fn times(
    context: &Context,
    c: &[f64],
    batch: usize,
    eta: f64,
    replicas: u64,
    cell: u64,
) -> Result<Vec<[f64; 2]>> {
    let kappa = diffusion_rate(c.len(), batch, eta);
    let mut reached = Vec::new();
    let norm = norm(c);
    let unit: Vec<f64> = c.iter().map(|c| c / norm).collect();
    // The same runs twice, once to each level: a rule remembers nothing.
    for level in LEVELS {
        let schedule = Schedule::sgd(c.len(), batch, context.cell_seed(&STUDY, cell))?;
        let ensemble = Ensemble::new(schedule, eta, 1.0, 200.0 / kappa)?;
        let rule = |steps: u64, neuron: &Neuron| {
            let (_, others) = lead(neuron);
            (others < (-level).exp()).then_some(kappa * steps as f64)
        };
        reached.push(ensemble.repeat(context, &ensemble.start(&unit, 0.0)?, replicas, rule)?);
    }
    let both = reached[0].iter().zip(&reached[1]);
    Ok(both.filter_map(|(first, second)| Some([(*first)?, (*second)? - (*first)?])).collect())
}

fn row(samples: usize, batch: usize, times: &[[f64; 2]]) -> Vec<String> {
    let [first, second] = [0, 1].map(|k| Mean::of(&times.iter().map(|both| both[k]).collect::<Vec<_>>()));
    let numbers = [first.mean, first.sem, second.mean, second.sem].map(|x| x.to_string());
    [vec![samples.to_string(), batch.to_string()], numbers.to_vec(), vec![times.len().to_string()]].concat()
}
