//! Rate and variance of the fall over a grid of random schedules.

use itertools::Itertools;

use super::setting::{Fall, Setting};
use super::{Options, Prediction, STUDY, TIED};
use crate::problem::Reduction;
use crate::schedule::ScheduleKind;
use crate::stats::{CHECK_LEVEL, Mean, variance_interval};
use crate::study::{Context, Part, Row, Table};
use crate::verdict::{Check, Covered, Equality, Register};
use serde::{Deserialize, Serialize};

/// What the rate of a setting is held to: exactly where a run's mean over the losers is free of chance.
enum Expected {
    Exact(Equality),
    Mean(Covered),
}

/// Rate and variance of a setting.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Rate {
    pub schedule: String,
    pub samples: usize,
    pub batch: usize,
    pub step_per_sample: f64,
    pub predicted: f64,
    pub measured: f64,
    pub standard_error: f64,
    pub predicted_variance: f64,
    pub measured_variance: f64,
    pub runs: usize,
}

impl Row for Rate {
    const TABLE: &'static str = "rate_law";
}

/// Fewest runs with which the variance of the walk is judged.
const VARIANCE_RUNS: u64 = 400;

/// The settings, and how many times as many runs each takes.
fn settings() -> [(Setting, u64); 10] {
    use Reduction::{Mean, Sum};
    use ScheduleKind::{Replacement, Reshuffle, Sgd};
    [
        (Sgd, 5, 1, 0.2, Sum, 1),
        (Sgd, 7, 3, 0.15, Sum, 1),
        (Sgd, 6, 5, 0.2, Sum, 1),
        (Sgd, 4, 2, 0.2, Mean, 1),
        (Replacement, 5, 1, 0.2, Sum, 1),
        (Replacement, 4, 3, 0.25, Sum, 10),
        (Replacement, 7, 4, 0.15, Sum, 1),
        (Reshuffle, 6, 2, 0.2, Sum, 1),
        (Reshuffle, 5, 2, 0.2, Sum, 1),
        (Reshuffle, 7, 3, 0.3, Mean, 1),
    ]
    .map(|(kind, samples, batch, eta, reduction, times)| {
        (Setting { kind, samples, batch, eta, reduction }, times)
    })
}

/// Rate and variance, setting by setting.
pub(super) fn part(
    context: &Context,
    options: &Options,
    prediction: &Prediction,
    register: &mut Register,
) -> Part {
    let replicas = options.replicas.unwrap_or(context.effort.pick(80, 450, 4000));
    let held = settings().map(|(setting, times)| {
        let runs = times * replicas;
        (
            setting,
            runs,
            setting.rate(context, prediction, register),
            setting.variance(context, runs, register),
        )
    });
    let prediction = prediction.clone();
    Box::new(move |lab, findings| {
        findings.protocol.push(told(replicas));
        let mut rows = Vec::new();
        for (k, (setting, runs, rate, variance)) in held.into_iter().enumerate() {
            let falls = setting.falls(lab, runs, lab.cell_seed(&STUDY, k as u64))?;
            let row = setting.measured(&prediction, &falls);
            findings.checks.push(rate.judge(&falls));
            findings.checks.extend(variance.map(|variance| row.judge(variance)));
            rows.push(row);
        }
        findings.tables.push(Table::of(rows));
        Ok(())
    })
}

/// What is run, in words.
fn told(replicas: u64) -> String {
    format!(
        "The fall of the losers a step between 40/λ and 200/λ from Gaussian starts of norm ½, n = m + 1, linear model, on the reduced engine, f64: {}; \
         the variance of the walk where there are {VARIANCE_RUNS} runs or more.",
        settings()
            .map(|(setting, times)| format!("{} ({} runs)", setting.name(), times * replicas))
            .iter()
            .join("; ")
    )
}

impl Expected {
    fn judge(self, falls: &[Fall]) -> Check {
        let seen = Mean::of(&falls.iter().map(Fall::mean).collect::<Vec<_>>());
        match self {
            Self::Exact(equality) => equality.measured(seen.mean, seen.n as u64),
            Self::Mean(covered) => covered.estimated(seen.mean, seen.interval(CHECK_LEVEL), seen.n as u64),
        }
    }
}

impl Setting {
    /// Whether a run's mean over the losers is free of chance: in whole epochs the same number of them comes with the winner.
    fn is_certain(&self) -> bool {
        self.kind == ScheduleKind::Reshuffle && self.samples.is_multiple_of(self.batch)
    }

    fn rate(&self, context: &Context, prediction: &Prediction, register: &mut Register) -> Expected {
        let law = self.law(prediction);
        let why = "exact expectation over the batches, mean over the losers";
        let rate = register.expect(format!("{}: rate λ", self.name()), law.rate, why);
        if self.is_certain() {
            Expected::Exact(rate.chance(TIED).within(1e-9 * law.rate))
        } else {
            Expected::Mean(rate.covered(context.effort.pick(0.1, 0.03, 0.01) * law.rate))
        }
    }

    fn variance(&self, context: &Context, runs: u64, register: &mut Register) -> Option<Covered> {
        let why = "sums of thousands of steps are nearly Gaussian: χ² interval; it tells variances apart that differ by a factor of 1.4 at 450 runs";
        (runs >= VARIANCE_RUNS).then(|| {
            let name = format!("{}: variance of the walk over its law", self.name());
            register.expect(name, 1.0, why).covered(context.effort.pick(0.5, 0.5, 0.2))
        })
    }

    /// Rate, and variance of the first loser's fall.
    fn measured(&self, prediction: &Prediction, falls: &[Fall]) -> Rate {
        let law = self.law(prediction);
        let seen = Mean::of(&falls.iter().map(Fall::mean).collect::<Vec<_>>());
        let (from, to) = self.times();
        let one: Vec<f64> = falls.iter().map(|fall| fall.by_sample[usize::from(fall.winner == 0)]).collect();
        Rate {
            schedule: self.kind.name().into(),
            samples: self.samples,
            batch: self.batch,
            step_per_sample: self.step_per_sample(),
            predicted: law.rate,
            measured: seen.mean,
            standard_error: seen.sem,
            predicted_variance: law.variance,
            measured_variance: Mean::of(&one).sem.powi(2) * falls.len() as f64 * (to - from) as f64,
            runs: falls.len(),
        }
    }
}

impl Rate {
    /// The variance over its law.
    fn judge(&self, expected: Covered) -> Check {
        let (ratio, n) = (self.measured_variance / self.predicted_variance, self.runs as u64);
        expected.estimated(ratio, variance_interval(ratio, n, CHECK_LEVEL), n)
    }
}
