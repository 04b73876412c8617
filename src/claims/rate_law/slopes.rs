//! The rate over a grid of schedules.

use itertools::Itertools;
use rayon::prelude::*;

use super::{Options, Prediction, STUDY};
use crate::data::Dataset;
use crate::engine::{Engine, Reduced};
use crate::error::{Misuse, Result};
use crate::init::Start;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::schedule::{Schedule, ScheduleKind};
use crate::stats::{CHECK_LEVEL, Mean, variance_interval};
use crate::study::{Context, Findings, Table};
use crate::theory::rate::{self, StepLaw};
use crate::vectors::{arg_max, largest, smallest};
use crate::verdict::{Check, Covered, Equality, Expectation};

/// What a number of a cell is held to.
enum Criterion {
    Exact(Equality),
    Interval(Covered),
}

/// One setting.
#[derive(Clone, Copy)]
pub(super) struct Cell {
    pub kind: ScheduleKind,
    pub samples: usize,
    pub batch: usize,
    pub eta: f64,
    pub reduction: Reduction,
}

/// What one run shows between the two times: the winner, and the fall of every `log|c_j|` a step (0 for the winner).
pub(super) struct Fall {
    pub winner: usize,
    pub by_sample: Vec<f64>,
}

impl Fall {
    /// Mean over the losers.
    pub fn mean(&self) -> f64 {
        self.by_sample.iter().sum::<f64>() / (self.by_sample.len() as f64 - 1.0)
    }
}

/// Times, in units of `1/λ`, between which falls are measured: after selection, and within the range of f64.
const SPAN: (f64, f64) = (40.0, 200.0);

/// Fewest runs with which the variance of the walk is judged.
const VARIANCE_RUNS: u64 = 400;

/// Runs a cell of a schedule whose long run leaves nothing to chance.
const FEW: u64 = 10;

/// Bound on the probability that a schedule without chance is not far out after 40/λ in some of its few runs: two leaders must start within 1e-10
/// of their boundary, in log-ratio.
const TIED: f64 = 1e-8;

impl Cell {
    pub fn step_per_sample(&self) -> f64 {
        self.reduction.step_per_sample(self.eta, self.batch)
    }

    pub fn name(&self) -> String {
        format!(
            "{}, m = {}, b = {}, η_B = {:.3}",
            self.kind.name(),
            self.samples,
            self.batch,
            self.step_per_sample()
        )
    }

    /// Both times in steps, whole rounds of the schedule, by the true law whatever is predicted.
    fn times(&self) -> (u64, u64) {
        let law = rate::step_law(self.kind, self.samples, self.batch, self.step_per_sample());
        let slowest = rate::step_law(ScheduleKind::Cyclic, self.samples, 1, self.step_per_sample());
        let per_step = law.or(slowest).map_or(1.0, |law| law.rate);
        let round = match self.kind {
            ScheduleKind::Reshuffle => self.samples / self.batch,
            _ => self.samples,
        } as u64;
        let at = |lambda_t: f64| (lambda_t / per_step) as u64 / round * round;
        (at(SPAN.0), at(SPAN.1))
    }

