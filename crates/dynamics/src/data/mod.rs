//! Datasets: `m` samples in `n` dimensions, rows `x_i`, with their Gram matrix `K = A Aᵀ`.

mod correlated;
mod normalise;
mod orthonormal;
mod sparse;

use std::sync::{Arc, OnceLock};

use nalgebra::DMatrix;

use crate::error::{Error, Result};
use crate::limits;
pub use crate::vectors::{dot, norm};
pub use normalise::Normalisation;
pub use orthonormal::orthonormal_tolerance;
pub use orthonormal::span_basis;
pub use sparse::{Dictionary, SparseCode};

/// The samples of a problem: a matrix `[m, n]` held in full, or orthonormal rows left implicit.
///
/// Orthonormal rows that nobody looks at need no storage: the dynamics closes over the correlations
/// (see [`crate::reduced::Reduced`]), so a million samples cost nothing here.
#[derive(Clone, Debug)]
pub struct Dataset {
    samples: usize,
    dim: usize,
    rows: Option<Arc<[f64]>>,
    orthonormal: bool,
    dictionary: Option<Dictionary>,
    gram: Arc<OnceLock<DMatrix<f64>>>,
    orthogonal: Arc<OnceLock<bool>>,
    span: Arc<OnceLock<Vec<f64>>>,
}

impl Dataset {
    /// A dataset from row-major numbers `[samples, dim]`, orthonormal or not.
    ///
    /// Rows that are orthonormal within [`orthonormal_tolerance`] are recognised as such.
    ///
    /// # Errors
    /// [`Error::Empty`], [`Error::Length`], [`Error::NotFinite`] (with row and column), [`Error::TooLarge`] or
    /// [`Error::TooMuchWork`] (to tell whether so many unit rows are orthonormal).
    pub fn from_rows(rows: Vec<f64>, samples: usize, dim: usize) -> Result<Self> {
        check_shape(samples, dim)?;
        let expected = limits::entries("the data matrix", samples, dim)?;
        if rows.len() != expected {
            return Err(Error::Length { what: "the data", expected, got: rows.len() });
        }
        if let Some(at) = rows.iter().position(|x| !x.is_finite()) {
            return Err(Error::NotFinite { row: at / dim, column: at % dim, value: rows[at] });
        }
        let orthonormal = orthonormal::holds(&rows, dim, orthonormal_tolerance(dim))?;
        Ok(Self::new(samples, dim, Some(rows), orthonormal))
    }

    fn new(samples: usize, dim: usize, rows: Option<Vec<f64>>, orthonormal: bool) -> Self {
        let rows = rows.map(Arc::from);
        let (gram, orthogonal, span) = Default::default();
        Self { samples, dim, rows, orthonormal, dictionary: None, gram, orthogonal, span }
    }

    /// The same data, treated as if nothing were known of it: engines take the path through the Gram matrix, and no
    /// theorem is asked. Orthonormal rows then check that path.
    pub fn treated_as_general(self) -> Self {
        Self { orthonormal: false, span: Arc::default(), ..self }
    }

    /// The dictionary that the samples were made from, if they were.
    pub fn dictionary(&self) -> Option<&Dictionary> {
        self.dictionary.as_ref()
    }

    /// Number of samples `m`.
    pub fn samples(&self) -> usize {
        self.samples
    }

    /// Dimension `n`.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Whether the rows are orthonormal (by construction, or found to be).
    pub fn is_orthonormal(&self) -> bool {
        self.orthonormal
    }

    /// Whether the rows are orthogonal to each other, whatever their norms, to rounding (found once); said of none that are
    /// [too many](crate::limits) to look at.
    pub fn is_orthogonal(&self) -> bool {
        let tolerance = orthonormal_tolerance(self.dim);
        let is_bounded = || limits::work("inner products", &[self.samples, self.samples, self.dim]).is_ok();
        let is_small = |a: &[f64], b: &[f64]| dot(a, b).abs() <= tolerance * norm(a) * norm(b);
        let are_small = |rows: &[f64]| {
            let rows = || rows.chunks_exact(self.dim);
            is_bounded() && rows().enumerate().all(|(j, b)| rows().take(j).all(|a| is_small(a, b)))
        };
        let look = || self.orthonormal || self.rows().is_ok_and(are_small);
        *self.orthogonal.get_or_init(look)
    }

