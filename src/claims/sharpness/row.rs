//! Curvature at both minima beside theory.

use serde::{Deserialize, Serialize};

use super::Prediction;
use super::minima::{Minima, Minimum};
use crate::model::Activation;
use crate::study::{Row, Table};

/// The curvature at one minimum.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct AtMinimum {
    pub samples: usize,
    pub dim: usize,
    pub activation: Activation,
    pub algorithm: String,
    pub batch: usize,
    pub support: usize,
    pub largest: f64,
    pub largest_predicted: f64,
    pub trace: f64,
    pub trace_predicted: f64,
    pub trace_hutch: f64,
}

impl Row for AtMinimum {
    const TABLE: &'static str = "sharpness";
}

pub(super) fn table(minima: &[Minima], prediction: &Prediction) -> Table {
    let row = |at: &Minimum| AtMinimum {
        samples: at.samples,
        dim: at.dim,
        activation: at.activation,
        algorithm: (if at.batch.is_some() { "SGD" } else { "GD" }).into(),
        batch: at.batch.unwrap_or(at.samples),
        support: at.support,
        largest: at.spectrum.last().copied().unwrap_or(f64::NAN),
        largest_predicted: (prediction.largest)(at.samples),
        trace: at.trace,
        trace_predicted: at.predicted_trace(prediction),
        trace_hutch: at.hutch.map_or(f64::NAN, |trace| trace.value),
    };
    Table::of(minima.iter().flat_map(Minima::all).map(row))
}
