//! What a batch size costs, in steps and in samples.

use super::slopes::{Cell, Fall};
use super::{Prediction, STUDY};
use crate::error::Result;
use crate::problem::Reduction;
use crate::schedule::ScheduleKind;
use crate::stats::Mean;
use crate::study::{Context, Findings, Table};
use crate::theory::rate::Cost;
use crate::verdict::{Equality, Expectation};

const SAMPLES: usize = 8;

pub(super) fn examine(context: &Context, prediction: &Prediction, findings: &mut Findings) -> Result<()> {
    let mut rows = Vec::new();
    for (reduction, eta) in [(Reduction::Sum, 0.15), (Reduction::Mean, 0.4)] {
        let expectations =
            [Cost::Steps, Cost::Samples].map(|cost| (cost, expectation(prediction, reduction, eta, cost)));
        let mut rates = Vec::new();
        for batch in 1..SAMPLES {
            let cell = Cell { kind: ScheduleKind::Sgd, samples: SAMPLES, batch, eta, reduction };
            // Under the mean a large batch is slow, and further behind.
            let replicas = match reduction {
                Reduction::Sum => context.effort.pick(40, 100, 2000),
                Reduction::Mean => context.effort.pick(20, 50, 500),
            };
            let seed = context
                .cell_seed(&STUDY, 4 << 32 | (batch as u64) << 1 | u64::from(reduction == Reduction::Sum));
            let falls = cell.falls(context, replicas, seed)?;
            let rate = Mean::of(&falls.iter().map(Fall::mean).collect::<Vec<_>>());
            let law = (prediction.law)(ScheduleKind::Sgd, SAMPLES, batch, cell.step_per_sample());
            let predicted = law.map_or(f64::NAN, |law| law.rate);
            rows.push(row(&cell, predicted, rate));
            rates.push(rate.mean);
        }
        for (cost, expectation) in expectations {
            let price = |b: usize| match cost {
                Cost::Steps => 1.0 / rates[b - 1],
                Cost::Samples => b as f64 / rates[b - 1],
            };
            let cheapest = (1..SAMPLES).min_by(|&a, &b| price(a).total_cmp(&price(b))).unwrap_or(1);
            findings.checks.push(expectation.measured(cheapest as f64, SAMPLES as u64 - 1));
        }
    }
    findings.protocol.push(format!(
        "Rates under SGD for m = {SAMPLES} and b from 1 to {}, under the sum at η = 0.15 and the mean at η = 0.4.",
        SAMPLES - 1
    ));
    let header = vec![
        "reduction",
        "samples",
        "step_size",
        "batch",
        "predicted_rate",
        "measured_rate",
        "standard_error",
        "steps",
        "samples_touched",
        "predicted_steps",
        "predicted_samples",
        "runs",
    ];
    findings.tables.push(Table::raw("rate_batch_size", &header, rows));
    Ok(())
}

/// What the cheapest batch size will be held to. The nearest rival outside the tolerance is eight standard errors away at quick effort, and
/// more at the others.
fn expectation(prediction: &Prediction, reduction: Reduction, eta: f64, cost: Cost) -> Equality {
    let expected = (prediction.best)(SAMPLES, eta, reduction, cost);
    // Next to m/2 the price hardly changes: 16/15.
    let tolerance = if reduction == Reduction::Sum && cost == Cost::Steps { 1.0 } else { 0.0 };
    let (unit, what) = if cost == Cost::Steps { ("steps", "1/λ") } else { ("samples touched", "b/λ") };
    let name = format!("m = {SAMPLES}, {}: batch size with the fewest {unit}", reduction.name());
    let why =
        format!("least measured {what}; the neighbours of m/2 cost 1/15 more, any other rival at least 1/6");
    Expectation::new(name, expected as f64, why).chance(1e-9).within(tolerance)
}

fn row(cell: &Cell, predicted: f64, rate: Mean) -> Vec<String> {
    let b = cell.batch as f64;
    let numbers =
        [predicted, rate.mean, rate.sem, 1.0 / rate.mean, b / rate.mean, 1.0 / predicted, b / predicted];
    let head = [cell.reduction.name().to_string(), cell.samples.to_string(), cell.eta.to_string()];
    let numbers = numbers.map(|x| x.to_string());
    head.into_iter().chain([cell.batch.to_string()]).chain(numbers).chain([rate.n.to_string()]).collect()
}
