//! Stochastic traces that know their standard error, and are as long as one asks for.

use nalgebra::DMatrix;
use rand::{Rng, RngExt};

use super::Operator;
use crate::data::dot;
use crate::limits;

/// A trace with its standard error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trace {
    /// Estimate of `Tr H`.
    pub value: f64,
    /// Standard error of the estimate.
    pub sem: f64,
    /// Products with the operator.
    pub products: usize,
}

/// Probes of the first stage, by whose variance the number of all is fixed.
const PILOT: usize = 64;

/// Hutchinson's estimator: the mean of `zᵀ H z` over Rademacher probes `z`, with a standard error of about `sem`, or
/// after `most` probes. Its variance is `2 Σ_{i≠j} H_ij²`: nothing for a diagonal matrix, so data in the standard
/// basis proves nothing about it.
///
/// In two stages (Stein, 1945): the variance of 64 probes says how many are needed, and nobody looks again. An
/// estimate that stops as soon as its standard error happens to be small is sure of itself too soon too often.
pub fn hutchinson(operator: &impl Operator, sem: f64, most: usize, rng: &mut impl Rng) -> Trace {
    let mut quadratic = Moments::default();
    let mut probe = |quadratic: &mut Moments| {
        let z = rademacher(operator.dim(), rng);
        quadratic.add(dot(&z, &operator.apply(&z)));
    };
    let pilot = PILOT.min(most);
    (0..pilot).for_each(|_| probe(&mut quadratic));
    // To infinity for a standard error of 0, and a float saturates.
    let needed = (quadratic.variance() / (sem * sem)).ceil() as usize;
    (pilot..needed.clamp(pilot, most)).for_each(|_| probe(&mut quadratic));
    Trace { value: quadratic.mean, sem: quadratic.sem(), products: quadratic.count }
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
/// If `d × sketch` numbers are more than [`limits::MOST_ENTRIES`].
pub fn hutch_plus_plus(
    operator: &impl Operator,
    sketch: usize,
    sem: f64,
    most: usize,
    rng: &mut impl Rng,
) -> Trace {
    let d = operator.dim();
    let sketch = sketch.min(d);
    limits::entries("the sketch", d, sketch).unwrap_or_else(|refusal| panic!("{refusal}"));
    let columns: Vec<f64> = (0..sketch).flat_map(|_| operator.apply(&rademacher(d, rng))).collect();
    let q = DMatrix::from_vec(d, sketch, columns).qr().q();
    let basis: Vec<&[f64]> = q.as_slice().chunks_exact(d).collect();
    let exact: f64 = basis.iter().map(|q| dot(q, &operator.apply(q))).sum();
    if sketch == d {
        return Trace { value: exact, sem: 0.0, products: 2 * sketch };
    }
    let complement = Deflated { operator, basis };
    let rest = hutchinson(&complement, sem, most, rng);
    Trace { value: exact + rest.value, sem: rest.sem, products: 2 * sketch + rest.products }
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
