//! Beyond the paper: orthogonal samples of unequal norms, and unequal sampling weights.

mod arcsine;
mod brackets;
mod cells;
mod ends;
mod fall;
mod figure;
mod full_batch;
mod row;
mod setting;
mod threshold;

use crate::error::Result;
use crate::study::setting::check_runs;
use crate::study::{Context, Effort, Kind, Protocol, Study, of_parts};
use crate::theory::selection;
use crate::theory::unequal::{self, Unequal};
use crate::verdict::Register;

/// The claim.
pub const STUDY: Study = Study {
    id: "unequal_data",
    kind: Kind::Beyond,
    joins: Effort::Full,
    number: 21,
    level: 1.4e-5,
    title: "unequal norms or sampling weights: which samples can win, and how often",
    theorem: "Theorems 1, 2",
    source: "beyond the paper, about GFHY Theorems 1 and 2 without equal norms and equal sampling",
    statement: "Let orthogonal samples have squared norms n_i, η max n < ½, and be drawn one a step with probabilities q_i (linear model). SGD can end in x_i/‖x_i‖ if q_j log(1 + ηn_j) < q_i log 1/(1 − ηn_i) for every \
                other j, and from almost no start if > holds for one: with equal q, if 1/n_i − 1/n_j < η. For two samples, as η → 0, n_i → 1 and q_i → ½ with γ = 2(q_1 n_1 − q_2 n_2)/η fixed, the first wins with probability I_{p_1}((1 − γ)/2, (1 + γ)/2), \
                p_1 = u_1²/(u_1² + u_2²), u_i = ⟨w_0, x_i⟩/‖x_i‖: a generalised arcsine law. Full batches (η_B max n ≤ ¼, N_0 ≤ 1) end in the longest sample that is not silent, and in a mixture where several have that norm.",
    formula: r"q_j \log(1 + \eta n_j) < q_i \log \tfrac{1}{1 - \eta n_i} \;\; (j \ne i), \qquad \mathbb{P}(i^* = 1) = I_{p_1}\left(\tfrac{1-\gamma}{2}, \tfrac{1+\gamma}{2}\right), \quad \gamma = \tfrac{2}{\eta}(q_1 n_1 - q_2 n_2)",
    figures: &[&figure::ODDS, &figure::LIMITS],
    protocol: |context, register| protocol(context, &Options::default(), &Prediction::default(), register),
};

/// What the command line may bend.
#[derive(Clone, Debug, Default, clap::Args, serde::Serialize)]
pub struct Options {
    /// Runs per cell of two samples (default: 1000, 6000 or 20000 by effort); from 100 to 1000000, but fewer than some 1500 leave the claim open.
    #[arg(long)]
    pub replicas: Option<u64>,
}

/// The theory that is put to the test.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// Whether runs can end in a sample.
    pub can_be_limit: fn(&Unequal, usize) -> bool,
    /// Mean change of `log|u_j|` a step near sample `i`.
    pub drift: fn(&Unequal, usize, usize) -> f64,
    /// Probability that `|u_1/u_2|` comes to `e^D` before `e^{−D}`, from `u`, `γ` and `D`.
    pub odds: fn([f64; 2], f64, f64) -> f64,
    /// The odds of equal data, which must fail.
    pub equal_odds: fn([f64; 2]) -> f64,
    /// Where full batches end, from squared norms and `u`.
    pub full_batch: fn(&[f64], &[f64]) -> Option<Vec<f64>>,
}

impl Default for Prediction {
    fn default() -> Self {
        Self {
            can_be_limit: Unequal::can_be_limit,
            drift: Unequal::drift,
            odds: unequal::arcsine_stopped,
            equal_odds: selection::pair,
            full_batch: unequal::full_batch_limit,
        }
    }
}

/// Registers what the claim is held to; what it measures comes after.
///
/// # Errors
/// [`Error::Usage`](crate::Error::Usage) for fewer than 100 runs a cell, [`Misuse::TooMany`](crate::Misuse::TooMany) for too many.
pub fn protocol(
    context: &Context,
    options: &Options,
    prediction: &Prediction,
    register: &mut Register,
) -> Result<Protocol> {
    check_runs(options.replicas, 100)?;
    let replicas = options.replicas.unwrap_or(context.effort.pick(1000, 6000, 20_000));
    Ok(of_parts(vec![
        brackets::both_sides(context, prediction, register),
        threshold::where_drifts_vanish(context, prediction, register),
        ends::from_anywhere(context, prediction, register),
        fall::near_a_sample(context, prediction, register),
        arcsine::over_tilts(context, replicas, prediction, register),
        full_batch::largest_norm(prediction, register),
    ]))
}
