//! Theorem 1: full-batch gradient descent ends in the mixture of all active datapoints.

mod cells;
mod compare;
mod controls;
mod figure;
mod portrait;
mod tails;

use std::fmt::Display;
use std::path::PathBuf;

use crate::device::{Compute, Precision};
use crate::error::Result;
use crate::limit_set::LimitSet;
use crate::model::Activation;
use crate::study::words::{bent, by_the_reduced_engine, count, listed};
use crate::study::{Context, Effort, Findings, Kind, Study};
use crate::text::number;
use crate::theory::gd::{self, Radial};
use crate::vectors::largest;
use crate::verdict::{Check, Expectation};
use compare::{Cell, Measured, measure};

/// The claim.
pub const STUDY: Study = Study {
    id: "gd_limit",
    kind: Kind::Paper,
    joins: Effort::Quick,
    number: 1,
    level: 1e-5,
    title: "full-batch GD ends in the mixture of all datapoints",
    theorem: "Theorem 1",
    source: "GFHY Theorem 1",
    statement: "Full-batch gradient descent from w_0 with ‖w_0‖ < 1, Πw_0 ≠ 0 and step size at most 1/5 converges to \
                Πw_0/‖Πw_0‖; with ReLU, unless S⁺ = {i : c_i(0) > 0} is empty, to Σ_{i∈S⁺} c_i(0) a_i, normalised.",
    formula: r"w_t \;\to\; w_{\mathrm{GD}} = \frac{\Pi w_0}{\lVert \Pi w_0 \rVert} \quad (b = m), \qquad \text{ReLU:}\quad w_{\mathrm{GD}} = \frac{\sum_{i \in S^+} c_i(0)\, a_i}{\bigl(\sum_{i \in S^+} c_i(0)^2\bigr)^{1/2}}",
    figures: &[&figure::FIGURE],
    run: |context| findings(context, &Options::default(), &Prediction::default()),
};

/// What the command line may bend.
#[derive(Clone, Debug, Default, clap::Args, serde::Serialize)]
pub struct Options {
    /// Number of samples m (default: a range of sizes).
    #[arg(long)]
    pub samples: Option<usize>,
    /// Dimension n (default: that of each size, or m).
    #[arg(long)]
    pub dim: Option<usize>,
    /// Step size η (default: several up to the theorem's 1/5).
    #[arg(long, allow_negative_numbers = true)]
    pub step_size: Option<f64>,
    /// Norm of the initial point.
    #[arg(long, allow_negative_numbers = true)]
    pub init_norm: Option<f64>,
    /// Orthonormal rows of your own instead of random ones, a matrix [m, n].
    #[arg(long, value_name = "FILE", conflicts_with_all = ["samples", "dim"])]
    pub data: Option<PathBuf>,
}

/// The theory that is put to the test.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// Limit from the initial correlations.
    pub limit: fn(&[f64], Activation) -> Option<LimitSet>,
    /// One step of the scalar recursion.
    pub step: fn(Radial, f64) -> Radial,
    /// Shrinkage of the radial error per step, from `μ`.
    pub radial_rate: fn(f64) -> f64,
    /// Shrinkage of the residual per step, from `μ`.
    pub transverse_rate: fn(f64) -> f64,
    /// Least distance that the controls must keep: a little less than that of the limits they tell apart.
    pub apart: f64,
}

impl Default for Prediction {
    fn default() -> Self {
        Self {
            limit: gd::limit,
            step: Radial::step,
            radial_rate: gd::radial_rate,
            transverse_rate: gd::transverse_rate,
            apart: 0.1,
        }
    }
}

/// Tolerances by precision.
struct Tolerances {
    /// Distance aimed at: somewhat below what is asked.
    target: f64,
    /// Distance to the limit.
    limit: f64,
    /// Deviation from the scalar recursion at any step.
    trajectory: f64,
    /// Range of distances over which a tail rate is read, and the tolerance on its logarithm.
    tail: (f64, f64, f64),
    /// Smallest `μ` at which the target can be reached. What fades by the factor `1 − μ` a step, the residual and what
    /// ReLU shuts out, stays for good once `μ` times it is less than half a unit in the last place of `w`: at `u/μ` (measured: 0.6 to 1.1 times that).
    /// (A radial error shrinks four times as fast, and goes down to `u/4μ`.)
    smallest_mu: f64,
    why: &'static str,
}

impl Tolerances {
    fn of(precision: Precision) -> Self {
        match precision {
            Precision::F64 => Self {
                target: 1e-13,
                limit: 1e-12,
                trajectory: 1e-10,
                tail: (1e-6, 1e-11, 1e-4),
                smallest_mu: 0.0,
                why: "f64: rounding 2⁻⁵³ a step, contracted by at least 1 − μ",
            },
            Precision::F32 => Self {
                target: 4e-6,
                limit: 1e-5,
                trajectory: 1e-4,
                tail: (1e-2, 1e-4, 5e-2),
                smallest_mu: Precision::F32.unit_roundoff() / 4e-6,
                why: "f32: rounding 2⁻²⁴ a step, contracted by at least 1 − μ",
            },
        }
    }
}

