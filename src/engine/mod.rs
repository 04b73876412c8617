//! Three ways to take the same step, on the same batches.
//!
//! | engine | what it is | cost of a step |
//! |---|---|---|
//! | [`Autodiff`] | any [`Autoencoder`](crate::model::Autoencoder), differentiated by Burn, all replicas at once | O(R b n) and up |
//! | [`Analytic`] | the hand-derived gradient as tensor operations, all replicas at once | O(R b n) |
//! | [`Reduced`] | the exact recursion in correlations and residual, no `n`, no matrix | O(b), or O(m b) for a general Gram matrix |
//!
//! All draw their batches from a [`Schedule`](crate::schedule::Schedule), so engines built from the
//! same schedule and replica can be run in lockstep and compared step by step.

mod analytic;
mod autodiff;

pub use analytic::{Analytic, batch_step};
pub use autodiff::{Autodiff, Member};
pub use puremix_dynamics::engine::{Engine, Snapshot, blow_up, expect, is_blown_up};
pub use puremix_dynamics::reduced::{Reduced, TiedLayer, WidthOne};

use std::ops::Range;

use crate::device::Backend;

/// Steps that an engine on the host takes before it looks for divergence: a look costs as much as a step of a small
/// model.
pub(crate) const CHUNK: u64 = 64;

/// Most indices uploaded at once.
const MAX_INDICES: u64 = 1 << 22;

/// Steps taken before a look for divergence, if each takes so many indices. A look stalls a GPU, which therefore gets
/// one only when the caller does, or when the next indices have to be brought.
fn steps_a_look(backend: Backend, indices_a_step: u64) -> u64 {
    let max = if backend.is_host() { CHUNK } else { u64::MAX };
    (MAX_INDICES / indices_a_step).clamp(1, max)
}

/// The sizes of the chunks of at most `most` that make up `steps`.
fn chunks(steps: u64, max: u64) -> impl Iterator<Item = u64> {
    (0..steps.div_ceil(max)).map(move |k| max.min(steps - k * max))
}

/// At most 64 smaller ranges that make up a range of two steps or more.
fn lots(steps: Range<u64>) -> impl Iterator<Item = Range<u64>> {
    let size = (steps.end - steps.start).div_ceil(64);
    steps.clone().step_by(size as usize).map(move |first| first..steps.end.min(first + size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_of_large_batches_are_brought_a_few_steps_at_a_time() {
        let host = Backend::default();
        assert!(host.is_host());
        assert_eq!(
            [1, 1 << 16, 3 << 18, 1 << 22, 1 << 23].map(|each| steps_a_look(host, each)),
            [64, 64, 5, 1, 1]
        );
    }
}
