//! The tables behind the figures.

use super::onset::Onset;
use super::runs::Runs;
use super::{Measured, paired};
use crate::model::Activation;
use crate::study::Table;

/// Quantiles of the spread law that are compared.
const QUANTILES: [f64; 3] = [0.25, 0.5, 0.75];

/// `correlated.csv`, `correlated_runs.csv`, `correlated_spread.csv`, `correlated_onset.csv`.
pub(super) fn tables(measured: &Measured) -> Vec<Table> {
    vec![summary(measured), runs(measured), spread(measured), onset(measured)]
}

fn case(activation: Activation, rho: f64, batch: usize) -> Vec<String> {
    vec![activation.name().into(), rho.to_string(), batch.to_string()]
}

/// A row a case and measure: mean over starts with its interval, and what theory says of full batches.
fn summary(measured: &Measured) -> Table {
    let mut rows = Vec::new();
    for runs in &measured.runs {
        let super::Case { activation, rho, batch } = runs.case;
        let limits: Vec<f64> = runs.pairs.iter().filter_map(|seen| Some(seen.limit?.1)).collect();
        let predicted = match () {
            () if batch == measured.protocol.samples => limits.iter().sum::<f64>() / limits.len() as f64,
            // What is fixed is pure; beyond it the law of the spread has no mean.
            () if rho == 0.0 || rho < 0.0 && activation == Activation::Relu => 1.0,
            () => f64::NAN,
        };
        let protocol = &measured.protocol;
        let crossover = match batch < protocol.samples {
            true => (protocol.prediction.crossover)(protocol.samples, batch, protocol.step_per_sample(batch)),
            false => f64::NAN,
        };
        for (name, values, predicted) in [
            ("mixed", runs.values(|seen| seen.mixed), predicted),
            ("max_cos", runs.values(|seen| seen.max_cos), f64::NAN),
            ("cos_init", runs.values(|seen| seen.cos_init), f64::NAN),
        ] {
            let mut row = case(activation, rho, batch);
            row.push(name.into());
            row.extend(paired::summary(&values));
            row.push(paired::field(predicted));
            row.extend([measured.protocol.samples.to_string(), paired::field(crossover)]);
            rows.push(row);
        }
    }
    let header = vec![
        "activation",
        "rho",
        "batch",
        "measure",
        "mean",
        "low",
        "high",
        "runs",
        "predicted",
        "samples",
        "crossover",
    ];
    Table::raw("correlated", &header, rows)
}

/// A row a run. `mixed_predicted` and `distance` are those of the limit of full batches.
fn runs(measured: &Measured) -> Table {
    let samples = measured.protocol.samples;
    let row = |runs: &Runs| {
        let super::Case { activation, rho, batch } = runs.case;
        let row = |(pair, seen): (usize, &super::runs::RunMeans)| {
            let limit = seen.limit.filter(|_| batch == samples);
            let mut row = case(activation, rho, batch);
            row.extend([
                pair.to_string(),
                seen.converged.map_or(String::new(), |converged| converged.to_string()),
                paired::field(seen.mixed),
                limit.map_or(String::new(), |limit| limit.1.to_string()),
                limit.map_or(String::new(), |limit| limit.0.to_string()),
                paired::field(seen.max_cos),
                paired::field(seen.impurity),
                paired::field(seen.cos_init),
                seen.argmax_kept.to_string(),
            ]);
            row
        };
        runs.pairs.iter().enumerate().map(row).collect::<Vec<_>>()
    };
    let header = vec![
        "activation",
        "rho",
        "batch",
        "pair",
        "converged",
        "mixed",
        "mixed_predicted",
        "distance",
        "max_cos",
        "impurity",
        "cos_init",
        "argmax_kept",
    ];
    Table::raw("correlated_runs", &header, measured.runs.iter().flat_map(row).collect())
}

/// A row a case and quantile of the spread law: the measured quantile with its interval, the predicted one, and the share of
/// coefficients at or below the predicted one with its interval.
fn spread(measured: &Measured) -> Table {
    let protocol = &measured.protocol;
    let mut rows = Vec::new();
    for runs in measured.runs.iter().filter(|runs| runs.case.batch < protocol.samples && runs.case.rho != 0.0)
    {
        let super::Case { activation, rho, batch } = runs.case;
        let groups = runs.others();
        if rho < 0.0 && activation == Activation::Relu || groups.len() < 2 {
            continue;
        }
        let law = protocol.law(rho, batch);
        for probability in QUANTILES {
            let (value, interval) = paired::pooled_quantile(&groups, probability);
            let predicted = law.quantile(probability);
            let mut row = case(activation, rho, batch);
            row.push(probability.to_string());
            row.extend([value, interval.low, interval.high, predicted].map(|x| x.to_string()));
            row.extend(paired::summary(&paired::shares_below(&groups, predicted)));
            row.push(law.scale.to_string());
            rows.push(row);
        }
    }
    let header = vec![
        "activation",
        "rho",
        "batch",
        "probability",
        "quantile",
        "low",
        "high",
        "predicted",
        "share",
        "share_low",
        "share_high",
        "runs",
        "scale",
    ];
    Table::raw("correlated_spread", &header, rows)
}

/// A row a case: one step from a datapoint, mean length with its interval, the mean of the predicted lengths, the largest deviation.
fn onset(measured: &Measured) -> Table {
    let row = |onset: &Onset| {
        let super::Case { activation, rho, batch } = onset.case;
        let mut row = case(activation, rho, batch);
        row.extend(paired::summary(&onset.measured));
        let predicted = onset.predicted.iter().sum::<f64>() / onset.predicted.len() as f64;
        row.extend([predicted.to_string(), onset.deviation().to_string(), onset.moved().to_string()]);
        row
    };
    let header = vec![
        "activation",
        "rho",
        "batch",
        "length",
        "low",
        "high",
        "runs",
        "predicted",
        "deviation",
        "moved",
    ];
    Table::raw("correlated_onset", &header, measured.onsets.iter().map(row).collect())
}
