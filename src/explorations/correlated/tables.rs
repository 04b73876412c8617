//! The tables, two of them behind figures.

use serde::{Deserialize, Serialize};

use super::onset::{self, FirstStep};
use super::runs::{self, RunMeans};
use super::{Condition, Grid, paired};
use crate::model::Activation;
use crate::study::paired::{Summary, field};
use crate::study::{Row, Table};

/// Quantiles of the spread law that are compared.
const QUANTILES: [f64; 3] = [0.25, 0.5, 0.75];

/// One measure under one condition: mean over starts with its interval, and what theory says of full batches.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct MeanOfRuns {
    pub activation: Activation,
    pub rho: f64,
    pub batch: usize,
    pub measure: String,
    pub mean: Option<f64>,
    pub low: Option<f64>,
    pub high: Option<f64>,
    pub runs: Option<usize>,
    pub predicted: Option<f64>,
    pub samples: usize,
    pub crossover: Option<f64>,
}

impl Row for MeanOfRuns {
    const TABLE: &'static str = "correlated";
}

/// A run. `mixed_predicted` and `distance` are those of the limit of full batches.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct RunRow {
    activation: Activation,
    rho: f64,
    batch: usize,
    pair: usize,
    converged: Option<bool>,
    mixed: Option<f64>,
    mixed_predicted: Option<f64>,
    distance: Option<f64>,
    max_cos: Option<f64>,
    impurity: Option<f64>,
    cos_init: Option<f64>,
    argmax_kept: bool,
}

impl Row for RunRow {
    const TABLE: &'static str = "correlated_runs";
}

/// One quantile of the spread under one condition: the measured one with its interval, the predicted one, and the share of coefficients at or
/// below the predicted one with its interval.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct SpreadQuantile {
    pub activation: Activation,
    pub rho: f64,
    pub batch: usize,
    pub probability: f64,
    pub quantile: f64,
    pub low: f64,
    pub high: f64,
    pub predicted: f64,
    pub share: Option<f64>,
    pub share_low: Option<f64>,
    pub share_high: Option<f64>,
    pub runs: Option<usize>,
    pub scale: f64,
}

impl Row for SpreadQuantile {
    const TABLE: &'static str = "correlated_spread";
}

/// One step from a datapoint under one condition: mean length with its interval, the mean of the predicted lengths, the largest deviation.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct FirstStepRow {
    activation: Activation,
    rho: f64,
    batch: usize,
    length: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    runs: Option<usize>,
    predicted: f64,
    deviation: f64,
    moved: u64,
}

impl Row for FirstStepRow {
    const TABLE: &'static str = "correlated_onset";
}

/// All tables.
pub(super) fn tables(grid: &Grid) -> Vec<Table> {
    vec![
        Table::of(grid.runs.cells().flat_map(|(condition, runs)| means(grid, condition, runs))),
        Table::of(grid.runs.rows(|condition, pair, seen| run_row(grid, condition, pair, seen))),
        Table::of(grid.runs.cells().flat_map(|(condition, runs)| spread(grid, condition, runs))),
        Table::of(grid.onsets.cells().map(|(condition, steps)| first_step(condition, steps))),
    ]
}

fn means(grid: &Grid, condition: &Condition, runs: &[RunMeans]) -> [MeanOfRuns; 3] {
    let (setting, &Condition { activation, rho, batch }) = (&grid.setting, condition);
    let limits: Vec<f64> = runs.iter().filter_map(|seen| Some(seen.limit?.1)).collect();
    let predicted = if batch == setting.samples {
        field(limits.iter().sum::<f64>() / limits.len() as f64)
    } else if rho == 0.0 || rho < 0.0 && activation == Activation::Relu {
        // What is fixed is pure; beyond it the law of the spread has no mean.
        Some(1.0)
    } else {
        None
    };
    let crossover = (batch < setting.samples)
        .then(|| (setting.prediction.crossover)(setting.samples, batch, setting.step_per_sample(batch)));
    let row = |measure: &str, of: fn(&RunMeans) -> f64, predicted: Option<f64>| {
        let Summary { mean, low, high, runs } = Summary::of(&grid.runs.values(condition, of));
        MeanOfRuns {
            activation,
            rho,
            batch,
            measure: measure.into(),
            mean,
            low,
            high,
            runs,
            predicted,
            samples: setting.samples,
            crossover: crossover.and_then(field),
        }
    };
    [
        row("mixed", |seen| seen.mixed, predicted),
        row("max_cos", |seen| seen.max_cos, None),
        row("cos_init", |seen| seen.cos_init, None),
    ]
}

fn run_row(grid: &Grid, condition: &Condition, pair: usize, seen: &RunMeans) -> RunRow {
    let &Condition { activation, rho, batch } = condition;
    let limit = seen.limit.filter(|_| batch == grid.setting.samples);
    RunRow {
        activation,
        rho,
        batch,
        pair,
        converged: seen.converged,
        mixed: field(seen.mixed),
        mixed_predicted: limit.map(|limit| limit.1),
        distance: limit.map(|limit| limit.0),
        max_cos: field(seen.max_cos),
        impurity: field(seen.impurity),
        cos_init: field(seen.cos_init),
        argmax_kept: seen.argmax_kept,
    }
}

/// None where nothing spreads, or fewer than two runs say how.
fn spread(grid: &Grid, condition: &Condition, runs: &[RunMeans]) -> Vec<SpreadQuantile> {
    let &Condition { activation, rho, batch } = condition;
    let groups = runs::others(runs);
    let is_fixed = rho == 0.0 || rho < 0.0 && activation == Activation::Relu;
    if batch == grid.setting.samples || is_fixed || groups.len() < 2 {
        return Vec::new();
    }
    let law = grid.setting.law(rho, batch);
    let row = |probability: f64| {
        let (quantile, interval) = paired::pooled_quantile(&groups, probability);
        let predicted = law.quantile(probability);
        let shares = Summary::of(&paired::shares_below(&groups, predicted));
        SpreadQuantile {
            activation,
            rho,
            batch,
            probability,
            quantile,
            low: interval.low,
            high: interval.high,
            predicted,
            share: shares.mean,
            share_low: shares.low,
            share_high: shares.high,
            runs: shares.runs,
            scale: law.scale,
        }
    };
    QUANTILES.map(row).into()
}

fn first_step(condition: &Condition, steps: &[FirstStep]) -> FirstStepRow {
    let &Condition { activation, rho, batch } = condition;
    let lengths: Vec<f64> = steps.iter().map(|step| step.length).collect();
    let Summary { mean: length, low, high, runs } = Summary::of(&lengths);
    let predicted = steps.iter().map(|step| step.predicted).sum::<f64>() / steps.len() as f64;
    let (deviation, moved) = (onset::deviation(steps), onset::moved(steps));
    FirstStepRow { activation, rho, batch, length, low, high, runs, predicted, deviation, moved }
}
