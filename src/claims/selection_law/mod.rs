//! Beyond the paper: which datapoint SGD ends in.

mod batches;
mod controls;
mod figure;
mod finite;
mod many;
mod pair;
mod transient;

use crate::error::{Error, Result};
use crate::study::ensemble::{Ensemble, lead};
use crate::study::setting::check_replicas;
use crate::study::{Context, Effort, Findings, Kind, Study};
use crate::theory::selection::{self, Odds, triangle};
use crate::vectors::norm;

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
    figures: &[&figure::FIGURE],
    protocol: |context, _| {
        crate::study::unregistered(findings(context, &Options::default(), &Prediction::default()))
    },
};

/// What the command line may bend.
#[derive(Clone, Debug, Default, clap::Args, serde::Serialize)]
pub struct Options {
    /// Runs per cell for two samples (default: 4000, 100000 or 1000000 by effort); at most 1000000.
    #[arg(long)]
    pub replicas: Option<u64>,
}

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
        }
    }
}

/// Sum of the others over the leader at which a run or a path counts as decided. For the limit diffusion the probability of another end is at
/// most the sum itself, since `P(k) ≤ c_k/‖c‖`, and `2/π` of it for two samples.
const DECIDED: f64 = 1e-5;

/// Runs the protocol against a prediction.
///
/// # Errors
/// [`Error::Usage`] for fewer than 1000 runs a cell, [`Misuse::TooMany`](crate::Misuse::TooMany) for too many.
pub fn findings(context: &Context, options: &Options, prediction: &Prediction) -> Result<Findings> {
    if let Some(replicas) = options.replicas.filter(|replicas| *replicas < 1000) {
        return Err(Error::Usage(format!(
            "--replicas {replicas}: frequencies need at least 1000 runs a cell"
        )));
    }
    check_replicas(options.replicas)?;
    let mut findings = Findings::default();
    let mut rows = pair::examine(context, options, prediction, &mut findings)?;
    findings.checks.extend(finite::examine(context, prediction, &mut rows, &mut findings.protocol)?);
    pair::examine_variants(context, prediction, rows, &mut findings)?;
    batches::examine(context, prediction, &mut findings)?;
    many::examine(context, prediction, &mut findings)?;
    controls::examine(context, &mut findings)?;
    transient::examine(context, prediction, &mut findings)?;
    findings.notes.push(
        "The law is that of small step sizes; its first correction that of a start on the manifold N = 1. A start of another norm reaches it \
         first, in some m log(1/‖w_0‖)/2bη_B steps, and on the way the lots spread a log-ratio by a variance of about \
         4η_B (m−b)/(m−1) log(1/‖w_0‖). That moves the odds by an amount of order η: for two samples and b = 1 by \
         (η/π) sin 4θ [log(1/‖w_0‖) − ¼(1 − ‖w_0‖²)], which is more than the correction on the manifold, and the other way."
            .into(),
    );
    Ok(findings)
}

/// Winners of so many runs from `c`, by sample; runs that did not decide are in no count.
fn winners(context: &Context, ensemble: &Ensemble, c: &[f64], replicas: u64) -> Result<Vec<u64>> {
    let start = ensemble.start(&unit(c), 0.0)?;
    let rule = |_, neuron: &crate::state::Neuron| {
        let (leader, others) = lead(neuron);
        (others < DECIDED).then_some(leader)
    };
    let mut counts = vec![0; c.len()];
    ensemble
        .repeat(context, &start, replicas, rule)?
        .into_iter()
        .flatten()
        .for_each(|winner| counts[winner] += 1);
    Ok(counts)
}

/// The point of the unit sphere in a direction.
fn unit(c: &[f64]) -> Vec<f64> {
    let norm = norm(c);
    c.iter().map(|c| c / norm).collect()
}
