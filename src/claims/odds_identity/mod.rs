//! Beyond the paper: weighted by e^{A/2}, the odds of every sample are its direction cosine.

mod epochs;
mod figure;
mod identity;
mod row;
mod runs;

use crate::error::Result;
use crate::study::setting::check_runs;
use crate::study::{Context, Effort, Kind, Protocol, Study, of_parts};
use crate::theory::selection::{self, Odds};
use crate::vectors::arg_max;
use crate::verdict::Register;

/// The claim.
pub const STUDY: Study = Study {
    id: "odds_identity",
    kind: Kind::Beyond,
    joins: Effort::Full,
    number: 20,
    level: 2e-5,
    title: "weighted by e^{A/2}, every sample wins in proportion to its first direction cosine",
    theorem: "Theorem 2",
    source: "beyond the paper, about the winner of GFHY Theorem 2",
    statement: "Let A = Σ κ (1 − Σp²) along a run, p_j = c_j²/Σc². As η → 0 the process e^{A/2} |c_j|/‖c‖ is a martingale, for every m and every b < m. So E[e^{A/2}; i* = j] = c_j(0)/‖c(0)‖: \
                the datapoints in which SGD ends, weighted by e^{A/2}, average to the mixture w_0/‖w_0‖ in which full batches end; and no sample wins with a probability above c_j(0)/‖c(0)‖. \
                Over Brownian motions with drift e_j, (c_j/‖c‖) e^{−A/2} has the mean P(i* = j) and a variance far below that of counting winners. With reshuffled epochs the identity fails.",
    formula: r"\mathbb{E}\left[ e^{A/2} ;\, i^* = j \right] = \frac{c_j(0)}{\|c(0)\|}, \qquad A = \int_0^\infty \left(1 - \sum_k p_k^2\right) \mathrm{d}\tau, \qquad \mathbb{P}(i^* = j) \le \frac{c_j(0)}{\|c(0)\|}",
    figures: &[&figure::FIGURE],
    protocol: |context, register| protocol(context, &Options::default(), &Prediction::default(), register),
};

/// What the command line may bend.
#[derive(Clone, Debug, Default, clap::Args, serde::Serialize)]
pub struct Options {
    /// Runs per cell and step size (default: 1500, 10000 or 18000 by effort); from 100 to 1000000, but fewer than some 1500 leave the claim open.
    #[arg(long)]
    pub replicas: Option<u64>,
}

/// The theory that is put to the test.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// `E[e^{A/2}; i* = j]` from the first correlations, which is also the mean of `e^{A/2} |c_j|/‖c‖` at any time.
    pub weights: fn(&[f64]) -> Vec<f64>,
    /// Time of the diffusion a step, from `m`, `b`, `η_B`.
    pub diffusion_rate: fn(usize, usize, f64) -> f64,
    /// Bound on the probability that `j` wins.
    pub bound: fn(&[f64]) -> Vec<f64>,
    /// `E[e^{−A/2}; i* = j]`, to a standard error, from a seed.
    pub damped: fn(&[f64], f64, u64) -> Odds,
    /// Variance of the estimator by the identity over that of a count, at most, for leaders.
    pub variance_share: f64,
    /// Who wins in epochs.
    pub winner_of_epochs: fn(&[f64]) -> usize,
    /// Least of `e^{A/2} cos(w, w_0)` over runs of epochs.
    pub weight_of_epochs: f64,
}

impl Default for Prediction {
    fn default() -> Self {
        Self {
            weights: selection::weights,
            diffusion_rate: selection::diffusion_rate,
            bound: selection::weights,
            damped: selection::damped_odds,
            variance_share: 0.25,
            winner_of_epochs: |c| arg_max(c.iter().map(|c| c.abs())).unwrap_or(0),
            weight_of_epochs: 1.1,
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
    let replicas = options.replicas.unwrap_or(context.effort.pick(1500, 10_000, 18_000));
    Ok(of_parts(vec![
        identity::over_cells(context, replicas, prediction, register),
        epochs::no_lots(context, prediction, register),
    ]))
}
