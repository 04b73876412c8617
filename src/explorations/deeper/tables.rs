//! The tables, one of them behind the figure.

use serde::{Deserialize, Serialize};

use super::runs::{Ended, Group, MEASURES};
use super::{BEYOND, Grid, paired, size};
use crate::stats::Interval;
use crate::study::paired::{Summary, field};
use crate::study::{Row, Table};
use crate::train::Outcome;

/// A run at its end. `halfway` is the participation ratio at half the budget of a run that used it up, `predicted` that of a theorem.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct RunEnd {
    model: String,
    layers: usize,
    neurons: usize,
    batch: usize,
    batch_share: f64,
    pair: usize,
    outcome: Outcome,
    steps: u64,
    loss: Option<f64>,
    participation_ratio: Option<f64>,
    max_cos: Option<f64>,
    cos_init: Option<f64>,
    dead_neurons: usize,
    halfway: Option<f64>,
    predicted: Option<f64>,
}

impl Row for RunEnd {
    const TABLE: &'static str = "deeper_runs";
}

/// One measure of a model at a batch size: mean over seeds and mean of the paired differences to `b = m`, with 95 % intervals; and, for want
/// of any assumption on tails, the share of pairs in which `b = m` has the larger value by more than 1e-3.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct MeanOfRuns {
    pub model: String,
    pub layers: usize,
    pub neurons: usize,
    pub batch: usize,
    pub batch_share: f64,
    pub measure: String,
    pub mean: Option<f64>,
    pub low: Option<f64>,
    pub high: Option<f64>,
    pub runs: Option<usize>,
    pub difference: Option<f64>,
    pub difference_low: Option<f64>,
    pub difference_high: Option<f64>,
    pub pairs: Option<usize>,
    pub larger: Option<f64>,
    pub larger_low: Option<f64>,
    pub larger_high: Option<f64>,
    pub converged: f64,
}

impl Row for MeanOfRuns {
    const TABLE: &'static str = "deeper";
}

/// A row a run.
pub(super) fn runs(grid: &Grid) -> Table {
    let samples = grid.setting.samples;
    let rows = |group: &Group| {
        let (layers, neurons) = size(group.model);
        let (model, batch) = (group.model.to_string(), group.batch);
        let row = move |(pair, run): (usize, &Ended)| RunEnd {
            model: model.clone(),
            layers,
            neurons,
            batch,
            batch_share: batch as f64 / samples as f64,
            pair,
            outcome: run.outcome,
            steps: run.steps,
            loss: field(run.loss),
            participation_ratio: field(run.participation_ratio),
            max_cos: field(run.max_cos),
            cos_init: field(run.cos_init),
            dead_neurons: run.dead,
            halfway: field(run.halfway),
            predicted: run.predicted.and_then(field),
        };
        group.runs.iter().enumerate().map(row).collect::<Vec<_>>()
    };
    Table::of(grid.groups.iter().flat_map(rows))
}

/// A row a model, batch size and measure.
pub(super) fn summary(grid: &Grid) -> Table {
    let samples = grid.setting.samples;
    let row = |group: &Group, (name, measure): (&str, fn(&Ended) -> f64)| {
        let values = group.values(measure);
        let full = (group.batch < samples).then(|| grid.full(group.model).values(measure));
        let (own, difference) = Summary::compared(&values, full.as_deref());
        let larger = full.and_then(|full| larger(&paired::differences(&full, &values)));
        let (layers, neurons) = size(group.model);
        MeanOfRuns {
            model: group.model.to_string(),
            layers,
            neurons,
            batch: group.batch,
            batch_share: group.batch as f64 / samples as f64,
            measure: name.into(),
            mean: own.mean,
            low: own.low,
            high: own.high,
            runs: own.runs,
            difference: difference.mean,
            difference_low: difference.low,
            difference_high: difference.high,
            pairs: difference.runs,
            larger: larger.map(|larger| larger.0),
            larger_low: larger.map(|larger| larger.1.low),
            larger_high: larger.map(|larger| larger.1.high),
            converged: group.stopped(),
        }
    };
    Table::of(grid.groups.iter().flat_map(|group| MEASURES.map(|measure| row(group, measure))))
}

/// Share of differences that are positive beyond doubt, with its interval.
fn larger(differences: &[f64]) -> Option<(f64, Interval)> {
    let known: Vec<f64> = differences.iter().copied().filter(|d| d.is_finite()).collect();
    let (hits, trials) = (known.iter().filter(|&&d| d > BEYOND).count() as u64, known.len() as u64);
    (trials > 0).then(|| (hits as f64 / trials as f64, paired::share_interval(hits, trials)))
}
