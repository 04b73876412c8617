//! Beyond the paper: how fast SGD becomes pure, by schedule and batch size.

mod batch_size;
mod certain;
mod figures {
    pub mod batch_size;
    pub mod rates;
}
mod phases;
mod rates;
mod setting;

use crate::error::{Error, Result};
use crate::problem::Reduction;
use crate::schedule::ScheduleKind;
use crate::study::setting::check_replicas;
use crate::study::{Context, Effort, Kind, Protocol, Study, of_parts};
use crate::theory::escape;
use crate::theory::rate::{self, Cost, StepLaw};
use crate::verdict::Register;

/// The claim.
pub const STUDY: Study = Study {
    id: "rate_law",
    kind: Kind::Beyond,
    joins: Effort::Standard,
    number: 12,
    level: 1.4e-4,
    title: "after selection the losers fall at a rate that the law of the batches gives exactly",
    theorem: "Theorem 2",
    source: "beyond the paper",
    statement: "Long after selection, log|c_j| of a loser is a random walk, whose mean fall per step is λ = [b(m−b)/(m(m−1))] log 1/(1−η_B²) for batches without \
                replacement and for reshuffled epochs, the latter without noise of first order, and without any for b = 1; \
                −E log|1 + η_B (k_j − k_{i*})| with replacement; (1/m) log 1/(1−η_B²) for cyclic single samples, and (gD/m) log 1/(1−η_B²) for \
                cyclic batches, g = gcd(b, m), D the number of windows of a period that hold the winner and not the loser. Under the sum reduction b = m/2 takes the fewest steps; in \
                samples used, or under the mean reduction, b = 1 is best.",
    formula: r"\frac{1}{t} \log |c_j(t)| \to -\lambda, \qquad \lambda = \frac{b(m-b)}{m(m-1)} \log \frac{1}{1-\eta_B^2} \;\text{(without replacement)}, \qquad \lambda = -\mathbb{E} \log \bigl|1 + \eta_B (k_j - k_{i^*})\bigr| \;\text{(with)}",
    figures: &[&figures::rates::FIGURE, &figures::batch_size::FIGURE],
    protocol: |context, register| protocol(context, &Options::default(), &Prediction::default(), register),
};

/// Bound on the probability that a schedule without chance is not far out after 40/λ in some of its few runs: two leaders must start within 1e-10
/// of their boundary, in log-ratio.
const TIED: f64 = 1e-8;

/// What the command line may bend.
#[derive(Clone, Debug, Default, clap::Args, serde::Serialize)]
pub struct Options {
    /// Runs per cell of the grid of rates (default: 80, 450 or 1600 by effort); at most 1000000.
    #[arg(long)]
    pub replicas: Option<u64>,
}

/// The theory that is put to the test.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// Law of a step from schedule, `m`, `b`, `η_B`.
    pub law: fn(ScheduleKind, usize, usize, f64) -> Option<StepLaw>,
    /// Rate under cyclic batches from `m`, `b`, winner, loser, `η_B`.
    pub blocks: fn(usize, usize, usize, usize, f64) -> f64,
    /// Slowest rate outside the winner's block under cyclic batches from `m`, `b`, over that at `b = 1`.
    pub slowest: fn(usize, usize) -> usize,
    /// Best batch size from `m`, `η`.
    pub best: fn(usize, f64, Reduction, Cost) -> usize,
    /// Mean time `κT` for two samples from `c_0` to a log-ratio.
    pub pair_time: fn([f64; 2], f64) -> f64,
}

impl Default for Prediction {
    fn default() -> Self {
        Self {
            law: rate::step_law,
            blocks: rate::cyclic_blocks,
            slowest: rate::slowest_over_single,
            best: rate::best_batch,
            pair_time: escape::mean_time,
        }
    }
}

/// Registers what the claim is held to; what it measures comes after.
///
/// # Errors
/// [`Error::Usage`] for fewer than 20 runs a cell, [`Misuse::TooMany`](crate::Misuse::TooMany) for too many.
pub fn protocol(
    context: &Context,
    options: &Options,
    prediction: &Prediction,
    register: &mut Register,
) -> Result<Protocol> {
    if let Some(replicas) = options.replicas.filter(|replicas| *replicas < 20) {
        return Err(Error::Usage(format!(
            "--replicas {replicas}: an interval needs at least 20 runs a cell"
        )));
    }
    check_replicas(options.replicas)?;
    Ok(of_parts(vec![
        rates::part(context, options, prediction, register),
        certain::single_samples(prediction, register),
        certain::blocks(prediction, register),
        certain::full_batch(prediction, register),
        batch_size::part(prediction, register),
        phases::part(context, prediction, register),
        Box::new(|_, findings| {
            findings.notes.push(NOTE.into());
            Ok(())
        }),
    ]))
}

/// Where the expectation is not what runs see.
const NOTE: &str = "With replacement the exact expectation is what runs see as long as η_B b < 1. At η_B k = 1, k ≤ b, a batch with k more of i* \
     sends c_j to 0 and the sum is infinite; near such η_B batches of which no run meets one can dominate it. Nothing here \
     goes there.";
