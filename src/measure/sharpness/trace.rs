//! Stochastic traces that know their standard error and stop on it.

use nalgebra::DMatrix;
use rand::{Rng, RngExt};

use super::Operator;
use crate::data::dot;
use crate::stats::Mean;

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

/// Fewest probes behind a standard error. In two dimensions a quadratic form takes two values: the chance
/// that all of these agree, and a standard error of 0 stops the estimate early, is 2⁻³¹.
const FEWEST_PROBES: usize = 32;

/// Hutchinson's estimator: the mean of `zᵀ H z` over Rademacher probes `z`, until its standard error is
/// at most `sem`, looked at from the 32nd probe on, or after `most` probes. Its variance is `2 Σ_{i≠j} H_ij²`:
/// nothing for a diagonal matrix, so data in the standard basis proves nothing about it.
pub fn hutchinson(operator: &impl Operator, sem: f64, most: usize, rng: &mut impl Rng) -> Trace {
    let mut quadratic = Vec::new();
    while quadratic.len() < most {
        let z = rademacher(operator.dim(), rng);
        quadratic.push(dot(&z, &operator.apply(&z)));
        if quadratic.len() >= FEWEST_PROBES && Mean::of(&quadratic).sem <= sem {
            break;
        }
    }
    let mean = Mean::of(&quadratic);
    Trace { value: mean.mean, sem: mean.sem, products: quadratic.len() }
}

/// Hutch++ (Meyer, Musco, Musco, Woodruff, 2021): the trace on the range of a sketch `H S` exactly, the
/// rest by Hutchinson on the orthogonal complement, whose variance is that of the matrix without its
/// largest eigenvalues. `sketch` columns cost `2·sketch` products.
pub fn hutch_plus_plus(
    operator: &impl Operator,
    sketch: usize,
    sem: f64,
    most: usize,
    rng: &mut impl Rng,
) -> Trace {
    let d = operator.dim();
    let sketch = sketch.min(d);
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
