//! Beyond the paper: the subspace in which several tied linear neurons end.

mod arrival;
mod burn;
mod figure;
mod full_batch;
mod identity;
mod lottery;
mod monte_carlo;
mod row;
mod runs;

use nalgebra::DMatrix;

use crate::error::Result;
use crate::study::setting::check_runs;
use crate::study::{Context, Effort, Kind, Protocol, Study, of_parts};
use crate::theory::selection::{self, Odds};
use crate::theory::subspace;
use crate::verdict::Register;

/// The claim.
pub const STUDY: Study = Study {
    id: "subspace_lottery",
    kind: Kind::Beyond,
    joins: Effort::Full,
    number: 22,
    level: 2.5e-5,
    title: "k tied linear neurons: GD ends in the row space of W_0Π, SGD in k datapoints, by a lottery over the sets of k",
    theorem: "Theorems 1, 2",
    source: "beyond the paper, about GFHY Theorems 1 and 2 with several neurons",
    statement: "Let x̂ = WᵀWx with k linear neurons on m orthonormal samples, k < m. Full batches keep the row space of W_0Π, and where WᵀW converges with rank k it is the projector on it (W the polar \
                factor of W_0, if the start lies in the span); that it does is proved for starts in the span with singular values in (0, 1] and η_B ≤ ¼. For b < m, SGD is seen to end in the coordinate projector of k datapoints, W = U X_S, where \
                the rows of X_S are the datapoints of a set S and an orthogonal U mixes them in every neuron. From a start in the span with W_0W_0ᵀ = I, as η → 0, the row space moves as that of C_0 diag(e^y), dy_i = P_ii dτ + dW_i in the time κt of one neuron, for every b, so that \
                the set S wins with probability |π̂_S| E_S exp(−A/2), E_S the mean over Brownian motions y with the drift 1 along the samples of S, A = ∫ΣP_ii(1 − P_ii) dτ, π̂ the Plücker coordinates of the start, and E[e^{A/2}; S wins] = |π̂_S|; for k = m − 1 the sample that is dropped has the odds of \
                one neuron that starts at the normal vector, and neurons that share no sample win independently.",
    formula: r"\mathrm{d}y_i = P_{ii} \,\mathrm{d}\tau + \mathrm{d}W_i, \qquad \mathbb{P}(S) = |\hat\pi_S|\, \mathbb{E}_S\, e^{-\frac12 \int \sum_i P_{ii}(1 - P_{ii}) \,\mathrm{d}\tau}, \qquad |S| = k",
    figures: &[&figure::FIGURE],
    protocol: |context, register| protocol(context, &Options::default(), &Prediction::default(), register),
};

/// Runs a cell below which the rarest set is won too seldom for the levels of the checks, which were estimated from here on.
const FEWEST: u64 = 1500;

/// What the command line may bend.
#[derive(Clone, Debug, Default, clap::Args, serde::Serialize)]
pub struct Options {
    /// Runs per cell of the lottery (default: 1500, 6000 or 12000 by effort); at least 1500, at most 1000000.
    #[arg(long)]
    pub replicas: Option<u64>,
}

/// The theory that is put to the test.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// `CᵀC` at the end of full batches, from `C_0`.
    pub projector: fn(&DMatrix<f64>) -> DMatrix<f64>,
    /// `C` at the end of full batches if nothing lies outside the span, from `C_0`.
    pub polar_factor: fn(&DMatrix<f64>) -> DMatrix<f64>,
    /// How far it is at least from that, in one of the runs, if something does.
    pub polar_miss: f64,
    /// `η_B` at which the recursion takes the steps of Burn's gradients, from theirs.
    pub step_beside: fn(f64) -> f64,
    /// Distance of `C` from what SGD ends in.
    pub distance: fn(&DMatrix<f64>) -> f64,
    /// How far full batches stay away from it at least.
    pub gap: f64,
    /// Mean of `Σ_i C_{1i}⁴` at the end, from `k`, for starts whose law is the same for all rotations of the neurons.
    pub fourth_powers: fn(usize) -> f64,
    /// The odds of all sets of `k` from `C_0`, to a standard error, from a seed.
    pub odds: fn(&DMatrix<f64>, f64, u64) -> Odds,
    /// The odds of each of `m` samples to be dropped by `m − 1` neurons, from `C_0`, to an accuracy, from a seed.
    pub dropped: fn(&DMatrix<f64>, f64, u64) -> Odds,
    /// The odds of the first of two samples of a neuron that shares none with the others.
    pub pair: fn([f64; 2]) -> f64,
    /// Time of the diffusion a step, from `m`, `b`, `η_B`.
    pub diffusion_rate: fn(usize, usize, f64) -> f64,
    /// `E[e^{A/2}; S wins]` from `C_0`, set by set.
    pub weights: fn(&DMatrix<f64>) -> Vec<f64>,
    /// Mean fall of `log|π̂_S|` in a unit of that time, from `m` and `k`.
    pub fall: fn(usize, usize) -> f64,
    /// A wrong guess of the odds, from `|π̂|`.
    pub guess: fn(&[f64]) -> Vec<f64>,
}

impl Default for Prediction {
    fn default() -> Self {
        Self {
            projector: subspace::projector,
            polar_factor: subspace::polar_factor,
            polar_miss: 1e-3,
            step_beside: |step| step,
            distance: |c| subspace::nearest_set(&(c.transpose() * c), c.nrows()).1,
            gap: 0.03,
            fourth_powers: subspace::mean_fourth_powers,
            odds: subspace::odds,
            dropped: subspace::dropped,
            pair: selection::pair,
            diffusion_rate: selection::diffusion_rate,
            weights: subspace::cosines,
            fall: subspace::fall,
            guess: subspace::by_volume,
        }
    }
}

/// Registers what the claim is held to; what it measures comes after.
///
/// # Errors
/// [`Error::Usage`](crate::Error::Usage) for fewer than 1500 runs a cell, [`Misuse::TooMany`](crate::Misuse::TooMany) for too many.
pub fn protocol(
    context: &Context,
    options: &Options,
    prediction: &Prediction,
    register: &mut Register,
) -> Result<Protocol> {
    check_runs(options.replicas, FEWEST)?;
    let replicas = options.replicas.unwrap_or(context.effort.pick(1500, 6000, 12_000));
    Ok(of_parts(vec![
        full_batch::limits(context, prediction, register),
        burn::full_batch(context, prediction, register),
        arrival::every_batch(context, prediction, register),
        arrival::full_batches_do_not(context, prediction, register),
        burn::random_batches(context, prediction, register),
        lottery::odds_and_clock(context, replicas, prediction, register),
        monte_carlo::closed_forms(context, prediction, register),
    ]))
}
