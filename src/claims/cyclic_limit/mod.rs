//! Theorem 4: visiting the samples in a fixed order ends in one predictable datapoint.

mod figure;
mod plane;

use std::f64::consts::FRAC_PI_4;

use crate::data::Dataset;
use crate::device::Precision;
use crate::engine::Engine;
use crate::error::Result;
use crate::init::Start;
use crate::limit_set::LimitSet;
use crate::limits;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::rng::{Purpose, stream};
use crate::schedule::Schedule;
use crate::study::pool::Tally;
use crate::study::setting::check_replicas;
use crate::study::trial::Trial;
use crate::study::words::{bent, by_the_reduced_engine};
use crate::study::{Context, Effort, Findings, Kind, Study};
use crate::theory::{cyclic, sgd};
use crate::train::{Outcome, Run};
use crate::vectors::largest;
use crate::vectors::{arg_max, norm};
use crate::verdict::{Check, Expectation};
use itertools::Itertools;
use rand::RngExt;

/// The claim.
pub const STUDY: Study = Study {
    id: "cyclic_limit",
    kind: Kind::Paper,
    joins: Effort::Quick,
    number: 3,
    level: 1e-5,
    title: "cyclic SGD ends in a pure datapoint, from the theorem's region in a predictable one",
    theorem: "Theorem 4",
    source: "GFHY Theorem 4 and the conjecture after it",
    statement: "With B_t = {t mod 2}, m = n = 2, ‖w_0‖ < 1 and ⟨w_0, a_0⟩ ≥ ⟨w_0, a_1⟩ > 0, cyclic SGD converges to \
                a_0. The conjecture, for almost every start: for every m and n, cyclic SGD with b = 1 converges to a single datapoint.",
    formula: r"B_t = \{t \bmod 2\},\quad m = n = 2,\quad \langle w_0, a_0 \rangle \ge \langle w_0, a_1 \rangle > 0 \quad\Longrightarrow\quad w_t \to a_0; \qquad \text{conjecture: } \lim_t w_t \in \{\pm a_i\} \text{ for almost every } w_0",
    figures: &[&figure::FIGURE],
    protocol: |context, _| {
        crate::study::unregistered(findings(context, &Options::default(), &Prediction::default()))
    },
};

/// What the command line may bend: the starts for the conjecture, and the step size everywhere.
#[derive(Clone, Debug, Default, clap::Args, serde::Serialize)]
pub struct Options {
    /// Number of samples m (default: random, 2 to 64).
    #[arg(long)]
    pub samples: Option<usize>,
    /// Dimension n (default: random, m to 2m).
    #[arg(long, requires = "samples")]
    pub dim: Option<usize>,
    /// Step size η (default: several up to 1/5).
    #[arg(long, allow_negative_numbers = true)]
    pub step_size: Option<f64>,
    /// Norm of the initial point (default: random in (0, 1)).
    #[arg(long, allow_negative_numbers = true)]
    pub init_norm: Option<f64>,
    /// Number of random starts for the conjecture; at most 1000000.
    #[arg(long)]
    pub replicas: Option<u64>,
}

/// The theory that is put to the test.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// The theorem's limit from `(c_0, c_1)`, where it has one.
    pub theorem: fn(&[f64]) -> Option<LimitSet>,
    /// The conjecture's limit set from the initial correlations.
    pub conjecture: fn(&[f64], Activation) -> LimitSet,
    /// Rate of approach per step from `m` and `η`.
    pub rate: fn(usize, f64) -> f64,
}

impl Default for Prediction {
    fn default() -> Self {
        Self { theorem: cyclic::theorem_4, conjecture: sgd::limit_set, rate: cyclic::rate }
    }
}

const TOLERANCE: f64 = 1e-10;

