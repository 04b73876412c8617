//! Beyond the paper: depth at width one changes neither the limits nor the odds; SGD's noise moves norm into the first layer.

mod figure;
mod full_batch;
mod identity;
mod pair;
mod runs;
mod trained;

use crate::error::Result;
use crate::study::setting::check_runs;
use crate::study::{Context, Effort, Kind, Protocol, Study, of_parts};
use crate::theory::{depth, selection};
use crate::verdict::Register;

/// The claim.
pub const STUDY: Study = Study {
    id: "depth",
    kind: Kind::Beyond,
    joins: Effort::Full,
    number: 24,
    level: 3e-5,
    title: "depth at width one keeps the odds of balanced starts; noise moves norm into the first layer",
    theorem: "Theorem 2",
    source: "beyond the paper, about GFHY Theorem 2 for deeper networks, width one",
    statement: "A tied linear network x̂ = g⟨w, x⟩w, g = Π v_l², of L layers of one neuron each is seen to end in one datapoint for b < m, from the starts that are trained. From a balanced start on the manifold \
                gN = 1, as η → 0, it has the odds of the single neuron, whatever its depth, on the clock κg². The squared norm N of the first layer grows with \
                A = ∫(1 − Σp²)dτ: log N + (1 − N^{−L/(L−1)})/L = A. For two samples 4A is the exit time of a Brownian motion, with the mean π²/4 − gd(d_0)²; for any number \
                and any b < m, E e^{A/2} = ‖c‖₁/‖c‖₂. Full batches leave a balanced network balanced if w lies in the span of the samples.",
    formula: r"\log N + \frac{1 - N^{-L/(L-1)}}{L} = A, \qquad \mathbb{E} A = \tfrac14 \left( \tfrac{\pi^2}{4} - \operatorname{gd}(d_0)^2 \right), \qquad \mathbb{E} e^{A/2} = \frac{\lVert c \rVert_1}{\lVert c \rVert_2}",
    figures: &[&figure::FIGURE],
    protocol: |context, register| protocol(context, &Options::default(), &Prediction::default(), register),
};

/// What the command line may bend.
#[derive(Clone, Debug, Default, clap::Args, serde::Serialize)]
pub struct Options {
    /// Runs per cell of two samples (default: 2000, 8000 or 14000 by effort); from 100 to 1000000, but fewer than some 1500 leave the claim open.
    #[arg(long)]
    pub replicas: Option<u64>,
}

/// The theory that is put to the test.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// Two samples: the odds of the first.
    pub pair: fn([f64; 2]) -> f64,
    /// Two samples: mean of `A`.
    pub mean: fn([f64; 2]) -> f64,
    /// `A` of the squared norm of the first layer, from the number of layers.
    pub balance: fn(usize, f64) -> f64,
    /// Mean of `e^{A/2} Σ √p`, from `c`.
    pub martingale: fn(&[f64]) -> f64,
    /// Bound from below on the mean of `log N` at the end of runs of SGD that begin with `N = 1`.
    pub least_log_norm: f64,
    /// How far Burn's model is from the recursion in coordinates.
    pub beside: f64,
    /// Squared norm of the first layer, from a balanced start, where full batches end.
    pub full_batch: f64,
    /// Loss at the end of a training by SGD, from the number of samples.
    pub loss: fn(usize) -> f64,
}

impl Default for Prediction {
    fn default() -> Self {
        Self {
            pair: selection::pair,
            mean: depth::mean_integrated_impurity,
            balance: depth::integrated_impurity,
            martingale: |c| selection::weights(c).iter().sum(),
            least_log_norm: 0.2,
            beside: 0.0,
            full_batch: 1.0,
            loss: |samples| 0.5 * (1.0 - 1.0 / samples as f64),
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
    let replicas = options.replicas.unwrap_or(context.effort.pick(2000, 8000, 14_000));
    Ok(of_parts(vec![
        pair::odds_and_norms(context, replicas, prediction, register),
        identity::any_number_of_samples(context, prediction, register),
        trained::trainings(context, prediction, register),
        full_batch::stays_balanced(context, prediction, register),
    ]))
}
