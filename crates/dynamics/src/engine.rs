//! What takes training steps, whatever it computes with.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::state::Neuron;

/// A set of replicas that take training steps.
pub trait Engine {
    /// Number of replicas.
    fn replicas(&self) -> usize;

    /// Steps taken so far.
    fn steps_taken(&self) -> u64;

    /// Takes `steps` steps of every replica.
    fn advance(&mut self, steps: u64);

    /// Says that a replica has come to its end: it may stand still from now on. No part of a [`Snapshot`].
    fn retire(&mut self, _replica: usize) {}

    /// First step after which the squared norm of a replica was not finite or beyond [`blow_up`].
    /// What the replica holds from then on means nothing.
    fn diverged_at(&self, replica: usize) -> Option<u64>;

    /// The first-layer neurons of a replica, seen from the data.
    fn neurons(&self, replica: usize) -> Vec<Neuron>;

    /// Training loss over all samples.
    fn loss(&self, replica: usize) -> f64;

    /// Norm of the gradient of the training loss over all samples, in all parameters, in units of the mean squared norm of the
    /// samples: a length, that of a step which a Hessian `(1/m) Σ ‖x_i‖²` would ask for.
    fn slope(&self, replica: usize) -> f64;

    /// First-layer weights of a replica, row-major `[k, n]`.
    ///
    /// # Errors
    /// [`Error::ImplicitData`] if the data was never materialised.
    fn weights(&self, replica: usize) -> Result<Vec<f64>>;

    /// Where a replica is, in coordinates whose displacement says whether it still moves: all
    /// parameters, or what determines them.
    fn position(&self, replica: usize) -> Vec<f64>;

    /// All parameters of a replica's model, in the module's order; `None` over implicit data.
    fn parameters(&self, replica: usize) -> Option<Vec<f64>> {
        // A single neuron has no others.
        self.weights(replica).ok()
    }

    /// Whether a replica is dead: nothing will ever move again.
    fn is_dead(&self, replica: usize) -> bool;

    /// All that the next steps depend on, besides what the engine was built from.
    fn snapshot(&self) -> Snapshot;

    /// Goes back, or ahead, to a snapshot of an engine built from the same arguments: every later step is the same
    /// to the last bit.
    ///
    /// # Errors
    /// [`Error::Length`] if the snapshot is one of another engine.
    fn restore(&mut self, snapshot: &Snapshot) -> Result<()>;
}

/// The state of an [`Engine`] between two steps. Batches are functions of the step, so the step says where the
/// random stream is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Steps taken.
    pub step: u64,
    /// [`Engine::diverged_at`] of every replica.
    pub diverged_at: Vec<Option<u64>>,
    /// Each replica in the coordinates of its engine; f64 holds single precision exactly.
    pub replicas: Vec<Vec<f64>>,
}

impl Snapshot {
    /// Refuses what cannot be a snapshot of `replicas` replicas.
    ///
    /// # Errors
    /// [`Error::Length`].
    pub fn expect(&self, replicas: usize) -> Result<()> {
        expect("the snapshot", replicas, self.replicas.len())?;
        expect("the snapshot", replicas, self.diverged_at.len())
    }
}

/// Refuses an array of another length.
///
/// # Errors
/// [`Error::Length`].
pub fn expect(what: &'static str, expected: usize, got: usize) -> Result<()> {
    if expected == got { Ok(()) } else { Err(Error::Length { what, expected, got }) }
}

/// Squared norm beyond which a run that started at `norm_sq` counts as diverged: a million times the
/// initial norm, or a million if that is larger. Global minima have norm 1.
pub fn blow_up(norm_sq: f64) -> f64 {
    // An infinite norm is beyond any limit.
    (1e12 * norm_sq.max(1.0)).min(f64::MAX)
}

/// Whether a squared norm is beyond its limit, or no number.
#[inline]
pub fn is_blown_up(norm_sq: f64, limit: f64) -> bool {
    norm_sq.is_nan() || norm_sq > limit
}