/// Runs the protocol against a prediction.
///
/// # Errors
/// Bad options: see [`Dataset`], [`Problem::new`] and [`Start::gaussian`].
pub fn findings(context: &Context, options: &Options, prediction: &Prediction) -> Result<Findings> {
    let count = options.replicas.unwrap_or(draws_of(context));
    check_replicas(Some(count))?;
    // An approach takes 1000 cycles and more.
    let factors = [count as usize, options.samples.unwrap_or(1), 1000];
    limits::work("visits (replicas x samples x cycles)", &factors)?;
    let (mut checks, mut protocol) = (Vec::new(), Vec::new());
    for part in [theorem, on_burn, conjecture] {
        let (judged, done) = part(context, options, prediction)?;
        checks.extend(judged);
        protocol.push(done);
    }
    let (judged, done) = controls(context, options)?;
    checks.extend(judged);
    protocol.push(done);
    let mut notes: Vec<String> = bent(options.step_size, options.init_norm).into_iter().collect();
    notes.extend([
        "The conjecture is examined for almost every start with an active sample, with respect to Lebesgue measure; whether the paper says every or almost \
         every start is not known here. It cannot be every start: basins of datapoints are \
         open, so a connected set of starts that meets two of them holds starts that end in no datapoint (see cyclic_basin). Random starts \
         do not find such a set of measure zero."
            .into(),
        "The conjecture is about one sample a step. With b > 1 and a common divisor of b and m, some samples always \
         come together and keep their ratio for ever: a block of them survives, not a single datapoint."
            .into(),
        "The theorem's edge c_0 = c_1 is not where the basins meet: on it the sample visited first already wins, \
         and its rival needs a head start of O(η) to beat it. Hence the control far beyond the edge, not at it."
            .into(),
    ]);
    notes.extend(by_the_reduced_engine(
        context,
        "The sweep of the theorem's region, the conjecture, rates and controls",
    ));
    if context.compute.precision() == Precision::F32 {
        notes.push(
            "Single precision: on Burn the edge c_0 = c_1 is met up to 2⁻²⁴ only. The conclusion is safe, because the rival \
             needs a head start of O(η)."
                .into(),
        );
    }
    let tables = vec![plane::table(context, options)?];
    Ok(Findings { protocol, checks, notes, tables, ..Findings::default() })
}

/// A point of the theorem's region: polar angle and norm of `w_0`, and the step size.
#[derive(Clone, Copy)]
struct Point {
    angle: f64,
    norm: f64,
    step_size: f64,
}

impl Point {
    fn correlations(self) -> Vec<f64> {
        // On the edge both are the same number, not equal up to rounding.
        if self.angle == FRAC_PI_4 {
            return vec![self.norm * std::f64::consts::FRAC_1_SQRT_2; 2];
        }
        vec![self.norm * self.angle.cos(), self.norm * self.angle.sin()]
    }
}

/// Grid over the region: angles from the edge `π/4` down to nearly 0, norms up to just below 1. And in words.
fn region(context: &Context, options: &Options) -> (Vec<Point>, String) {
    let (angles, norms) = context.effort.pick((12, 6), (45, 15), (300, 60));
    let step_sizes = options.step_size.map_or(vec![0.2, 0.13, 0.05, 0.011], |eta| vec![eta]);
    let protocol = format!(
        "A sweep of the theorem's region, its edge included, on the reduced engine, f64: {angles} angles, {norms} norms up to 0.9999, η = {}, \
         the linear model and ReLU by turns.",
        step_sizes.iter().join(", ")
    );
    let mut points = Vec::new();
    for step_size in step_sizes {
        for a in 0..angles {
            // Quadratic spacing: densest at the edge. The last angle is π/4 / angles².
            let angle = FRAC_PI_4 * (1.0 - (f64::from(a) / f64::from(angles)).powi(2));
            for k in 1..=norms {
                let norm = 0.9999 * f64::from(k) / f64::from(norms);
                points.push(Point { angle, norm, step_size });
            }
        }
    }
    (points, protocol)
}

/// Judged checks, and what was done for them.
type Part = (Vec<Check>, String);

/// The theorem's data, the standard basis up to a rotation: only correlations matter.
fn two(step_size: f64, activation: Activation) -> Result<Problem> {
    Ok(Problem::new(Dataset::implicit_orthonormal(2, 2)?, activation, Reduction::Mean, step_size)?)
}

fn run_two(point: Point, activation: Activation, schedule: &Schedule, set: LimitSet) -> Result<Run> {
    let problem = two(point.step_size, activation)?;
    let start = Start::from_coordinates(problem.dataset(), point.correlations(), 0.0, 0, 0)?;
    let case = Trial { problem: &problem, schedule, start: &start, replica: 0 };
    Ok(case.run_to(&mut case.reduced()?, set, TOLERANCE))
}

