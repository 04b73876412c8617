//! Beyond the paper: which datapoint SGD ends in.

mod batches;
mod controls;
mod figures {
    pub mod batches;
    pub mod pair;
}
mod finite;
mod guesses;
mod many;
mod monte_carlo;
mod pair;
mod paths;
mod row;
mod three;
mod transient;
mod variants;

use crate::error::{Error, Result};
use crate::study::ensemble::{Ensemble, lead};
use crate::study::setting::check_replicas;
use crate::study::{Context, Effort, Kind, Lab, Part, Protocol, Study, of_parts};
use crate::theory::selection::{self, Odds, triangle};
use crate::vectors::{arg_max, unit};
use crate::verdict::Register;

/// The claim.
pub const STUDY: Study = Study {
    id: "selection_law",
    kind: Kind::Beyond,
    joins: Effort::Full,
    number: 11,
    level: 2.4e-4,
    title: "who wins is a lottery whose odds depend on the initial ratios alone, not on b",
    theorem: "Theorem 2",
    source: "beyond the paper",
    statement: "As η → 0, from N = 1, the y_j = log|c_j| follow dy_j = softmax(2y)_j dτ + dW_j in the time τ = η_B² b(m−b)/(m(m−1)) t, \
                up to a common shift. So P(i* = j) depends on the ratios of the c_j(0) only: it is (c_j/‖c‖) E_j exp(−½∫(1 − Σp²) dτ), where E_j is the \
                mean over Brownian motions with drift e_j; for m = 2 it is (2/π) arctan(c_1/c_2), \
                at b = 1 and first order in η that minus (η/32π) sin 4θ; and neither |c_i|/Σ|c| nor spherical area is the law of \
                m ≥ 3. With reshuffled epochs the largest correlation wins.",
    formula: r"\mathrm{d}y_j = p_j \,\mathrm{d}\tau + \mathrm{d}W_j, \quad p = \mathrm{softmax}(2y), \quad \tau = \eta_B^2 \frac{b(m-b)}{m(m-1)}\, t; \qquad m = 2: \; \mathbb{P}(i^* = 1) = \frac{2}{\pi} \arctan \frac{c_1(0)}{c_2(0)}",
    figures: &[&figures::pair::FIGURE, &figures::batches::FIGURE, &guesses::FIGURE],
    protocol: |context, register| protocol(context, &Options::default(), &Prediction::default(), register),
};

/// What the command line may bend.
#[derive(Clone, Debug, Default, clap::Args, serde::Serialize)]
pub struct Options {
    /// Runs per cell for two samples (default: 6000, 140000 or 280000 by effort); at most 1000000.
    #[arg(long)]
    pub replicas: Option<u64>,
}

/// Odds from correlations, by a rule of thumb.
pub type Guess = fn(&[f64]) -> Vec<f64>;

/// The theory that is put to the test.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// `P(i* = 1)` for two samples as `η → 0`.
    pub pair: fn([f64; 2]) -> f64,
    /// The same by the size of the batches.
    pub pair_in_batches: fn([f64; 2], usize) -> f64,
    /// The same at a step size, `b = 1`.
    pub pair_at: fn([f64; 2], f64) -> f64,
    /// Derivative of that in the step size, at 0.
    pub slope: fn([f64; 2]) -> f64,
    /// The same as `η → 0` for a stop at `cos² > 1 − defect`.
    pub stopped_early: fn([f64; 2], f64) -> f64,
    /// Time of the diffusion a step, from `m`, `b`, `η_B`.
    pub diffusion_rate: fn(usize, usize, f64) -> f64,
    /// The three probabilities for `m = 3`.
    pub triangle: fn([f64; 3]) -> [f64; 3],
    /// The odds for any `m`, to a standard error, from a seed.
    pub odds: fn(&[f64], f64, u64) -> Odds,
    /// Winner of a path of the diffusion from correlations, by a seed and the number of the path.
    pub path: paths::Winner,
    /// Bound on the probability that the leader of the diffusion does not win in the end.
    pub turns_again: fn(&[f64]) -> f64,
    /// Two natural guesses, which give the leader too little: `|c_j|/Σ|c|`, and the share of spherical area.
    pub guesses: [Guess; 2],
    /// Who wins if the data are passed in epochs.
    pub winner_of_epochs: fn(&[f64]) -> usize,
    /// How far full batches turn `w`.
    pub rest: f64,
    /// Squared norm after `m log(1/ρ)/2η` steps from the small norm `ρ`.
    pub arrival: fn(f64) -> f64,
    /// Variance of a log-ratio there, over `η`.
    pub arrival_spread: fn(f64) -> f64,
}

