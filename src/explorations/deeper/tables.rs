//! The tables behind the figure.

use super::runs::{Ended, Group, MEASURES};
use super::{BEYOND, Measured, paired, size};
use crate::stats::Interval;
use crate::study::Table;

/// A row a run, for `deeper_runs.csv`. `halfway` is the participation ratio at half the budget of a run that used it up, `predicted`
/// that of a theorem.
pub(super) fn runs(measured: &Measured) -> Table {
    let samples = measured.protocol.samples;
    let row = |group: &Group, pair: usize, run: &Ended| {
        let mut row = case(group, samples);
        row.extend([
            pair.to_string(),
            run.outcome.name().into(),
            run.steps.to_string(),
            paired::field(run.loss),
            paired::field(run.participation_ratio),
            paired::field(run.max_cos),
            paired::field(run.cos_init),
            run.dead.to_string(),
            paired::field(run.halfway),
            run.predicted.map_or(String::new(), paired::field),
        ]);
        row
    };
    let mut rows = Vec::new();
    for group in &measured.groups {
        rows.extend(group.runs.iter().enumerate().map(|(pair, run)| row(group, pair, run)));
    }
    let own = [
        "pair",
        "outcome",
        "steps",
        "loss",
        "participation_ratio",
        "max_cos",
        "cos_init",
        "dead_neurons",
        "halfway",
        "predicted",
    ];
    Table::raw("deeper_runs", &[CASE.as_slice(), &own].concat(), rows)
}

/// A row a model, batch size and measure, for `deeper.csv`: mean over seeds and mean of the paired differences to `b = m`, with 95 %
/// intervals; and, for want of any assumption on tails, the share of pairs in which `b = m` has the larger value by
/// more than 1e-3.
pub(super) fn summary(measured: &Measured) -> Table {
    let samples = measured.protocol.samples;
    let mut rows = Vec::new();
    for group in &measured.groups {
        for (name, measure) in MEASURES {
            let values = group.values(measure);
            let full = (group.batch < samples).then(|| measured.full(group.model).values(measure));
            let mut row = case(group, samples);
            row.push(name.into());
            row.extend(paired::compared(&values, full.as_deref()));
            row.extend(full.map(|full| larger(&paired::differences(&full, &values))).unwrap_or_default());
            row.push(group.stopped().to_string());
            rows.push(row);
        }
    }
    let shares = ["larger", "larger_low", "larger_high", "converged"];
    let header = [CASE.as_slice(), &["measure"], &paired::COMPARED, &shares].concat();
    Table::raw("deeper", &header, rows)
}

/// Columns of [`case`].
const CASE: [&str; 5] = ["model", "layers", "neurons", "batch", "batch_share"];

fn case(group: &Group, samples: usize) -> Vec<String> {
    let (layers, neurons) = size(group.model);
    vec![
        group.model.to_string(),
        layers.to_string(),
        neurons.to_string(),
        group.batch.to_string(),
        (group.batch as f64 / samples as f64).to_string(),
    ]
}

/// Share of differences that are positive beyond doubt, with its interval.
fn larger(differences: &[f64]) -> [String; 3] {
    let known: Vec<f64> = differences.iter().copied().filter(|d| d.is_finite()).collect();
    if known.is_empty() {
        return Default::default();
    }
    let (hits, trials) = (known.iter().filter(|&&d| d > BEYOND).count() as u64, known.len() as u64);
    let Interval { low, high } = paired::share_interval(hits, trials);
    [hits as f64 / trials as f64, low, high].map(|x| x.to_string())
}
