//! Step by step: increments and conditional drift, by level of R.

use std::collections::BTreeMap;

use super::steps::{FAR, Step, Stretch};
use super::{DEFAULT_STEP, Prediction, STUDY};
use crate::model::Activation;
use crate::stats::{CHECK_LEVEL, Interval, Mean, binomial_interval};
use crate::study::{Context, Part, Row, Table};
use crate::theory::sgd;
use crate::vectors::{largest, smallest};
use crate::verdict::{Check, Covered, OneSided, OneSidedInterval, Register};
use serde::{Deserialize, Serialize};

/// One setting of the walk.
pub(super) struct Setting {
    pub samples: usize,
    pub batch: usize,
    pub activation: Activation,
    pub eta: f64,
    /// Precision of the drift by level, over λ: half-widths are at most three quarters of it.
    precision: [f64; LEVELS.len()],
}

/// What the walks of a setting are held to.
struct Expected {
    levels: Vec<Covered>,
    /// Of single samples: the drift far out, measured and enumerated.
    far: Option<(OneSidedInterval, OneSided)>,
    /// Of several samples a step, the share of the batches that hold the leader: of single ones it is judged event by event.
    drawn: Option<Covered>,
    increments: OneSided,
}

/// The drift at a level of `R`: measured with its standard error, exact, and the bound.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct LevelDrift {
    pub samples: usize,
    pub batch: usize,
    pub activation: Activation,
    pub step_size: f64,
    pub low: f64,
    pub high: f64,
    pub measured: f64,
    pub standard_error: f64,
    pub expected: f64,
    /// NaN for more than one sample a step.
    pub bound: f64,
    pub steps: usize,
}

impl Row for LevelDrift {
    const TABLE: &'static str = "random_walk_drift";
}

/// Lower ends of the levels by which steps are grouped.
const LEVELS: [f64; 5] = [f64::NEG_INFINITY, -0.5, 0.5, 2.0, 5.0];

/// Width of the levels of the table.
const DRAWN_WIDTH: f64 = 0.5;

/// Fewest steps by which a level is judged; with fewer it is undecided.
const FEWEST_STEPS: usize = 200;

/// The drift in three settings: checks level by level, and a table in finer levels.
pub(super) fn part(context: &Context, prediction: &Prediction, eta: f64, register: &mut Register) -> Part {
    let (few, many) = ([0.3, 0.15, 0.13, 0.12, 0.1], [0.55, 0.25, 0.18, 0.15, 0.13]);
    let settings =
        [(6, 1, Activation::Linear, few), (7, 3, Activation::Linear, few), (9, 1, Activation::Relu, many)];
    let settings = settings.map(|(samples, batch, activation, precision)| {
        let setting = Setting { samples, batch, activation, eta, precision };
        let expected = setting.expected(context, prediction, register);
        (setting, expected)
    });
    let prediction = prediction.clone();
    Box::new(move |lab, findings| {
        let mut rows = Vec::new();
        for (k, (setting, expected)) in settings.into_iter().enumerate() {
            let (steps, stretches) =
                setting.walk(lab, &prediction, lab.cell_seed(&STUDY, (k as u64) << 32))?;
            rows.extend(setting.rows(&steps, &prediction));
            findings.checks.extend(expected.judge(
                &setting,
                &steps,
                &stretches,
                (prediction.largest_increment)(eta),
            ));
        }
        findings.tables.push(Table::of(rows));
        Ok(())
    })
}

impl Setting {
    fn expected(&self, context: &Context, prediction: &Prediction, register: &mut Register) -> Expected {
        let relu = if self.activation == Activation::Relu { ", ReLU" } else { "" };
        let name = format!("m = {}, b = {}{relu}", self.samples, self.batch);
        let why = "mean of the exact conditional expectation over the states visited; martingale differences, post-stratified by whether i* \
                   and the runner-up are drawn";
        // The noise goes as η, the drift as η².
        let rate = |eta: f64| sgd::rate(self.samples, self.batch, eta);
        let least = rate(DEFAULT_STEP) * self.eta / DEFAULT_STEP;
        let scale = rate(self.eta).max(least) * context.effort.pick(1.0, 0.74, 0.25);
        let levels = self.precision.into_iter().enumerate().map(|(k, precision)| {
            let (low, high) = ends(k);
            let name = format!("{name}: drift of R for R in [{low}, {high})");
            register.expect_given_states(name, why).covered(precision * scale)
        });
        let levels = levels.collect();
        let drawn = (self.batch > 1).then(|| {
            let name = format!("{name}: share of the steps at which i* is drawn");
            let share = (prediction.share_drawn)(self.samples, self.batch);
            let why = "a batch is independent of the state before it";
            register.expect(name, share, why).covered(context.effort.pick(0.006, 0.0045, 0.0022))
        });
        let far = (self.batch == 1).then(|| {
            let bound = (prediction.bound)(self.samples, self.eta);
            let measured = format!("{name}: mean drift from R = {FAR} on, measured");
            let why = "a stretch of 20/λ steps a walk; walks are independent";
            let measured = register.expect(measured, bound, why).exceeding();
            let exact = format!("{name}: smallest exact conditional drift at R > {FAR}");
            let why = "enumerated at the states visited; the bound is asymptotic";
            (measured, register.expect(exact, 0.999 * bound, why).at_least())
        });
        let name = format!("{name}: largest |increment| over its bound");
        let increments =
            register.expect(name, 1.0, "holds for every state with ‖w‖² ≤ 2 and every batch").at_most();
        Expected { levels, far, drawn, increments }
    }

