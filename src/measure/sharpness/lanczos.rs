//! Lanczos with full reorthogonalisation.

use nalgebra::{DMatrix, SymmetricEigen};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

use super::Operator;
use super::dense::MOST_ITERATIONS;
use crate::data::{dot, norm};

/// The largest eigenvalue, and how well it is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TopEigenvalue {
    /// `λ_max`.
    pub value: f64,
    /// `‖H v − λ v‖` of its Ritz vector: some eigenvalue lies within this distance of `value`.
    pub residual: f64,
    /// Products with the operator.
    pub iterations: usize,
}

/// A Krylov basis and the tridiagonal matrix of the operator in it.
pub(super) struct Krylov {
    diagonal: Vec<f64>,
    /// `β_k`, the last one to the vector that would come next.
    off_diagonal: Vec<f64>,
}

impl Krylov {
    pub(super) fn len(&self) -> usize {
        self.diagonal.len()
    }

    /// Eigenvalues of the tridiagonal matrix with their eigenvectors as columns.
    pub(super) fn ritz(&self) -> Option<SymmetricEigen<f64, nalgebra::Dyn>> {
        let k = self.len();
        let matrix = DMatrix::from_fn(k, k, |i, j| match i.abs_diff(j) {
            0 => self.diagonal[i],
            1 => self.off_diagonal[i.min(j)],
            _ => 0.0,
        });
        SymmetricEigen::try_new(matrix, f64::EPSILON, MOST_ITERATIONS)
    }

    /// Largest Ritz value and the residual `β_k |last entry of its eigenvector|`.
    fn top(&self) -> Option<(f64, f64)> {
        let ritz = self.ritz()?;
        let best = ritz.eigenvalues.imax();
        let last = self.off_diagonal[self.len() - 1];
        Some((ritz.eigenvalues[best], last * ritz.eigenvectors[(self.len() - 1, best)].abs()))
    }
}

/// Runs Lanczos from `start` until `stop` says so, the space is exhausted, or after `steps`.
pub(super) fn krylov(
    operator: &impl Operator,
    start: Vec<f64>,
    steps: usize,
    mut stop: impl FnMut(&Krylov) -> bool,
) -> Krylov {
    let mut space = Krylov { diagonal: Vec::new(), off_diagonal: Vec::new() };
    let mut basis: Vec<Vec<f64>> = Vec::new();
    let mut vector = start;
    let mut beta = norm(&vector);
    let mut scale: f64 = 0.0;
    for _ in 0..steps.min(operator.dim()) {
        if beta == 0.0 {
            break;
        }
        vector.iter_mut().for_each(|x| *x /= beta);
        basis.push(vector);
        let last = &basis[basis.len() - 1];
        let mut next = operator.apply(last);
        let alpha = dot(&next, last);
        // Full reorthogonalisation, twice: the basis stays orthogonal to rounding.
        for _ in 0..2 {
            for q in &basis {
                let component = dot(q, &next);
                next.iter_mut().zip(q).for_each(|(x, q)| *x -= component * q);
            }
        }
        beta = norm(&next);
        scale = scale.max(alpha.abs()).max(beta);
        space.diagonal.push(alpha);
        space.off_diagonal.push(beta);
        // An invariant subspace: whatever is left is rounding.
        if beta <= 1e-9 * scale || stop(&space) {
            break;
        }
        vector = next;
    }
    space
}

/// `λ_max` by Lanczos from a random start, until the residual is at most `tolerance · |λ_max|`.
/// `None` if no step is allowed, or the small eigen-solver does not converge.
pub fn top_eigenvalue(
    operator: &impl Operator,
    tolerance: f64,
    steps: usize,
    rng: &mut impl Rng,
) -> Option<TopEigenvalue> {
    let start: Vec<f64> = StandardNormal.sample_iter(&mut *rng).take(operator.dim()).collect();
    let done =
        |space: &Krylov| space.top().is_some_and(|(value, residual)| residual <= tolerance * value.abs());
    let space = krylov(operator, start, steps, done);
    let (value, residual) = if space.len() > 0 { space.top()? } else { return None };
    Some(TopEigenvalue { value, residual, iterations: space.len() })
}
