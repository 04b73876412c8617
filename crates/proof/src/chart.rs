//! The region in which runs end up, cut into boxes.
//!
//! In *sector* `j`, `q_j` is the largest visit coordinate, and `y_i = q_i/q_j`, `0 ≤ y_i ≤ 1`. The scale is `δ = Σq − 1 + ¾η(1 − V)`, `V = Σy²/(Σy)²`. A box is a product of
//! intervals of `y_i` (`i ≠ j`, in order), `δ` and `η`; `s` has the interval `[0, S_MAX]` everywhere. Every mixed orbit is at a corner of the cube of the `y`.

use crate::cycle::{Inequality, concentration, growth, norm};
use crate::interval::Interval;
use crate::jet::{Jet, Jet2};
use crate::real::Real;
use std::array::from_fn;

/// Upper end of the residual’s `s = ‖w − Πw‖²`: 2^{−20}.
pub const RESIDUAL: f64 = 1.0 / 1_048_576.0;
/// Lower end of `N`: 1 − 2^{−20}.
pub const LEAST_NORM: f64 = 1.0 - 1.0 / 1_048_576.0;
/// `δ` of every point with `N ≥ LEAST_NORM`, `N ≤ 1 + η/4`, `s ≤ RESIDUAL`, `η ≤ 13/64` lies in it.
pub const SCALES: [f64; 2] = [-0.3125, 0.25];

/// Sides of the boxes of four samples, the most that there are.
const WIDEST: usize = 5;

/// How often a box is halved about its middle until `W` falls on all of it.
const HALVED: usize = 12;

/// A box: intervals of the `y_i`, of `δ` and of `η`, all with dyadic ends.
#[derive(Clone, Copy, Debug)]
pub struct Cell<const M: usize> {
    /// `y_i` of the samples other than that of the sector, in order; the last place is not used.
    pub ratios: [Interval; M],
    /// `δ`.
    pub scale: Interval,
    /// `η`.
    pub step_size: Interval,
}

/// Visit coordinates and `p` of a point of sector `j`.
fn chart<T: Real, const M: usize>(
    sector: usize,
    ratios: &[T; M],
    scale: T,
    step_size: T,
) -> ([T; M], [T; M]) {
    let y: [T; M] = from_fn(|i| match i.cmp(&sector) {
        std::cmp::Ordering::Less => ratios[i],
        std::cmp::Ordering::Equal => T::constant(1.0),
        std::cmp::Ordering::Greater => ratios[i - 1],
    });
    let concentration = concentration(&y);
    let one = T::constant(1.0);
    let total = one + scale - T::constant(0.75) * step_size * (one - concentration);
    let unit = y[1..].iter().fold(y[0], |sum, &y| sum + y).recip();
    let shares = y.map(|y| y * unit);
    (shares.map(|p| p * total), shares)
}

impl<const M: usize> Cell<M> {
    /// Number of intervals.
    pub const SIDES: usize = M + 1;

    /// Interval `side` of the box, in the order `y`, `δ`, `η`.
    pub fn side(&self, side: usize) -> Interval {
        if side < M - 1 {
            self.ratios[side]
        } else if side == M - 1 {
            self.scale
        } else {
            self.step_size
        }
    }

    /// The halves of the box, cut across `side`.
    pub fn halves(&self, side: usize) -> [Self; 2] {
        let whole = self.side(side);
        // Exact: ends are dyadic numbers of few digits.
        let middle = 0.5 * (whole.low + whole.high);
        [Interval::new(whole.low, middle), Interval::new(middle, whole.high)].map(|half| {
            let mut cell = *self;
            if side < M - 1 {
                cell.ratios[side] = half;
            } else if side == M - 1 {
                cell.scale = half;
            } else {
                cell.step_size = half;
            }
            cell
        })
    }

    /// Whether no point of it has `LEAST_NORM ≤ N ≤ 1 + η/4` and `0 ≤ s ≤ RESIDUAL`.
    pub fn outside(&self, sector: usize) -> bool {
        let (q, _) = chart(sector, &self.ratios, self.scale, self.step_size);
        let norm = norm(&q, Interval::new(0.0, RESIDUAL), self.step_size);
        let most = Interval::point(1.0) + Interval::point(0.25) * self.step_size;
        norm.high < LEAST_NORM || norm.low > most.high
    }

    /// A box about the middle of this one, all of it in the region, on which `W` is verified to fall at `s = 0`, with an upper bound, below 0, of its growth, if it
    /// falls at the middle.
    pub fn falls(&self, sector: usize, inequality: Inequality) -> Option<(Self, f64)> {
        let middle = |i| Interval::point(if i <= M { self.side(i).middle() } else { 0.0 });
        if evaluate::<Interval, M>(sector, middle, inequality).high >= 0.0 {
            return None;
        }
        let mut shrunk = *self;
        for _ in 0..HALVED {
            if shrunk.inside(sector) {
                let growth = shrunk.most(sector, inequality);
                if growth < 0.0 {
                    return Some((shrunk, growth));
                }
            }
            shrunk = shrunk.smaller();
        }
        None
    }

    /// Half the box in every direction, about its middle, or nearly.
    fn smaller(&self) -> Self {
        let half = |side: Interval| {
            let middle = side.middle();
            Interval::new(0.5 * (side.low + middle), 0.5 * (middle + side.high))
        };
        Self { ratios: self.ratios.map(half), scale: half(self.scale), step_size: half(self.step_size) }
    }