fn theorem(context: &Context, options: &Options, prediction: &Prediction) -> Result<Part> {
    let (points, protocol) = region(context, options);
    let why = "deterministic: every point of the grid must arrive within 1e-10 of a_0";
    let expect = |name: &str| Expectation::new(name, 1.0, why).within(0.0);
    let everywhere = expect("Theorem 4: fraction of its region that ends in a_0");
    let on_edge = expect("Theorem 4 on its edge c_0 = c_1");
    let schedule = Schedule::cyclic(2, 1)?;
    let runs = context.each(points.iter().enumerate(), |(k, &point)| {
        let activation = Activation::PAPER[k % 2];
        let Some(set) = (prediction.theorem)(&point.correlations()) else {
            return Ok((false, Tally::of(None)));
        };
        Ok((point.angle == FRAC_PI_4, Tally::of(Some(&run_two(point, activation, &schedule, set)?))))
    })?;
    let fraction = |edge: Option<bool>| {
        let chosen = runs.iter().filter(|(on_edge, _)| edge.is_none_or(|edge| edge == *on_edge));
        let tally: Tally = chosen.map(|(_, tally)| *tally).sum();
        (tally.hits as f64 / tally.trials as f64, tally.trials)
    };
    let ((all, n), (edge, n_edge)) = (fraction(None), fraction(Some(true)));
    Ok((vec![everywhere.measured(all, n), on_edge.measured(edge, n_edge)], protocol))
}

/// The theorem by training the Burn model on random orthonormal pairs.
fn on_burn(context: &Context, options: &Options, prediction: &Prediction) -> Result<Part> {
    let why = "training the Burn model by autodiff on Haar-random pairs, edge included: the theorem leaves nothing to chance";
    let name = "Theorem 4: trainings of the Burn model that end in a_0";
    let expectation = Expectation::new(name, 1.0, why).within(0.0);
    let step_size = options.step_size.unwrap_or(0.17);
    let count: u32 = context.effort.pick(4, 16, 64);
    let tolerance = context.compute.precision().pick(TOLERANCE, 1e-5);
    let schedule = Schedule::cyclic(2, 1)?;
    let runs = context.each(0..count, |k| {
        let seed = context.cell_seed(&STUDY, u64::from(k));
        let mut rng = stream(seed, Purpose::Protocol, 0);
        // The first on the edge, the rest anywhere in the region.
        let angle = if k == 0 { FRAC_PI_4 } else { FRAC_PI_4 * rng.random::<f64>() };
        let point = Point { angle, norm: 0.05 + 0.94 * rng.random::<f64>(), step_size: 0.0 };
        let dataset = Dataset::orthonormal(2, 2, seed)?;
        let problem = Problem::new(dataset, Activation::PAPER[k as usize % 2], Reduction::Mean, step_size)?;
        let start = Start::from_coordinates(problem.dataset(), point.correlations(), 0.0, seed, 0)?;
        let Some(set) = (prediction.theorem)(&start.correlations) else { return Ok(Tally::of(None)) };
        let case = Trial { problem: &problem, schedule: &schedule, start: &start, replica: 0 };
        Ok(Tally::of(Some(&case.run_to(&mut case.autodiff(&context.compute)?, set, tolerance))))
    })?;
    let tally: Tally = runs.into_iter().sum();
    let protocol = format!(
        "{} trainings of the Burn model by autodiff ({} {}), m = n = 2, η = {step_size}, from random points of the region, the first on its edge.",
        tally.trials,
        context.compute.backend().name(),
        context.compute.precision().name()
    );
    let check = expectation.measured(tally.hits as f64 / tally.trials as f64, tally.trials);
    Ok((vec![check], protocol))
}

/// Bound on the probability that a random start has not arrived when its budget is used up, if the conjecture is true.
///
/// The budget is 150/η² cycles beyond what the approach takes. A lead of `e^{−x}` in log-ratio over the boundary grows by `e` in `1/η²` cycles once
/// two samples are left, so a start is late with a probability of order `e^{−100}`, except where rounding holds it: within some 1e-15 of
/// a boundary, which 63 rivals make no more likely than 1e-13.
const HELD: f64 = 1e-12;

