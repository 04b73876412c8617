//! Lanczos with full reorthogonalisation.

use nalgebra::{DMatrix, SymmetricEigen};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

use super::Operator;
use crate::eigen;
use crate::vectors::{dot, norm, norm_of};

/// The largest eigenvalue, and how well it is known.
#[derive(Clone, Debug, PartialEq)]
pub struct TopEigenvalue {
    /// `λ_max`.
    pub value: f64,
    /// `‖H v − λ v‖` of its Ritz vector, formed with one product more: some eigenvalue lies within this distance of
    /// `value`, to the accuracy of that product.
    pub residual: f64,
    /// Dimension of the Krylov space.
    pub iterations: usize,
    /// Whether the residual came down to the tolerance that was asked for.
    pub reached: bool,
    /// The Ritz vector, of length 1.
    pub vector: Vec<f64>,
}

/// A Krylov basis and the tridiagonal matrix of the operator in it.
struct Krylov {
    basis: Vec<Vec<f64>>,
    diagonal: Vec<f64>,
    /// `β_k`, the last one to the vector that would come next.
    off_diagonal: Vec<f64>,
}

impl Krylov {
    fn len(&self) -> usize {
        self.diagonal.len()
    }

    /// Eigenvalues of the tridiagonal matrix with their eigenvectors as columns.
    fn ritz(&self) -> Option<SymmetricEigen<f64, nalgebra::Dyn>> {
        let k = self.len();
        let matrix = DMatrix::from_fn(k, k, |i, j| match i.abs_diff(j) {
            0 => self.diagonal[i],
            1 => self.off_diagonal[i.min(j)],
            _ => 0.0,
        });
        eigen::symmetric(matrix)
    }

    /// Largest Ritz value, and the residual `β_k |last entry of its eigenvector|` that exact products would have.
    fn top(&self) -> Option<(f64, f64)> {
        let ritz = self.ritz()?;
        let best = ritz.eigenvalues.imax();
        let last = self.off_diagonal[self.len() - 1];
        Some((ritz.eigenvalues[best], last * ritz.eigenvectors[(self.len() - 1, best)].abs()))
    }

    /// Ritz vector of the largest Ritz value, of length 1.
    fn top_vector(&self) -> Option<Vec<f64>> {
        let ritz = self.ritz()?;
        let best = ritz.eigenvalues.imax();
        let mut vector = vec![0.0; self.basis.first()?.len()];
        for (k, q) in self.basis.iter().enumerate() {
            let share = ritz.eigenvectors[(k, best)];
            vector.iter_mut().zip(q).for_each(|(x, q)| *x += share * q);
        }
        Some(vector)
    }
}

/// Runs Lanczos from `start` until `stop` says so, the space is exhausted, or after `steps`.
fn krylov(
    operator: &impl Operator,
    start: Vec<f64>,
    steps: usize,
    mut stop: impl FnMut(&Krylov) -> bool,
) -> Krylov {
    let mut space = Krylov { basis: Vec::new(), diagonal: Vec::new(), off_diagonal: Vec::new() };
    let mut vector = start;
    let mut beta = norm(&vector);
    let mut scale: f64 = 0.0;
    for _ in 0..steps.min(operator.dim()) {
        if beta == 0.0 {
            break;
        }
        vector.iter_mut().for_each(|x| *x /= beta);
        let mut next = operator.apply(&vector);
        let alpha = dot(&next, &vector);
        space.basis.push(vector);
        // Full reorthogonalisation, twice: the basis stays orthogonal to rounding.
        for _ in 0..2 {
            for q in &space.basis {
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

/// `λ_max` by Lanczos from a random start, until the residual is at most `tolerance · |λ_max|`, or after so many steps: the
/// result says whether that was enough.
/// `None` if no step is allowed, or if a product is not finite.
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
    if space.len() == 0 {
        return None;
    }
    let (vector, (value, _)) = (space.top_vector()?, space.top()?);
    let image = operator.apply(&vector);
    let residual = norm_of(image.iter().zip(&vector).map(|(image, v)| image - value * v));
    let reached = residual <= tolerance * value.abs();
    Some(TopEigenvalue { value, residual, iterations: space.len(), reached, vector })
}
