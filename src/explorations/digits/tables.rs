//! The tables, one of them behind the figure.

use serde::{Deserialize, Serialize};

use super::image::Image;
use super::runs::{Learned, MEASURES, Measure, Setting};
use super::{Runs, SHOWN};
use crate::error::Result;
use crate::study::paired::{Summary, field};
use crate::study::{Row, Table};
use crate::train::Outcome;

/// A run at its end.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct RunEnd {
    algorithm: String,
    batch: usize,
    pair: usize,
    outcome: Outcome,
    steps: u64,
    loss: Option<f64>,
    norm: Option<f64>,
    nearest: usize,
    label: u8,
    max_cos: Option<f64>,
    cos_component: Option<f64>,
    top_digit: Option<f64>,
    support: Option<f64>,
    cos_init: Option<f64>,
}

impl Row for RunEnd {
    const TABLE: &'static str = "digits_runs";
}

/// One measure at a batch size: mean over seeds and mean of the paired differences to `b = m`, with 95 % intervals.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct MeanOfRuns {
    algorithm: String,
    batch: usize,
    measure: String,
    mean: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    runs: Option<usize>,
    difference: Option<f64>,
    difference_low: Option<f64>,
    difference_high: Option<f64>,
    pairs: Option<usize>,
}

impl Row for MeanOfRuns {
    const TABLE: &'static str = "digits";
}

fn algorithm(batch: usize, samples: usize) -> String {
    if batch == samples { "GD" } else { "SGD" }.into()
}

/// A row a run.
pub(super) fn runs(groups: &Runs, setting: &Setting) -> Table {
    let row = |&batch: &usize, pair: usize, learned: &Learned| RunEnd {
        algorithm: algorithm(batch, setting.dataset.samples()),
        batch,
        pair,
        outcome: learned.run.outcome,
        steps: learned.run.steps,
        loss: field(learned.run.loss),
        norm: field(learned.run.neurons[0].norm_sq.sqrt()),
        nearest: learned.nearest,
        label: setting.labels[learned.nearest],
        max_cos: field(learned.max_cos),
        cos_component: field(learned.cos_component),
        top_digit: field(learned.top_digit),
        support: field(learned.support),
        cos_init: field(learned.cos_init),
    };
    Table::of(groups.rows(row))
}

/// A row a batch size and measure.
pub(super) fn summary(groups: &Runs, setting: &Setting) -> Table {
    let full = setting.dataset.samples();
    let row = |batch: usize, (name, _, measure): (&str, &str, Measure)| {
        let own = Summary::of(&groups.values(&batch, measure));
        // The full batch is compared with nothing.
        let differences = if batch < full { groups.differences(&full, &batch, measure) } else { Vec::new() };
        let difference = Summary::of(&differences);
        MeanOfRuns {
            algorithm: algorithm(batch, full),
            batch,
            measure: name.into(),
            mean: own.mean,
            low: own.low,
            high: own.high,
            runs: own.runs,
            difference: difference.mean,
            difference_low: difference.low,
            difference_high: difference.high,
            pairs: difference.runs,
        }
    };
    Table::of(groups.cells().flat_map(|(batch, _)| MEASURES.map(|measure| row(*batch, measure))))
}

/// Of the first seeds the neuron, and the sample nearest to it, as they were trained on (mean image subtracted, unit norm); and once
/// the first principal component.
pub(super) fn neurons(groups: &Runs, setting: &Setting) -> Result<Table> {
    let (samples, dim) = (setting.dataset.samples(), setting.dataset.dim());
    let mut rows = Vec::new();
    for (&batch, runs) in groups.cells() {
        for (pair, learned) in runs.iter().enumerate().take(SHOWN) {
            let weights = learned.run.weights.as_deref().filter(|w| w.iter().all(|x| x.is_finite()));
            let Some(weights) = weights else { continue };
            let nearest = learned.nearest;
            let image = |kind: &str, pixels: &[f64]| Image {
                algorithm: algorithm(batch, samples),
                batch: Some(batch),
                pair: Some(pair),
                sample: Some(nearest),
                label: Some(setting.labels[nearest]),
                cosine: field(learned.max_cos),
                ..Image::new(kind, pixels)
            };
            rows.push(image("neuron", weights));
            rows.push(image("nearest", &setting.dataset.rows()?[nearest * dim..][..dim]));
        }
    }
    rows.extend(setting.component.as_deref().map(|component| Image::new("component", component)));
    Ok(Table::of(rows))
}