/// What is drawn for the conjecture, in words.
fn draws(options: &Options, count: u64) -> String {
    let given = |value: Option<String>, otherwise: &str| value.unwrap_or_else(|| otherwise.into());
    format!(
        "{count} starts for the conjecture on the reduced engine, f64: m = {}, n = {}, ‖w_0‖ = {}, η = {}, in random directions, b = 1, the linear \
         model and ReLU by turns; and the rate of approach over the 20 cycles after each.",
        given(options.samples.map(|m| m.to_string()), "2 to 64 at random"),
        given(options.dim.map(|n| n.to_string()), "m to 2m at random"),
        given(options.init_norm.map(|norm| norm.to_string()), "0.02 to 0.99 at random"),
        given(options.step_size.map(|eta| eta.to_string()), "0.05 to 0.2 at random"),
    )
}

/// Norm of the active correlations but the largest.
fn rivals(c: &[f64], c0: &[f64], activation: Activation) -> f64 {
    let active = c.iter().zip(c0).filter(|(_, c0)| activation.admits(**c0)).map(|(c, _)| c.abs());
    let sizes = active.sorted_by(|a, b| b.total_cmp(a)).skip(1);
    norm(&sizes.collect::<Vec<_>>())
}

/// Starts that are drawn for the conjecture unless the command line says how many.
fn draws_of(context: &Context) -> u64 {
    context.effort.pick(300, 1300, 15_000)
}

/// The conjecture on random sizes, norms and step sizes.
fn conjecture(context: &Context, options: &Options, prediction: &Prediction) -> Result<Part> {
    let count = options.replicas.unwrap_or(draws_of(context));
    let why = "b = 1, within 1e-10; a miss would speak against \"almost every\"";
    let name = "the conjecture, for almost every start: random starts that end in one allowed datapoint";
    let arrives = Expectation::new(name, 1.0, why).always(context.effort.pick(0.9, 0.99, 0.999), HELD, count);
    let why = "over 20 cycles of all rivals together, from a distance of 1e-10: corrections of 1e-8 and less, rounding of 1e-11";
    let name = "… at the rate log 1/(1−η²) a cycle: largest relative deviation";
    let at_rate = Expectation::new(name, 0.0, why).within(1e-6);
    let runs = context.each(0..count, |k| {
        let seed = context.cell_seed(&STUDY, 1 << 32 | k);
        let mut rng = stream(seed, Purpose::Protocol, 0);
        let samples = options.samples.unwrap_or_else(|| rng.random_range(2..=64));
        let dim = options.dim.unwrap_or_else(|| samples + rng.random_range(0..=samples));
        let init_norm = options.init_norm.unwrap_or_else(|| 0.02 + 0.97 * rng.random::<f64>());
        let step_size = options.step_size.unwrap_or_else(|| 0.05 + 0.15 * rng.random::<f64>());
        let activation = Activation::PAPER[(k % 2) as usize];
        let problem = Problem::new(
            Dataset::implicit_orthonormal(samples, dim)?,
            activation,
            Reduction::Mean,
            step_size,
        )?;
        let start = Start::gaussian(problem.dataset(), init_norm, seed, k)?;
        if !start.correlations.iter().any(|&c| activation.admits(c)) {
            return Ok((Tally::of(None), 0.0));
        }
        let schedule = Schedule::cyclic(samples, 1)?;
        let set = (prediction.conjecture)(&start.correlations, activation);
        let case = Trial { problem: &problem, schedule: &schedule, start: &start, replica: 0 };
        let mut engine = case.reduced()?;
        let run = case.run_to(&mut engine, set, TOLERANCE);
        // The rate over the next cycles, in units of the predicted one.
        let cycles = 20 * samples as u64;
        engine.advance(cycles);
        let behind = |c: &[f64]| rivals(c, &start.correlations, activation);
        let shrinkage =
            (behind(&run.neurons[0].correlations) / behind(&engine.neurons(0)[0].correlations)).ln();
        let off = shrinkage / ((prediction.rate)(samples, step_size) * cycles as f64) - 1.0;
        // A single active sample has no rival to shrink at this rate, only the residual and inactive ones.
        let several = start.correlations.iter().filter(|&&c| activation.admits(c)).count() > 1;
        let comparable = run.outcome == Outcome::Converged && several;
        Ok((Tally::of(Some(&run)), if comparable { off.abs() } else { 0.0 }))
    })?;
    let tally: Tally = runs.iter().map(|(tally, _)| *tally).sum();
    let worst = largest(runs.iter().map(|(_, off)| *off));
    let checks = vec![arrives.counted(tally.hits, tally.trials), at_rate.measured(worst, tally.trials)];
    Ok((checks, draws(options, count)))
}