    /// Norm of sample `i`; 1 for orthonormal data.
    pub fn row_norm(&self, i: usize) -> f64 {
        match &self.rows {
            Some(rows) if !self.orthonormal => norm(&rows[i * self.dim..(i + 1) * self.dim]),
            _ => 1.0,
        }
    }

    /// Mean squared norm of the samples, `(1/m) Σ ‖x_i‖²`; 1 for orthonormal data.
    pub fn mean_square_norm(&self) -> f64 {
        match &self.rows {
            Some(rows) if !self.orthonormal => dot(rows, rows) / self.samples as f64,
            _ => 1.0,
        }
    }

    /// A gradient in units of [`mean_square_norm`](Self::mean_square_norm); none at all where all samples are 0.
    pub fn relative(&self, gradient: f64) -> f64 {
        if gradient == 0.0 { 0.0 } else { gradient / self.mean_square_norm() }
    }

    /// Whether the rows are held in memory.
    pub fn is_materialised(&self) -> bool {
        self.rows.is_some()
    }

    /// All rows, row-major `[m, n]`.
    ///
    /// # Errors
    /// [`Error::ImplicitData`] when the rows were never materialised.
    pub fn rows(&self) -> Result<&[f64]> {
        self.rows.as_deref().ok_or(Error::ImplicitData { samples: self.samples, dim: self.dim })
    }

    /// Refuses data whose rows are not orthonormal.
    ///
    /// # Errors
    /// [`Error::NotOrthonormal`] naming the worst pair of rows and its inner product;
    /// [`Error::TooManySamples`] when `m > n` rules it out.
    pub fn require_orthonormal(&self) -> Result<()> {
        if self.orthonormal {
            return Ok(());
        }
        orthonormal::check_size(self.samples, self.dim)?;
        orthonormal::check(self.rows()?, self.dim, orthonormal_tolerance(self.dim))
    }

    /// Gram matrix `K = A Aᵀ`, `[m, m]` (computed once).
    ///
    /// # Errors
    /// [`Error::ImplicitData`]; [`Error::TooLarge`] and [`Error::TooMuchWork`] beyond [`crate::limits`].
    pub fn gram(&self) -> Result<&DMatrix<f64>> {
        let rows = self.rows()?;
        limits::entries("the Gram matrix (only the reduced engine needs it)", self.samples, self.samples)?;
        limits::work("the Gram matrix", &[self.samples, self.samples, self.dim])?;
        Ok(self.gram.get_or_init(|| {
            let columns = DMatrix::from_column_slice(self.dim, self.samples, rows);
            columns.tr_mul(&columns)
        }))
    }

    /// Correlations `c_i = ⟨w, x_i⟩` of a vector `w` of length `n`.
    ///
    /// # Errors
    /// [`Error::ImplicitData`].
    pub fn correlations(&self, w: &[f64]) -> Result<Vec<f64>> {
        Ok(self.rows()?.chunks_exact(self.dim).map(|row| dot(row, w)).collect())
    }

    /// Combination of rows `Σ_i α_i x_i`, a vector of length `n`.
    ///
    /// # Errors
    /// [`Error::ImplicitData`].
    pub fn combine(&self, alpha: &[f64]) -> Result<Vec<f64>> {
        let mut w = vec![0.0; self.dim];
        for (row, &a) in self.rows()?.chunks_exact(self.dim).zip(alpha) {
            axpy(a, row, &mut w);
        }
        Ok(w)
    }

    /// Residual `w − Πw` of a vector, `Π` the orthogonal projection onto the span of the rows.
    ///
    /// # Errors
    /// [`Error::ImplicitData`]; [`Error::TooMuchWork`] if a basis of the span takes too long.
    pub fn residual(&self, w: &[f64]) -> Result<Vec<f64>> {
        let basis = if self.orthonormal { self.rows()? } else { self.span()? };
        let mut residual = w.to_vec();
        // Twice is enough: the second pass removes what rounding left of the first.
        for _ in 0..2 {
            for row in basis.chunks_exact(self.dim) {
                let component = dot(row, &residual);
                axpy(-component, row, &mut residual);
            }
        }
        Ok(residual)
    }

