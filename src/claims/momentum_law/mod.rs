//! Beyond the paper: heavy ball and Nesterov's momentum have the limits and the odds of SGD, on a faster clock.

mod arrival;
mod correction;
mod figure;
mod full_batch;
mod pair;

use crate::error::Result;
use crate::limit_set::LimitSet;
use crate::model::Activation;
use crate::study::setting::check_runs;
use crate::study::{Context, Effort, Kind, Protocol, Study, of_parts};
use crate::theory::{escape, gd, momentum};
use crate::update::Momentum;
use crate::verdict::Register;

/// The claim.
pub const STUDY: Study = Study {
    id: "momentum_law",
    kind: Kind::Beyond,
    joins: Effort::Standard,
    number: 18,
    level: 5e-5,
    title: "momentum has the limits and the odds of SGD, on a clock that is faster by 1/(1 − β)²",
    theorem: "Theorems 1, 2",
    source: "beyond the paper, about GFHY Theorems 1 and 2 with heavy ball and Nesterov's momentum",
    statement: "The free-flight point y = w − η β^k/(1 − β) v, k = 1 (heavy ball) or 2 (Nesterov), takes the steps y ← y − ε g(w), ε = η/(1 − β): SGD of step size ε, but for the place \
                of the gradient. For b < m runs are seen to end in one datapoint, of either sign: a velocity may carry a correlation past 0; for small η two samples have the odds of SGD, \
                (2/π) arctan(c_1/c_2), with its first correction at ε, and the time κt/(1 − β)². Full batches of the linear model keep \
                the line of Πw, and their minimum is stable below η_B = (1 + β)/2 (heavy ball), (1 + β)/(2 + 4β) (Nesterov).",
    formula: r"\kappa_\beta = \frac{\kappa}{(1-\beta)^2}, \qquad P(i^* = 1) = \tfrac{2}{\pi} \arctan \frac{|c_1|}{|c_2|} - \frac{\eta}{1-\beta}\,\frac{\sin 4\theta}{32\pi} + \cdots",
    figures: &[&figure::FIGURE],
    protocol: |context, register| protocol(context, &Options::default(), &Prediction::default(), register),
};

/// What the command line may bend.
#[derive(Clone, Debug, Default, clap::Args, serde::Serialize)]
pub struct Options {
    /// Runs per cell of two samples (default: 1000, 6000 or 12000 by effort); from 100 to 1000000, but fewer than some 1500 leave the claim open.
    #[arg(long)]
    pub replicas: Option<u64>,
}

/// The theory that is put to the test.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// Where SGD with momentum ends, from its first correlations.
    pub limit: fn(&[f64]) -> LimitSet,
    /// Time of the diffusion a step, from `m`, `b`, `η_B`, `β`.
    pub diffusion_rate: fn(usize, usize, f64, f64) -> f64,
    /// Two samples: probability that the first leads by a log-ratio before the second does, from `c`, `η/(1 − β)`, and that ratio.
    pub pair: fn([f64; 2], f64, f64) -> f64,
    /// Two samples: mean time from `c_0` to a log-ratio.
    pub mean_time: fn([f64; 2], f64) -> f64,
    /// `η_B` up to which a minimum of the full batch is stable.
    pub threshold: fn(Momentum) -> f64,
    /// Where full batches end, from their first correlations.
    pub mixture: fn(&[f64]) -> Option<LimitSet>,
    /// How far they turn the direction of `Πw`.
    pub turn: f64,
    /// How far Adam turns it at least.
    pub turn_of_adam: f64,
}

impl Default for Prediction {
    fn default() -> Self {
        Self {
            limit: momentum::limit_set,
            diffusion_rate: momentum::diffusion_rate,
            pair: momentum::pair,
            mean_time: escape::mean_time,
            threshold: momentum::threshold,
            mixture: |c| gd::limit(c, Activation::Linear),
            turn: 0.0,
            turn_of_adam: 0.05,
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
    let replicas = options.replicas.unwrap_or(context.effort.pick(1000, 6000, 12_000));
    Ok(of_parts(vec![
        arrival::every_batch(context, prediction, register),
        pair::odds_and_clock(context, replicas, prediction, register),
        correction::slopes(context, prediction, register),
        full_batch::thresholds(prediction, register),
        full_batch::direction(context, prediction, register)?,
    ]))
}
