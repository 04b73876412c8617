//! Gradient descent sees only the span of the data; SGD sees its rows.

use rand::Rng;
use rayon::prelude::*;

use super::protocol::{Case, largest, smallest};
use super::{Claim, Context, Effort, Findings, Kind};
use crate::data::{Dataset, norm};
use crate::device::Precision;
use crate::engine::Engine;
use crate::error::Result;
use crate::init::Start;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::rng::{Purpose, stream};
use crate::schedule::Schedule;
use crate::theory::budget::MISS;
use crate::theory::sgd;
use crate::train::Outcome;
use crate::verdict::Expectation;

/// The claim.
pub const CLAIM: Claim = Claim {
    id: "rotation_invariance",
    kind: Kind::Claim,
    joins: Effort::Quick,
    number: 8,
    level: 1e-5,
    title: "rotating the samples within their span leaves GD unchanged and moves SGD's limit",
    source: "GFHY, discussion of Theorems 1 and 2",
    statement: "Replacing the data A by QA, Q orthogonal m × m, leaves the trajectory of linear GD unchanged; the limits of \
                SGD are rows of QA instead of rows of A.",
    formula: r"A' = Q A,\;\; Q \in O(m): \qquad w_t^{\mathrm{GD}}(A') = w_t^{\mathrm{GD}}(A) \;\;\text{for all } t, \qquad w_\infty^{\mathrm{SGD}}(A') \in \{\pm a'_1, \dots, \pm a'_m\}",
    protocol: "Trains the Burn model from one start on random data A and on QA, Q a Haar-random rotation of the \
               rows among themselves: linear GD must take the same 300 steps up to rounding; SGD, on the same \
               batches, must end in a row of the data it saw, and of no other. Control: ReLU GD, whose active \
               set is not invariant, must end elsewhere.",
    run: |context| findings(context, &Options::default(), &Prediction::default()),
};

/// What the command line may bend.
#[derive(Clone, Debug, Default, clap::Args, serde::Serialize)]
pub struct Options {
    /// Step size η per sample.
    #[arg(long, allow_negative_numbers = true)]
    pub step_size: Option<f64>,
}

/// The theory that is put to the test.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// `‖w_t(QA) − w_t(A)‖` of linear GD, relative to `‖w_t(A)‖`.
    pub gd_shift: f64,
    /// Whether SGD on `A`, and on `QA`, ends in rows of the data it sees (or of the other).
    pub sgd_follows: [bool; 2],
    /// Least distance of SGD's two limits, and of the one on `QA` to every row of `±A`.
    pub sgd_apart: f64,
    /// Least distance of the two limits of ReLU GD, in units of what rounding may do to the linear model's.
    pub relu_apart: f64,
}

impl Default for Prediction {
    fn default() -> Self {
        Self { gd_shift: 0.0, sgd_follows: [true; 2], sgd_apart: 1e-3, relu_apart: 10.0 }
    }
}

struct Measured {
    /// Largest relative distance of the two linear GD trajectories at any step.
    gd_linear: f64,
    /// Distance of the two ReLU GD limits; `None` where both frames are all active, or both dead, and agree.
    gd_relu: Option<f64>,
    /// Whether SGD on either data ended where predicted.
    arrived: [bool; 2],
    /// Distance of SGD's limit on the rotated data to the nearest row of either sign of the plain data.
    to_other_rows: f64,
    /// Distance between SGD's two limits.
    sgd_apart: f64,
}

/// Runs the protocol against a prediction.
///
/// # Errors
/// Bad options: see [`Problem::new`].
pub fn findings(context: &Context, options: &Options, prediction: &Prediction) -> Result<Findings> {
    let sizes = context.effort.pick(
        vec![(4, 7)],
        vec![(4, 7), (6, 6), (11, 17)],
        vec![(4, 7), (6, 6), (11, 17), (30, 41)],
    );
    let replicas = context.effort.pick(5, 6, 40);
    let mut cells = Vec::new();
    for (k, &(m, n)) in sizes.iter().enumerate() {
        cells.extend((0..replicas).map(|r| (m, n, context.cell_seed(&CLAIM, (k as u64) << 16 | r))));
    }
    context.progress.inc_length(cells.len() as u64);
    let runs = cells.par_iter().with_max_len(1).map(|&(m, n, seed)| {
        context.progress.inc(1);
        measure(context, options, prediction, (m, n), seed)
    });
    let runs: Vec<Measured> = runs.collect::<Result<_>>()?;
    let n = runs.len() as u64;
    let relu: Vec<f64> = runs.iter().filter_map(|run| run.gd_relu).collect();
    let closest = |of: fn(&Measured) -> f64| smallest(runs.iter().map(of));
    let arrived = |name: &str, k: usize| {
        let count = runs.iter().filter(|run| run.arrived[k]).count();
        let least = context.effort.pick(0.05, 0.5, 0.9);
        Expectation::new(name, 1.0, "training the Burn model").always(least, MISS).counted(count as u64, n)
    };
    // 300 steps of a few roundings each.
    let same = 2000.0 * context.compute.precision().unit_roundoff();
    let apart = "two independent random frames come this close with probability far below it";
    let checks = vec![
        Expectation::new(
            "linear GD on A and on QA: largest relative distance at any step",
            prediction.gd_shift,
            "rounding, contracted",
        )
        .within(same)
        .measured(largest(runs.iter().map(|run| run.gd_linear)), n),
        arrived("SGD on A: runs that end in a row of ±A", 0),
        arrived("SGD on QA: runs that end in a row of ±QA", 1),
        Expectation::new(
            "SGD on A and on QA, same batches: smallest distance of the limits",
            prediction.sgd_apart,
            apart,
        )
        .at_least()
        .measured(closest(|run| run.sgd_apart), n),
        Expectation::new(
            "SGD on QA: smallest distance of the limit to a row of ±A",
            prediction.sgd_apart,
            apart,
        )
        .at_least()
        .measured(closest(|run| run.to_other_rows), n),
        Expectation::new(
            "ReLU GD on A and on QA: smallest distance of the limits",
            prediction.relu_apart * same,
            "its active set is not rotation-invariant; ten times what rounding may do to the linear model",
        )
        .control()
        .at_least()
        .measured(smallest(relu.iter().copied()), relu.len() as u64),
    ];
    let single = "Single precision: A and QA are rounded to it one by one, so that their spans agree, and the trajectories can, to \
                  the order of 2⁻²⁴ only.";
    let notes = (context.compute.precision() == Precision::F32).then(|| single.into()).into_iter().collect();
    Ok(Findings { checks, notes, ..Findings::default() })
}

