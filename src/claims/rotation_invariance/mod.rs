//! Gradient descent sees only the span of the data; SGD sees its rows.

mod pair;
mod trainings;

use crate::device::Precision;
use crate::error::Result;
use crate::limit_set::LimitSet;
use crate::model::Activation;
use crate::study::words::{bent, in_words};
use crate::study::{Context, Effort, Findings, Kind, Protocol, Study};
use crate::theory::budget::MISS;
use crate::theory::{gd, sgd};
use crate::vectors::{largest, smallest};
use crate::verdict::{Always, Check, Equality, OneSided, Register};
use pair::{APART, Pair};
use trainings::{STEPS, Shown, gd_tolerance, tolerance};

/// The claim.
pub const STUDY: Study = Study {
    id: "rotation_invariance",
    kind: Kind::Paper,
    joins: Effort::Quick,
    number: 8,
    level: 1e-6,
    title: "rotating the samples within their span leaves linear GD unchanged and moves SGD's limit",
    theorem: "Theorems 1, 2",
    source: "GFHY, discussion of Theorems 1 and 2",
    statement: "Replacing the data A by QA, Q orthogonal m × m, leaves the trajectory of linear GD unchanged; the limits of \
                SGD are rows of QA instead of rows of A. ReLU GD is not invariant: its limit mixes the samples that are active \
                in the data it sees, and among these is the limit of ReLU SGD.",
    formula: r"A' = Q A,\;\; Q \in O(m): \qquad w_t^{\mathrm{GD}}(A') = w_t^{\mathrm{GD}}(A) \;\;\text{for all } t, \qquad w_\infty^{\mathrm{SGD}}(A') \in \{\pm a'_1, \dots, \pm a'_m\}",
    figures: &[],
    protocol: |context, register| protocol(context, &Options::default(), &Prediction::default(), register),
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

/// Registers what the claim is held to; what it measures comes after.
///
/// # Errors
/// Bad options: see [`Problem::new`](crate::problem::Problem::new).
pub fn protocol(
    context: &Context,
    options: &Options,
    prediction: &Prediction,
    register: &mut Register,
) -> Result<Protocol> {
    let sizes = context.effort.pick(
        vec![(4, 7)],
        vec![(4, 7), (6, 6), (11, 17)],
        vec![(4, 7), (6, 6), (11, 17), (20, 29)],
    );
    let replicas: u64 = context.effort.pick(5, 6, 12);
    let step_size = options.step_size.unwrap_or(0.17);
    let expected = Expected::new(context, prediction, sizes.len() as u64 * replicas, register);
    let notes = notes(context, options.step_size);
    let prediction = prediction.clone();
    Ok(Box::new(move |lab| {
        let mut pairs = Vec::new();
        for (k, &(m, n)) in sizes.iter().enumerate() {
            pairs.extend((0..replicas).map(|r| (m, n, lab.cell_seed(&STUDY, (k as u64) << 16 | r))));
        }
        let runs = lab.each(pairs, |(m, n, seed)| {
            trainings::train(&lab.compute, step_size, &prediction, &Pair::draw(m, n, seed)?)
        })?;
        let protocol = told(lab, &sizes, replicas, step_size);
        Ok(Findings { protocol, checks: expected.judge(&runs), notes, ..Findings::default() })
    }))
}

/// What is run, in words.
fn told(context: &Context, sizes: &[(usize, usize)], replicas: u64, step_size: f64) -> Vec<String> {
    let precision = context.compute.precision();
    vec![
        format!(
            "{} pairs of data sets A and QA: m × n = {}, {replicas} a size, A with Haar-random orthonormal rows, Q a Haar-random orthogonal \
             m × m matrix, drawn until no row of ±QA is within {APART} of one of ±A, samples are active in both, and the limits of \
             ReLU GD are {APART} apart.",
            sizes.len() as u64 * replicas,
            in_words(sizes),
        ),
        format!(
            "On both, from one Gaussian start of norm ½, at η = {step_size} a sample, the Burn model ({}) by autodiff: {STEPS} steps of \
             linear GD; ReLU GD to within {:.0e} of its limit; SGD (b = 1), linear and ReLU, on the same batches, to within {:.0e} \
             of its limit set.",
            precision.name(),
            gd_tolerance(precision),
            tolerance(precision),
        ),
    ]
}

/// What a reader should know besides.
fn notes(context: &Context, step_size: Option<f64>) -> Vec<String> {
    let mut notes: Vec<String> = bent(step_size, None).into_iter().collect();
    if context.compute.precision() == Precision::F32 {
        notes.push(
            "Single precision: A and QA are rounded to it one by one, so that their spans agree, and the trajectories can, to \
             the order of 2⁻²⁴ only."
                .into(),
        );
    }
    notes
}

/// What all trainings together are held to.
struct Expected {
    gd_linear: Equality,
    sgd: [Always; 2],
    relu_sgd: Always,
    sgd_apart: OneSided,
    relu_off: Equality,
    relu_apart: OneSided,
}

impl Expected {
    fn new(context: &Context, prediction: &Prediction, runs: u64, register: &mut Register) -> Self {
        let (precision, least) = (context.compute.precision(), context.effort.pick(0.05, 0.5, 0.76));
        let name = "linear GD on A and on QA: largest relative distance at any step";
        let why = format!("rounding over {STEPS} steps, contracted");
        // A few roundings a step.
        let gd_linear =
            register.expect(name, prediction.gd_shift, why).within(2000.0 * precision.unit_roundoff());
        let mut always = |name: &str| {
            register.expect(name, 1.0, "training the Burn model").always(least, 2.0 * MISS, runs)
        };
        let sgd = ["SGD on A: runs that end in a row of ±A", "SGD on QA: runs that end in a row of ±QA"]
            .map(&mut always);
        let relu_sgd =
            always("ReLU SGD on A and on QA: pairs of runs that end in rows active in the data seen");
        let drawn =
            format!("the rotation is drawn for a distance of {APART} between closed forms, less a hundredth");
        let name = "SGD on QA, same batches as on A: smallest distance of the end to a row of ±A";
        let sgd_apart = register.expect(name, prediction.apart, drawn.clone()).at_least();
        let name = "ReLU GD on A and on QA: largest distance to the closed form of each";
        let why = "twice the distance at which training stops: closed form and vector are rounded too";
        let relu_off = register.expect(name, 0.0, why).within(2.0 * gd_tolerance(precision));
        let name = "ReLU GD on A and on QA: smallest distance of the ends";
        let relu_apart = register.expect(name, prediction.apart, drawn).control().at_least();
        Self { gd_linear, sgd, relu_sgd, sgd_apart, relu_off, relu_apart }
    }

    fn judge(self, runs: &[Shown]) -> Vec<Check> {
        let n = runs.len() as u64;
        let all = |of: fn(&Shown) -> f64| runs.iter().map(of);
        let count = |of: fn(&Shown) -> bool| runs.iter().filter(|run| of(run)).count() as u64;
        let [on_plain, on_rotated] = self.sgd;
        vec![
            self.gd_linear.measured(largest(all(|run| run.gd_linear)), n),
            on_plain.counted(count(|run| run.arrived[0][0]), n),
            on_rotated.counted(count(|run| run.arrived[0][1]), n),
            self.relu_sgd.counted(count(|run| run.arrived[1] == [true; 2]), n),
            self.sgd_apart.measured(smallest(all(|run| run.sgd_apart)), n),
            self.relu_off.measured(largest(all(|run| run.relu_off)), n),
            self.relu_apart.measured(smallest(all(|run| run.relu_apart)), n),
        ]
    }
}