impl Default for Prediction {
    fn default() -> Self {
        Self {
            pair: selection::pair,
            pair_in_batches: |c, _| selection::pair(c),
            pair_at: |c, step_size| selection::Chain::new(step_size).probability(c),
            slope: selection::pair_slope,
            stopped_early: selection::pair_stopped_early,
            diffusion_rate: selection::diffusion_rate,
            triangle: triangle::solve,
            odds: selection::monte_carlo,
            path: paths::winner,
            turns_again: selection::return_bound,
            guesses: [selection::proportional, selection::spherical],
            winner_of_epochs: |c| arg_max(c.iter().copied()).unwrap_or(0),
            rest: 0.0,
            arrival: |_| 0.5,
            arrival_spread: |norm| 4.0 * norm.ln().abs() - 0.25 - 1.5 * std::f64::consts::LN_2,
        }
    }
}

/// Sum of the others over the leader at which a run or a path counts as decided. For the limit diffusion the probability of another end is at
/// most the sum itself, since `P(k) ≤ c_k/‖c‖`, and `2/π` of it for two samples.
const DECIDED: f64 = 1e-5;

/// Registers what the claim is held to; what it measures comes after.
///
/// # Errors
/// [`Error::Usage`] for fewer than 1000 runs a cell, [`Misuse::TooMany`](crate::Misuse::TooMany) for too many.
pub fn protocol(
    context: &Context,
    options: &Options,
    prediction: &Prediction,
    register: &mut Register,
) -> Result<Protocol> {
    if let Some(replicas) = options.replicas.filter(|replicas| *replicas < 1000) {
        return Err(Error::Usage(format!(
            "--replicas {replicas}: frequencies need at least 1000 runs a cell"
        )));
    }
    check_replicas(options.replicas)?;
    let mut of_two = vec![pair::angles(context, options, prediction, register)];
    of_two.push(finite::limits(prediction, register));
    of_two.extend(finite::octants(context, prediction, register));
    of_two.push(variants::equivalents(context, prediction, register));
    Ok(of_parts(vec![
        pair::with_table(of_two),
        variants::early_stop(context, prediction, register),
        batches::all_batches(context, prediction, register),
        batches::large_steps(context, prediction, register),
        three::three_ways(context, prediction, register),
        monte_carlo::two(context, prediction, register),
        monte_carlo::over_the_triangle(context, prediction, register),
        many::many(context, prediction, register),
        controls::gradient_descent(prediction, register),
        controls::epochs(context, prediction, register),
        controls::dropped_sample(context, prediction, register),
        transient::arrival(context, prediction, register),
        transient::odds(context, prediction, register),
        off_the_manifold(),
    ]))
}

/// What a reader must know of starts of another norm.
fn off_the_manifold() -> Part {
    Box::new(|_, findings| {
        findings.notes.push(
            "The law is that of small step sizes; its first correction that of a start on the manifold N = 1. A start of another norm reaches it \
             first, in some m log(1/‖w_0‖)/2bη_B steps, and on the way the lots spread a log-ratio by a variance of about \
             4η_B (m−b)/(m−1) log(1/‖w_0‖). That moves the odds by an amount of order η: for two samples and b = 1 by \
             (η/π) sin 4θ [log(1/‖w_0‖) − ¼(1 − ‖w_0‖²)], which is more than the correction on the manifold, and the other way."
                .into(),
        );
        Ok(())
    })
}

/// Winners of so many runs from `c`, by sample; runs that did not decide are in no count.
fn winners(lab: &Lab, ensemble: &Ensemble, c: &[f64], replicas: u64) -> Result<Vec<u64>> {
    let mut counts = vec![0; c.len()];
    let decided = ensemble.repeat_from(lab, &unit(c), replicas, |_, neuron| {
        let (leader, others) = lead(neuron);
        (others < DECIDED).then_some(leader)
    })?;
    decided.into_iter().for_each(|winner| counts[winner] += 1);
    Ok(counts)
}
