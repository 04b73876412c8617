//! Theorem 4: visiting the samples in a fixed order ends in one predictable datapoint.

mod conjecture;
mod controls;
mod figure;
mod plane;
mod theorem;

use crate::device::Precision;
use crate::error::Result;
use crate::limit_set::LimitSet;
use crate::limits;
use crate::model::Activation;
use crate::study::setting::check_replicas;
use crate::study::words::{bent, by_the_reduced_engine};
use crate::study::{Context, Effort, Kind, Part, Protocol, Study, of_parts};
use crate::theory::{cyclic, gd, sgd};
use crate::verdict::Register;

/// The claim.
pub const STUDY: Study = Study {
    id: "cyclic_limit",
    kind: Kind::Paper,
    joins: Effort::Quick,
    number: 3,
    level: 1e-6,
    title: "cyclic SGD ends in a pure datapoint, from the theorem's region in a predictable one",
    theorem: "Theorem 4",
    source: "GFHY Theorem 4 and the conjecture after it",
    statement: "With B_t = {t mod 2}, m = n = 2, ‖w_0‖ < 1 and ⟨w_0, a_0⟩ ≥ ⟨w_0, a_1⟩ > 0, cyclic SGD converges to \
                a_0. The conjecture, for almost every start: for every m and n, cyclic SGD with b = 1 converges to a single datapoint.",
    formula: r"B_t = \{t \bmod 2\},\quad m = n = 2,\quad \langle w_0, a_0 \rangle \ge \langle w_0, a_1 \rangle > 0 \quad\Longrightarrow\quad w_t \to a_0; \qquad \text{conjecture: } \lim_t w_t \in \{\pm a_i\} \text{ for almost every } w_0",
    figures: &[&figure::FIGURE],
    protocol: |context, register| protocol(context, &Options::default(), &Prediction::default(), register),
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
    /// Winner beyond the theorem's region, to first order in `η`, from `c_0`, `‖w_0‖²` and `η`.
    pub winner: fn(&[f64], f64, f64) -> usize,
    /// Limit under the full batch.
    pub full_batch: fn(&[f64], Activation) -> Option<LimitSet>,
    /// Ratio of the two correlations of a block that survives, from their initial ratio.
    pub ratio: fn(f64) -> f64,
}

impl Default for Prediction {
    fn default() -> Self {
        Self {
            theorem: cyclic::theorem_4,
            conjecture: sgd::limit_set,
            rate: cyclic::rate,
            winner: cyclic::winner,
            full_batch: gd::limit,
            ratio: |initial| initial,
        }
    }
}

/// Distance within which a run counts as having arrived.
const TOLERANCE: f64 = 1e-10;

/// Registers what the claim is held to; what it measures comes after.
///
/// # Errors
/// Bad options: see [`Dataset`](crate::data::Dataset), [`Problem::new`](crate::problem::Problem::new) and
/// [`Start::gaussian`](crate::init::Start::gaussian).
pub fn protocol(
    context: &Context,
    options: &Options,
    prediction: &Prediction,
    register: &mut Register,
) -> Result<Protocol> {
    let count = options.replicas.unwrap_or(conjecture::draws(context));
    check_replicas(Some(count))?;
    // An approach takes 1000 cycles and more.
    let factors = [count as usize, options.samples.unwrap_or(1), 1000];
    limits::work("visits (replicas x samples x cycles)", &factors)?;
    Ok(of_parts(vec![
        theorem::region(context, options, prediction, register),
        theorem::on_burn(context, options, prediction, register),
        conjecture::examined(context, options, prediction, count, register),
        controls::broken(options, prediction, register)?,
        controls::blocks(options, prediction, register),
        last(context, options),
    ]))
}

/// The picture, and what is said of the theorem, the conjecture and the engines.
fn last(context: &Context, options: &Options) -> Part {
    let mut notes: Vec<String> = bent(options.step_size, options.init_norm).into_iter().collect();
    notes.extend(NOTES.map(String::from));
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
    let options = options.clone();
    Box::new(move |lab, findings| {
        findings.notes.extend(notes);
        findings.tables.push(plane::table(lab, &options)?);
        Ok(())
    })
}

/// What a reader should know of the theorem and the conjecture.
const NOTES: [&str; 3] = [
    "The conjecture is examined for almost every start with an active sample, with respect to Lebesgue measure; whether the paper says every or almost \
         every start is not known here. It cannot be every start: basins of datapoints are \
         open, so a connected set of starts that meets two of them holds starts that end in no datapoint (see cyclic_basin). Random starts \
         do not find such a set of measure zero.",
    "The conjecture is about one sample a step. With b > 1 and a common divisor of b and m, some samples always \
         come together and keep their ratio for ever: a block of them survives, not a single datapoint.",
    "The theorem's edge c_0 = c_1 is not where the basins meet: on it the sample visited first already wins, \
         and its rival needs a head start of O(η) to beat it. Hence the control far beyond the edge, not at it.",
];