    /// An upper bound of the growth of `W` at `s = 0` on the box, in mean-value form.
    fn most(&self, sector: usize, inequality: Inequality) -> f64 {
        let middle = |i| Interval::point(if i <= M { self.side(i).middle() } else { 0.0 });
        let at = evaluate::<Interval, M>(sector, middle, inequality);
        let variable = |i| if i <= M { Jet::<WIDEST>::variable(self.side(i), i) } else { Jet::constant(0.0) };
        let slopes = evaluate::<Jet<WIDEST>, M>(sector, variable, inequality).gradient;
        (0..=M).fold(at, |sum, i| sum + slopes[i] * (self.side(i) - middle(i))).high
    }

    /// Whether every point of it with `s = 0` has `LEAST_NORM ≤ N ≤ 1 + η/4`.
    fn inside(&self, sector: usize) -> bool {
        let (q, _) = chart(sector, &self.ratios, self.scale, self.step_size);
        let norm = norm(&q, Interval::point(0.0), self.step_size);
        let most = Interval::point(1.0) + Interval::point(0.25) * self.step_size;
        LEAST_NORM <= norm.low && norm.high <= most.low
    }

    /// A lower bound of the growth of `W` on the box, by Taylor's formula, and the sizes of the terms that each side contributes.
    ///
    /// If growth increases in `s` on the box, it is least at `s = 0`; with the middle `x` of the box it is there at least
    /// `f(x) + Σ ∂_i f(x) h_i + ½ Σ ∂_i ∂_j f · h_i h_j`, `h_i = X_i − x_i`, the second derivatives taken over the box. `K = M + 2`.
    pub fn growth<const K: usize>(&self, sector: usize, inequality: Inequality) -> (f64, [f64; K]) {
        let middles: [f64; K] = from_fn(|i| if i < K - 1 { self.side(i).middle() } else { 0.0 });
        let sides: [Interval; K] =
            from_fn(|i| if i < K - 1 { self.side(i) } else { Interval::new(0.0, RESIDUAL) });
        let at = evaluate::<Jet<K>, M>(sector, |i| Jet::variable(Interval::point(middles[i]), i), inequality);
        let over = evaluate::<Jet2<K>, M>(sector, |i| Jet2::variable(sides[i], i), inequality);
        let steps: [Interval; K] = from_fn(|i| sides[i] - Interval::point(middles[i]));
        let mut least = at.value;
        let mut sizes = [0.0; K];
        for i in 0..K - 1 {
            let half = Interval::point(0.5) * over.second(i, i);
            let mut term = at.gradient[i] * steps[i] + half * steps[i].square();
            for j in 0..i {
                let mixed = over.second(i, j) * (steps[i] * steps[j]);
                sizes[j] += mixed.high - mixed.low;
                term = term + mixed;
            }
            sizes[i] += term.high - term.low;
            least = least + term;
        }
        (if over.gradient[K - 1].is_positive() { least.low } else { f64::NEG_INFINITY }, sizes)
    }

    /// Whether, all over the box, growth increases in `s` and in the `y_i` that `small` marks, and its Hessian in the others and `δ` is positive
    /// definite. `K = M + 1`.
    pub fn convex<const K: usize>(&self, sector: usize, small: &[bool], inequality: Inequality) -> bool {
        let sides = |i: usize| match i {
            i if i < M => self.side(i),
            _ => Interval::new(0.0, RESIDUAL),
        };
        let step_size = Jet2::<K>::of(self.step_size);
        let variable = |i: usize| match i {
            i if i < M => Jet2::variable(sides(i), i),
            i if i == M => step_size,
            _ => Jet2::variable(sides(M), M),
        };
        let growth = evaluate::<Jet2<K>, M>(sector, variable, inequality);
        let grows = |i: usize| growth.gradient[i].is_positive();
        let face: Vec<usize> = std::iter::once(M - 1).chain((0..M - 1).filter(|i| !small[*i])).collect();
        grows(M) && (0..M - 1).all(|i| !small[i] || grows(i)) && {
            let mut hessian: Vec<Vec<Interval>> =
                face.iter().map(|i| face.iter().map(|j| growth.second(*i, *j)).collect()).collect();
            positive_definite(&mut hessian)
        }
    }
}

/// The growth of `W`; the variables are the `y_i`, `δ`, `η` and `s`.
fn evaluate<T: Real, const M: usize>(
    sector: usize,
    variable: impl Fn(usize) -> T,
    inequality: Inequality,
) -> T {
    let ratios: [T; M] = from_fn(|i| if i < M - 1 { variable(i) } else { T::constant(0.0) });
    let (scale, step_size, s) = (variable(M - 1), variable(M), variable(M + 1));
    let (q, shares) = chart(sector, &ratios, scale, step_size);
    growth(&q, &shares, s, step_size, inequality)
}

/// Whether every symmetric matrix in it is positive definite, by elimination: every pivot exceeds 0.
fn positive_definite(matrix: &mut [Vec<Interval>]) -> bool {
    for pivot in 0..matrix.len() {
        if !matrix[pivot][pivot].is_positive() {
            return false;
        }
        let inverse = matrix[pivot][pivot].recip();
        for i in pivot + 1..matrix.len() {
            for j in pivot + 1..=i {
                let taken = if i == j {
                    matrix[i][pivot].square() * inverse
                } else {
                    matrix[i][pivot] * matrix[j][pivot] * inverse
                };
                matrix[i][j] = matrix[i][j] - taken;
                matrix[j][i] = matrix[i][j];
            }
        }
    }
    true
}