    /// Falls in independent runs from Gaussian starts of norm ½.
    pub fn falls(&self, context: &Context, replicas: u64, seed: u64) -> Result<Vec<Fall>> {
        let dataset = Dataset::implicit_orthonormal(self.samples, self.samples + 1)?;
        let problem = Problem::new(dataset, Activation::Linear, self.reduction, self.eta)?;
        let schedule = Schedule::new(self.kind, self.samples, Some(self.batch), seed)?;
        let (from, to) = self.times();
        context.progress.inc_length(replicas);
        let blocks = (0..replicas.div_ceil(16)).into_par_iter().map(|block| {
            let (first, last) = (16 * block, replicas.min(16 * block + 16));
            let starts: Vec<Start> = (first..last)
                .map(|k| Start::gaussian(problem.dataset(), 0.5, seed, k))
                .collect::<Result<_, Misuse>>()?;
            let mut engine = Reduced::new(&problem, &schedule, &starts, first)?;
            let sizes = |engine: &Reduced, k: usize| engine.neurons(k).remove(0).correlations;
            engine.advance(from);
            let before: Vec<Vec<f64>> = (0..starts.len()).map(|k| sizes(&engine, k)).collect();
            engine.advance(to - from);
            let fall = |(k, before): (usize, Vec<f64>)| {
                let after = sizes(&engine, k);
                let fall = |(a, b): (&f64, &f64)| (a / b).abs().ln() / (to - from) as f64;
                let by_sample = before.iter().zip(&after).map(fall).collect();
                let winner = arg_max(after.iter().map(|c| c.abs())).unwrap_or(0);
                Fall { winner, by_sample }
            };
            context.progress.inc(last - first);
            Ok(before.into_iter().enumerate().map(fall).collect::<Vec<_>>())
        });
        Ok(blocks.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
    }
}

pub(super) fn examine(
    context: &Context,
    options: &Options,
    prediction: &Prediction,
    findings: &mut Findings,
) -> Result<()> {
    use Reduction::{Mean as PerBatch, Sum};
    use ScheduleKind::{Replacement, Reshuffle, Sgd};
    let replicas = options.replicas.unwrap_or(context.effort.pick(80, 450, 4000));
    let (mut rows, mut names) = (Vec::new(), Vec::new());
    let cells = [
        (Sgd, 5, 1, 0.2, Sum, 1),
        (Sgd, 7, 3, 0.15, Sum, 1),
        (Sgd, 6, 5, 0.2, Sum, 1),
        (Sgd, 4, 2, 0.2, PerBatch, 1),
        (Replacement, 5, 1, 0.2, Sum, 1),
        (Replacement, 4, 3, 0.25, Sum, 10),
        (Replacement, 7, 4, 0.15, Sum, 1),
        (Reshuffle, 6, 2, 0.2, Sum, 1),
        (Reshuffle, 5, 2, 0.2, Sum, 1),
        (Reshuffle, 7, 3, 0.3, PerBatch, 1),
    ];
    for (k, (kind, samples, batch, eta, reduction, times)) in cells.into_iter().enumerate() {
        let cell = Cell { kind, samples, batch, eta, reduction };
        let expectations = cell.expectations(context, prediction, times * replicas);
        let falls = cell.falls(context, times * replicas, context.cell_seed(&STUDY, k as u64))?;
        let (checks, row) = cell.judge(prediction, expectations, &falls);
        names.push(format!("{} ({} runs)", cell.name(), times * replicas));
        findings.checks.extend(checks);
        rows.push(row);
    }
    for (k, (kind, samples)) in
        [(Reshuffle, 5), (Reshuffle, 6), (ScheduleKind::Cyclic, 7)].into_iter().enumerate()
    {
        let cell = Cell { kind, samples, batch: 1, eta: 0.17, reduction: Sum };
        findings.checks.push(cell.without_chance(
            context,
            prediction,
            context.cell_seed(&STUDY, 1 << 32 | k as u64),
        )?);
    }
    for (k, (samples, batch)) in [(5, 2), (7, 3), (8, 2), (6, 4)].into_iter().enumerate() {
        let cell = Cell { kind: ScheduleKind::Cyclic, samples, batch, eta: 0.15, reduction: Sum };
        let seed = context.cell_seed(&STUDY, 2 << 32 | k as u64);
        findings.checks.extend(cell.blocks(context, prediction, seed)?);
    }
    findings.checks.push(full_batch(context)?);
    findings.protocol.push(format!(
        "The fall of the losers a step between 40/λ and 200/λ from Gaussian starts of norm ½, n = m + 1, linear model, on the reduced engine, f64: {}; \
         the variance of the walk where there are {VARIANCE_RUNS} runs or more. {FEW} runs each of reshuffled epochs and cyclic SGD with b = 1, and of \
         cyclic batches with (m, b) = (5, 2), (7, 3), (8, 2), (6, 4). Control: a run of the full batch.",
        names.iter().join("; ")
    ));
    let header = vec![
        "schedule",
        "samples",
        "batch",
        "step_per_sample",
        "predicted",
        "measured",
        "standard_error",
        "predicted_variance",
        "measured_variance",
        "runs",
    ];
    findings.tables.push(Table::raw("rate_law", &header, rows));
    Ok(())
}

impl Cell {
    fn predicted(&self, prediction: &Prediction) -> StepLaw {
        let law = (prediction.law)(self.kind, self.samples, self.batch, self.step_per_sample());
        law.expect("a law for random batches")
    }

    /// Whether a run's mean over the losers is free of chance: in whole epochs the same number of them comes with the winner.
    fn is_certain(&self) -> bool {
        self.kind == ScheduleKind::Reshuffle && self.samples.is_multiple_of(self.batch)
    }

    /// What rate and variance will be held to.
    fn expectations(&self, context: &Context, prediction: &Prediction, runs: u64) -> [Option<Criterion>; 2] {
        let law = self.predicted(prediction);
        let why = "exact expectation over the batches, mean over the losers";
        let rate = Expectation::new(format!("{}: rate λ", self.name()), law.rate, why);
        let rate = if self.is_certain() {
            Criterion::Exact(rate.chance(TIED).within(1e-9 * law.rate))
        } else {
            Criterion::Interval(rate.covered(context.effort.pick(0.1, 0.03, 0.01) * law.rate))
        };
        let why = "sums of thousands of steps are nearly Gaussian: χ² interval; it tells variances apart that differ by a factor of 1.4 at 450 runs";
        let variance =
            Expectation::new(format!("{}: variance of the walk over its law", self.name()), 1.0, why)
                .covered(context.effort.pick(0.5, 0.5, 0.2));
        [Some(rate), (runs >= VARIANCE_RUNS).then_some(Criterion::Interval(variance))]
    }

