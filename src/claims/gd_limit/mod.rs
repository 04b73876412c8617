//! Theorem 1: full-batch gradient descent ends in the mixture of all active datapoints.

mod compare;
mod portrait;
mod tails;

use std::path::PathBuf;

use rayon::prelude::*;

use super::protocol::{Case, bent, by_the_reduced_engine, largest, smallest};
use super::{Claim, Context, Effort, Findings, Kind};
use crate::data::Dataset;
use crate::device::{Compute, Precision};
use crate::engine::Engine;
use crate::error::Result;
use crate::init::Start;
use crate::limit_set::LimitSet;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;
use crate::theory::gd::{self, Radial};
use crate::train::Outcome;
use crate::verdict::{Check, Expectation};
use compare::{Cell, Measured, measure};
use tails::tail_checks;

/// The claim.
pub const CLAIM: Claim = Claim {
    id: "gd_limit",
    kind: Kind::Claim,
    joins: Effort::Quick,
    number: 1,
    level: 1e-5,
    title: "full-batch GD ends in the mixture of all datapoints",
    source: "GFHY Theorem 1",
    statement: "Full-batch gradient descent from w_0 with ‖w_0‖ < 1 and step size at most 1/5 converges to \
                Πw_0/‖Πw_0‖; with ReLU to Σ_{i∈S⁺} c_i(0) a_i, normalised, S⁺ = {i : c_i(0) > 0}.",
    formula: r"w_t \;\to\; w_{\mathrm{GD}} = \frac{\Pi w_0}{\lVert \Pi w_0 \rVert} \quad (b = m), \qquad \text{ReLU:}\quad w_{\mathrm{GD}} = \frac{\sum_{i \in S^+} c_i(0)\, a_i}{\bigl(\sum_{i \in S^+} c_i(0)^2\bigr)^{1/2}}",
    protocol: "Trains the Burn model by autodiff on the full batch, over sizes, seeds, step sizes, both \
               activations and both reductions, and holds every step against the exact recursion in two or \
               three scalars; larger sizes on the reduced engine. Controls: a dead start must not move, the \
               formula of the linear model must fail for ReLU, and SGD from the same starts must end elsewhere.",
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
    /// Orthonormal rows of your own instead of random ones, a float matrix [m, n].
    #[arg(long, value_name = "FILE.npy", conflicts_with_all = ["samples", "dim"])]
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
}

impl Default for Prediction {
    fn default() -> Self {
        Self {
            limit: gd::limit,
            step: Radial::step,
            radial_rate: gd::radial_rate,
            transverse_rate: gd::transverse_rate,
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
    /// Distance that the controls must keep: far above `limit`, yet so small that a random start is
    /// this close to pure, or to having no negative correlation, with probability of its order.
    apart: f64,
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
                apart: 1e-6,
                why: "f64: rounding 2⁻⁵³ a step, contracted by at least 1 − μ",
            },
            Precision::F32 => Self {
                target: 4e-6,
                limit: 1e-5,
                trajectory: 1e-4,
                tail: (1e-2, 1e-4, 5e-2),
                smallest_mu: Precision::F32.unit_roundoff() / 4e-6,
                apart: 1e-4,
                why: "f32: rounding 2⁻²⁴ a step, contracted by at least 1 − μ",
            },
        }
    }
}

