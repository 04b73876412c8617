//! Beyond the paper: which datapoint cyclic SGD ends in, and from which starts it ends in none.

mod boundary;
mod figures {
    pub mod boundary;
    pub mod simplex;
}
mod hunt;
mod leaders;
mod mixed;
mod separatrix;

use crate::error::Result;
use crate::limit_set::LimitSet;
use crate::limits;
use crate::model::Activation;
use crate::state::Neuron;
use crate::study::ensemble::lead;
use crate::study::{Context, Effort, Kind, Protocol, Study, of_parts};
use crate::theory::{cyclic, sgd};
use crate::verdict::Register;

/// The claim.
pub const STUDY: Study = Study {
    id: "cyclic_basin",
    kind: Kind::Beyond,
    joins: Effort::Standard,
    number: 13,
    level: 1e-5,
    title: "cyclic SGD ends in the largest correlation, but for a head start of O(η) of those visited first",
    theorem: "Theorem 4",
    source: "beyond the paper, about GFHY Theorem 4 and its conjecture",
    statement: "One sample a step in a fixed order: as η → 0 the largest |c_j(0)| wins. For m = 2 the boundary between the limits lies \
                at log(c_1/c_0) = (1 − ‖w_0‖²/2) η + O(η²), beyond Theorem 4's edge c_0 = c_1; of two leaders among m samples the one \
                visited earlier has a head start of that order, given in closed form along the flow dy_j/dt = softmax(2y)_j. \
                The conjecture, for almost every start: the limit is a single datapoint, for every m and n. It cannot hold for every start: the basins of \
                datapoints are open, and the starts form a connected set. For every set S of samples there is a mixed orbit, in closed form; for m = 2 \
                the cycle map has no other fixed point with both correlations positive, and it is a saddle.",
    formula: r"m = 2: \quad w_t \to a_0 \iff \log \frac{c_1(0)}{c_0(0)} < \Bigl(1 - \tfrac12 \|w_0\|^2\Bigr) \eta + O(\eta^2); \qquad \text{conjecture: } \lim_t w_t \in \{\pm a_i\} \text{ for almost every } w_0",
    figures: &[&figures::boundary::FIGURE, &figures::simplex::FIGURE],
    protocol: |context, register| protocol(context, &Options::default(), &Prediction::default(), register),
};

/// What the command line may bend.
#[derive(Clone, Debug, Default, clap::Args, serde::Serialize)]
pub struct Options {
    /// Random starts in the hunt for a counterexample to the conjecture (default: 2000, 30000 or 100000 by effort); at most 1000000.
    #[arg(long)]
    pub starts: Option<u64>,
}

/// The theory that is put to the test.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// Slope in `η` of the boundary's log-ratio for `m = 2`, from `‖w_0‖²`.
    pub slope: fn(f64) -> f64,
    /// Head start of the earlier of two leaders, in units of `η`, from `c_0`, `‖w_0‖²` and their places.
    pub head_start: fn(&[f64], f64, usize, usize) -> f64,
    /// Winner to first order, from `c_0`, `‖w_0‖²`, `η`.
    pub winner: fn(&[f64], f64, f64) -> usize,
    /// Correlations of the mixed orbit of `k` samples, in the order of visits, from `k` and `η`.
    pub mixed: fn(usize, f64) -> Vec<f64>,
    /// Its two multipliers for `k = 2`, from `η`.
    pub multipliers: fn(f64) -> [f64; 2],
    /// Its number of multipliers outside the unit circle, from `k`.
    pub unstable: fn(usize) -> usize,
    /// The conjecture's limit set from the initial correlations.
    pub conjecture: fn(&[f64], Activation) -> LimitSet,
}

impl Default for Prediction {
    fn default() -> Self {
        Self {
            slope: cyclic::basin_slope,
            head_start: cyclic::head_start,
            winner: cyclic::winner,
            mixed: cyclic::mixed::mixed_orbit,
            multipliers: cyclic::mixed::pair_multipliers,
            unstable: cyclic::mixed::unstable,
            conjecture: sgd::limit_set,
        }
    }
}

/// Registers what the claim is held to; what it measures comes after.
///
/// # Errors
/// [`Misuse::Empty`](crate::Misuse::Empty) for a hunt of no starts, [`Misuse::TooMany`](crate::Misuse::TooMany) for one of too many.
pub fn protocol(
    context: &Context,
    options: &Options,
    prediction: &Prediction,
    register: &mut Register,
) -> Result<Protocol> {
    if let Some(starts) = options.starts {
        limits::count("the number of starts of the hunt", starts, limits::MAX_RUNS)?;
    }
    Ok(of_parts(vec![
        boundary::bisected(context, prediction, register),
        leaders::random_starts(context, prediction, register)?,
        leaders::close_calls(context, prediction, register),
        leaders::simplex(context, prediction),
        mixed::pairs(prediction, register),
        separatrix::run(prediction, register),
        mixed::supports(prediction, register),
        hunt::hunted(context, options, prediction, register),
    ]))
}

/// The leader, once all others together are below a twentieth of it.
fn decided(_: u64, neuron: &Neuron) -> Option<usize> {
    let (leader, others) = lead(neuron);
    (others < 0.05).then_some(leader)
}
