//! Gradient descent sees only the span of the data; SGD sees its rows.

use crate::data::{Dataset, norm};
use crate::device::Precision;
use crate::engine::Engine;
use crate::error::{Misuse, Result};
use crate::init::Start;
use crate::limit_set::LimitSet;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::rng::{Purpose, stream};
use crate::schedule::Schedule;
use crate::study::trial::Trial;
use crate::study::words::{bent, in_words};
use crate::study::{Context, Effort, Findings, Kind, Study};
use crate::theory::budget::MISS;
use crate::theory::{gd, sgd};
use crate::train::Outcome;
use crate::vectors::{largest, smallest};
use crate::verdict::{Check, Expectation};
use rand::Rng;

/// The claim.
pub const STUDY: Study = Study {
    id: "rotation_invariance",
    kind: Kind::Paper,
    joins: Effort::Quick,
    number: 8,
    level: 1e-5,
    title: "rotating the samples within their span leaves linear GD unchanged and moves SGD's limit",
    theorem: "Theorems 1, 2",
    source: "GFHY, discussion of Theorems 1 and 2",
    statement: "Replacing the data A by QA, Q orthogonal m × m, leaves the trajectory of linear GD unchanged; the limits of \
                SGD are rows of QA instead of rows of A. ReLU GD is not invariant: its limit mixes the samples that are active \
                in the data it sees, and among these is the limit of ReLU SGD.",
    formula: r"A' = Q A,\;\; Q \in O(m): \qquad w_t^{\mathrm{GD}}(A') = w_t^{\mathrm{GD}}(A) \;\;\text{for all } t, \qquad w_\infty^{\mathrm{SGD}}(A') \in \{\pm a'_1, \dots, \pm a'_m\}",
    figures: &[],
    protocol: |context, _| {
        crate::study::unregistered(findings(context, &Options::default(), &Prediction::default()))
    },
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
    /// Whether linear SGD on `A`, and on `QA`, ends in rows of the data it sees (or of the other).
    pub sgd_follows: [bool; 2],
    /// Where SGD can end from the correlations with the data it sees.
    pub sgd_limit: fn(&[f64], Activation) -> LimitSet,
    /// Where GD ends from the correlations with the data it sees.
    pub gd_limit: fn(&[f64], Activation) -> Option<LimitSet>,
    /// Least distance between the limits on `A` and on `QA`, of SGD and of ReLU GD.
    pub apart: f64,
}

impl Default for Prediction {
    fn default() -> Self {
        Self {
            gd_shift: 0.0,
            sgd_follows: [true; 2],
            sgd_limit: sgd::limit_set,
            gd_limit: gd::limit,
            apart: 0.99 * APART,
        }
    }
}

/// Least distance between a row of `A` and a row of `QA`, of either sign, and between the limits of ReLU GD on the two, that a rotation
/// is drawn for. Without it some draw in many is not to be told from one that moves nothing.
const APART: f64 = 0.1;

/// Steps of gradient descent.
const STEPS: usize = 300;

/// The same start over two data sets, `A` and `QA`.
struct Pair {
    data: [Dataset; 2],
    w0: Vec<f64>,
    seed: u64,
}

struct Measured {
    /// Largest relative distance of the two linear GD trajectories at any step.
    gd_linear: f64,
    /// Distances of ReLU GD on either data from its limit, and between the two ends.
    relu_off: f64,
    relu_apart: f64,
    /// Whether SGD on either data ended where predicted, linear and ReLU.
    arrived: [[bool; 2]; 2],
    /// Least distance of linear SGD's end on the rotated data to a row of either sign of the plain data.
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
        cells.extend((0..replicas).map(|r| (m, n, context.cell_seed(&STUDY, (k as u64) << 16 | r))));
    }
    let step_size = options.step_size.unwrap_or(0.17);
    let runs = context
        .each(&cells, |&(m, n, seed)| measure(context, step_size, prediction, &Pair::draw(m, n, seed)?))?;
    let precision = context.compute.precision();
    let mut notes: Vec<String> = bent(options.step_size, None).into_iter().collect();
    if precision == Precision::F32 {
        notes.push(
            "Single precision: A and QA are rounded to it one by one, so that their spans agree, and the trajectories can, to \
             the order of 2⁻²⁴ only."
                .into(),
        );
    }
    let protocol = vec![
        format!(
            "{} pairs of data sets A and QA: m × n = {}, {replicas} a size, A with Haar-random orthonormal rows, Q a Haar-random orthogonal \
             m × m matrix, drawn until no row of ±QA is within {APART} of one of ±A, samples are active in both, and the limits of \
             ReLU GD are {APART} apart.",
            runs.len(),
            in_words(&sizes),
        ),
        format!(
            "On both, from one Gaussian start of norm ½, at η = {step_size} a sample, the Burn model ({}) by autodiff: {STEPS} steps of \
             linear GD; ReLU GD to within {:.0e} of its limit; SGD (b = 1), linear and ReLU, on the same batches, to within {:.0e} \
             of its limit set.",
            precision.name(),
            gd_tolerance(precision),
            tolerance(precision),
        ),
    ];
    let checks = judge(&runs, prediction, context.effort.pick(0.05, 0.5, 0.9), precision);
    Ok(Findings { protocol, checks, notes, ..Findings::default() })
}