/// Runs the protocol against a prediction.
///
/// # Errors
/// Bad options: see [`Dataset`], [`Problem::new`] and [`Start::gaussian`].
pub fn findings(context: &Context, options: &Options, prediction: &Prediction) -> Result<Findings> {
    let tolerances = Tolerances::of(context.compute.precision());
    let (cells, left_out) = cells(context, options, &tolerances)?;
    let init_norm = options.init_norm.unwrap_or(0.5);
    context.progress.inc_length(cells.len() as u64);
    let burn: Vec<Measured> = cells
        .par_iter()
        .with_max_len(1)
        .map(|cell| measure(cell, init_norm, Some(&context.compute), prediction, &tolerances))
        .inspect(|_| context.progress.inc(1))
        .collect::<Result<Vec<_>>>()?
        .into_iter()
        .flatten()
        .collect();
    let n = burn.len() as u64;
    let mut checks = vec![
        Expectation::new("largest ‖w − w_GD‖ after training on Burn", 0.0, tolerances.why)
            .within(tolerances.limit)
            .measured(largest(burn.iter().map(|run| run.distance)), n),
        Expectation::new("largest deviation from the scalar recursion at any step", 0.0, tolerances.why)
            .within(tolerances.trajectory)
            .measured(largest(burn.iter().map(|run| run.deviation)), n),
    ];
    checks.push(dead_check(&context.compute)?);
    let mut notes: Vec<String> = bent(options.step_size, options.init_norm).into_iter().collect();
    let diverged = burn.iter().filter(|run| run.diverged).count();
    if diverged > 0 {
        notes.push(format!("{diverged} of {n} trainings diverged; their distances are NaN."));
    }
    checks.extend(controls(&burn, tolerances.apart, &mut notes));
    if options.data.is_none() && options.samples.is_none() {
        checks.push(large_sizes(context, options, prediction)?);
        checks.extend(tail_checks(context, prediction, &tolerances)?);
    }
    notes.extend(by_the_reduced_engine(context, "The larger sizes and SGD of the controls"));
    if tolerances.smallest_mu > 0.0 {
        notes.push(format!(
            "In single precision {left_out} of {} trainings, those with μ < {:.4}, are left out: what fades by 1 − μ a step \
             stays at u/μ, u = 2⁻²⁴, where a step is less than half a unit in the last place of w. That is the format, not \
             the theorem.",
            cells.len() + left_out,
            tolerances.smallest_mu
        ));
    }
    notes.push(format!(
        "{n} trainings of the Burn model: sizes m × n = {}; linear and ReLU, mean and sum.",
        sizes_of(&cells)
    ));
    let tables = vec![portrait::table(context, options, prediction)?];
    Ok(Findings { checks, notes, tables, ..Findings::default() })
}

fn sizes_of(cells: &[Cell]) -> String {
    let mut sizes: Vec<String> =
        cells.iter().map(|cell| format!("{} × {}", cell.dataset.samples(), cell.dataset.dim())).collect();
    sizes.dedup();
    sizes.join(", ")
}

/// The trainings, and how many are left out because their `μ` is too small for the precision.
fn cells(context: &Context, options: &Options, tolerances: &Tolerances) -> Result<(Vec<Cell>, usize)> {
    let standard = [(1, 4), (2, 2), (3, 7), (5, 5), (7, 19), (12, 17), (24, 31), (36, 70)];
    let full = [standard.as_slice(), &[(40, 40), (64, 100), (96, 128), (128, 131)]].concat();
    let sizes = match (options.samples, options.dim) {
        (None, None) => context.effort.pick(vec![(2, 2), (5, 9), (12, 17)], standard.to_vec(), full),
        (m, n) => {
            let m = m.or(n).unwrap_or(1);
            vec![(m, n.unwrap_or(m))]
        }
    };
    let step_sizes = options.step_size.map_or(vec![0.2, 0.137], |eta| vec![eta]);
    let seeds = context.effort.pick(1, 2, 4);
    let own = options.data.as_ref().map(Dataset::from_npy).transpose()?;
    let (mut cells, mut left_out) = (Vec::new(), 0);
    for (k, (m, n)) in sizes.into_iter().enumerate() {
        for draw in 0..seeds {
            let seed = context.cell_seed(&CLAIM, k as u64 * 64 + draw);
            let dataset = match &own {
                Some(dataset) => dataset.clone(),
                None => Dataset::orthonormal(m, n, seed)?,
            };
            dataset.require_orthonormal()?;
            for activation in Activation::PAPER {
                for reduction in Reduction::ALL {
                    for &step_size in &step_sizes {
                        let mu = reduction.step_per_sample(step_size, dataset.samples());
                        if mu >= tolerances.smallest_mu {
                            let dataset = dataset.clone();
                            cells.push(Cell { dataset, activation, reduction, step_size, seed });
                        } else {
                            left_out += 1;
                        }
                    }
                }
            }
        }
        if own.is_some() {
            break;
        }
    }
    // Longest first: the last ones to finish are then short, and no core idles.
    cells.sort_by_key(|cell| std::cmp::Reverse(cell.dataset.samples()));
    Ok((cells, left_out))
}

