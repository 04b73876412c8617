//! Intervals of real numbers with floating-point ends.
//!
//! Every operation returns an interval that contains all values of the operation at real numbers of its operands. IEEE 754 rounds `+ − × ÷` correctly, so the
//! exact value lies between the neighbours of the rounded one, and each end moves outwards by at least one place (`u = 2^{−53}`):
//! if `2^e ≤ |x| < 2^{e+1}`, the neighbours of `x` are at most `2u · 2^e` away, and `u(1 + 2u)|x|`, rounded or not, exceeds half of that, so that `x` plus or minus it
//! is rounded to a neighbour or farther out; where it underflows, the least positive number, which is added, makes up for that. (S. M. Rump, P. Zimmermann, S. Boldo, G. Melquiond, *Computing
//! predecessor and successor in rounding to nearest*, BIT 49, 2009.) An end that is not a number (`∞ − ∞`, `0 · ∞`) becomes the infinity on its side. Nothing depends on the rounding mode being changed or on
//! flags of the compiler. The crate `inari` 2 would do as well, but it does not compile without processor features switched on for the whole workspace.

use std::ops::{Add, Mul, Neg, Sub};

/// The interval `[low, high]`, not empty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// `u(1 + 2u)`, `u = 2^{−53}`.
const PLACE: f64 = 0.5 * f64::EPSILON * (1.0 + f64::EPSILON);
/// The least positive number.
const LEAST: f64 = 5e-324;

/// More than half the distance from `x` to its neighbours.
fn place(x: f64) -> f64 {
    PLACE * x.abs() + LEAST
}

fn down(x: f64) -> f64 {
    let below = x - place(x);
    if below.is_nan() { f64::NEG_INFINITY } else { below }
}

fn up(x: f64) -> f64 {
    let above = x + place(x);
    if above.is_nan() { f64::INFINITY } else { above }
}

fn least(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
}

fn most(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

impl Interval {
    /// All real numbers.
    pub const ALL: Self = Self { low: f64::NEG_INFINITY, high: f64::INFINITY };

    /// The interval `[low, high]`.
    ///
    /// # Panics
    /// Unless `low ≤ high`.
    pub fn new(low: f64, high: f64) -> Self {
        assert!(low <= high, "[{low}, {high}]");
        Self { low, high }
    }

    /// The one number `x`.
    pub fn point(x: f64) -> Self {
        Self::new(x, x)
    }

    /// Half the sum of the ends, rounded: some number of the interval if the ends are finite.
    pub fn middle(self) -> f64 {
        (0.5 * self.low + 0.5 * self.high).clamp(self.low, self.high)
    }

    /// All `x²`.
    pub fn square(self) -> Self {
        let (a, b) = (self.low.abs(), self.high.abs());
        let (near, far) = if a < b { (a, b) } else { (b, a) };
        let low = if self.low <= 0.0 && self.high >= 0.0 { 0.0 } else { down(near * near).max(0.0) };
        Self { low, high: up(far * far) }
    }

    /// All `1/x`, or all real numbers if 0 is among the `x`.
    pub fn recip(self) -> Self {
        if self.low <= 0.0 && self.high >= 0.0 {
            return Self::ALL;
        }
        Self { low: down(1.0 / self.high), high: up(1.0 / self.low) }
    }

    /// Whether every number of it exceeds 0.
    pub fn is_positive(self) -> bool {
        self.low > 0.0
    }
}

impl Add for Interval {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { low: down(self.low + other.low), high: up(self.high + other.high) }
    }
}

impl Sub for Interval {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self { low: down(self.low - other.high), high: up(self.high - other.low) }
    }
}

impl Neg for Interval {
    type Output = Self;
    fn neg(self) -> Self {
        Self { low: -self.high, high: -self.low }
    }
}

impl Mul for Interval {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let (a, b) = (self.low * other.low, self.low * other.high);
        let (c, d) = (self.high * other.low, self.high * other.high);
        if (a + b + c + d).is_nan() {
            return Self::ALL;
        }
        let (low, high) = (least(least(a, b), least(c, d)), most(most(a, b), most(c, d)));
        Self { low: down(low), high: up(high) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_rational::BigRational;

    /// Numbers of many magnitudes and both signs, from a linear congruence; some are small integers, some have few digits.
    fn numbers(count: usize) -> Vec<f64> {
        let mut state = 20_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state >> 11
        };
        (0..count)
            .map(|i| {
                let (mantissa, exponent) =
                    (next() as f64 / 4_503_599_627_370_496.0 - 1.0, (next() % 61) as i32 - 30);
                if i % 5 == 0 { f64::from(exponent) } else { mantissa * 2.0_f64.powi(exponent) }
            })
            .collect()
    }

    fn exact(x: f64) -> BigRational {
        BigRational::from_float(x).unwrap()
    }

    fn contains(interval: Interval, x: &BigRational) -> bool {
        let low = interval.low == f64::NEG_INFINITY || exact(interval.low) <= *x;
        low && (interval.high == f64::INFINITY || *x <= exact(interval.high))
    }

    fn intervals() -> Vec<Interval> {
        numbers(400).chunks(2).map(|ends| Interval::new(ends[0].min(ends[1]), ends[0].max(ends[1]))).collect()
    }

    #[test]
    fn operations_contain_the_exact_values_at_ends_and_inside() {
        for pair in intervals().windows(2) {
            let (a, b) = (pair[0], pair[1]);
            for x in [a.low, a.middle(), a.high] {
                for y in [b.low, b.middle(), b.high] {
                    let (p, q) = (exact(x), exact(y));
                    assert!(contains(a + b, &(&p + &q)) && contains(a - b, &(&p - &q)), "{a:?} {b:?}");
                    assert!(contains(a * b, &(&p * &q)) && contains(-a, &-p.clone()), "{a:?} {b:?}");
                }
                let p = exact(x);
                assert!(contains(a.square(), &(&p * &p)), "{a:?}");
                assert!(x == 0.0 || contains(a.recip(), &p.recip()), "{a:?}");
            }
        }
    }

    #[test]
    fn ends_move_outwards_by_at_least_one_place_and_at_most_two() {
        for x in numbers(4000).into_iter().chain([0.0, 1.0, 5e-324, 2.3e-308, -2.0_f64.powi(-1022), 1.7e308])
        {
            assert!(down(x) <= x.next_down() && x.next_up() <= up(x), "{x:e}");
            assert!(down(x) >= x.next_down().next_down() && up(x) <= x.next_up().next_up(), "{x:e}");
        }
    }

    #[test]
    fn what_is_not_bounded_is_not_said_to_be() {
        let (zero, huge) = (Interval::new(-1.0, 2.0), Interval::point(1e200));
        assert_eq!(zero.recip(), Interval::ALL);
        assert_eq!(Interval::point(0.0) * Interval::ALL, Interval::ALL);
        assert_eq!((huge * huge).high, f64::INFINITY);
        assert_eq!(huge * huge - huge * huge, Interval::ALL);
        assert!(!Interval::ALL.is_positive() && !Interval::new(0.0, 1.0).is_positive());
    }

    #[test]
    fn a_square_is_no_product_of_independent_factors() {
        let x = Interval::new(-1.0, 2.0);
        assert!(x.square().low == 0.0 && (x * x).low < -1.9 && x.square().high >= 4.0);
    }
}
