//! Three ways to take the same step, on the same batches.
//!
//! | engine | what it is | cost of a step |
//! |---|---|---|
//! | [`Autodiff`] | any [`Autoencoder`](crate::model::Autoencoder), differentiated by Burn | O(b n) and up, one replica |
//! | [`Analytic`] | the hand-derived gradient as tensor operations, all replicas at once | O(R b n) |
//! | [`Reduced`] | the exact recursion in correlations and residual, no `n`, no matrix | O(b), or O(m b) for a general Gram matrix |
//!
//! All draw their batches from a [`Schedule`](crate::schedule::Schedule), so engines built from the
//! same schedule and replica can be run in lockstep and compared step by step.

mod analytic;
mod autodiff;
mod reduced;

pub use analytic::{Analytic, batch_step};
pub use autodiff::Autodiff;
pub use reduced::Reduced;

use crate::error::Result;
use crate::state::Neuron;

/// A set of replicas that take training steps.
pub trait Engine {
    /// Number of replicas.
    fn replicas(&self) -> usize;

    /// Steps taken so far.
    fn steps_taken(&self) -> u64;

    /// Takes `steps` steps of every replica.
    fn advance(&mut self, steps: u64);

    /// First step after which the squared norm of a replica was not finite or beyond [`blow_up`].
    /// What the replica holds from then on means nothing.
    fn diverged_at(&self, replica: usize) -> Option<u64>;

    /// The first-layer neurons of a replica, seen from the data.
    fn neurons(&self, replica: usize) -> Vec<Neuron>;

    /// Training loss over all samples.
    fn loss(&self, replica: usize) -> f64;

    /// First-layer weights of a replica, row-major `[k, n]`.
    ///
    /// # Errors
    /// [`Error::ImplicitData`](crate::Error::ImplicitData) if the data was never materialised.
    fn weights(&self, replica: usize) -> Result<Vec<f64>>;

    /// Where a replica is, in coordinates whose displacement says whether it still moves: all
    /// parameters, or what determines them.
    fn position(&self, replica: usize) -> Vec<f64>;

    /// Whether a replica is dead: nothing will ever move again.
    fn is_dead(&self, replica: usize) -> bool;
}

/// Squared norm beyond which a run that started at `norm_sq` counts as diverged: a million times the
/// initial norm, or a million if that is larger. Global minima have norm 1.
pub fn blow_up(norm_sq: f64) -> f64 {
    1e12 * norm_sq.max(1.0)
}

/// Whether a squared norm is beyond its limit, or no number.
#[inline]
fn is_blown_up(norm_sq: f64, limit: f64) -> bool {
    norm_sq.is_nan() || norm_sq > limit
}

/// Steps an engine on a device takes before it reads anything back. A look stalls a GPU, and costs a CPU as
/// much as a step of a small model.
pub(crate) const CHUNK: u64 = 64;

/// The sizes of the chunks of at most `most` that make up `steps`.
fn chunks(steps: u64, most: u64) -> impl Iterator<Item = u64> {
    (0..steps.div_ceil(most)).map(move |k| most.min(steps - k * most))
}
