//! A row a run, and a row a setting.

use serde::{Deserialize, Serialize};

use super::Runs;
use super::runs::{Cell, Seen};
use crate::study::paired::Summary;
use crate::study::{Row, Table};

/// Averages along a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Averages {
    images: String,
    batch: usize,
    step_per_sample: f64,
    pair: usize,
    sine_sq: f64,
    cosine: f64,
    max_cos: f64,
    norm_sq: f64,
}

impl Row for Averages {
    const TABLE: &'static str = "principal_component_runs";
}

/// Means over the runs of a setting, with 95 % intervals, beside the leading order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct MeanOfRuns {
    pub images: String,
    pub samples: usize,
    /// `λ_1 − λ_2`.
    pub gap: f64,
    pub batch: usize,
    pub step_per_sample: f64,
    pub sine_sq: Option<f64>,
    pub low: Option<f64>,
    pub high: Option<f64>,
    /// Leading order of the mean of `sin² θ`.
    pub leading_order: f64,
    pub cosine: Option<f64>,
    /// Largest cosine with an image, and that of the first principal component itself.
    pub max_cos: Option<f64>,
    pub max_cos_low: Option<f64>,
    pub max_cos_high: Option<f64>,
    pub component_max_cos: f64,
    pub runs: Option<usize>,
}

impl Row for MeanOfRuns {
    const TABLE: &'static str = "principal_component";
}

pub(super) fn runs(seen: &Runs) -> Table {
    let row = |cell: &Cell, pair: usize, run: &Seen| Averages {
        images: cell.images.name.clone(),
        batch: cell.batch,
        step_per_sample: cell.step_per_sample,
        pair,
        sine_sq: run.sine_sq,
        cosine: run.cosine,
        max_cos: run.max_cos,
        norm_sq: run.norm_sq,
    };
    Table::of(seen.rows(row))
}

pub(super) fn summary(seen: &Runs) -> Table {
    Table::of(seen.cells().map(|(cell, runs)| {
        let mean = |of: fn(&Seen) -> f64| Summary::of(&runs.iter().map(of).collect::<Vec<_>>());
        let (sine_sq, max_cos) = (mean(|run| run.sine_sq), mean(|run| run.max_cos));
        MeanOfRuns {
            images: cell.images.name.clone(),
            samples: cell.images.dataset.samples(),
            gap: cell.images.component.gap(),
            batch: cell.batch,
            step_per_sample: cell.step_per_sample,
            sine_sq: sine_sq.mean,
            low: sine_sq.low,
            high: sine_sq.high,
            leading_order: cell.law(),
            cosine: mean(|run| run.cosine).mean,
            max_cos: max_cos.mean,
            max_cos_low: max_cos.low,
            max_cos_high: max_cos.high,
            component_max_cos: cell.images.max_cos,
            runs: sine_sq.runs,
        }
    }))
}
