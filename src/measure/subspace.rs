//! Angles between what the neurons span and what the data varies in.

use nalgebra::{DMatrix, SymmetricEigen};

use crate::data::{Dataset, span_basis};
use crate::eigen;
use crate::error::Result;
use crate::limits;
use crate::vectors::scale;

/// Relative gap between eigenvalues below which the subspace between them is not determined.
const GAP: f64 = 1e-9;

/// Principal angles `0 ≤ θ_1 ≤ … ≤ θ_r ≤ π/2`, in radians, between the spans of the columns of two matrices with
/// orthonormal columns, `[n, p]` and `[n, q]`; `r = min(p, q)`.
///
/// The singular values of `AᵀB` are the cosines, of `B − A AᵀB` (`B` the narrower) the sines; `θ = atan2(sin, cos)` is accurate
/// at both ends, where arccos alone loses half the digits near 0 (Björck and Golub, Math. Comp. 27, 1973).
///
/// # Panics
/// If the matrices have different numbers of rows.
pub fn principal_angles(a: &DMatrix<f64>, b: &DMatrix<f64>) -> Vec<f64> {
    let (a, b) = if a.ncols() >= b.ncols() { (a, b) } else { (b, a) };
    if b.ncols() == 0 {
        return Vec::new();
    }
    let overlap = a.tr_mul(b);
    let cosines = sorted(overlap.singular_values().as_slice());
    let sines = sorted((b - a * &overlap).singular_values().as_slice());
    // Descending cosines, ascending sines.
    cosines.iter().rev().zip(&sines).map(|(cosine, sine)| sine.atan2(*cosine)).collect()
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values
}

/// Orthonormal basis of the span of row-major `[k, n]` neurons, `[n, rank]`; those that are 0 do not count.
///
/// # Errors
/// [`Misuse::TooMuchWork`](crate::Misuse::TooMuchWork) for neurons beyond [`crate::limits`].
pub fn span(neurons: &[f64], dim: usize) -> Result<DMatrix<f64>> {
    let basis = span_basis(neurons, neurons.len() / dim, dim)?;
    Ok(DMatrix::from_column_slice(dim, basis.len() / dim, &basis))
}

/// Basis `[n, q]` of the leading principal components of the data: the eigenvectors of the `q` largest eigenvalues of
/// the second moment `AᵀA/m`. Nothing is centred: that is the matrix in the loss of the linear model; of
/// [`centred`](Dataset::centred) data it is the covariance.
///
/// `None` where they are not determined: the `q`-th eigenvalue equals the next to rounding (orthonormal data has no
/// principal components), or is 0.
///
/// # Errors
/// [`Misuse::ImplicitData`](crate::Misuse::ImplicitData); [`Misuse::TooLarge`](crate::Misuse::TooLarge) and
/// [`Misuse::TooMuchWork`](crate::Misuse::TooMuchWork) beyond [`crate::limits`].
pub fn principal_components(dataset: &Dataset, q: usize) -> Result<Option<DMatrix<f64>>> {
    let (samples, dim) = (dataset.samples(), dataset.dim());
    let smaller = samples.min(dim);
    limits::entries("the second moment of the data", smaller, smaller)?;
    limits::work("the principal components", &[10, smaller, smaller, samples.max(dim)])?;
    let rows = dataset.rows()?;
    let scale = scale(rows.iter().copied());
    let columns = DMatrix::from_iterator(dim, samples, rows.iter().map(|x| scale * x));
    if q == 0 || q > smaller {
        return Ok(None);
    }
    // Of the smaller of the two Gram matrices; they share their eigenvalues, apart from zeros.
    let wide = samples >= dim;
    let gram = if wide { &columns * columns.transpose() } else { columns.tr_mul(&columns) };
    let Some(SymmetricEigen { eigenvectors, eigenvalues }) = eigen::symmetric(gram) else { return Ok(None) };
    let mut order: Vec<usize> = (0..eigenvalues.len()).collect();
    order.sort_by(|&i, &j| eigenvalues[j].total_cmp(&eigenvalues[i]));
    let value = |k: usize| order.get(k).map_or(0.0, |&i| eigenvalues[i]);
    if value(q - 1) - value(q) <= GAP * value(0) {
        return Ok(None);
    }
    let leading = eigenvectors.select_columns(&order[..q]);
    // Aᵀu/σ is orthonormal but for rounding, which a QR removes.
    Ok(Some(if wide { leading } else { (columns * leading).qr().q() }))
}

