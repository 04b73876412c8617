//! Stochastic traces that know their standard error, and are as long as one asks for.

use nalgebra::DMatrix;
use rand::{Rng, RngExt};

use super::Operator;
use crate::limits;
use crate::vectors::{dot, scale};

/// A trace with its standard error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trace {
    /// Estimate of `Tr H`.
    pub value: f64,
    /// Standard error of the estimate.
    pub sem: f64,
    /// Products with the operator.
    pub products: usize,
    /// Whether as many probes were allowed as the standard error that was asked for takes.
    pub reached: bool,
}

/// Probes of the first stage, by whose variance the number of all is fixed.
pub(super) const PILOT: usize = 64;

/// Hutchinson's estimator: the mean of `zᵀ H z` over Rademacher probes `z`, with a standard error of about `sem`, or
/// after `most` probes, which the result says. Its variance is `2 Σ_{i≠j} H_ij²`: nothing for a diagonal matrix, so data in the standard
/// basis proves nothing about it.
///
/// In two stages (Stein, 1945): the variance of 64 probes says how many are needed, and nobody looks again. An
/// estimate that stops as soon as its standard error happens to be small is sure of itself too soon too often.
pub fn hutchinson(operator: &impl Operator, sem: f64, max: usize, rng: &mut impl Rng) -> Trace {
    let mut probe = || {
        let z = rademacher(operator.dim(), rng);
        dot(&z, &operator.apply(&z))
    };
    let pilot: Vec<f64> = (0..PILOT.min(max)).map(|_| probe()).collect();
    // Variances are squares: at the scale of the pilot's largest they stay in range.
    let scale = scale(pilot.iter().copied());
    let (mut quadratic, sem) = (Moments::default(), scale * sem);
    pilot.iter().for_each(|x| quadratic.add(scale * x));
    // Infinite for a standard error of 0, and a float saturates; NaN, for which 0 are taken, if nothing varies.
    let needed = (quadratic.variance() / (sem * sem)).ceil();
    let reached = needed <= max as f64 || quadratic.variance() == 0.0;
    (pilot.len()..(needed as usize).clamp(pilot.len(), max)).for_each(|_| quadratic.add(scale * probe()));
    let (value, sem) = (quadratic.mean / scale, quadratic.sem() / scale);
    Trace { value, sem, products: quadratic.count, reached }
}

/// Mean and variance of numbers that come one by one (Welford).
#[derive(Default)]
struct Moments {
    count: usize,
    mean: f64,
    /// Sum of squared deviations from the mean.
    squares: f64,
}

impl Moments {
    fn add(&mut self, x: f64) {
        self.count += 1;
        let off = x - self.mean;
        self.mean += off / self.count as f64;
        self.squares += off * (x - self.mean);
    }

    fn variance(&self) -> f64 {
        self.squares / (self.count as f64 - 1.0)
    }

    fn sem(&self) -> f64 {
        (self.variance() / self.count as f64).sqrt()
    }
}

/// Hutch++ (Meyer, Musco, Musco, Woodruff, 2021): the trace on the range of a sketch `H S` exactly, the
/// rest by Hutchinson on the orthogonal complement, whose variance is that of the matrix without its
/// largest eigenvalues. `sketch` columns cost `2·sketch` products.
///
/// # Panics
/// If `d × sketch` numbers are more than [`limits::MAX_ENTRIES`].
pub fn hutch_plus_plus(
    operator: &impl Operator,
    sketch: usize,
    sem: f64,
    max: usize,
    rng: &mut impl Rng,
) -> Trace {
    let d = operator.dim();
    let sketch = sketch.min(d);
    limits::entries("the sketch", d, sketch).unwrap_or_else(|refusal| panic!("{refusal}"));
    let columns: Vec<f64> = (0..sketch).flat_map(|_| operator.apply(&rademacher(d, rng))).collect();
    let scale = scale(columns.iter().copied());
    let q = DMatrix::from_iterator(d, sketch, columns.iter().map(|x| scale * x)).qr().q();
    let basis: Vec<&[f64]> = q.as_slice().chunks_exact(d).collect();
    let exact: f64 = basis.iter().map(|q| dot(q, &operator.apply(q))).sum();
    if sketch == d {
        return Trace { value: exact, sem: 0.0, products: 2 * sketch, reached: true };
    }
    let complement = Deflated { operator, basis };
    let rest = hutchinson(&complement, sem, max, rng);
    Trace { value: exact + rest.value, products: 2 * sketch + rest.products, ..rest }
}

/// `(1 − QQᵀ) H (1 − QQᵀ)`.
struct Deflated<'a, O> {
    operator: &'a O,
    basis: Vec<&'a [f64]>,
}

impl<O> Deflated<'_, O> {
    fn project(&self, mut v: Vec<f64>) -> Vec<f64> {
        for q in &self.basis {
            let component = dot(q, &v);
            v.iter_mut().zip(*q).for_each(|(v, q)| *v -= component * q);
        }
        v
    }
}

impl<O: Operator> Operator for Deflated<'_, O> {
    fn dim(&self) -> usize {
        self.operator.dim()
    }

    fn apply(&self, v: &[f64]) -> Vec<f64> {
        self.project(self.operator.apply(&self.project(v.to_vec())))
    }
}

/// A vector of independent signs.
pub(super) fn rademacher(d: usize, rng: &mut impl Rng) -> Vec<f64> {
    (0..d).map(|_| if rng.random::<bool>() { 1.0 } else { -1.0 }).collect()
}