    /// Orthonormal basis of the span of the rows, row-major `[rank, n]` (computed once).
    fn span(&self) -> Result<&[f64]> {
        if self.span.get().is_none() {
            let basis = orthonormal::span_basis(self.rows()?, self.samples, self.dim)?;
            // Of two threads that come here at once, both bring the same basis.
            let _ = self.span.set(basis);
        }
        Ok(self.span.get().expect("set above"))
    }
}

fn check_shape(samples: usize, dim: usize) -> Result<()> {
    for (what, got) in [("the number of samples", samples), ("the dimension", dim)] {
        if got == 0 {
            return Err(Error::Empty { what, got });
        }
    }
    Ok(())
}

/// `y ← y + a x`.
fn axpy(a: f64, x: &[f64], y: &mut [f64]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += a * x;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_of_data_is_that_of_its_rows() {
        // Two rows of three entries: orthogonal, of norms 3 and 1.5.
        let data = Dataset::from_rows(vec![1.0, 2.0, -2.0, 1.0, 0.5, 1.0], 2, 3).unwrap();
        assert!(data.is_orthogonal() && !data.is_orthonormal() && data.is_materialised());
        assert_eq!((data.samples(), data.dim()), (2, 3));
        assert_eq!([data.row_norm(0), data.row_norm(1), data.mean_square_norm()], [3.0, 1.5, 5.625]);
        assert_eq!([data.relative(11.25), data.relative(0.0)], [2.0, 0.0]);
        assert_eq!(data.gram().unwrap().as_slice(), [9.0, 0.0, 0.0, 2.25]);
        assert_eq!(data.correlations(&[1.0, 1.0, 0.5]).unwrap(), [2.0, 2.0]);
        assert_eq!(data.combine(&[2.0, -4.0]).unwrap(), [-2.0, 2.0, -8.0]);
        // What is orthogonal to both rows is along their cross product (3, −3, −1.5), of norm 4.5.
        let residual = data.residual(&[1.0, 0.0, 0.0]).unwrap();
        let expected = [4.0 / 9.0, -4.0 / 9.0, -2.0 / 9.0];
        assert!(
            norm(&[residual[0] - expected[0], residual[1] - expected[1], residual[2] - expected[2]]) < 1e-15
        );
        let oblique = Dataset::from_rows(vec![1.0, 0.0, 1.0, 0.1], 2, 2).unwrap();
        assert!(!oblique.is_orthogonal() && oblique.gram().unwrap()[(0, 1)] == 1.0);
    }

    #[test]
    fn orthonormal_rows_can_be_treated_as_any() {
        let data = Dataset::orthonormal(3, 5, 2).unwrap();
        let general = data.clone().treated_as_general();
        assert!(data.is_orthonormal() && !general.is_orthonormal() && general.is_orthogonal());
        assert_eq!(data.rows().unwrap(), general.rows().unwrap());
        // Found, not assumed: the rows are orthonormal all the same, and have one span.
        general.require_orthonormal().unwrap();
        let w = [0.3, -0.1, 0.7, 0.2, -0.5];
        let (ours, theirs) = (data.residual(&w).unwrap(), general.residual(&w).unwrap());
        assert!((0..5).all(|k| (ours[k] - theirs[k]).abs() < 1e-14));
        assert!((0..3).all(|i| (general.row_norm(i) - 1.0).abs() < 1e-14));
    }

    #[test]
    fn rows_that_are_none_are_refused() {
        let refused = |rows: &[f64], m, n| Dataset::from_rows(rows.to_vec(), m, n).unwrap_err();
        let at = refused(&[1.0, 2.0, 3.0, 4.0, f64::NAN, 6.0], 2, 3);
        assert!(matches!(at, Error::NotFinite { row: 1, column: 1, .. }), "{at}");
        assert!(matches!(refused(&[1.0; 5], 2, 3), Error::Length { expected: 6, got: 5, .. }));
        assert!(matches!(refused(&[], 0, 3), Error::Empty { got: 0, .. }));
        assert!(matches!(refused(&[], 2, 0), Error::Empty { got: 0, .. }));
        let hidden = Dataset::implicit_orthonormal(2, 3).unwrap();
        assert!(!hidden.is_materialised() && hidden.is_orthonormal() && hidden.rows().is_err());
    }
}
