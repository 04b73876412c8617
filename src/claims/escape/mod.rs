//! Beyond the paper: SGD started exactly at the mixture of gradient descent.

mod departure;
mod figures {
    pub mod law;
    pub mod scaling;
}
mod halfway;
mod moments;
mod pair;
mod scaling;

use crate::error::Result;
use crate::study::setting::check_runs;
use crate::study::{Context, Effort, Kind, Protocol, Study, of_parts, told};
use crate::theory::{escape, selection};
use crate::verdict::Register;

/// The claim.
pub const STUDY: Study = Study {
    id: "escape",
    kind: Kind::Beyond,
    joins: Effort::Standard,
    number: 14,
    level: 8.3e-5,
    title: "started at w_GD, SGD leaves at once by diffusion and commits after a time 1/κ",
    theorem: "Theorems 1, 2",
    source: "beyond the paper, about the limits of GFHY Theorems 1 and 2",
    statement: "At w_GD = Σ α_j a_j the mean step of SGD is 0 and the noise is not. In the time τ = κt, κ = η_B² b(m−b)/(m(m−1)), the \
                escape has a law free of b and η: E‖w − w_GD‖² = (1 − Σ α_j⁴) τ at first, (m − 1) E τ is the mean fall of \
                Σ log cos(w, a_j) until any stopping time, and for m = 2 the time to a log-ratio D has mean log(cosh D/cosh d_0) and \
                the survival function of ∂_t S = S'' + tanh d S'.",
    formula: r"\mathbb{E}\|w_t - w_{\mathrm{GD}}\|^2 \simeq \Bigl(1 - \sum_j \alpha_j^4\Bigr) \kappa t, \qquad m = 2: \; \mathbb{E}\,\kappa T_D = \log \frac{\cosh D}{\cosh d_0}",
    figures: &[&figures::law::FIGURE, &figures::scaling::FIGURE],
    protocol: |context, register| protocol(context, &Options::default(), &Prediction::default(), register),
};

const FROM_THE_MIXTURE: &str = "Every run is one replica of the reduced engine on orthonormal samples, the linear model, sum reduction, and starts exactly at w_GD.";

/// Correlations whose mixture the way out starts at.
const START: [f64; 5] = [0.2, 0.35, 0.3, 0.15, 0.25];

/// What the command line may bend.
#[derive(Clone, Debug, Default, clap::Args, serde::Serialize)]
pub struct Options {
    /// Runs per cell (default: 300, 2000 or 8000 by effort), but for the spread at first; at most 1000000.
    #[arg(long)]
    pub replicas: Option<u64>,
}

/// The theory that is put to the test.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// Time of the diffusion a step, from `m`, `b`, `η_B`.
    pub diffusion_rate: fn(usize, usize, f64) -> f64,
    /// Mean squared distance from `α` after a short time.
    pub early_spread: fn(&[f64], f64) -> f64,
    /// Two samples: mean time from `c_0` to a log-ratio.
    pub mean_time: fn([f64; 2], f64) -> f64,
    /// Two samples: survival function from the even mixture, of a log-ratio and a time.
    pub survival: fn(f64) -> escape::Survival,
    /// What `Σ log cos` falls by a unit of time, from `m`.
    pub fall: fn(usize) -> f64,
    /// How far full batches lead away.
    pub rest: f64,
}

impl Default for Prediction {
    fn default() -> Self {
        Self {
            diffusion_rate: selection::diffusion_rate,
            early_spread: escape::early_spread,
            mean_time: escape::mean_time,
            survival: escape::Survival::from_even,
            fall: |samples| samples as f64 - 1.0,
            rest: 0.0,
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
    let replicas = options.replicas.unwrap_or(context.effort.pick(300, 2000, 8000));
    let mut parts = vec![told(FROM_THE_MIXTURE)];
    parts.extend(moments::spreads(prediction, register));
    parts.push(halfway::one_law(context, replicas, prediction, register));
    parts.extend(moments::falls(context, replicas, prediction, register));
    parts.push(moments::gradient_descent(prediction, register));
    parts.push(pair::times(context, replicas, prediction, register));
    parts.push(scaling::against_the_clock(context, replicas / 4, prediction, register));
    parts.push(scaling::over_sizes(replicas / 4));
    Ok(of_parts(parts))
}
