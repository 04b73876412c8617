//! The tables behind the figure.

use super::runs::{Group, MEASURES, Protocol, full};
use super::{SHOWN, paired};
use crate::error::Result;
use crate::study::Table;

fn algorithm(batch: usize, samples: usize) -> &'static str {
    if batch == samples { "GD" } else { "SGD" }
}

/// A row a run, for `digits_runs.csv`.
pub(super) fn runs(groups: &[Group], protocol: &Protocol) -> Table {
    let row = |group: &Group, pair: usize| {
        let learned = &group.runs[pair];
        let mut row = vec![
            algorithm(group.batch, protocol.dataset.samples()).into(),
            group.batch.to_string(),
            pair.to_string(),
            learned.run.outcome.name().into(),
            learned.run.steps.to_string(),
            paired::field(learned.run.loss),
            paired::field(learned.run.neurons[0].norm_sq.sqrt()),
            learned.nearest.to_string(),
            protocol.labels[learned.nearest].to_string(),
        ];
        row.extend(MEASURES.map(|(_, _, measure)| paired::field(measure(learned))));
        row
    };
    let rows = groups.iter().flat_map(|group| (0..group.runs.len()).map(move |pair| row(group, pair)));
    let mut header =
        vec!["algorithm", "batch", "pair", "outcome", "steps", "loss", "norm", "nearest", "label"];
    header.extend(MEASURES.map(|(name, _, _)| name));
    Table::raw("digits_runs", &header, rows.collect())
}

/// A row a batch size and measure, for `digits.csv`: mean over seeds and mean of the paired differences to `b = m`, with 95 % intervals.
pub(super) fn summary(groups: &[Group]) -> Table {
    let descent = full(groups);
    let mut rows = Vec::new();
    for group in groups {
        for (name, _, measure) in MEASURES {
            let values = group.values(measure);
            let mut row =
                vec![algorithm(group.batch, descent.batch).into(), group.batch.to_string(), name.into()];
            let full = (group.batch < descent.batch).then(|| descent.values(measure));
            row.extend(paired::compared(&values, full.as_deref()));
            rows.push(row);
        }
    }
    let header = [["algorithm", "batch", "measure"].as_slice(), &paired::COMPARED].concat();
    Table::raw("digits", &header, rows)
}

/// Names of the columns of pixels.
const PIXELS: [&str; 64] = [
    "p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9", "p10", "p11", "p12", "p13", "p14", "p15",
    "p16", "p17", "p18", "p19", "p20", "p21", "p22", "p23", "p24", "p25", "p26", "p27", "p28", "p29", "p30",
    "p31", "p32", "p33", "p34", "p35", "p36", "p37", "p38", "p39", "p40", "p41", "p42", "p43", "p44", "p45",
    "p46", "p47", "p48", "p49", "p50", "p51", "p52", "p53", "p54", "p55", "p56", "p57", "p58", "p59", "p60",
    "p61", "p62", "p63",
];

/// Images for `digits_neurons.csv`: of the first seeds the neuron, and the sample nearest to it, as they were trained on (mean image
/// subtracted, unit norm); and once the first principal component. 8×8 pixels, row by row.
pub(super) fn neurons(groups: &[Group], protocol: &Protocol) -> Result<Table> {
    let (samples, dim) = (protocol.dataset.samples(), protocol.dataset.dim());
    let mut rows = Vec::new();
    let mut push = |labels: [String; 7], pixels: &[f64]| {
        rows.push(labels.into_iter().chain(pixels.iter().map(f64::to_string)).collect());
    };
    for group in groups {
        for (pair, learned) in group.runs.iter().enumerate().take(SHOWN) {
            let Some(weights) = learned.run.weights.as_deref().filter(|w| w.iter().all(|x| x.is_finite()))
            else {
                continue;
            };
            let nearest = learned.nearest;
            let labels = |kind: &str| {
                [
                    kind.into(),
                    algorithm(group.batch, samples).into(),
                    group.batch.to_string(),
                    pair.to_string(),
                    nearest.to_string(),
                    protocol.labels[nearest].to_string(),
                    paired::field(learned.max_cos),
                ]
            };
            push(labels("neuron"), weights);
            push(labels("nearest"), &protocol.dataset.rows()?[nearest * dim..][..dim]);
        }
    }
    if let Some(component) = &protocol.component {
        let mut labels: [String; 7] = Default::default();
        labels[0] = "component".into();
        push(labels, component);
    }
    let header = [&["kind", "algorithm", "batch", "pair", "sample", "label", "cosine"], &PIXELS[..]].concat();
    Ok(Table::raw("digits_neurons", &header, rows))
}
