//! What a batch size costs, in steps and in samples.

use super::setting::{Fall, Setting};
use super::{Prediction, STUDY};
use crate::error::Result;
use crate::problem::Reduction;
use crate::schedule::ScheduleKind;
use crate::stats::Mean;
use crate::study::{Lab, Part, Row, Table};
use crate::theory::rate::Cost;
use crate::verdict::{Equality, Register};
use serde::{Deserialize, Serialize};

const SAMPLES: usize = 8;

/// What a batch size costs under a reduction.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Price {
    pub reduction: Reduction,
    pub samples: usize,
    pub step_size: f64,
    pub batch: usize,
    pub predicted_rate: f64,
    pub measured_rate: f64,
    pub standard_error: f64,
    pub steps: f64,
    pub samples_touched: f64,
    pub predicted_steps: f64,
    pub predicted_samples: f64,
    pub runs: usize,
}

impl Row for Price {
    const TABLE: &'static str = "rate_batch_size";
}

/// The cheapest batch size under either reduction, in steps and in samples.
pub(super) fn part(prediction: &Prediction, register: &mut Register) -> Part {
    let held = [(Reduction::Sum, 0.15), (Reduction::Mean, 0.4)].map(|(reduction, eta)| {
        let cheapest =
            [Cost::Steps, Cost::Samples].map(|cost| cheapest(prediction, reduction, eta, cost, register));
        (reduction, eta, cheapest)
    });
    let prediction = prediction.clone();
    Box::new(move |lab, findings| {
        let mut rows = Vec::new();
        for (reduction, eta, [fewest_steps, fewest_samples]) in held {
            let prices = (1..SAMPLES).map(|batch| price(lab, &prediction, reduction, eta, batch));
            let prices = prices.collect::<Result<Vec<_>>>()?;
            for (check, of) in [
                (fewest_steps, (|row| row.steps) as fn(&Price) -> f64),
                (fewest_samples, |row| row.samples_touched),
            ] {
                let best = prices.iter().min_by(|a, b| of(a).total_cmp(&of(b))).map_or(1, |row| row.batch);
                findings.checks.push(check.measured(best as f64, SAMPLES as u64 - 1));
            }
            rows.extend(prices);
        }
        findings.protocol.push(format!(
            "Rates under SGD for m = {SAMPLES} and b from 1 to {}, under the sum at η = 0.15 and the mean at η = 0.4.",
            SAMPLES - 1
        ));
        findings.tables.push(Table::of(rows));
        Ok(())
    })
}

/// What the cheapest batch size will be held to. The nearest rivals, the neighbours of m/2 in steps, are five and a half standard errors away,
/// and more at full effort.
fn cheapest(
    prediction: &Prediction,
    reduction: Reduction,
    eta: f64,
    cost: Cost,
    register: &mut Register,
) -> Equality {
    let expected = (prediction.best)(SAMPLES, eta, reduction, cost);
    let (unit, what) = if cost == Cost::Steps { ("steps", "1/λ") } else { ("samples touched", "b/λ") };
    let name = format!("m = {SAMPLES}, {}: batch size with the fewest {unit}", reduction.name());
    let why =
        format!("least measured {what}; the neighbours of m/2 cost 1/15 more, any other rival at least 1/6");
    register.expect(name, expected as f64, why).chance(1e-7).within(0.0)
}

fn price(lab: &Lab, prediction: &Prediction, reduction: Reduction, eta: f64, batch: usize) -> Result<Price> {
    let setting = Setting { kind: ScheduleKind::Sgd, samples: SAMPLES, batch, eta, reduction };
    // Under the mean a large batch is slow, and further behind.
    let runs = match reduction {
        Reduction::Sum => lab.effort.pick(100, 100, 800),
        Reduction::Mean => lab.effort.pick(20, 50, 200),
    };
    let cell = 4 << 32 | (batch as u64) << 1 | u64::from(reduction == Reduction::Sum);
    let falls = setting.falls(lab, runs, lab.cell_seed(&STUDY, cell))?;
    let rate = falls.iter().map(Fall::mean).collect::<Mean>();
    let (b, predicted_rate) = (batch as f64, setting.law(prediction).rate);
    Ok(Price {
        reduction,
        samples: SAMPLES,
        step_size: eta,
        batch,
        predicted_rate,
        measured_rate: rate.mean,
        standard_error: rate.sem,
        steps: 1.0 / rate.mean,
        samples_touched: b / rate.mean,
        predicted_steps: 1.0 / predicted_rate,
        predicted_samples: b / predicted_rate,
        runs: rate.n,
    })
}