/// [`principal_angles`] between the span of row-major `[k, n]` neurons and as many [`principal_components`] as it has
/// dimensions; `None` where the neurons are all 0 or the components are not determined.
///
/// # Errors
/// [`Misuse::ImplicitData`](crate::Misuse::ImplicitData); [`Misuse::TooLarge`](crate::Misuse::TooLarge) and
/// [`Misuse::TooMuchWork`](crate::Misuse::TooMuchWork) beyond [`crate::limits`].
pub fn angles_to_principal_components(neurons: &[f64], dataset: &Dataset) -> Result<Option<Vec<f64>>> {
    if neurons.iter().any(|w| !w.is_finite()) || neurons.iter().all(|&w| w == 0.0) {
        return Ok(None);
    }
    let span = span(neurons, dataset.dim())?;
    let components = principal_components(dataset, span.ncols())?;
    Ok(components.map(|components| principal_angles(&span, &components)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Dataset;

    /// Columns of a random orthonormal basis of `R^n`.
    fn basis(n: usize, seed: u64) -> DMatrix<f64> {
        DMatrix::from_column_slice(n, n, Dataset::orthonormal(n, n, seed).unwrap().rows().unwrap())
    }

    #[test]
    fn known_angles_are_found_at_both_ends() {
        // B's columns are those of A turned by θ towards directions of their own, then mixed among themselves.
        let q = basis(9, 2);
        for angles in [
            [0.0, 0.3, 1.2],
            [1e-12, 1e-9, 1e-6],
            [std::f64::consts::FRAC_PI_2 - 1e-11, 1.0, std::f64::consts::FRAC_PI_2],
        ] {
            let a = q.columns(0, 3).into_owned();
            let turned =
                DMatrix::from_fn(9, 3, |i, k| angles[k].cos() * q[(i, k)] + angles[k].sin() * q[(i, 3 + k)]);
            let b = turned * basis(3, 5);
            let mut expected = angles;
            expected.sort_by(f64::total_cmp);
            for (got, expected) in principal_angles(&a, &b).iter().zip(expected) {
                assert!((got - expected).abs() < 1e-14, "{got:e} {expected:e}");
            }
            assert_eq!(principal_angles(&b, &a).len(), 3);
        }
    }

    #[test]
    fn angles_do_not_depend_on_order_or_basis() {
        let (a, b) = (basis(7, 1).columns(0, 2).into_owned(), basis(7, 8).columns(0, 4).into_owned());
        let reference = principal_angles(&a, &b);
        assert_eq!(reference.len(), 2);
        let rotation = basis(7, 4);
        for other in
            [principal_angles(&b, &a), principal_angles(&(&rotation * &a * basis(2, 3)), &(rotation * &b))]
        {
            assert!(reference.iter().zip(&other).all(|(x, y)| (x - y).abs() < 1e-14));
        }
    }

    #[test]
    fn principal_components_of_both_shapes() {
        // Rows σ_k v_k: the components are the v_k in order of σ. With m < n, m = n, and each row many times (m > n).
        let q = basis(6, 3);
        let sigma = [0.5, 3.0, 1.0, 2.0];
        for copies in [1, 5] {
            let rows: Vec<f64> = (0..4 * copies)
                .flat_map(|i| q.column(i % 4).iter().map(|x| sigma[i % 4] * x).collect::<Vec<_>>())
                .collect();
            let data = Dataset::from_rows(rows, 4 * copies, 6).unwrap();
            let two = principal_components(&data, 2).unwrap().unwrap();
            let expected = q.select_columns(&[1, 3]);
            assert!(principal_angles(&two, &expected).iter().all(|angle| *angle < 1e-14));
            // A neuron between the first and the third: its angle to the first.
            let w: Vec<f64> =
                (q.column(1) * (0.4f64.cos() * 2.0) + q.column(2) * (0.4f64.sin() * 2.0)).as_slice().to_vec();
            let angles = angles_to_principal_components(&w, &data).unwrap().unwrap();
            assert_eq!(angles.len(), 1);
            assert!((angles[0] - 0.4).abs() < 1e-14);
        }
    }

    #[test]
    fn what_is_not_determined_is_not_told() {
        let orthonormal = Dataset::orthonormal(4, 6, 1).unwrap();
        assert_eq!(principal_components(&orthonormal, 2).unwrap(), None);
        // All four span what there is.
        assert!(principal_components(&orthonormal, 4).unwrap().is_some());
        assert_eq!(principal_components(&orthonormal, 5).unwrap(), None);
        let correlated = Dataset::equicorrelated(4, 6, 0.2, 1).unwrap();
        assert!(principal_components(&correlated, 1).unwrap().is_some());
        assert_eq!(principal_components(&correlated, 2).unwrap(), None);
        assert_eq!(angles_to_principal_components(&[0.0; 6], &correlated).unwrap(), None);
    }
}