/// Runs the protocol against a prediction.
///
/// # Errors
/// Bad options: see [`Dataset`](crate::data::Dataset), [`Problem::new`](crate::problem::Problem::new) and
/// [`Start::gaussian`](crate::init::Start::gaussian).
pub fn findings(context: &Context, options: &Options, prediction: &Prediction) -> Result<Findings> {
    let tolerances = Tolerances::of(context.compute.precision());
    let mut told = Told::default();
    told.notes.extend(bent(options.step_size, options.init_norm));
    let expected = [
        Expectation::new("largest ‖w − w_GD‖ after training on Burn", 0.0, tolerances.why)
            .within(tolerances.limit),
        Expectation::new("largest deviation from the scalar recursion at any step", 0.0, tolerances.why)
            .within(tolerances.trajectory),
    ];
    let cells::Cells { cells, left_out } = cells::sizes(context, options, &tolerances)?;
    let (all, step_sizes) = (cells.len() + left_out, distinct(&cells, |cell| cell.step_size));
    let runs = train_all(context, cells, Some(&context.compute), prediction, &tolerances)?;
    told.trainings(&runs, &step_sizes);
    let n = runs.len() as u64;
    let of = |number: fn(&Measured) -> f64| largest(runs.iter().map(|(_, run)| number(run)));
    let measured = [of(|run| run.distance), of(|run| run.deviation)];
    let mut checks: Vec<Check> =
        expected.into_iter().zip(measured).map(|(expected, value)| expected.measured(value, n)).collect();
    let range = options.data.is_none() && options.samples.is_none() && options.dim.is_none();
    if range && options.init_norm.is_none() {
        checks.extend(over_norms(context, options, prediction, &tolerances, &mut told)?);
    }
    checks.extend(controlled(context, &runs, prediction, &mut told)?);
    if range {
        checks.push(large_sizes(context, options, prediction, &mut told)?);
        checks.extend(tails::tail_checks(context, prediction, &tolerances)?);
        told.protocol.push(tails::TOLD.into());
    }
    let reduced = if range { "The larger sizes and SGD of the controls" } else { "SGD of the controls" };
    told.notes.extend(by_the_reduced_engine(context, reduced));
    if left_out > 0 {
        told.notes.push(format!(
            "In single precision {left_out} of {all} trainings, those with μ < {:.4}, are left out: what fades by 1 − μ a step \
             stays at u/μ, u = 2⁻²⁴, where a step is less than half a unit in the last place of w. That is the format, not \
             the theorem.",
            tolerances.smallest_mu
        ));
    }
    let tables = vec![portrait::table(context, options, prediction)?];
    let Told { protocol, notes } = told;
    Ok(Findings { protocol, checks, notes, tables, ..Findings::default() })
}

/// All trainings, on Burn or on the reduced engine.
fn train_all(
    context: &Context,
    cells: Vec<Cell>,
    compute: Option<&Compute>,
    prediction: &Prediction,
    tolerances: &Tolerances,
) -> Result<Vec<(Cell, Measured)>> {
    let runs = context.each(cells, |cell| {
        let run = measure(&cell, compute, prediction, tolerances)?;
        Ok(run.map(|run| (cell, run)))
    })?;
    Ok(runs.into_iter().flatten().collect())
}

/// Initial norms over the theorem's range, every cell held to the tolerance; shown is the worst.
fn over_norms(
    context: &Context,
    options: &Options,
    prediction: &Prediction,
    tolerances: &Tolerances,
    told: &mut Told,
) -> Result<Vec<Check>> {
    let cells = cells::norms(context, options, tolerances)?.cells;
    let (norms, k) = (distinct(&cells, |cell| cell.init_norm), cells.len());
    let expect = |what: &str, cell: &Cell, tolerance: f64| {
        let Cell { dataset, activation, reduction, step_size, init_norm, .. } = cell;
        let (m, activation, reduction) = (dataset.samples(), activation.name(), reduction.name());
        let name = format!(
            "{what}, norms {} to {}, worst of {k} cells: ‖w_0‖ = {init_norm}, {activation}, {reduction}, m = {m}, η = {step_size}",
            norms[0],
            norms[norms.len() - 1]
        );
        Expectation::new(name, 0.0, tolerances.why).within(tolerance)
    };
    let ends: Vec<_> = cells
        .iter()
        .map(|cell| expect("‖w − w_GD‖ after training on Burn", cell, tolerances.limit))
        .collect();
    let ways: Vec<_> = cells
        .iter()
        .map(|cell| expect("deviation from the scalar recursion at any step", cell, tolerances.trajectory))
        .collect();
    let sizes = sizes_of(&cells);
    let runs = train_all(context, cells, Some(&context.compute), prediction, tolerances)?;
    told.protocol.push(format!(
        "{} more from the norms {}, at m × n = {sizes}: every cell is held to the tolerance, and the worst is shown.",
        count(runs.len(), "training"),
        listed(&norms)
    ));
    let worst = |checks: &mut dyn Iterator<Item = Check>| {
        checks.max_by(|a, b| a.measured.abs().total_cmp(&b.measured.abs()))
    };
    let ends =
        ends.into_iter().zip(&runs).map(|(expected, (_, run))| expected.measured(run.distance, k as u64));
    let ways =
        ways.into_iter().zip(&runs).map(|(expected, (_, run))| expected.measured(run.deviation, k as u64));
    Ok([worst(&mut { ends }), worst(&mut { ways })].into_iter().flatten().collect())
}