    /// Rate, and variance of the first loser's fall.
    fn judge(
        &self,
        prediction: &Prediction,
        expectations: [Option<Criterion>; 2],
        falls: &[Fall],
    ) -> (Vec<Check>, Vec<String>) {
        let (law, n) = (self.predicted(prediction), falls.len() as u64);
        let seen = Mean::of(&falls.iter().map(Fall::mean).collect::<Vec<_>>());
        let (from, to) = self.times();
        let one: Vec<f64> = falls.iter().map(|fall| fall.by_sample[usize::from(fall.winner == 0)]).collect();
        let variance = Mean::of(&one).sem.powi(2) * n as f64 * (to - from) as f64;
        let ratio = variance / law.variance;
        let estimates =
            [(seen.mean, seen.interval(CHECK_LEVEL)), (ratio, variance_interval(ratio, n, CHECK_LEVEL))];
        let checks =
            expectations.into_iter().zip(estimates).filter_map(|(expectation, (estimate, interval))| {
                Some(match expectation? {
                    Criterion::Exact(equality) => equality.measured(estimate, n),
                    Criterion::Interval(covered) => covered.estimated(estimate, interval, n),
                })
            });
        let numbers = [self.step_per_sample(), law.rate, seen.mean, seen.sem, law.variance, variance];
        let head = [self.kind.name().to_string(), self.samples.to_string(), self.batch.to_string()];
        let row = head.into_iter().chain(numbers.map(|x| x.to_string())).chain([n.to_string()]).collect();
        (checks.collect(), row)
    }

    /// Schedules whose long run leaves nothing to chance: every loser of every run.
    fn without_chance(&self, context: &Context, prediction: &Prediction, seed: u64) -> Result<Check> {
        let law = (prediction.law)(self.kind, self.samples, 1, self.step_per_sample());
        let expected = law.expect("a law for single samples").rate;
        let name = format!("{}: largest relative deviation of any loser from λ", self.name());
        let why = "every round visits each sample once; rounding of logarithms over the span";
        let check = Expectation::new(name, 0.0, why).chance(TIED).within(1e-9);
        let falls = self.falls(context, FEW, seed)?;
        let off = |fall: &Fall| {
            let losers = fall.by_sample.iter().enumerate().filter(|(j, _)| *j != fall.winner);
            largest(losers.map(|(_, fall)| (fall / expected - 1.0).abs()))
        };
        Ok(check.measured(largest(falls.iter().map(off)), falls.len() as u64))
    }

    /// Cyclic batches: each loser at its own rate, none for those that always come with the winner; and the slowest of the others.
    fn blocks(&self, context: &Context, prediction: &Prediction, seed: u64) -> Result<[Check; 2]> {
        let why = "counted windows; rounding of logarithms over the span";
        let expect = |what: &str, predicted: f64| {
            let name = format!("{}: {what}, over λ of b = 1", self.name());
            Expectation::new(name, predicted, why).chance(TIED).within(1e-9)
        };
        let each = expect("largest deviation of any loser from its rate", 0.0);
        let slowest = (prediction.slowest)(self.samples, self.batch) as f64;
        let slowest = expect("rate of the slowest losers that part from the winner", slowest);
        let unit = rate::cyclic_blocks(self.samples, 1, 0, 1, self.step_per_sample());
        let expected = |winner, loser| {
            (prediction.blocks)(self.samples, self.batch, winner, loser, self.step_per_sample())
        };
        let off = |fall: &Fall| {
            largest((0..self.samples).map(|j| ((fall.by_sample[j] - expected(fall.winner, j)) / unit).abs()))
        };
        // Those that never part have a rate of rounding.
        let parting = |fall: &Fall| {
            let rates = fall.by_sample.iter().map(|rate| rate / unit);
            smallest(rates.filter(|rate| rate.abs() > 1e-6))
        };
        let falls = self.falls(context, FEW, seed)?;
        let n = falls.len() as u64;
        Ok([
            each.measured(largest(falls.iter().map(off)), n),
            slowest.measured(smallest(falls.iter().map(parting)), n),
        ])
    }
}

/// The full batch has no losers.
fn full_batch(context: &Context) -> Result<Check> {
    let check = Expectation::new(
        "full batch: largest fall of any log|c_j| a step",
        0.0,
        "all stand still at the mixture; rounding",
    )
    .control()
    .within(1e-12);
    let cell = Cell { kind: ScheduleKind::Gd, samples: 5, batch: 5, eta: 0.2, reduction: Reduction::Mean };
    let schedule = Schedule::full_batch(5)?;
    let problem =
        Problem::new(Dataset::implicit_orthonormal(5, 6)?, Activation::Linear, cell.reduction, cell.eta)?;
    let start = Start::gaussian(problem.dataset(), 0.5, context.cell_seed(&STUDY, 3 << 32), 0)?;
    let mut engine = Reduced::new(&problem, &schedule, &[start], 0)?;
    engine.advance(5000);
    let before = engine.neurons(0).remove(0).correlations;
    engine.advance(20_000);
    let after = engine.neurons(0).remove(0).correlations;
    let fall = before.iter().zip(&after).map(|(a, b)| ((a / b).abs().ln() / 20_000.0).abs());
    Ok(check.measured(largest(fall), 1))
}
