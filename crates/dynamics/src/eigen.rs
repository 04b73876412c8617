//! Eigenvalues of symmetric matrices.

use nalgebra::{DMatrix, Dyn, SymmetricEigen};

/// QR iterations a row of the matrix, as many as LAPACK allows.
const ITERATIONS: usize = 30;

/// Eigenvalues, in no order, and eigenvectors of a symmetric matrix, `[d, d]`, each to the rounding of its Frobenius norm; `None` if an entry is not finite.
///
/// In a cluster of eigenvalues far below that rounding, as a Hessian of low rank has them, the products of the QR iteration underflow, and it may return NaN or never end. Where it does, the
/// matrix is divided by its largest entry, and `H + 2‖H‖_F I` is decomposed, all of whose eigenvalues are at least `‖H‖_F`.
pub fn symmetric(matrix: DMatrix<f64>) -> Option<SymmetricEigen<f64, Dyn>> {
    if matrix.iter().any(|x| !x.is_finite()) {
        return None;
    }
    decomposed(matrix.clone()).or_else(|| shifted(matrix))
}

fn decomposed(matrix: DMatrix<f64>) -> Option<SymmetricEigen<f64, Dyn>> {
    let iterations = ITERATIONS * matrix.nrows();
    let found = SymmetricEigen::try_new(matrix, f64::EPSILON, iterations);
    found.filter(|found| found.eigenvalues.iter().all(|value| value.is_finite()))
}

/// The same through a multiple of the identity that makes all eigenvalues positive.
fn shifted(matrix: DMatrix<f64>) -> Option<SymmetricEigen<f64, Dyn>> {
    let (rows, size) = (matrix.nrows(), matrix.amax());
    let scaled = matrix / size;
    let shift = 2.0 * scaled.norm();
    let mut found = decomposed(scaled + DMatrix::from_diagonal_element(rows, rows, shift))?;
    found.eigenvalues.apply(|value| *value = size * (*value - shift));
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Dataset;

    /// `Σ_k λ_k q_k q_kᵀ` over a random orthonormal basis, with eigenvalues and vectors held to it.
    fn check(values: &[f64], seed: u64) {
        let n = values.len();
        let basis =
            DMatrix::from_column_slice(n, n, Dataset::orthonormal(n, n, seed).unwrap().rows().unwrap());
        let matrix = &basis * DMatrix::from_diagonal(&values.to_vec().into()) * basis.transpose();
        let matrix = (&matrix + matrix.transpose()) * 0.5;
        for found in [symmetric(matrix.clone()), shifted(matrix.clone())] {
            compare(&matrix, &found.unwrap(), values);
        }
    }

    fn compare(matrix: &DMatrix<f64>, found: &SymmetricEigen<f64, Dyn>, values: &[f64]) {
        let bound = 1e-14 * values.len() as f64 * matrix.norm();
        let mut seen = found.eigenvalues.as_slice().to_vec();
        let mut expected = values.to_vec();
        seen.sort_by(f64::total_cmp);
        expected.sort_by(f64::total_cmp);
        assert!(seen.iter().zip(&expected).all(|(a, b)| (a - b).abs() <= bound), "{seen:?} {expected:?}");
        let off =
            matrix * &found.eigenvectors - &found.eigenvectors * DMatrix::from_diagonal(&found.eigenvalues);
        assert!(off.norm() <= bound, "{:e} {bound:e}", off.norm());
    }

    #[test]
    fn of_any_rank_and_sign() {
        for seed in 0..40 {
            let mut values = vec![0.0; 53];
            values[..7].copy_from_slice(&[0.8, 0.7, 0.7, 1e-5, -0.3, -1e-9, 2.5]);
            check(&values, seed);
            check(&[-1.0; 9], seed);
            check(&[-3.0, 0.0, 0.0, 0.0], seed);
        }
        assert_eq!(symmetric(DMatrix::zeros(6, 6)).unwrap().eigenvalues.as_slice(), [0.0; 6]);
        assert!(symmetric(DMatrix::from_element(2, 2, f64::NAN)).is_none());
    }
}