/// The controls that these trainings allow.
fn controlled(
    context: &Context,
    runs: &[(Cell, Measured)],
    prediction: &Prediction,
    told: &mut Told,
) -> Result<Vec<Check>> {
    let linear = controls::linear_formula(runs, prediction);
    let sgd = controls::other_algorithm(context, runs, prediction)?;
    let mut sentence = String::from("Controls: a dead start must not move");
    let different = controls::DIFFERENT;
    for (check, what) in [
        (
            &linear,
            format!(
                "ReLU trainings whose limit is at least {different} from that of the linear model must keep away from that"
            ),
        ),
        (
            &sgd,
            format!(
                "runs of SGD (b = 1, reduced engine) from starts whose mixture is at least {different} from every datapoint must end elsewhere"
            ),
        ),
    ] {
        match check {
            Some(check) => sentence += &format!("; {} {what}", check.n),
            None => told.notes.push(format!("No run here allows this control: {what}.")),
        }
    }
    told.protocol.push(sentence + ".");
    Ok([Some(controls::dead(&context.compute)?), linear, sgd].into_iter().flatten().collect())
}

/// Sizes beyond what Burn trains in seconds, through the reduced engine (always f64).
fn large_sizes(
    context: &Context,
    options: &Options,
    prediction: &Prediction,
    told: &mut Told,
) -> Result<Check> {
    let tolerances = Tolerances::of(Precision::F64);
    let cells = cells::large(context, options)?;
    let max = cells.iter().map(|cell| cell.dataset.samples()).max().unwrap_or(0);
    let name = format!("the same two at 1000 points, larger m (up to {max}), reduced engine");
    let expected = Expectation::new(name, 0.0, tolerances.why).within(tolerances.limit);
    told.protocol.push(format!(
        "m × n = {} on the reduced engine, linear under mean and ReLU under sum, η = {}, looked at 1000 times.",
        sizes_of(&cells),
        listed(&distinct(&cells, |cell| cell.step_size))
    ));
    let runs = train_all(context, cells, None, prediction, &tolerances)?;
    let worst = largest(runs.iter().flat_map(|(_, run)| [run.distance, run.deviation]));
    Ok(expected.measured(worst, runs.len() as u64))
}

/// What the reader is told of the protocol and besides.
#[derive(Default)]
struct Told {
    protocol: Vec<String>,
    notes: Vec<String>,
}

impl Told {
    fn trainings(&mut self, runs: &[(Cell, Measured)], step_sizes: &[f64]) {
        let norms = distinct(runs.iter().map(|(cell, _)| cell), |cell| cell.init_norm);
        self.protocol.push(format!(
            "{} of the Burn model by autodiff on the full batch: m × n = {}, ‖w_0‖ = {}, η = {}, linear and ReLU, mean and sum. \
             Every step is held against the exact recursion in two or three scalars. A start whose active part is below a tenth of \
             its root mean square is drawn again: rounding would turn its direction.",
            count(runs.len(), "training"),
            sizes_of(runs.iter().map(|(cell, _)| cell)),
            listed(&norms),
            listed(step_sizes),
        ));
        let diverged = runs.iter().filter(|(_, run)| run.diverged).count();
        if diverged > 0 {
            let mut note =
                format!("{diverged} of {} diverged; their distances are NaN.", count(runs.len(), "training"));
            if diverged < runs.len() {
                let others = runs.iter().map(|(_, run)| run).filter(|run| !run.diverged);
                let mut distances: Vec<f64> = others.map(|run| run.distance).collect();
                distances.sort_by(f64::total_cmp);
                let median = number(distances[distances.len() / 2]);
                note += &format!(
                    " Of the others, the distances to w_GD lie between {} and {}, with a median of {median}.",
                    number(distances[0]),
                    number(distances[distances.len() - 1]),
                );
            }
            self.notes.push(note);
        }
    }
}

/// The different values of a number, as they come.
fn distinct<'a, T: PartialEq + Display>(
    cells: impl IntoIterator<Item = &'a Cell>,
    of: impl Fn(&Cell) -> T,
) -> Vec<T> {
    let mut seen = Vec::new();
    for value in cells.into_iter().map(of) {
        if !seen.contains(&value) {
            seen.push(value);
        }
    }
    seen
}

fn sizes_of<'a>(cells: impl IntoIterator<Item = &'a Cell>) -> String {
    listed(&distinct(cells, |cell| format!("{} × {}", cell.dataset.samples(), cell.dataset.dim())))
}
