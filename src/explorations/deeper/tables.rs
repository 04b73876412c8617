//! The tables, one of them behind the figure.

use serde::{Deserialize, Serialize};

use super::runs::{Ended, MEASURES, Measure};
use super::{BEYOND, Cell, Grid};
use crate::stats::{ESTIMATE_LEVEL, Interval, binomial_interval};
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
    let samples = grid.setting.samples as f64;
    let row = |Cell { model, batch }: &Cell, pair: usize, run: &Ended| RunEnd {
        model: model.to_string(),
        layers: model.layers(),
        neurons: model.neurons(),
        batch: *batch,
        batch_share: *batch as f64 / samples,
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
    Table::of(grid.runs.rows(row))
}

/// A row a model, batch size and measure.
pub(super) fn summary(grid: &Grid) -> Table {
    let row = |cell: &Cell, runs: &[Ended], (name, measure): (&str, Measure)| {
        let own = Summary::of(&grid.runs.values(cell, measure));
        let full = grid.full(&cell.model);
        // The full batch is compared with nothing.
        let differences =
            if *cell == full { Vec::new() } else { grid.runs.differences(&full, cell, measure) };
        let (difference, larger) = (Summary::of(&differences), larger(&differences));
        let stopped = runs.iter().filter(|run| run.outcome == Outcome::Converged).count();
        let (layers, neurons) = (cell.model.layers(), cell.model.neurons());
        MeanOfRuns {
            model: cell.model.to_string(),
            layers,
            neurons,
            batch: cell.batch,
            batch_share: cell.batch as f64 / grid.setting.samples as f64,
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
            converged: stopped as f64 / runs.len() as f64,
        }
    };
    Table::of(grid.runs.cells().flat_map(|(cell, runs)| MEASURES.map(|measure| row(cell, runs, measure))))
}

/// Share of differences that are positive beyond doubt, with its interval.
fn larger(differences: &[f64]) -> Option<(f64, Interval)> {
    let known: Vec<f64> = differences.iter().copied().filter(|d| d.is_finite()).collect();
    let (hits, trials) = (known.iter().filter(|&&d| d > BEYOND).count() as u64, known.len() as u64);
    (trials > 0).then(|| (hits as f64 / trials as f64, binomial_interval(hits, trials, ESTIMATE_LEVEL)))
}