/// Broken hypotheses: another order, a rival with a head start, no order at all.
fn controls(context: &Context, options: &Options) -> Result<Part> {
    let step_size = options.step_size.unwrap_or(0.2);
    let edge: Vec<Point> =
        (1..10).map(|k| Point { angle: FRAC_PI_4, norm: 0.1 * f64::from(k), step_size }).collect();
    let beyond: Vec<Point> = edge.iter().map(|point| Point { angle: 0.98, ..*point }).collect();
    let (a_0, a_1) = (LimitSet::Datapoints(vec![1, 0]), LimitSet::Datapoints(vec![0, 1]));
    let fraction = |points: &[Point], schedule: &Schedule, set: &LimitSet| -> Result<f64> {
        let runs = points.iter().map(|&point| run_two(point, Activation::Linear, schedule, set.clone()));
        let runs = runs.collect::<Result<Vec<_>>>()?;
        let hits = runs.iter().filter(|run| run.outcome == Outcome::Converged).count();
        Ok(hits as f64 / points.len() as f64)
    };
    let forward = Schedule::cyclic(2, 1)?;
    let reversed = Schedule::cyclic_over(2, 1, vec![1, 0])?;
    let n = edge.len() as u64;
    let mut checks = Vec::new();
    for (name, points, schedule, set, predicted) in [
        ("from the edge with the order reversed: fraction that ends in a_1", &edge, &reversed, &a_1, 1.0),
        ("beyond the edge, c_1 = 1.5 c_0: fraction that ends in a_1", &beyond, &forward, &a_1, 1.0),
        (
            "from the edge with the full batch: fraction that ends in a_0",
            &edge,
            &Schedule::full_batch(2)?,
            &a_0,
            0.0,
        ),
    ] {
        let why = "deterministic; the broken hypothesis must change the limit";
        let expectation = Expectation::new(name, predicted, why).control().within(0.0);
        checks.push(expectation.measured(fraction(points, schedule, set)?, n));
    }
    checks.push(blocks(context, step_size)?);
    let protocol = format!(
        "Controls at η = {step_size}: {n} norms on the edge with the order reversed and with the full batch, as many with c_1 = 1.5 c_0, and cyclic \
         batches of two of eight samples, which always come together."
    );
    Ok((checks, protocol))
}

/// Two samples a step, in blocks that always come together: within a block every step has the same
/// factor for both, so their ratio never changes and no single datapoint can win.
fn blocks(context: &Context, step_size: f64) -> Result<Check> {
    let starts = 9;
    // 200/η² rounds of four blocks.
    let steps = (800.0 / (step_size * step_size)) as u64;
    let why =
        format!("the surviving block must keep its initial ratio and have norm 1, up to {steps} roundings");
    let name = "b = 2 divides m = 8: a block of two survives, off its initial ratio by";
    let expectation = Expectation::new(name, 0.0, why).control().within(1e-11);
    let problem =
        Problem::new(Dataset::implicit_orthonormal(8, 8)?, Activation::Linear, Reduction::Sum, step_size)?;
    let schedule = Schedule::cyclic(8, 2)?;
    let mut deviation: f64 = 0.0;
    for replica in 0..starts {
        let start = Start::gaussian(problem.dataset(), 0.5, context.cell_seed(&STUDY, 2 << 32), replica)?;
        let case = Trial { problem: &problem, schedule: &schedule, start: &start, replica };
        let run = case.run_for(&mut case.reduced()?, steps);
        let (c0, c) = (&start.correlations, &run.neurons[0].correlations);
        let i = arg_max(c.iter().map(|c| c.abs())).unwrap_or(0);
        let j = i ^ 1;
        let off = (c[j] / c[i] - c0[j] / c0[i]).abs() + (1.0 - c[i].hypot(c[j])).abs();
        deviation = largest([deviation, off]);
    }
    Ok(expectation.measured(deviation, starts))
}
