//! Rate and variance of the fall over a grid of random schedules.

use itertools::Itertools;

use super::setting::{Fall, Setting};
use super::{Options, Prediction, STUDY, TIED};
use crate::error::Result;
use crate::problem::Reduction;
use crate::schedule::ScheduleKind;
use crate::state::Neuron;
use crate::stats::{CHECK_LEVEL, Mean, variance_interval};
use crate::study::{Context, Lab, Part, Row, Table};
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

/// Stretches into which the time between the two looks is cut for the variance of the walk: each is 8/λ long, 100 steps and more, so that the
/// falls in them are as good as independent and Gaussian.
const STRETCHES: u64 = 20;

/// What one run shows: its fall, and that of the first loser in each of the [`STRETCHES`].
struct Walk {
    fall: Fall,
    stretches: Vec<f64>,
}

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
    let replicas = options.replicas.unwrap_or(context.effort.pick(80, 450, 1600));
    let held = settings().map(|(setting, times)| {
        let runs = times * replicas;
        (setting, runs, setting.rate(context, prediction, register), setting.variance(context, register))
    });
    let prediction = prediction.clone();
    Box::new(move |lab, findings| {
        findings.protocol.push(told(replicas));
        let mut rows = Vec::new();
        for (k, (setting, runs, rate, variance)) in held.into_iter().enumerate() {
            let walks = setting.walks(lab, runs, lab.cell_seed(&STUDY, k as u64))?;
            let row = setting.measured(&prediction, &walks);
            findings.checks.push(rate.judge(&walks));
            findings.checks.push(row.judge(variance));
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
         the variance of the walk from {STRETCHES} stretches of this time.",
        settings()
            .map(|(setting, times)| format!("{} ({} runs)", setting.name(), times * replicas))
            .iter()
            .join("; ")
    )
}

impl Expected {
    fn judge(self, walks: &[Walk]) -> Check {
        let seen = mean_fall(walks);
        match self {
            Self::Exact(equality) => equality.measured(seen.mean, seen.n as u64),
            Self::Mean(covered) => covered.estimated(seen.mean, seen.interval(CHECK_LEVEL), seen.n as u64),
        }
    }
}

fn mean_fall(walks: &[Walk]) -> Mean {
    walks.iter().map(|walk| walk.fall.mean()).collect::<Mean>()
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
            Expected::Mean(rate.covered(context.effort.pick(0.1, 0.03, 0.0159) * law.rate))
        }
    }

    fn variance(&self, context: &Context, register: &mut Register) -> Covered {
        let why = "sums of a hundred steps and more are nearly Gaussian: χ² interval over stretches of 8/λ";
        let name = format!("{}: variance of the walk over its law", self.name());
        register.expect(name, 1.0, why).covered(context.effort.pick(0.25, 0.1, 0.0555))
    }

    /// Steps of a stretch, whole rounds of the schedule.
    fn stretch(&self) -> u64 {
        let (from, to) = self.times();
        (to - from) / STRETCHES / self.round() * self.round()
    }

    fn walks(&self, lab: &Lab, runs: u64, seed: u64) -> Result<Vec<Walk>> {
        let ((from, to), stretch) = (self.times(), self.stretch());
        let looks: Vec<u64> = (0..=STRETCHES).map(|k| from + k * stretch).chain([to]).collect();
        self.replicas(seed)?.looked_at(lab, runs, &looks, |_, seen| {
            let fall = Fall::between(&seen[0], &seen[seen.len() - 1], to - from);
            let loser = usize::from(fall.winner == 0);
            let size = |neuron: &Neuron| neuron.correlations[loser].abs();
            let ends = seen.windows(2).take(STRETCHES as usize);
            let stretches = ends.map(|ends| (size(&ends[0]) / size(&ends[1])).ln()).collect();
            Walk { fall, stretches }
        })
    }

    /// Rate, and variance of the first loser's fall.
    fn measured(&self, prediction: &Prediction, walks: &[Walk]) -> Rate {
        let law = self.law(prediction);
        let seen = mean_fall(walks);
        let stretches = walks.iter().flat_map(|walk| walk.stretches.clone()).collect::<Mean>();
        Rate {
            schedule: self.kind.name().into(),
            samples: self.samples,
            batch: self.batch,
            step_per_sample: self.step_per_sample(),
            predicted: law.rate,
            measured: seen.mean,
            standard_error: seen.sem,
            predicted_variance: law.variance,
            measured_variance: stretches.sem.powi(2) * stretches.n as f64 / self.stretch() as f64,
            runs: walks.len(),
        }
    }
}

impl Rate {
    /// The variance over its law.
    fn judge(&self, expected: Covered) -> Check {
        let (ratio, n) = (self.measured_variance / self.predicted_variance, self.runs as u64 * STRETCHES);
        expected.estimated(ratio, variance_interval(ratio, n, CHECK_LEVEL), n)
    }
}
