//! A row a run, and a row a cell.

use serde::{Deserialize, Serialize};

use super::Runs;
use super::runs::{Cell, End};
use crate::stats::{ESTIMATE_LEVEL, binomial_interval};
use crate::study::{Row, Table};

/// A run at its end.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct RunEnd {
    neurons: usize,
    samples: usize,
    batch: usize,
    init_norm: f64,
    pair: usize,
    absorbed: bool,
    steps: u64,
    reconstructed: usize,
    shared_samples: usize,
    impure_neurons: usize,
    triple: bool,
}

impl Row for RunEnd {
    const TABLE: &'static str = "relu_subspaces_runs";
}

/// How often the runs of a cell were caught in an impure state.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct ImpureShare {
    pub neurons: usize,
    pub samples: usize,
    pub batch: usize,
    pub init_norm: f64,
    pub impure: usize,
    /// Of three neurons: those that are one of the states `(J − 2P)/√2`.
    pub triples: usize,
    /// Runs that were absorbed, and all runs.
    pub absorbed: usize,
    pub runs: usize,
    /// Share of impure ones among those absorbed, with its 95 % interval.
    pub share: Option<f64>,
    pub low: f64,
    pub high: f64,
    pub mean_reconstructed: Option<f64>,
}

impl Row for ImpureShare {
    const TABLE: &'static str = "relu_subspaces";
}

pub(super) fn runs(seen: &Runs) -> Table {
    let row = |cell: &Cell, pair: usize, end: &End| RunEnd {
        neurons: cell.neurons,
        samples: cell.samples,
        batch: cell.batch,
        init_norm: cell.norm,
        pair,
        absorbed: end.is_absorbed,
        steps: end.steps,
        reconstructed: end.reconstructed,
        shared_samples: end.shared_samples,
        impure_neurons: end.impure_neurons,
        triple: end.is_triple,
    };
    Table::of(seen.rows(row))
}

pub(super) fn summary(seen: &Runs) -> Table {
    Table::of(seen.cells().map(|(cell, ends)| {
        let absorbed: Vec<&End> = ends.iter().filter(|end| end.is_absorbed).collect();
        let impure = absorbed.iter().filter(|end| end.impure_neurons > 0).count();
        let of = |sum: usize| (!absorbed.is_empty()).then(|| sum as f64 / absorbed.len() as f64);
        let interval = binomial_interval(impure as u64, absorbed.len() as u64, ESTIMATE_LEVEL);
        ImpureShare {
            neurons: cell.neurons,
            samples: cell.samples,
            batch: cell.batch,
            init_norm: cell.norm,
            impure,
            triples: absorbed.iter().filter(|end| end.is_triple).count(),
            absorbed: absorbed.len(),
            runs: ends.len(),
            share: of(impure),
            low: interval.low,
            high: interval.high,
            mean_reconstructed: of(absorbed.iter().map(|end| end.reconstructed).sum()),
        }
    }))
}
