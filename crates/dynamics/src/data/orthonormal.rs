//! Orthonormal rows: Haar-distributed, the standard basis, implicit; and the check that rows are so.

use nalgebra::DMatrix;
use rand_distr::{Distribution, StandardNormal};

use super::{Dataset, check_shape, dot};
use crate::error::{Error, Result};
use crate::limits;
use crate::rng::{Purpose, stream};
use crate::vectors::scale;

/// How far an inner product may lie from 0 or 1 for rows in `R^dim` to count as orthonormal:
/// `1e-14 √n`, what rounding leaves of a QR or SVD in double precision.
///
/// A defect δ moves the limits by up to some hundred δ, and the theorems are checked to 1e-12. So
/// rows saved in single precision (δ ≈ 1e-7) do not pass: orthonormalise them again in double.
pub fn orthonormal_tolerance(dim: usize) -> f64 {
    1e-14 * (dim as f64).sqrt()
}

impl Dataset {
    /// `samples` orthonormal rows in `R^dim`, uniformly distributed (Haar measure on the Stiefel
    /// manifold): the Q factor of a Gaussian matrix, with the signs of R's diagonal moved into Q.
    /// Without the sign fix the law would depend on the QR routine's conventions.
    ///
    /// # Errors
    /// [`Error::TooManySamples`] if `samples > dim`; [`Error::Empty`]; [`Error::TooLarge`] and
    /// [`Error::TooMuchWork`] beyond [`crate::limits`].
    pub fn orthonormal(samples: usize, dim: usize, seed: u64) -> Result<Self> {
        let rows = haar(samples, dim, stream(seed, Purpose::Data, 0))?;
        Ok(Self::new(samples, dim, Some(rows), true))
    }

    /// The first `samples` vectors of the standard basis of `R^dim`.
    ///
    /// # Errors
    /// [`Error::TooManySamples`] if `samples > dim`; [`Error::Empty`]; [`Error::TooLarge`].
    pub fn standard_basis(samples: usize, dim: usize) -> Result<Self> {
        check_size(samples, dim)?;
        let mut rows = vec![0.0; limits::entries("the data matrix", samples, dim)?];
        for i in 0..samples {
            rows[i * dim + i] = 1.0;
        }
        Ok(Self::new(samples, dim, Some(rows), true))
    }

    /// Orthonormal rows that are never written down: enough for the reduced engine.
    ///
    /// # Errors
    /// [`Error::TooManySamples`] if `samples > dim`; [`Error::Empty`]; [`Error::TooLarge`] if one number a sample is
    /// too much.
    pub fn implicit_orthonormal(samples: usize, dim: usize) -> Result<Self> {
        check_size(samples, dim)?;
        limits::entries("the samples", samples, 1)?;
        Ok(Self::new(samples, dim, None, true))
    }
}

/// Orthonormal rows from a stream, Haar-distributed: row-major `[samples, dim]`.
///
/// # Errors
/// Those of [`Dataset::orthonormal`].
pub(super) fn haar(samples: usize, dim: usize, mut rng: impl rand::Rng) -> Result<Vec<f64>> {
    check_size(samples, dim)?;
    limits::entries("the data matrix (--engine reduced needs none)", samples, dim)?;
    limits::work("orthonormal rows", &[2, samples, samples, dim])?;
    let gaussian = DMatrix::from_fn(dim, samples, |_, _| StandardNormal.sample(&mut rng));
    let qr = gaussian.qr();
    let mut q = qr.q();
    for (mut column, diagonal) in q.column_iter_mut().zip(qr.r().diagonal().iter()) {
        if *diagonal < 0.0 {
            column.neg_mut();
        }
    }
    Ok(q.as_slice().to_vec())
}

pub(super) fn check_size(samples: usize, dim: usize) -> Result<()> {
    check_shape(samples, dim)?;
    if samples > dim {
        return Err(Error::TooManySamples { samples, dim });
    }
    Ok(())
}

/// Whether [`check`] would pass; stops at the first pair that does not.
///
/// # Errors
/// [`Error::TooMuchWork`] if there are too many pairs of unit rows to look at.
pub(super) fn holds(rows: &[f64], dim: usize, tolerance: f64) -> Result<bool> {
    let rows: Vec<&[f64]> = rows.chunks_exact(dim).collect();
    let is = |inner: f64, expected: f64| (inner - expected).abs() <= tolerance;
    if rows.len() > dim || !rows.iter().all(|row| is(dot(row, row), 1.0)) {
        return Ok(false);
    }
    limits::work("inner products of the rows", &[rows.len(), rows.len(), dim])?;
    Ok(rows.iter().enumerate().all(|(i, a)| rows[..i].iter().all(|b| is(dot(a, b), 0.0))))
}