fn measure(
    context: &Context,
    options: &Options,
    prediction: &Prediction,
    (m, n): (usize, usize),
    seed: u64,
) -> Result<Measured> {
    let mut seeds = stream(seed, Purpose::Protocol, 0);
    let plain = Dataset::orthonormal(m, n, seed)?;
    let rotation = Dataset::orthonormal(m, m, seeds.next_u64())?;
    // Row i of QA is Σ_j Q_ij a_j; orthonormalised again by construction up to rounding.
    let rows: Vec<f64> =
        rotation.rows()?.chunks_exact(m).map(|q| plain.combine(q)).collect::<Result<Vec<_>>>()?.concat();
    let rotated = Dataset::from_rows(rows, m, n)?;
    rotated.require_orthonormal()?;
    let w0 = Start::gaussian(&plain, 0.5, seed, 0)?.weights(&plain)?.to_vec();
    let step_size = options.step_size.unwrap_or(0.17);
    let full = Schedule::full_batch(m)?;
    let problem =
        |data: &Dataset, activation| Problem::new(data.clone(), activation, Reduction::Sum, step_size);
    let train = |data: &Dataset, activation| -> Result<Vec<Vec<f64>>> {
        let (problem, start) = (problem(data, activation)?, Start::from_weights(data, w0.clone())?);
        let case = Case { problem: &problem, schedule: &full, start: &start, replica: 0 };
        let mut engine = case.autodiff(&context.compute)?;
        (0..300)
            .map(|_| {
                engine.advance(1);
                engine.weights(0)
            })
            .collect()
    };
    let distance = |a: &[f64], b: &[f64]| norm(&a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<_>>());
    let (on_plain, on_rotated) = (train(&plain, Activation::Linear)?, train(&rotated, Activation::Linear)?);
    let gd_linear = largest(on_plain.iter().zip(&on_rotated).map(|(a, b)| distance(a, b) / norm(a)));
    let (relu_plain, relu_rotated) = (train(&plain, Activation::Relu)?, train(&rotated, Activation::Relu)?);

    let active = |data: &Dataset| -> Result<usize> {
        Ok(data.correlations(&w0)?.iter().filter(|&&c| c > 0.0).count())
    };
    let (of_plain, of_rotated) = (active(&plain)?, active(&rotated)?);
    let agree = of_plain == of_rotated && (of_plain == 0 || of_plain == m);

    let tolerance = context.compute.precision().pick(1e-9, 1e-5);
    // Same start, same batches: only the samples behind the indices differ.
    let sgd_end = |data: &Dataset| -> Result<(bool, Vec<f64>)> {
        let (linear, start) = (problem(data, Activation::Linear)?, Start::from_weights(data, w0.clone())?);
        let schedule = Schedule::sgd(m, 1, seed)?;
        let case = Case { problem: &linear, schedule: &schedule, start: &start, replica: 0 };
        let mut engine = case.autodiff(&context.compute)?;
        let set = sgd::limit_set(&start.correlations, Activation::Linear);
        let run = case.run_to(&mut engine, set, tolerance);
        Ok((run.outcome == Outcome::Converged, engine.weights(0)?))
    };
    let to_rows = |w: &[f64], data: &Dataset| -> Result<f64> {
        let rows = data.rows()?.chunks_exact(n);
        let signed = rows.flat_map(|row| {
            [1.0, -1.0].map(|sign| distance(&row.iter().map(|x| sign * x).collect::<Vec<_>>(), w))
        });
        Ok(smallest(signed))
    };
    let ((plain_ended, w_plain), (rotated_ended, w_rotated)) = (sgd_end(&plain)?, sgd_end(&rotated)?);
    let [rows_for_plain, rows_for_rotated] = prediction.sgd_follows;
    let (for_plain, for_rotated) =
        (if rows_for_plain { &plain } else { &rotated }, if rows_for_rotated { &rotated } else { &plain });
    Ok(Measured {
        gd_linear,
        gd_relu: (!agree).then(|| distance(&relu_plain[299], &relu_rotated[299])),
        arrived: [
            plain_ended && to_rows(&w_plain, for_plain)? <= 2.0 * tolerance,
            rotated_ended && to_rows(&w_rotated, for_rotated)? <= 2.0 * tolerance,
        ],
        to_other_rows: to_rows(&w_rotated, &plain)?,
        sgd_apart: distance(&w_plain, &w_rotated),
    })
}
