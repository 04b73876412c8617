//! A row a run, and a row a setting.

use serde::{Deserialize, Serialize};

use super::Runs;
use super::runs::{Cell, Ended, SAMPLES};
use crate::study::paired::{Summary, field};
use crate::study::{Row, Table};
use crate::vectors::largest;

/// A run at its end.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct RunEnd {
    pub widths: String,
    pub batch: usize,
    pub pair: usize,
    pub at_rest: bool,
    pub diverged: bool,
    pub steps: u64,
    /// Samples that the map takes to themselves.
    pub kept: usize,
    /// Distances of the map and of `W_1ᵀW_1` from a coordinate projector.
    pub map_distance: Option<f64>,
    pub layer_distance: Option<f64>,
    /// Shares of `W_1` on lost samples, and of `W_1ᵀW_1` off the diagonal.
    pub on_lost: Option<f64>,
    pub off_diagonal: Option<f64>,
    /// Largest eigenvalue of `W_1ᵀW_1` on the samples.
    pub first_layer: Option<f64>,
    /// Largest `η_B λ_max` of a batch at the end; from 2 on its step is not stable.
    pub curvature: Option<f64>,
}

impl Row for RunEnd {
    const TABLE: &'static str = "deep_subspaces_runs";
}

/// What the runs of a setting ended in; means with 95 % intervals are of those at rest.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct MeanOfRuns {
    widths: String,
    batch: usize,
    step_per_sample: f64,
    runs: usize,
    at_rest: usize,
    /// Of the others: where `η_B λ_max` of a batch is 2 or more, and where it is less.
    at_edge: usize,
    slow: usize,
    diverged: usize,
    /// Of those at rest: with as many samples kept as the narrowest layer has neurons; full batches keep none.
    full_rank: Option<usize>,
    /// Largest distance of the map from a coordinate projector.
    map_distance: Option<f64>,
    layer_distance: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    on_lost: Option<f64>,
    off_diagonal: Option<f64>,
    first_layer: Option<f64>,
    /// Largest `η_B λ_max` of a batch of any run at rest.
    curvature: Option<f64>,
}

impl Row for MeanOfRuns {
    const TABLE: &'static str = "deep_subspaces";
}

pub(super) fn runs(seen: &Runs) -> Table {
    let row = |cell: &Cell, pair: usize, run: &Ended| RunEnd {
        widths: cell.widths(),
        batch: cell.batch,
        pair,
        at_rest: run.is_at_rest,
        diverged: run.has_diverged,
        steps: run.steps,
        kept: run.kept,
        map_distance: field(run.map_distance),
        layer_distance: field(run.layer_distance),
        on_lost: field(run.on_lost),
        off_diagonal: field(run.off_diagonal),
        first_layer: field(run.first_layer),
        curvature: field(run.curvature),
    };
    Table::of(seen.rows(row))
}

pub(super) fn summary(seen: &Runs) -> Table {
    Table::of(seen.cells().map(|(cell, runs)| {
        let at_rest = || runs.iter().filter(|run| run.is_at_rest);
        let mean = |of: fn(&Ended) -> f64| Summary::of(&at_rest().map(of).collect::<Vec<_>>());
        let layer = mean(|run| run.layer_distance);
        MeanOfRuns {
            widths: cell.widths(),
            batch: cell.batch,
            step_per_sample: cell.step_per_sample,
            runs: runs.len(),
            at_rest: at_rest().count(),
            at_edge: runs.iter().filter(|run| run.is_at_edge()).count(),
            slow: runs.iter().filter(|run| run.is_slow()).count(),
            diverged: runs.iter().filter(|run| run.has_diverged).count(),
            full_rank: (cell.batch < SAMPLES)
                .then(|| at_rest().filter(|run| run.kept == cell.narrowest()).count()),
            map_distance: at_rest().map(|run| run.map_distance).reduce(f64::max),
            layer_distance: layer.mean,
            low: layer.low,
            high: layer.high,
            on_lost: mean(|run| run.on_lost).mean,
            off_diagonal: mean(|run| run.off_diagonal).mean,
            first_layer: mean(|run| run.first_layer).mean,
            curvature: at_rest().next().and_then(|_| field(largest(at_rest().map(|run| run.curvature)))),
        }
    }))
}
