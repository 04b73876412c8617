//! Beyond the paper: the conjecture on cyclic SGD for two and three samples. The protocol is the verification of the theorem's inequalities.

mod controls;
mod engine;
mod figure;
mod orbits;
mod slice;
mod verified;

use puremix_proof::certificate::{LAST, PIECE};
pub use puremix_proof::cycle::{Inequality, PROVED};
use puremix_proof::interval::Interval;

use crate::error::{Error, Result};
use crate::study::{Context, Effort, Kind, Protocol, Study, of_parts};
use crate::theory::cyclic::lyapunov::lyapunov;
use crate::theory::cyclic::mixed::mixed_orbit;
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
                an interval: of length 1/256 at standard effort, 2^−20 at quick effort.",
    formula: r"W = \frac{\sum q^2}{(\sum q)^2} - \frac{\eta}{2} D^2 - s, \qquad W(F(z)) > W(z) \quad \text{unless } F(z) = z; \qquad \lim_t w_t \in \{\pm a_i\} \text{ for almost every } w_0",
    figures: &[&figure::FIGURE],
    protocol: |context, register| protocol(context, &Options::default(), &Prediction::default(), register),
};

/// What the command line may bend.
#[derive(Clone, Debug, Default, clap::Args, serde::Serialize)]
pub struct Options {
    /// Verifies the piece of the step sizes, 1/256 long, that contains this one (at quick effort 2^−20 long), runs the engine and draws the figure at it (default: 0.2); from
    /// 1/128 to 13/64. The smaller it is the longer it takes: for three samples, on two cores, 16 seconds at 1/5 and some nine minutes at 1/128 (at quick effort 5 and 10 seconds).
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
    /// Correlations of the mixed orbit of so many samples, from η.
    pub orbit: fn(usize, f64) -> Vec<f64>,
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
            orbit: mixed_orbit,
            turned: Inequality { push: -1.0, ..PROVED },
            without_defect: Inequality { weight: 0.0, ..PROVED },
            shifted: Inequality { shift: 0.8, ..PROVED },
            beyond: BEYOND,
        }
    }
}

/// Registers what the claim is held to; what it measures comes after.
///
/// # Errors
/// [`Error::Usage`] for a step size that the proof does not cover.
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
        controls::fail(context, prediction, register),
        engine::agrees(context, options.step_size, prediction, register),
        slice::drawn(context, step_size),
    ]))
}

/// The piece that contains a step size.
fn piece_of(step_size: f64) -> usize {
    ((step_size / PIECE) as usize).min(LAST)
}

/// A piece of step sizes, from 140/256 on, at which datapoints repel: `|1 − 4η| > 1`.
const BEYOND: usize = 140;

/// Length of the intervals of step sizes of a quick look.
const NARROW: f64 = 1.0 / 1_048_576.0;

/// An interval of that length, between multiples of it, that contains a step size.
fn narrow(step_size: f64) -> Interval {
    let place = (step_size / NARROW).floor().min((LAST + 1) as f64 * PIECE / NARROW - 1.0);
    Interval::new(place * NARROW, (place + 1.0) * NARROW)
}

/// `η from A/256 to B/256`, from the first of some intervals to the last; in finer parts if they do not begin at a piece.
fn range(step_sizes: &[Interval]) -> String {
    let (low, high) = (step_sizes[0].low, step_sizes[step_sizes.len() - 1].high);
    let part = if (high - low) % PIECE == 0.0 { PIECE } else { NARROW };
    let parts = 1.0 / part;
    format!("η from {}/{parts} to {}/{parts}", low * parts, high * parts)
}