/// Distance from its limit set at which SGD stops.
fn tolerance(precision: Precision) -> f64 {
    precision.pick(1e-9, 1e-5)
}

/// Distance from its limit at which ReLU gradient descent stops.
fn gd_tolerance(precision: Precision) -> f64 {
    precision.pick(1e-12, 1e-5)
}

fn judge(runs: &[Measured], prediction: &Prediction, min: f64, precision: Precision) -> Vec<Check> {
    let n = runs.len() as u64;
    let all = |of: fn(&Measured) -> f64| runs.iter().map(of);
    let always = |name: &str, of: fn(&Measured) -> bool| {
        let count = runs.iter().filter(|run| of(run)).count();
        Expectation::new(name, 1.0, "training the Burn model")
            .always(min, 2.0 * MISS, n)
            .counted(count as u64, n)
    };
    // A few roundings a step.
    let same = 2000.0 * precision.unit_roundoff();
    let drawn =
        format!("the rotation is drawn for a distance of {APART} between closed forms, less a hundredth");
    let apart = |name: &str| Expectation::new(name, prediction.apart, drawn.clone());
    vec![
        Expectation::new(
            "linear GD on A and on QA: largest relative distance at any step",
            prediction.gd_shift,
            format!("rounding over {STEPS} steps, contracted"),
        )
        .within(same)
        .measured(largest(all(|run| run.gd_linear)), n),
        always("SGD on A: runs that end in a row of ±A", |run| run.arrived[0][0]),
        always("SGD on QA: runs that end in a row of ±QA", |run| run.arrived[0][1]),
        always("ReLU SGD on A and on QA: pairs of runs that end in rows active in the data seen", |run| {
            run.arrived[1] == [true; 2]
        }),
        apart("SGD on QA, same batches as on A: smallest distance of the end to a row of ±A")
            .at_least()
            .measured(smallest(all(|run| run.sgd_apart)), n),
        Expectation::new(
            "ReLU GD on A and on QA: largest distance to the closed form of each",
            0.0,
            "twice the distance at which training stops: closed form and vector are rounded too",
        )
        .within(2.0 * gd_tolerance(precision))
        .measured(largest(all(|run| run.relu_off)), n),
        apart("ReLU GD on A and on QA: smallest distance of the ends")
            .control()
            .at_least()
            .measured(smallest(all(|run| run.relu_apart)), n),
    ]
}

impl Pair {
    /// Random data and a start, and the first rotation that is told from one which moves nothing.
    fn draw(m: usize, n: usize, seed: u64) -> Result<Self> {
        let plain = Dataset::orthonormal(m, n, seed)?;
        let mut seeds = stream(seed, Purpose::Protocol, 0);
        for replica in 0.. {
            let rotation = Dataset::orthonormal(m, m, seeds.next_u64())?;
            let start = Start::gaussian(&plain, 0.5, seed, replica)?;
            // Rows of QA meet those of A in the entries of Q.
            let nearest = largest(rotation.rows()?.iter().map(|q| q.abs()));
            let correlations = [start.correlations.clone(), rotation.correlations(&start.correlations)?];
            let limits = correlations.map(|c| gd::limit(&c, Activation::Relu));
            let [Some(LimitSet::Point(on_plain)), Some(LimitSet::Point(on_rotated))] = limits else {
                continue;
            };
            // The second in the coordinates of the first.
            let apart = distance(&rotation.combine(&on_rotated)?, &on_plain);
            if (2.0 - 2.0 * nearest).sqrt() >= APART && apart >= APART {
                // Row i of QA is Σ_j Q_ij a_j; orthonormalised again by construction up to rounding.
                let rows = rotation.rows()?.chunks_exact(m).map(|q| plain.combine(q));
                let rotated = Dataset::from_rows(rows.collect::<Result<Vec<_>, Misuse>>()?.concat(), m, n)?;
                rotated.require_orthonormal()?;
                let w0 = start.weights(&plain)?.to_vec();
                return Ok(Self { data: [plain, rotated], w0, seed });
            }
        }
        unreachable!("draws do not end")
    }
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    norm(&a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<_>>())
}

