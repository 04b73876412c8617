//! Normal and χ² numbers whose bits do not depend on the platform, but for a chance of some 1e-16 a draw.
//!
//! `rand_distr` takes logarithms and exponentials from the mathematical library of the platform, and these differ in their last bit: glibc's from those
//! of WebAssembly. Almost always they only decide what is rejected, where a last bit has a chance of about 1e-16 to matter. They enter the value of a
//! draw in the tails of the ziggurats alone, one normal number in 4,000; there it is computed again with [`libm`], from the same word of the stream.

use chacha20::ChaCha8Rng;
use rand::RngExt;
use rand::distr::Open01;
use rand_distr::{Distribution, Exp1, StandardNormal};

/// Where the tails of the ziggurats of `rand_distr` begin.
const NORMAL_TAIL: f64 = 3.654_152_885_361_009;
const EXPONENTIAL_TAIL: f64 = 7.697_117_470_131_05;

/// 32-bit words of a draw.
const WORDS: u128 = 2;

/// A standard normal number.
pub fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let value: f64 = StandardNormal.sample(rng);
    if value.abs() < NORMAL_TAIL {
        return value;
    }
    // Of the last two numbers drawn the first makes the value, the second accepted it.
    let uniform: f64 = back(rng, 2, |rng| rng.sample(Open01));
    (NORMAL_TAIL - libm::log(uniform) / NORMAL_TAIL).copysign(value)
}

/// An exponential number of mean 1.
fn exponential(rng: &mut ChaCha8Rng) -> f64 {
    let value: f64 = Exp1.sample(rng);
    if value < EXPONENTIAL_TAIL {
        return value;
    }
    let uniform: f64 = back(rng, 1, |rng| rng.random());
    EXPONENTIAL_TAIL - libm::log(uniform)
}

/// A draw made `draws` ago, once more; the stream is then where it was.
fn back(rng: &mut ChaCha8Rng, draws: u128, draw: impl Fn(&mut ChaCha8Rng) -> f64) -> f64 {
    let here = rng.get_word_pos();
    rng.set_word_pos(here - draws * WORDS);
    let value = draw(rng);
    rng.set_word_pos(here);
    value
}

/// A χ² number with `freedom ≥ 1` degrees of freedom, as `rand_distr` draws it: by the method of Marsaglia and Tsang (ACM Trans. Math. Softw. 26,
/// 2000) from three degrees on.
pub fn chi_squared(freedom: usize, rng: &mut ChaCha8Rng) -> f64 {
    match freedom {
        1 => normal(rng).powi(2),
        2 => 2.0 * exponential(rng),
        _ => marsaglia_tsang(0.5 * freedom as f64, rng),
    }
}

fn marsaglia_tsang(shape: f64, rng: &mut ChaCha8Rng) -> f64 {
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = normal(rng);
        let root = 1.0 + c * x;
        if root <= 0.0 {
            continue;
        }
        let v = root * root * root;
        let uniform: f64 = rng.sample(Open01);
        let square = x * x;
        if uniform < 1.0 - 0.0331 * square * square
            || libm::log(uniform) < 0.5 * square + d * (1.0 - v + libm::log(v))
        {
            return 2.0 * (v * d);
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::Rng;
    use rand_distr::ChiSquared;

    use super::*;
    use crate::rng::{Purpose, stream};

    fn rng(replica: u64) -> ChaCha8Rng {
        stream(31, Purpose::Protocol, replica)
    }

    #[test]
    fn outside_the_tails_draws_are_those_of_rand_distr_to_the_bit() {
        let (mut ours, mut theirs, mut far) = (rng(0), rng(0), 0);
        for _ in 0..40_000 {
            let (a, b): (f64, f64) = (normal(&mut ours), StandardNormal.sample(&mut theirs));
            assert!((a - b).abs() <= 1e-15 * b.abs(), "{a} {b}");
            if b.abs() >= NORMAL_TAIL {
                far += 1;
            } else {
                assert_eq!(a.to_bits(), b.to_bits());
            }
            assert_eq!(ours.get_word_pos(), theirs.get_word_pos());
        }
        // 2.6e-4 of 40,000 lie in the tail.
        assert!((1..30).contains(&far), "{far}");
    }

    #[test]
    fn chi_squares_are_those_of_rand_distr() {
        for freedom in [1, 2, 3, 4, 11, 1000, 99_992] {
            let (mut ours, mut theirs) = (rng(freedom as u64), rng(freedom as u64));
            let law = ChiSquared::new(freedom as f64).unwrap();
            for _ in 0..20_000 {
                let (a, b) = (chi_squared(freedom, &mut ours), law.sample(&mut theirs));
                assert!((a - b).abs() <= 4e-15 * b, "{freedom}: {a} {b}");
            }
            assert_eq!(ours.next_u64(), theirs.next_u64());
        }
    }

    #[test]
    fn a_number_of_the_tail_has_the_same_bits_everywhere() {
        // The first of stream 0: whatever the platform, libm is the same code.
        let mut rng = rng(0);
        let first = std::iter::repeat_with(|| normal(&mut rng)).find(|x| x.abs() >= NORMAL_TAIL);
        assert_eq!(first.map(f64::to_bits), Some(4_615_709_634_621_754_298), "{first:?}");
    }
}
