//! A row a run, and a row a cell.

use serde::{Deserialize, Serialize};

use super::Runs;
use super::runs::{Cell, Ended};
use crate::study::paired::{Summary, field};
use crate::study::{Row, Table};
use crate::train::Outcome;

/// A run at its end.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct RunEnd {
    rule: String,
    batch: usize,
    basis: String,
    pair: usize,
    outcome: Outcome,
    participation_ratio: Option<f64>,
    max_cos: Option<f64>,
    norm: Option<f64>,
}

impl Row for RunEnd {
    const TABLE: &'static str = "optimisers_runs";
}

/// Participation ratio and largest cosine of a cell: means over seeds with 95 % intervals.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct MeanOfRuns {
    pub rule: String,
    pub batch: usize,
    pub basis: String,
    pub step_size: f64,
    pub participation_ratio: Option<f64>,
    pub low: Option<f64>,
    pub high: Option<f64>,
    pub max_cos: Option<f64>,
    pub norm: Option<f64>,
    pub runs: Option<usize>,
}

impl Row for MeanOfRuns {
    const TABLE: &'static str = "optimisers";
}

pub(super) fn runs(groups: &Runs) -> Table {
    let row = |cell: &Cell, pair: usize, ended: &Ended| RunEnd {
        rule: cell.name.into(),
        batch: cell.batch,
        basis: cell.basis().into(),
        pair,
        outcome: ended.outcome,
        participation_ratio: field(ended.participation_ratio),
        max_cos: field(ended.max_cos),
        norm: field(ended.norm),
    };
    Table::of(groups.rows(row))
}

pub(super) fn summary(groups: &Runs) -> Table {
    let row = |cell: &Cell| {
        let mean = |of: fn(&Ended) -> f64| Summary::of(&groups.values(cell, of));
        let mixed = mean(|ended| ended.participation_ratio);
        MeanOfRuns {
            rule: cell.name.into(),
            batch: cell.batch,
            basis: cell.basis().into(),
            step_size: cell.step_size,
            participation_ratio: mixed.mean,
            low: mixed.low,
            high: mixed.high,
            max_cos: mean(|ended| ended.max_cos).mean,
            norm: mean(|ended| ended.norm).mean,
            runs: mixed.runs,
        }
    };
    Table::of(groups.cells().map(|(cell, _)| row(cell)))
}