/// Least distance of `w` to a row of either sign.
fn to_rows(w: &[f64], data: &Dataset) -> Result<f64> {
    let signed = data.rows()?.chunks_exact(w.len()).flat_map(|row| {
        [1.0, -1.0].map(|sign| distance(&row.iter().map(|x| sign * x).collect::<Vec<_>>(), w))
    });
    Ok(smallest(signed))
}

fn measure(context: &Context, step_size: f64, prediction: &Prediction, pair: &Pair) -> Result<Measured> {
    let Pair { data, w0, seed } = pair;
    let problem = |k: usize, activation| Problem::new(data[k].clone(), activation, Reduction::Sum, step_size);
    let starts = [0, 1].map(|k| Start::from_weights(&data[k], w0.clone()));
    let [on_plain, on_rotated] = starts;
    let starts = [on_plain?, on_rotated?];
    let m = data[0].samples();

    let full = Schedule::full_batch(m)?;
    let descend = |k: usize| -> Result<Vec<Vec<f64>>> {
        let problem = problem(k, Activation::Linear)?;
        let case = Trial { problem: &problem, schedule: &full, start: &starts[k], replica: 0 };
        let mut engine = case.autodiff(&context.compute)?;
        let step = |_| {
            engine.advance(1);
            Ok(engine.weights(0)?)
        };
        (0..STEPS).map(step).collect()
    };
    let (on_plain, on_rotated) = (descend(0)?, descend(1)?);
    let gd_linear = largest(on_plain.iter().zip(&on_rotated).map(|(a, b)| distance(a, b) / norm(a)));
    let relu = |k: usize| -> Result<(f64, Vec<f64>)> {
        let problem = problem(k, Activation::Relu)?;
        let case = Trial { problem: &problem, schedule: &full, start: &starts[k], replica: 0 };
        let mut engine = case.autodiff(&context.compute)?;
        let limit = (prediction.gd_limit)(&starts[k].correlations, Activation::Relu);
        let limit = limit.expect("pairs are drawn with active samples");
        let LimitSet::Point(alpha) = &limit else { unreachable!("gradient descent has one limit") };
        let mixture = data[k].combine(alpha)?;
        case.run_to(&mut engine, limit, gd_tolerance(context.compute.precision()));
        let end = engine.weights(0)?;
        Ok((distance(&mixture, &end), end))
    };
    let (relu_plain, relu_rotated) = (relu(0)?, relu(1)?);

    // Same start, same batches: only the samples behind the indices differ.
    let schedule = Schedule::sgd(m, 1, *seed)?;
    let tolerance = tolerance(context.compute.precision());
    let sgd = |k: usize, activation| -> Result<(bool, Vec<f64>)> {
        let problem = problem(k, activation)?;
        let case = Trial { problem: &problem, schedule: &schedule, start: &starts[k], replica: 0 };
        let mut engine = case.autodiff(&context.compute)?;
        let set = (prediction.sgd_limit)(&starts[k].correlations, activation);
        let run = case.run_to(&mut engine, set, tolerance);
        Ok((run.outcome == Outcome::Converged, engine.weights(0)?))
    };
    let (plain, rotated) = (sgd(0, Activation::Linear)?, sgd(1, Activation::Linear)?);
    let seen = |k: usize| &data[if prediction.sgd_follows[k] { k } else { 1 - k }];
    let in_a_row = |k: usize, (ended, w): &(bool, Vec<f64>)| -> Result<bool> {
        Ok(*ended && to_rows(w, seen(k))? <= 2.0 * tolerance)
    };
    Ok(Measured {
        gd_linear,
        relu_off: largest([relu_plain.0, relu_rotated.0]),
        relu_apart: distance(&relu_plain.1, &relu_rotated.1),
        arrived: [
            [in_a_row(0, &plain)?, in_a_row(1, &rotated)?],
            [sgd(0, Activation::Relu)?.0, sgd(1, Activation::Relu)?.0],
        ],
        sgd_apart: to_rows(&rotated.1, &data[0])?,
    })
}
