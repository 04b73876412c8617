//! The whole matrix, for small dimensions and as the oracle of everything else.

use nalgebra::DMatrix;

use super::Operator;
use crate::{eigen, limits};

/// The matrix of an operator, symmetrised: `d` products.
///
/// # Panics
/// If `d × d` numbers are more than [`limits::MAX_ENTRIES`].
pub fn dense(operator: &impl Operator) -> DMatrix<f64> {
    let d = operator.dim();
    limits::entries("the Hessian", d, d).unwrap_or_else(|refusal| panic!("{refusal}"));
    let mut unit = vec![0.0; d];
    let mut matrix = DMatrix::zeros(d, d);
    for k in 0..d {
        unit[k] = 1.0;
        matrix.set_column(k, &nalgebra::DVector::from_vec(operator.apply(&unit)));
        unit[k] = 0.0;
    }
    (&matrix + matrix.transpose()) * 0.5
}

/// Eigenvalues of a symmetric matrix, ascending; `None` if its norm is not finite.
pub fn eigenvalues(matrix: DMatrix<f64>) -> Option<Vec<f64>> {
    let mut values = eigen::symmetric(matrix)?.eigenvalues.as_slice().to_vec();
    values.sort_by(f64::total_cmp);
    Some(values)
}