/// Names the pair of rows whose inner product is farthest from `δ_ij`, if beyond `tolerance`.
pub(super) fn check(rows: &[f64], dim: usize, tolerance: f64) -> Result<()> {
    let rows: Vec<&[f64]> = rows.chunks_exact(dim).collect();
    let mut worst = (tolerance, None);
    for (first, a) in rows.iter().enumerate() {
        for (second, b) in rows.iter().enumerate().skip(first) {
            let (inner, expected) = (dot(a, b), if first == second { 1.0 } else { 0.0 });
            let deviation = (inner - expected).abs();
            if deviation > worst.0 {
                worst = (deviation, Some((first, second, inner, expected)));
            }
        }
    }
    match worst.1 {
        None => Ok(()),
        Some((first, second, inner, expected)) => {
            Err(Error::NotOrthonormal { first, second, inner, expected, tolerance })
        }
    }
}

/// Orthonormal basis of the span of arbitrary rows, row-major `[rank, dim]` (pivoted QR).
///
/// # Errors
/// [`Error::TooLarge`], [`Error::TooMuchWork`].
pub fn span_basis(rows: &[f64], samples: usize, dim: usize) -> Result<Vec<f64>> {
    limits::entries("the rows", samples, dim)?;
    limits::work("a basis of the span of the rows", &[2, samples, dim, samples.min(dim)])?;
    let scale = scale(rows.iter().copied());
    let qr = DMatrix::from_iterator(dim, samples, rows.iter().map(|x| scale * x)).col_piv_qr();
    let r = qr.r();
    let diagonal: Vec<f64> = (0..samples.min(dim)).map(|k| r[(k, k)].abs()).collect();
    // Pivoting sorts the diagonal, so the rank is where it drops to rounding level.
    let threshold = diagonal[0] * f64::EPSILON * samples.max(dim) as f64;
    let rank = diagonal.iter().take_while(|d| **d > threshold).count();
    Ok(qr.q().columns(0, rank).iter().copied().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn haar_rows_are_orthonormal_to_rounding() {
        for (m, n) in [(1, 1), (3, 7), (11, 11), (20, 33)] {
            let data = Dataset::orthonormal(m, n, 5).unwrap();
            check(data.rows().unwrap(), n, 1e-14).unwrap();
        }
    }

    #[test]
    fn sign_fix_makes_the_law_symmetric() {
        // Under Haar measure the first entry of the first row is symmetric about 0: of 400 draws
        // the number of positive ones is Bin(400, 1/2), and |count − 200| > 50 has P < 1e-6.
        // nalgebra's unfixed Householder Q is not symmetric, so this test can fail.
        let positive = (0..400)
            .filter(|&seed| Dataset::orthonormal(2, 3, seed).unwrap().rows().unwrap()[0] > 0.0)
            .count();
        assert!(positive.abs_diff(200) <= 50, "{positive} of 400");
    }

    #[test]
    fn square_haar_has_the_right_moments() {
        // For Haar Q in O(n): E Q_11² = 1/n and E Q_11⁴ = 3/(n(n+2)); n = 5, 4000 draws.
        let draws: Vec<f64> =
            (0..4000).map(|seed| Dataset::orthonormal(5, 5, seed).unwrap().rows().unwrap()[0]).collect();
        let moment = |p: i32| draws.iter().map(|x| x.powi(p)).sum::<f64>() / draws.len() as f64;
        // Standard errors: sd(Q²)/√4000 ≈ 0.0034, sd(Q⁴)/√4000 ≈ 0.0025; bounds are 4.5 of them.
        assert!((moment(2) - 0.2).abs() < 0.0153, "{}", moment(2));
        assert!((moment(4) - 3.0 / 35.0).abs() < 0.0113, "{}", moment(4));
    }

    #[test]
    fn the_offending_pair_is_named() {
        let rows = vec![1.0, 0.0, 0.0, 0.6, 0.8, 0.0, 0.0, 0.0, 1.0];
        let data = Dataset::from_rows(rows, 3, 3).unwrap();
        let message = data.require_orthonormal().unwrap_err().to_string();
        assert!(message.contains("rows 0 and 1 have inner product 6.0000e-1"), "{message}");
    }

    #[test]
    fn span_basis_has_the_rank_of_the_rows() {
        let rows = [1.0, 2.0, 0.0, 2.0, 4.0, 0.0, 0.0, 1.0, 0.0];
        let basis = span_basis(&rows, 3, 3).unwrap();
        assert_eq!(basis.len(), 6);
        check(&basis, 3, 1e-14).unwrap();
        // More rows than dimensions.
        let basis = span_basis(&[1.0, 2.0, 0.5, -1.0, 0.0, 3.0], 3, 2).unwrap();
        assert_eq!(basis.len(), 4);
        check(&basis, 2, 1e-14).unwrap();
    }
}
