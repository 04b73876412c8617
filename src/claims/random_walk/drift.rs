//! Step by step: increments and conditional drift, by level of R.

use std::collections::BTreeMap;

use super::{DEFAULT_STEP, Prediction, Walk};
use crate::data::Dataset;
use crate::engine::Engine;
use crate::error::Result;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;
use crate::state::Neuron;
use crate::stats::{CHECK_LEVEL, Interval, Mean};
use crate::study::{Context, Effort, Table};
use crate::theory::sgd;
use crate::vectors::{largest, smallest};
use crate::verdict::{Check, Expectation};

/// One setting of the walk.
pub(super) struct Cell {
    pub samples: usize,
    pub batch: usize,
    pub activation: Activation,
    pub eta: f64,
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

/// Lower ends of the levels by which steps are grouped.
const LEVELS: [f64; 5] = [f64::NEG_INFINITY, -0.5, 0.5, 2.0, 5.0];

/// Width of the levels of the table.
const DRAWN_WIDTH: f64 = 0.5;

/// Columns of the table of drifts.
pub(super) const COLUMNS: [&str; 11] = [
    "samples",
    "batch",
    "activation",
    "step_size",
    "low",
    "high",
    "measured",
    "standard_error",
    "expected",
    "bound",
    "steps",
];

/// Fewest steps by which a level is judged; with fewer it is undecided.
const FEWEST_STEPS: usize = 200;

/// A level so high that the walk next to never comes back from it to 8, below which the bound is not yet the
/// asymptotic one.
pub(super) const FAR: f64 = 20.0;

/// Walks a setting.
pub(super) fn walks(effort: Effort) -> u64 {
    effort.pick(1500, 2000, 40_000)
}

impl Cell {
    /// The checks of this setting; its drift goes into a table.
    pub(super) fn checks(
        &self,
        context: &Context,
        prediction: &Prediction,
        seed: u64,
        table: &mut Table,
    ) -> Result<Vec<Check>> {
        let dataset = Dataset::implicit_orthonormal(self.samples, self.samples + 2)?;
        let problem = Problem::new(dataset, self.activation, Reduction::Sum, self.eta)?;
        let schedule = Schedule::sgd(self.samples, self.batch, seed)?;
        let walks = walks(context.effort);
        let observed = context.each(0..walks, |replica| {
            let Some(mut walk) = Walk::new(&problem, &schedule, seed, replica)? else {
                return Ok((Vec::new(), None));
            };
            let steps = self.steps(prediction, &mut walk);
            let stretch = if self.batch == 1 { self.stretch(prediction, &mut walk) } else { None };
            Ok((steps, stretch))
        })?;
        let (steps, stretches): (Vec<_>, Vec<_>) = observed.into_iter().unzip();
        let steps: Vec<Step> = steps.into_iter().flatten().collect();
        self.record(&steps, prediction, table);
        let mut checks = self.by_level(&steps);
        if self.batch == 1 {
            let stretches: Vec<Stretch> = stretches.into_iter().flatten().collect();
            checks.extend(self.far_out(prediction, &stretches));
        }
        let limit = (prediction.largest_increment)(self.eta);
        let seen = largest(steps.iter().map(|step| step.increment.abs()));
        let check = Expectation::new(
            format!("{}: largest |increment| over its bound", self.name()),
            1.0,
            "holds for every state with ‖w‖² ≤ 2 and every batch",
        );
        checks.push(check.at_most().measured(seen / limit, steps.len() as u64));
        Ok(checks)
    }

    fn name(&self) -> String {
        let relu = if self.activation == Activation::Relu { ", ReLU" } else { "" };
        format!("m = {}, b = {}{relu}", self.samples, self.batch)
    }

    fn expected(&self, prediction: &Prediction, at: &Neuron) -> f64 {
        (prediction.drift)(&at.correlations, at.norm_sq, self.batch, self.eta, self.activation)
    }

    /// A few consecutive steps, then a jump: levels of all sizes, states not too correlated.
    fn steps(&self, prediction: &Prediction, walk: &mut Walk) -> Vec<Step> {
        let mut steps = Vec::new();
        for round in 0..16u64 {
            for _ in 0..8 {
                let (before, level) = (walk.engine.neurons(0).remove(0), walk.level());
                walk.engine.advance(1);
                let (increment, expected) = (walk.level() - level, self.expected(prediction, &before));
                steps.push(Step { level, increment, expected });
            }
            walk.engine.advance(24 * round);
        }
        steps
    }

