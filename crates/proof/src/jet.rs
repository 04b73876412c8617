//! Forward differentiation over intervals: a value with its gradient ([`Jet`]), or with its gradient and its Hessian ([`Jet2`]).
//!
//! The value contains the function's values on a box, the derivatives contain its derivatives on the same box.

use crate::interval::Interval;
use crate::real::Real;
use std::array::from_fn;
use std::ops::{Add, Mul, Neg, Sub};

const ZERO: Interval = Interval { low: 0.0, high: 0.0 };
const ONE: Interval = Interval { low: 1.0, high: 1.0 };
const TWO: Interval = Interval { low: 2.0, high: 2.0 };

/// A function of `K` variables on a box: value and gradient.
#[derive(Clone, Copy, Debug)]
pub struct Jet<const K: usize> {
    /// Values.
    pub value: Interval,
    /// Partial derivatives.
    pub gradient: [Interval; K],
}

impl<const K: usize> Jet<K> {
    /// The variable number `index`.
    pub fn variable(value: Interval, index: usize) -> Self {
        Self { value, gradient: from_fn(|i| if i == index { ONE } else { ZERO }) }
    }

    /// The product rule.
    fn product(self, other: Self) -> Self {
        Self {
            value: self.value * other.value,
            gradient: from_fn(|i| self.value * other.gradient[i] + other.value * self.gradient[i]),
        }
    }

    /// `f(x)` with the values `f` and the slopes `f'`.
    fn chain(self, f: Interval, slope: Interval) -> Self {
        Self { value: f, gradient: self.gradient.map(|g| slope * g) }
    }
}

impl<const K: usize> Add for Jet<K> {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { value: self.value + other.value, gradient: from_fn(|i| self.gradient[i] + other.gradient[i]) }
    }
}

impl<const K: usize> Neg for Jet<K> {
    type Output = Self;
    fn neg(self) -> Self {
        Self { value: -self.value, gradient: self.gradient.map(Neg::neg) }
    }
}

impl<const K: usize> Sub for Jet<K> {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self { value: self.value - other.value, gradient: from_fn(|i| self.gradient[i] - other.gradient[i]) }
    }
}

impl<const K: usize> Mul for Jet<K> {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        self.product(other)
    }
}

impl<const K: usize> Real for Jet<K> {
    fn constant(x: f64) -> Self {
        Self { value: Interval::point(x), gradient: [ZERO; K] }
    }
    fn square(self) -> Self {
        self.chain(self.value.square(), TWO * self.value)
    }
    fn recip(self) -> Self {
        let inverse = self.value.recip();
        self.chain(inverse, -inverse.square())
    }
}

/// A function of `K` variables on a box: value, gradient and Hessian.
#[derive(Clone, Copy, Debug)]
pub struct Jet2<const K: usize> {
    /// Values.
    pub value: Interval,
    /// Partial derivatives.
    pub gradient: [Interval; K],
    /// Second partial derivatives, the entries with `row ≥ column`; the others are 0.
    hessian: [[Interval; K]; K],
}

impl<const K: usize> Jet2<K> {
    /// The variable number `index`.
    pub fn variable(value: Interval, index: usize) -> Self {
        Self { gradient: from_fn(|i| if i == index { ONE } else { ZERO }), ..Self::of(value) }
    }

    /// The same value everywhere, one of `value`.
    pub fn of(value: Interval) -> Self {
        Self { value, gradient: [ZERO; K], hessian: [[ZERO; K]; K] }
    }

    /// The second partial derivative by variables `i` and `j`.
    pub fn second(&self, i: usize, j: usize) -> Interval {
        self.hessian[i.max(j)][i.min(j)]
    }

    /// The product rule, twice.
    fn product(self, other: Self) -> Self {
        let (a, b, g, h) = (self.value, other.value, self.gradient, other.gradient);
        Self {
            value: a * b,
            gradient: from_fn(|i| a * h[i] + b * g[i]),
            hessian: lower(|i, j| {
                (a * other.hessian[i][j] + b * self.hessian[i][j]) + (g[i] * h[j] + g[j] * h[i])
            }),
        }
    }

