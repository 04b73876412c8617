//! A row a run, and a row a cell.

use serde::{Deserialize, Serialize};

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

pub(super) fn runs(groups: &[(Cell, Ended)]) -> Table {
    Table::of(groups.iter().flat_map(|(cell, ended)| {
        (0..ended.outcomes.len()).map(move |pair| RunEnd {
            rule: cell.name.into(),
            batch: cell.batch,
            basis: cell.basis().into(),
            pair,
            outcome: ended.outcomes[pair],
            participation_ratio: field(ended.participation_ratio[pair]),
            max_cos: field(ended.max_cos[pair]),
            norm: field(ended.norm[pair]),
        })
    }))
}

pub(super) fn summary(groups: &[(Cell, Ended)]) -> Table {
    Table::of(groups.iter().map(|(cell, ended)| {
        let mixed = Summary::of(&ended.participation_ratio);
        MeanOfRuns {
            rule: cell.name.into(),
            batch: cell.batch,
            basis: cell.basis().into(),
            step_size: cell.step_size,
            participation_ratio: mixed.mean,
            low: mixed.low,
            high: mixed.high,
            max_cos: Summary::of(&ended.max_cos).mean,
            norm: Summary::of(&ended.norm).mean,
            runs: mixed.runs,
        }
    }))
}
