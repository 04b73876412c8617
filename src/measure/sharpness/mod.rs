//! Curvature of the training loss at a point, for any [`Autoencoder`](crate::model::Autoencoder).
//!
//! Burn has no double backward, so a Hessian–vector product is a central difference of autodiff
//! gradients in f64 ([`Surface`]). On a kink of ReLU that measures the average of the two one-sided
//! second derivatives, which is what GFHY Theorem 13 counts; a forward or backward difference does not. Within a step of
//! a kink, but not on it, it measures neither side: [`HessianProduct::kink`] says so.
//! Everything else works on any symmetric [`Operator`] and is tested on closed forms.

mod along;
mod dense;
mod lanczos;
mod surface;
mod trace;

pub use along::{SharpnessAlong, SharpnessRow};
pub use dense::{dense, eigenvalues};
pub use lanczos::{TopEigenvalue, top_eigenvalue};
pub use surface::{HessianProduct, Surface};
pub use trace::{Trace, hutch_plus_plus, hutchinson};

/// A symmetric linear map `R^d → R^d`, known by what it does to vectors.
pub trait Operator {
    /// Dimension `d`.
    fn dim(&self) -> usize;

    /// `H v`.
    fn apply(&self, v: &[f64]) -> Vec<f64>;
}