    /// `f(x)` with the values `f`, the slopes `f'` and the curvatures `f''`.
    fn chain(self, f: Interval, slope: Interval, curvature: Interval) -> Self {
        let g = self.gradient;
        Self {
            value: f,
            gradient: g.map(|g| slope * g),
            hessian: lower(|i, j| slope * self.hessian[i][j] + curvature * (g[i] * g[j])),
        }
    }
}

/// A matrix from its entries on and below the diagonal.
fn lower<const K: usize>(entry: impl Fn(usize, usize) -> Interval) -> [[Interval; K]; K] {
    from_fn(|i| from_fn(|j| if j <= i { entry(i, j) } else { ZERO }))
}

impl<const K: usize> Add for Jet2<K> {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            value: self.value + other.value,
            gradient: from_fn(|i| self.gradient[i] + other.gradient[i]),
            hessian: lower(|i, j| self.hessian[i][j] + other.hessian[i][j]),
        }
    }
}

impl<const K: usize> Neg for Jet2<K> {
    type Output = Self;
    fn neg(self) -> Self {
        Self {
            value: -self.value,
            gradient: self.gradient.map(Neg::neg),
            hessian: lower(|i, j| -self.hessian[i][j]),
        }
    }
}

impl<const K: usize> Sub for Jet2<K> {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl<const K: usize> Mul for Jet2<K> {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        self.product(other)
    }
}

impl<const K: usize> Real for Jet2<K> {
    fn constant(x: f64) -> Self {
        Self::of(Interval::point(x))
    }
    fn square(self) -> Self {
        self.chain(self.value.square(), TWO * self.value, TWO)
    }
    fn recip(self) -> Self {
        let inverse = self.value.recip();
        let square = inverse.square();
        self.chain(inverse, -square, TWO * (square * inverse))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `x²y/(1 − xy) − (x − y)`, and its derivatives by hand.
    fn formula<T: Real>(x: T, y: T) -> T {
        x.square() * y * (T::constant(1.0) - x * y).recip() - (x - y) + -T::constant(0.5)
    }

    #[test]
    fn derivatives_contain_those_taken_by_hand() {
        let (a, b): (f64, f64) = (0.3, 0.7);
        let u = 1.0 - a * b;
        // f + x − y + ½ = x²y/u; with g = 1/u: ∂_x = 2xy/u + x²y²/u², and so on.
        let first = [2.0 * a * b / u + (a * b / u).powi(2) - 1.0, a * a / u + a.powi(3) * b / (u * u) + 1.0];
        let second = [
            2.0 * b / u + 4.0 * a * b * b / (u * u) + 2.0 * a * a * b.powi(3) / u.powi(3),
            2.0 * a / u + 4.0 * a * a * b / (u * u) + 2.0 * a.powi(3) * b * b / u.powi(3),
            2.0 * a.powi(3) / (u * u) + 2.0 * a.powi(4) * b / u.powi(3),
        ];
        let near = |interval: Interval, x: f64, wide: f64| {
            interval.low <= x + 1e-14 && x - 1e-14 <= interval.high && interval.high - interval.low <= wide
        };
        for half in [0.0, 1e-3] {
            let [x, y] = [a, b].map(|x| Interval::new(x - half, x + half));
            let wide = 1e-13 + 200.0 * half;
            let jet = formula(Jet::<2>::variable(x, 0), Jet::variable(y, 1));
            let jet2 = formula(Jet2::<2>::variable(x, 0), Jet2::variable(y, 1));
            for (i, first) in first.into_iter().enumerate() {
                assert!(near(jet.gradient[i], first, wide) && near(jet2.gradient[i], first, wide), "{jet:?}");
            }
            for (k, (i, j)) in [(0, 0), (0, 1), (1, 1)].into_iter().enumerate() {
                assert!(
                    near(jet2.second(i, j), second[k], wide),
                    "{i} {j}: {:?} {}",
                    jet2.second(i, j),
                    second[k]
                );
                assert_eq!(jet2.second(i, j), jet2.second(j, i));
            }
        }
    }
}
