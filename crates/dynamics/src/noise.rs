//! Noise of the gradients: fresh normal numbers at every step, a pure function of seed, replica and step.

use serde::Serialize;

use crate::draws::normal;
use crate::error::Result;
use crate::rng::{Purpose, stream};
use crate::update::non_negative;

/// What is added to the gradients of a run; by default nothing. The numbers are those of the seed of its [`Schedule`](crate::schedule::Schedule); that of
/// [`Schedule::full_batch`](crate::schedule::Schedule::full_batch) is 0, and [`Schedule::new`](crate::schedule::Schedule::new) takes another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Noise {
    /// Standard deviation `σ` of label noise: a step asks for `x_i + σ ξ`, with a fresh `ξ ~ N(0, I_n)` for every sample of every batch, while
    /// the input stays `x_i`.
    pub label: f64,
    /// Standard deviation of gradient noise: a step follows `g + s ζ`, with a fresh `ζ ~ N(0, I)` in all parameters; `g` is the mean or the sum
    /// over the batch, whichever is followed.
    pub gradient: f64,
}

impl Noise {
    /// Whether there is none.
    pub fn is_silent(self) -> bool {
        self == Self::default()
    }

    /// Refuses deviations that are negative or not finite.
    ///
    /// # Errors
    /// [`Error::OutOfRange`](crate::Error::OutOfRange).
    pub fn check(self) -> Result<()> {
        non_negative("the label noise σ", self.label)?;
        non_negative("the gradient noise", self.gradient)
    }
}

/// Appends the `count` standard normal numbers of one step (`step = 0, 1, …`) of a replica.
///
/// Every step has a stretch of the stream of its own, twice as long as so many numbers take: a normal number takes one 64-bit word, and one
/// in seventy some more. A hundred numbers would outgrow a stretch with a probability far below 2⁻¹⁰⁰, and more are safer still.
pub fn normals(seed: u64, purpose: Purpose, replica: u64, step: u64, count: usize, into: &mut Vec<f64>) {
    let mut rng = stream(seed, purpose, replica);
    let words = (4 * count as u128 + 256).next_power_of_two();
    rng.set_word_pos(u128::from(step) * words);
    into.extend((0..count).map(|_| normal(&mut rng)));
}

/// The numbers of several replicas, one after the other, times a standard deviation; `None` if that is 0.
pub fn scaled(
    deviation: f64,
    (seed, purpose): (u64, Purpose),
    replicas: impl IntoIterator<Item = u64>,
    step: u64,
    count: usize,
) -> Option<Vec<f64>> {
    if deviation == 0.0 {
        return None;
    }
    let mut numbers = Vec::new();
    replicas.into_iter().for_each(|replica| normals(seed, purpose, replica, step, count, &mut numbers));
    numbers.iter_mut().for_each(|x| *x *= deviation);
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scaled_numbers_are_those_of_the_replicas_one_after_the_other() {
        let of_both = scaled(0.25, (5, Purpose::LabelNoise), [4, 2], 9, 7).unwrap();
        let mut expected = Vec::new();
        for replica in [4, 2] {
            normals(5, Purpose::LabelNoise, replica, 9, 7, &mut expected);
        }
        assert_eq!(of_both, expected.iter().map(|x| 0.25 * x).collect::<Vec<_>>());
        assert_eq!(of_both.len(), 14);
        assert_eq!(scaled(0.0, (5, Purpose::LabelNoise), [4, 2], 9, 7), None);
    }

    #[test]
    fn steps_and_replicas_have_numbers_of_their_own_and_repeat() {
        let draw = |replica, step| {
            let mut numbers = Vec::new();
            normals(5, Purpose::LabelNoise, replica, step, 7, &mut numbers);
            numbers
        };
        assert_eq!(draw(2, 9), draw(2, 9));
        assert_ne!(draw(2, 9), draw(2, 10));
        assert_ne!(draw(2, 9), draw(3, 9));
        let mut other = Vec::new();
        normals(5, Purpose::GradientNoise, 2, 9, 7, &mut other);
        assert_ne!(draw(2, 9), other);
    }

    #[test]
    fn numbers_of_different_steps_are_independent_standard_normals() {
        // 20,000 products of neighbours: mean 0 ± 0.0071, of squares 1 ± 0.01; five standard errors.
        let (mut first, mut numbers) = (Vec::new(), Vec::new());
        normals(6, Purpose::LabelNoise, 0, 0, 1, &mut first);
        for step in 0..20_001 {
            normals(6, Purpose::LabelNoise, 0, step, 1, &mut numbers);
        }
        assert_eq!(first[0], numbers[0]);
        let n = 20_000.0;
        let along: f64 = numbers.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / n;
        let square: f64 = numbers.iter().map(|x| x * x).sum::<f64>() / (n + 1.0);
        assert!(along.abs() < 0.036 && (square - 1.0).abs() < 0.05, "{along} {square}");
    }
}