    /// From the first look that finds `R` above [`FAR`], over a time `20/λ`. The first look is a stopping
    /// time, so the mean increment estimates the mean conditional drift over the states of the stretch.
    fn stretch(&self, prediction: &Prediction, walk: &mut Walk) -> Option<Stretch> {
        let span = (20.0 / sgd::rate(self.samples, self.batch, self.eta)) as u64;
        for _ in 0..400 {
            walk.engine.advance(span / 40);
            let level = walk.level();
            if level > FAR {
                let expected = self.expected(prediction, &walk.engine.neurons(0)[0]);
                walk.engine.advance(span);
                return Some(Stretch { drift: (walk.level() - level) / span as f64, expected });
            }
        }
        None
    }

    /// Measured minus exact expectation is a sum of martingale differences in every level: mean 0.
    fn by_level(&self, steps: &[Step]) -> Vec<Check> {
        let mut checks = Vec::new();
        for (k, &low) in LEVELS.iter().enumerate() {
            let high = LEVELS.get(k + 1).copied().unwrap_or(f64::INFINITY);
            let within: Vec<&Step> =
                steps.iter().filter(|step| low <= step.level && step.level < high).collect();
            let name = format!("{}: drift of R for R in [{low}, {high})", self.name());
            let why = "mean of the exact conditional expectation over the states visited; martingale differences; no \
                       wider than three quarters of it, or of the asymptotic drift λ at the default step if that is more";
            // Like the noise, it goes as η.
            let scale = sgd::rate(self.samples, self.batch, DEFAULT_STEP) * self.eta / DEFAULT_STEP;
            let check = |expected: f64| {
                Expectation::new(name, expected, why).covered(0.75 * scale.max(expected.abs()))
            };
            if within.len() < FEWEST_STEPS {
                let nothing = Interval { low: f64::NEG_INFINITY, high: f64::INFINITY };
                checks.push(check(f64::NAN).estimated(f64::NAN, nothing, 0));
                continue;
            }
            let noise =
                Mean::of(&within.iter().map(|step| step.increment - step.expected).collect::<Vec<_>>());
            let expected = Mean::of(&within.iter().map(|step| step.expected).collect::<Vec<_>>()).mean;
            let interval = noise.interval(CHECK_LEVEL);
            let shifted = Interval { low: interval.low + expected, high: interval.high + expected };
            checks.push(check(expected).estimated(noise.mean + expected, shifted, within.len() as u64));
        }
        checks
    }

    /// The drift in finer levels than the checks need: measured with its standard error, exact, and the bound.
    fn record(&self, steps: &[Step], prediction: &Prediction, table: &mut Table) {
        let bound = if self.batch == 1 { (prediction.bound)(self.samples, self.eta) } else { f64::NAN };
        let level = |step: &Step| (step.level / DRAWN_WIDTH).floor() as i64;
        let mut levels: BTreeMap<i64, Vec<&Step>> = BTreeMap::new();
        for step in steps.iter().filter(|step| step.level.is_finite()) {
            levels.entry(level(step)).or_default().push(step);
        }
        for (level, within) in levels.iter().filter(|(_, within)| within.len() >= FEWEST_STEPS) {
            let noise =
                Mean::of(&within.iter().map(|step| step.increment - step.expected).collect::<Vec<_>>());
            let expected = Mean::of(&within.iter().map(|step| step.expected).collect::<Vec<_>>()).mean;
            let low = *level as f64 * DRAWN_WIDTH;
            table.push(&[
                &self.samples,
                &self.batch,
                &self.activation.name(),
                &self.eta,
                &low,
                &(low + DRAWN_WIDTH),
                &(noise.mean + expected),
                &noise.sem,
                &expected,
                &bound,
                &within.len(),
            ]);
        }
    }

    /// The asymptotic bound, against what is measured and against the exact expectations.
    fn far_out(&self, prediction: &Prediction, stretches: &[Stretch]) -> [Check; 2] {
        let bound = (prediction.bound)(self.samples, self.eta);
        let n = stretches.len() as u64;
        let measured = Mean::of(&stretches.iter().map(|stretch| stretch.drift).collect::<Vec<_>>());
        let min = smallest(stretches.iter().map(|stretch| stretch.expected));
        let name = format!("{}: mean drift from R = {FAR} on, measured", self.name());
        let above = format!("{}: smallest exact conditional drift at R > {FAR}", self.name());
        [
            Expectation::new(name, bound, "a stretch of 20/λ steps a walk; walks are independent")
                .exceeding()
                .estimated(measured.mean, measured.interval(CHECK_LEVEL), n),
            Expectation::new(
                above,
                0.999 * bound,
                "enumerated at the states visited; the bound is asymptotic",
            )
            .at_least()
            .measured(min, n),
        ]
    }
}
