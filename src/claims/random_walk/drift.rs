//! Step by step: increments and conditional drift, by level of R.

use std::collections::BTreeMap;

use super::active::Active;
use super::{DEFAULT_STEP, Prediction, STUDY};
use crate::data::Dataset;
use crate::engine::{Engine, Reduced};
use crate::error::Result;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;
use crate::state::Neuron;
use crate::stats::{CHECK_LEVEL, Interval, Mean, normal_quantile};
use crate::study::replicas::Replicas;
use crate::study::{Effort, Lab, Part, Row, Table};
use crate::theory::sgd;
use crate::vectors::{largest, smallest};
use crate::verdict::{Check, Covered, OneSided, OneSidedInterval, Register};
use serde::{Deserialize, Serialize};

/// One setting of the walk.
struct Setting {
    samples: usize,
    batch: usize,
    activation: Activation,
    eta: f64,
}

/// What the walks of a setting are held to.
struct Expected {
    levels: Vec<Covered>,
    /// All levels together: what is measured over what is enumerated.
    ratio: Covered,
    /// Of single samples: the drift far out, measured and enumerated.
    far: Option<(OneSidedInterval, OneSided)>,
    increments: OneSided,
}

/// One observed step: level before it, increment, exact conditional expectation.
struct Step {
    level: f64,
    increment: f64,
    expected: f64,
}

/// A stretch of a walk that begins when `R` is first seen above [`FAR`].
struct Stretch {
    /// Mean increment over the stretch.
    drift: f64,
    /// Exact conditional expectation at its first state.
    expected: f64,
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
const LEVELS: [f64; 3] = [f64::NEG_INFINITY, 0.5, 5.0];

/// Width of the levels of the table.
const DRAWN_WIDTH: f64 = 0.5;

/// Fewest steps by which a level is judged; with fewer it is undecided.
const FEWEST_STEPS: usize = 200;

/// A level so high that the walk next to never comes back from it to 8, below which the bound is not yet the
/// asymptotic one.
pub(super) const FAR: f64 = 20.0;

/// Walks a setting.
pub(super) fn walks(effort: Effort) -> u64 {
    effort.pick(1500, 2000, 40_000)
}

/// The drift in three settings: checks level by level, and a table in finer levels.
pub(super) fn part(effort: Effort, prediction: &Prediction, eta: f64, register: &mut Register) -> Part {
    let settings = [(6, 1, Activation::Linear), (7, 3, Activation::Linear), (9, 1, Activation::Relu)];
    let settings = settings.map(|(samples, batch, activation)| {
        let setting = Setting { samples, batch, activation, eta };
        let expected = setting.expected(effort, prediction, register);
        (setting, expected)
    });
    let prediction = prediction.clone();
    Box::new(move |lab, findings| {
        let mut rows = Vec::new();
        for (k, (setting, expected)) in settings.into_iter().enumerate() {
            let (steps, stretches) =
                setting.walk(lab, &prediction, lab.cell_seed(&STUDY, (k as u64) << 32))?;
            rows.extend(setting.rows(&steps, &prediction));
            findings.checks.extend(expected.judge(&steps, &stretches, (prediction.largest_increment)(eta)));
        }
        findings.tables.push(Table::of(rows));
        Ok(())
    })
}

impl Setting {
    fn expected(&self, effort: Effort, prediction: &Prediction, register: &mut Register) -> Expected {
        let relu = if self.activation == Activation::Relu { ", ReLU" } else { "" };
        let name = format!("m = {}, b = {}{relu}", self.samples, self.batch);
        let share = effort.pick(0.66, 0.57, 0.13);
        let why = format!(
            "mean of the exact conditional expectation over the states visited; martingale differences; no wider than {share} of the \
             asymptotic drift λ at the default step"
        );
        // Like the noise, it goes as η.
        let scale = sgd::rate(self.samples, self.batch, DEFAULT_STEP) * self.eta / DEFAULT_STEP;
        let levels = (0..LEVELS.len()).map(|k| {
            let (low, high) = ends(k);
            let name = format!("{name}: drift of R for R in [{low}, {high})");
            register.expect_given_states(name, why.as_str()).covered(share * scale)
        });
        let levels = levels.collect();
        let why = "least squares through 0 over all steps; martingale differences weighted by the exact conditional expectation";
        let ratio = register
            .expect(format!("{name}: drift of R, measured over enumerated"), 1.0, why)
            .covered(effort.pick(0.17, 0.15, 0.035) * DEFAULT_STEP / self.eta);
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
        Expected { levels, ratio, far, increments }
    }

    /// The observed steps of all walks, and of single samples their stretches far out.
    fn walk(&self, lab: &Lab, prediction: &Prediction, seed: u64) -> Result<(Vec<Step>, Vec<Stretch>)> {
        let dataset = Dataset::implicit_orthonormal(self.samples, self.samples + 2)?;
        let problem = Problem::new(dataset, self.activation, Reduction::Sum, self.eta)?;
        let schedule = Schedule::sgd(self.samples, self.batch, seed)?;
        let replicas = Replicas { problem, schedule, init_norm: 0.5, seed };
        let observed = replicas.each(lab, walks(lab.effort), |_, start, engine| {
            let active = Active::of(start, self.activation)?;
            let steps = self.steps(prediction, &active, engine);
            let far = if self.batch == 1 { self.stretch(prediction, &active, engine) } else { None };
            Some((steps, far))
        })?;
        let (steps, stretches): (Vec<_>, Vec<_>) = observed.into_iter().flatten().unzip();
        Ok((steps.into_iter().flatten().collect(), stretches.into_iter().flatten().collect()))
    }

