//! Beyond the paper: the conjecture on cyclic SGD for two and three samples. The protocol is the verification of the theorem's inequalities.

mod controls;
mod engine;
mod figure;
mod slice;
mod verified;

use puremix_proof::certificate::{LAST, PIECE};
pub use puremix_proof::cycle::{Inequality, PROVED};

use crate::error::{Error, Result};
use crate::study::{Context, Effort, Findings, Kind, Protocol, Study, examine, of_parts};
use crate::theory::cyclic::lyapunov::lyapunov;
use crate::verdict::Register;

/// The claim.
pub const STUDY: Study = Study {
    id: "cyclic_theorem",
    kind: Kind::Beyond,
    joins: Effort::Full,
    number: 28,
    level: 0.0,
    title: "cyclic SGD on two or three samples: every run converges, almost every one to a datapoint",
    theorem: "Theorem 4",
    source: "beyond the paper, about GFHY's conjecture after Theorem 4",
    statement: "Cyclic SGD with b = 1, m = 2 or 3 orthonormal samples in any dimension, 1/128 ≤ η ≤ 13/64, from ‖w_0‖² ≤ 5/4, Πw_0 ≠ 0: every run converges to one of the 2^m − 1 mixed \
                orbits, up to signs, and almost every run to a single datapoint. The proof is by hand but for one lemma: a function W of the state grows over every cycle, in a region in which all \
                runs end up, but at the mixed orbits, where its growth has a positive definite Hessian. That lemma is what is verified here, in interval arithmetic, for every real η of \
                a piece of length 1/256; at quick effort for two samples, and for three near the mixed orbits only.",
    formula: r"W = \frac{\sum q^2}{(\sum q)^2} - \frac{\eta}{2} D^2 - s, \qquad W(F(z)) > W(z) \quad \text{unless } F(z) = z; \qquad \lim_t w_t \in \{\pm a_i\} \text{ for almost every } w_0",
    figures: &[&figure::FIGURE],
    protocol: |context, register| protocol(context, &Options::default(), &Prediction::default(), register),
};

/// What the command line may bend.
#[derive(Clone, Debug, Default, clap::Args, serde::Serialize)]
pub struct Options {
    /// Verifies the piece of the step sizes, 1/256 long, that contains this one, and draws its figure at it (default: 0.2); from 1/128 to 13/64. The
    /// smaller it is the longer it takes: at 1/128 some minutes for three samples.
    #[arg(long)]
    pub step_size: Option<f64>,
}

/// What is put to the test.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// The map and the function whose growth is verified.
    pub inequality: Inequality,
    /// The function, from `q`, `s` and `η`.
    pub lyapunov: fn(&[f64], f64, f64) -> f64,
    /// Number of mixed orbits, from the number of samples.
    pub orbits: fn(usize) -> usize,
    /// Controls, which must resist: another map, other functions, and a piece of step sizes at which datapoints repel.
    pub turned: Inequality,
    /// See `turned`.
    pub without_defect: Inequality,
    /// See `turned`.
    pub shifted: Inequality,
    /// See `turned`.
    pub beyond: usize,
}

impl Default for Prediction {
    fn default() -> Self {
        Self {
            inequality: PROVED,
            lyapunov,
            orbits: |samples| (1 << samples) - 1,
            turned: Inequality { push: -1.0, ..PROVED },
            without_defect: Inequality { weight: 0.0, ..PROVED },
            shifted: Inequality { shift: 0.8, ..PROVED },
            beyond: 140,
        }
    }
}

/// Runs the protocol against a prediction.
///
/// # Errors
/// [`Error::Usage`] for a step size that the proof does not cover.
pub fn findings(context: &Context, options: &Options, prediction: &Prediction) -> Result<Findings> {
    examine(context, |register| protocol(context, options, prediction, register))
}

/// Registers what the claim is held to; what it measures comes after.
///
/// # Errors
/// As [`findings`].
pub fn protocol(
    context: &Context,
    options: &Options,
    prediction: &Prediction,
    register: &mut Register,
) -> Result<Protocol> {
    let step_size = options.step_size.unwrap_or(0.2);
    if !(2.0 * PIECE..=(LAST + 1) as f64 * PIECE).contains(&step_size) {
        let reason = format!("--step-size {step_size}: the proof covers step sizes from 1/128 to 13/64");
        return Err(Error::Usage(reason));
    }
    let cases = verified::cases(context.effort, options.step_size);
    Ok(of_parts(vec![
        verified::all(&cases, prediction, register),
        controls::resist(context, prediction, register),
        engine::agrees(context, prediction, register),
        slice::drawn(context, step_size),
    ]))
}

/// The piece that contains a step size.
fn piece_of(step_size: f64) -> usize {
    ((step_size / PIECE) as usize).min(LAST)
}

/// `η from A/256 to B/256`.
fn range(first: usize, last: usize) -> String {
    format!("η from {first}/256 to {}/256", last + 1)
}
