//! Counter-based random streams: every number is a function of (seed, purpose, replica, position).
//!
//! The generator is ChaCha with 8 rounds, whose output is fixed by specification. Seed and purpose
//! form the key, the replica is the stream (nonce), so streams never overlap and results depend
//! neither on threads, nor on the engine, the backend, or the order of evaluation.

use chacha20::ChaCha8Rng;
use rand::{Rng, SeedableRng};

/// What a stream is used for. Discriminants are part of the reproducibility contract: append only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// Gaussian matrix behind random orthonormal rows.
    Data = 0,
    /// Correlations and residual norm of the initial point.
    Init = 1,
    /// Direction of the initial residual, orthogonal to the data.
    Residual = 2,
    /// Mini-batches.
    Batches = 3,
    /// Free parameters of an experiment's protocol (sizes, angles).
    Protocol = 4,
}

/// The stream of `(seed, purpose, replica)`, positioned at its start.
pub fn stream(seed: u64, purpose: Purpose, replica: u64) -> ChaCha8Rng {
    let mut key = [0u8; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&(purpose as u64).to_le_bytes());
    let mut rng = ChaCha8Rng::from_seed(key);
    rng.set_stream(replica);
    rng
}

/// Number of 32-bit words that [`below`] consumes.
pub(crate) const WORDS_PER_INDEX: u128 = 2;

/// Uniform index in `0..bound` from exactly one 64-bit word (multiply–shift).
///
/// A fixed cost per draw makes the stream addressable by step. The price is a deviation from
/// uniformity of at most `bound / 2⁶⁴` in total variation: below 1e-13 for a million samples.
#[inline]
pub(crate) fn below(rng: &mut ChaCha8Rng, bound: usize) -> usize {
    ((u128::from(rng.next_u64()) * bound as u128) >> 64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_differ_in_every_coordinate_and_repeat() {
        let first = |seed, purpose, replica| stream(seed, purpose, replica).next_u64();
        let reference = first(7, Purpose::Init, 3);
        assert_eq!(reference, first(7, Purpose::Init, 3));
        assert_ne!(reference, first(8, Purpose::Init, 3));
        assert_ne!(reference, first(7, Purpose::Batches, 3));
        assert_ne!(reference, first(7, Purpose::Init, 4));
    }

    #[test]
    fn below_is_uniform_by_chi_square() {
        // 7 cells, 70_000 draws: the statistic is χ² with 6 degrees of freedom, P(> 33) < 1.1e-5.
        let mut rng = stream(11, Purpose::Protocol, 0);
        let mut counts = [0u32; 7];
        for _ in 0..70_000 {
            counts[below(&mut rng, 7)] += 1;
        }
        let statistic: f64 = counts.iter().map(|&k| (f64::from(k) - 1e4).powi(2) / 1e4).sum();
        assert!(statistic < 33.0, "χ² = {statistic}, counts {counts:?}");
    }
}