    fn drift(&self, prediction: &Prediction, at: &Neuron) -> f64 {
        (prediction.drift)(&at.correlations, at.norm_sq, self.batch, self.eta, self.activation)
    }

    /// A few consecutive steps, then a jump: levels of all sizes, states not too correlated.
    fn steps(&self, prediction: &Prediction, active: &Active, engine: &mut Reduced) -> Vec<Step> {
        let mut steps = Vec::new();
        for round in 0..16u64 {
            for _ in 0..8 {
                let before = engine.neurons(0).remove(0);
                engine.advance(1);
                let level = active.level(&before);
                let increment = active.level(&engine.neurons(0)[0]) - level;
                steps.push(Step { level, increment, expected: self.drift(prediction, &before) });
            }
            engine.advance(24 * round);
        }
        steps
    }

    /// From the first look that finds `R` above [`FAR`], over a time `20/λ`. The first look is a stopping
    /// time, so the mean increment estimates the mean conditional drift over the states of the stretch.
    fn stretch(&self, prediction: &Prediction, active: &Active, engine: &mut Reduced) -> Option<Stretch> {
        let span = (20.0 / sgd::rate(self.samples, self.batch, self.eta)) as u64;
        for _ in 0..400 {
            engine.advance(span / 40);
            let before = engine.neurons(0).remove(0);
            let level = active.level(&before);
            if level > FAR {
                engine.advance(span);
                let drift = (active.level(&engine.neurons(0)[0]) - level) / span as f64;
                return Some(Stretch { drift, expected: self.drift(prediction, &before) });
            }
        }
        None
    }

    /// The drift in finer levels than the checks need.
    fn rows(&self, steps: &[Step], prediction: &Prediction) -> Vec<LevelDrift> {
        let &Self { samples, batch, activation, eta } = self;
        let bound = if batch == 1 { (prediction.bound)(samples, eta) } else { f64::NAN };
        let mut levels: BTreeMap<i64, Vec<&Step>> = BTreeMap::new();
        for step in steps.iter().filter(|step| step.level.is_finite()) {
            levels.entry((step.level / DRAWN_WIDTH).floor() as i64).or_default().push(step);
        }
        levels.retain(|_, within| within.len() >= FEWEST_STEPS);
        let row = |(level, within): (i64, Vec<&Step>)| {
            let (noise, expected) = noise(&within);
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
}

/// The ends of a level.
fn ends(k: usize) -> (f64, f64) {
    (LEVELS[k], LEVELS.get(k + 1).copied().unwrap_or(f64::INFINITY))
}

/// Mean of what is measured less its exact expectation, and mean of this. The former is a sum of martingale differences in every level: mean 0.
fn noise(steps: &[&Step]) -> (Mean, f64) {
    let noise = Mean::of(&steps.iter().map(|step| step.increment - step.expected).collect::<Vec<_>>());
    let expected = Mean::of(&steps.iter().map(|step| step.expected).collect::<Vec<_>>()).mean;
    (noise, expected)
}

impl Expected {
    fn judge(self, steps: &[Step], stretches: &[Stretch], largest_increment: f64) -> Vec<Check> {
        let levels = self.levels.into_iter().enumerate();
        let mut checks: Vec<Check> = levels.map(|(k, check)| at_level(check, ends(k), steps)).collect();
        let (ratio, interval) = ratio(steps);
        checks.push(self.ratio.estimated(ratio, interval, steps.len() as u64));
        if let Some((measured, exact)) = self.far {
            let n = stretches.len() as u64;
            let drift = Mean::of(&stretches.iter().map(|stretch| stretch.drift).collect::<Vec<_>>());
            checks.push(measured.estimated(drift.mean, drift.interval(CHECK_LEVEL), n));
            checks.push(exact.measured(smallest(stretches.iter().map(|stretch| stretch.expected)), n));
        }
        let seen = largest(steps.iter().map(|step| step.increment.abs()));
        checks.push(self.increments.measured(seen / largest_increment, steps.len() as u64));
        checks
    }
}

/// The factor that fits increments to their exact conditional expectations `e`: `1 + Σ e (ΔR − e)/Σ e²`, and its interval. The terms of the sum are
/// martingale differences.
fn ratio(steps: &[Step]) -> (f64, Interval) {
    let squares: f64 = steps.iter().map(|step| step.expected.powi(2)).sum();
    let terms = || steps.iter().map(|step| step.expected * (step.increment - step.expected));
    let ratio = 1.0 + terms().sum::<f64>() / squares;
    let half = normal_quantile(CHECK_LEVEL) * terms().map(|term| term * term).sum::<f64>().sqrt() / squares;
    (ratio, Interval { low: ratio - half, high: ratio + half })
}

fn at_level(check: Covered, (low, high): (f64, f64), steps: &[Step]) -> Check {
    let within: Vec<&Step> = steps.iter().filter(|step| low <= step.level && step.level < high).collect();
    if within.len() < FEWEST_STEPS {
        let nothing = Interval { low: f64::NEG_INFINITY, high: f64::INFINITY };
        return check.estimated(f64::NAN, nothing, 0);
    }
    let (noise, expected) = noise(&within);
    let Interval { low, high } = noise.interval(CHECK_LEVEL);
    let interval = Interval { low: low + expected, high: high + expected };
    check.given(expected).estimated(noise.mean + expected, interval, within.len() as u64)
}
