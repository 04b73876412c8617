//! Counter-based random streams: every number is a function of (seed, purpose, replica, position).
//!
//! The generator is ChaCha with 8 rounds, whose output is fixed by specification. Seed and purpose
//! form the key, the replica is the stream (nonce), so streams never overlap and results depend
//! neither on threads, nor on the engine, the backend, or the order of evaluation.

pub use chacha20::ChaCha8Rng;
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
    /// Weights of a model's neurons beyond the first.
    Neurons = 5,
    /// Atoms of a dictionary, and other directions uniform on the sphere.
    Dictionary = 6,
    /// Sparse codes; the replica is the sample.
    Codes = 7,
    /// Noise of the data; the replica is the sample.
    Noise = 8,
    /// Noise of the targets of training.
    LabelNoise = 9,
    /// Noise of the gradients of training.
    GradientNoise = 10,
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
pub fn below(rng: &mut ChaCha8Rng, bound: usize) -> usize {
    let (index, _) = digit(rng.next_u64(), bound as u64);
    index
}

/// The leading digit of `word / 2⁶⁴` to the base `bound`, and what follows it.
#[inline]
fn digit(word: u64, bound: u64) -> (usize, u64) {
    let wide = u128::from(word) * u128::from(bound);
    ((wide >> 64) as usize, wide as u64)
}

/// Independent uniform indices in `0..bound`, as many from a 64-bit word as it holds digits to that base.
///
/// No tuple of the `d` digits of a word is more or less likely than it should be by a share of more than
/// `bound^d / 2⁶⁴`; `d` is the largest (and at least 1) that keeps this below 2⁻³², which nothing short of 2⁶⁴ draws
/// could tell from 0. Where an index is found in the stream is a matter of its number alone.
#[derive(Debug)]
pub(crate) struct Indices {
    /// For other draws, by those who draw no indices.
    pub rng: ChaCha8Rng,
    bound: u64,
    per_word: u32,
    /// Digits of the current word not used yet.
    word: u64,
    left: u32,
}

impl Indices {
    /// The indices of a stream from its start.
    pub fn new(rng: ChaCha8Rng, bound: usize) -> Self {
        let bound = bound as u64;
        let per_word = (1u64 << 32).checked_ilog(bound).unwrap_or(1).max(1);
        Self { rng, bound, per_word, word: 0, left: 0 }
    }

    /// Jumps to an index by its number.
    pub fn seek(&mut self, number: u128) {
        let per_word = u128::from(self.per_word);
        self.rng.set_word_pos(number / per_word * WORDS_PER_INDEX);
        self.left = 0;
        for _ in 0..number % per_word {
            self.draw();
        }
    }

    /// The next index.
    #[inline]
    pub fn draw(&mut self) -> usize {
        if self.left == 0 {
            (self.word, self.left) = (self.rng.next_u64(), self.per_word);
        }
        self.left -= 1;
        let (index, rest) = digit(self.word, self.bound);
        self.word = rest;
        index
    }
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

    #[test]
    fn indices_are_uniform_and_independent_within_a_word() {
        // Pairs of neighbours, 49 cells, 70_000 draws: χ² with 48 degrees of freedom, P(> 104) < 5e-6.
        let mut indices = Indices::new(stream(12, Purpose::Protocol, 0), 7);
        assert_eq!(indices.per_word, 11);
        let mut counts = [0u32; 49];
        for _ in 0..70_000 {
            counts[indices.draw() * 7 + indices.draw()] += 1;
        }
        let expected = 7e4 / 49.0;
        let statistic: f64 = counts.iter().map(|&k| (f64::from(k) - expected).powi(2) / expected).sum();
        assert!(statistic < 104.0, "χ² = {statistic}, counts {counts:?}");
    }

    #[test]
    fn indices_are_found_by_their_number() {
        for (bound, per_word) in
            [(1, 1), (2, 32), (7, 11), (100, 4), (1000, 3), (65_536, 2), (65_537, 1), (1_000_000, 1)]
        {
            let indices = || Indices::new(stream(5, Purpose::Batches, 1), bound);
            assert_eq!(indices().per_word, per_word, "{bound}");
            let mut walk = indices();
            for number in 0..100 {
                let mut jump = indices();
                jump.seek(number);
                let index = walk.draw();
                assert_eq!(jump.draw(), index, "{bound} {number}");
                assert!(index < bound);
            }
        }
    }
}