/// The ReLU start with no active sample: nothing may move at all.
fn dead_check(compute: &Compute) -> Result<Check> {
    let dataset = Dataset::orthonormal(4, 6, 1)?;
    let start = Start::from_coordinates(&dataset, vec![-0.2, -0.1, -0.3, -0.05], 0.1, 1, 0)?;
    let problem = Problem::new(dataset.clone(), Activation::Relu, Reduction::Sum, 0.2)?;
    let schedule = Schedule::full_batch(4)?;
    let case = Case { problem: &problem, schedule: &schedule, start: &start, replica: 0 };
    let mut engine = case.autodiff(compute)?;
    let before = engine.weights(0)?;
    engine.advance(50);
    let moved = before.iter().zip(engine.weights(0)?).map(|(a, b)| (a - b).abs());
    let moved = largest(moved);
    let outcome = case.run_for(&mut engine, 0).outcome;
    let measured = if outcome == Outcome::Dead { moved } else { f64::NAN };
    Ok(Expectation::new("movement of a dead ReLU start in 50 steps", 0.0, "its gradient is exactly 0")
        .control()
        .within(0.0)
        .measured(measured, 1))
}

fn controls(burn: &[Measured], apart: f64, notes: &mut Vec<String>) -> Vec<Check> {
    let why =
        "far above the tolerance on the limit; a random start comes closer with probability of this order";
    let mut checks = Vec::new();
    for (name, distances) in [
        (
            "smallest ReLU distance to the linear model's limit",
            burn.iter().filter_map(|run| run.to_linear_limit).collect::<Vec<f64>>(),
        ),
        (
            "smallest distance to the mixture of SGD (b = 1) from the same starts",
            burn.iter().filter_map(|run| run.sgd_to_mixture).collect(),
        ),
    ] {
        if distances.is_empty() {
            notes.push(format!(
                "No start allows the control \"{name}\": it needs two samples of the right signs."
            ));
            continue;
        }
        let closest = smallest(distances.iter().copied());
        let control = Expectation::new(name, apart, why).control().at_least();
        checks.push(control.measured(closest, distances.len() as u64));
    }
    checks
}

/// Sizes beyond what Burn trains in seconds, through the reduced engine (always f64).
fn large_sizes(context: &Context, options: &Options, prediction: &Prediction) -> Result<Check> {
    let sizes =
        context.effort.pick(vec![(150, 151)], vec![(150, 151), (512, 700)], vec![(512, 700), (1024, 1500)]);
    let mut cells = Vec::new();
    for (k, (m, n)) in sizes.into_iter().enumerate() {
        for (activation, reduction) in Activation::PAPER.into_iter().zip(Reduction::ALL) {
            let seed = context.cell_seed(&CLAIM, 100_000 + k as u64);
            let step_size = options.step_size.unwrap_or(0.19);
            let dataset = Dataset::implicit_orthonormal(m, n)?;
            cells.push(Cell { dataset, activation, reduction, step_size, seed });
        }
    }
    let tolerances = Tolerances::of(Precision::F64);
    let init_norm = options.init_norm.unwrap_or(0.5);
    let runs: Vec<Measured> = cells
        .par_iter()
        .map(|cell| measure(cell, init_norm, None, prediction, &tolerances))
        .collect::<Result<Vec<_>>>()?
        .into_iter()
        .flatten()
        .collect();
    let worst = largest(runs.iter().flat_map(|run| [run.distance, run.deviation]));
    let name = format!(
        "the same two at 1000 points, larger m (up to {}), reduced engine",
        cells.last().map_or(0, |c| c.dataset.samples())
    );
    Ok(Expectation::new(name, 0.0, tolerances.why)
        .within(tolerances.limit)
        .measured(worst, runs.len() as u64))
}