    /// The drift in finer levels than the checks need.
    fn rows(&self, steps: &[Step], prediction: &Prediction) -> Vec<LevelDrift> {
        let &Self { samples, batch, activation, eta, .. } = self;
        let bound = if batch == 1 { (prediction.bound)(samples, eta) } else { f64::NAN };
        let mut levels: BTreeMap<i64, Vec<&Step>> = BTreeMap::new();
        for step in steps.iter().filter(|step| step.level.is_finite()) {
            levels.entry((step.level / DRAWN_WIDTH).floor() as i64).or_default().push(step);
        }
        levels.retain(|_, within| within.len() >= FEWEST_STEPS);
        let row = |(level, within): (i64, Vec<&Step>)| {
            let (noise, expected) = self.noise(&within);
            let low = level as f64 * DRAWN_WIDTH;
            LevelDrift {
                samples,
                batch,
                activation,
                step_size: eta,
                low,
                high: low + DRAWN_WIDTH,
                measured: noise.mean + expected,
                standard_error: noise.sem,
                expected,
                bound,
                steps: within.len(),
            }
        };
        levels.into_iter().map(row).collect()
    }

    fn at_level(&self, check: Covered, (low, high): (f64, f64), steps: &[Step]) -> Check {
        let within: Vec<&Step> = steps.iter().filter(|step| low <= step.level && step.level < high).collect();
        if within.len() < FEWEST_STEPS {
            let nothing = Interval { low: f64::NEG_INFINITY, high: f64::INFINITY };
            return check.estimated(f64::NAN, nothing, 0);
        }
        let (noise, expected) = self.noise(&within);
        let Interval { low, high } = noise.interval(CHECK_LEVEL);
        let interval = Interval { low: low + expected, high: high + expected };
        check.given(expected).estimated(noise.mean + expected, interval, within.len() as u64)
    }

    /// Mean of what is measured less its exact expectation, and mean of this. The former is a sum of martingale differences in every level: mean 0.
    /// So is whether a batch holds a sample, less how often it does.
    fn noise(&self, steps: &[&Step]) -> (Mean, f64) {
        let (m, b) = (self.samples as f64, self.batch as f64);
        let alone = b * (m - b);
        let shares =
            [(m - b) * (m - b - 1.0), alone, alone, b * (b - 1.0)].map(|pairs| pairs / (m * (m - 1.0)));
        let stratum = |step: &Step| usize::from(step.holds[0]) + 2 * usize::from(step.holds[1]);
        let excess = steps.iter().map(|step| (stratum(step), step.increment - step.expected));
        let expected = steps.iter().map(|step| step.expected).collect::<Mean>().mean;
        (Mean::post_stratified(&excess.collect::<Vec<_>>(), &shares), expected)
    }
}

/// The ends of a level.
fn ends(k: usize) -> (f64, f64) {
    (LEVELS[k], LEVELS.get(k + 1).copied().unwrap_or(f64::INFINITY))
}

impl Expected {
    fn judge(
        self,
        setting: &Setting,
        steps: &[Step],
        stretches: &[Stretch],
        largest_increment: f64,
    ) -> Vec<Check> {
        let levels = self.levels.into_iter().enumerate();
        let mut checks: Vec<Check> =
            levels.map(|(k, check)| setting.at_level(check, ends(k), steps)).collect();
        let (drawn, n) = (steps.iter().filter(|step| step.holds[0]).count() as u64, steps.len() as u64);
        checks.extend(self.drawn.map(|check| {
            check.estimated(drawn as f64 / n as f64, binomial_interval(drawn, n.max(1), CHECK_LEVEL), n)
        }));
        if let Some((measured, exact)) = self.far {
            let walks = stretches.len() as u64;
            let drift = stretches.iter().map(|stretch| stretch.drift).collect::<Mean>();
            checks.push(measured.estimated(drift.mean, drift.interval(CHECK_LEVEL), walks));
            checks.push(exact.measured(smallest(stretches.iter().map(|stretch| stretch.expected)), walks));
        }
        let seen = largest(steps.iter().map(|step| step.increment.abs()));
        checks.push(self.increments.measured(seen / largest_increment, n));
        checks
    }
}
