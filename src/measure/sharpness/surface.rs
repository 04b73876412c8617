//! The training loss as a function of the flat parameter vector, and its Hessian–vector products.

use burn::tensor::Tensor;

use super::Operator;
use crate::data::Dataset;
use crate::device::{Compute, to_host};
use crate::error::Result;
use crate::model::{Autoencoder, flat};
use crate::vectors::{norm, norm_of};

/// The training loss `L` of a model around a point.
pub struct Surface<M: Autoencoder> {
    model: M,
    compute: Compute,
    rows: Tensor<3>,
    samples: f64,
    /// Mean squared norm of the samples, the scale of curvatures.
    scale: f64,
    point: Vec<f64>,
}

/// A Hessian–vector product with an estimate of its error.
#[derive(Clone, Debug)]
pub struct HessianProduct {
    /// `H v`.
    pub value: Vec<f64>,
    /// Estimated Euclidean error: truncation from a second step size, plus rounding. On a kink truncation goes as the
    /// step and the estimate is close; elsewhere, as its square and the estimate is four times what it is.
    pub error: f64,
    /// Whether a kink lies within twice the step along `v`: on one side of the point the gradient bends. `value` then is the mean
    /// of the curvatures on both sides of the kink, weighted by how much of the step lies there. With the kink at the point
    /// itself that is what one wants, and `error` is the error; with the kink beside it the curvature at the point is that of one
    /// side, and `value` is off by up to half the jump, which `error` does not know. Where the gradient itself jumps, as it does where a neuron with biases
    /// begins to be active, there is no curvature at all, and `value` grows as the jump over the step.
    pub kink: bool,
}

/// Bends of the gradient that rounding makes, in units of its estimated error.
const ROUNDED: f64 = 64.0;

impl<M: Autoencoder> Surface<M> {
    /// The loss of `model` over `dataset`, around the model's own parameters.
    ///
    /// # Errors
    /// [`Misuse::ImplicitData`](crate::Misuse::ImplicitData).
    pub fn new(model: M, dataset: &Dataset, compute: &Compute) -> Result<Self> {
        let rows = compute.tensor(dataset.rows()?, [1, dataset.samples(), dataset.dim()]);
        let point = flat::parameters(&model);
        let (samples, scale) = (dataset.samples() as f64, dataset.mean_square_norm());
        Ok(Self { model, compute: compute.clone(), rows, samples, scale, point })
    }

    /// The parameters around which curvature is measured.
    pub fn point(&self) -> &[f64] {
        &self.point
    }

    /// Measures around another point from now on.
    ///
    /// # Panics
    /// If `point` has another length than the model has parameters.
    pub fn move_to(&mut self, point: Vec<f64>) {
        let (got, expected) = (point.len(), self.point.len());
        assert_eq!(got, expected, "a point with {got} entries for a model with {expected} parameters");
        self.point = point;
    }

    /// `∇L` at any parameters.
    pub fn gradient(&self, parameters: &[f64]) -> Vec<f64> {
        let model = flat::at(self.model.clone(), parameters, &self.compute);
        flat::gradient(&model, self.rows.clone()).iter().map(|g| g / self.samples).collect()
    }

    /// `L` at any parameters.
    pub fn loss(&self, parameters: &[f64]) -> f64 {
        let model = flat::at(self.model.clone(), parameters, &self.compute).valid();
        to_host(flat::batch_loss(&model, self.rows.clone()))[0] / self.samples
    }

    /// Length of the difference step along a unit vector.
    ///
    /// Truncation goes as `h²` and rounding as `u/h`, so `h ∝ u^{1/3}`; relative to the size of the
    /// parameters, because that is the scale on which a polynomial loss varies.
    fn step(&self) -> f64 {
        let u = self.compute.precision().unit_roundoff();
        u.cbrt() * norm(&self.point).max(1.0)
    }

    /// Gradients at `w + hv` and `w − hv`.
    fn around(&self, v: &[f64], h: f64) -> [Vec<f64>; 2] {
        [h, -h].map(|h| self.gradient(&self.point.iter().zip(v).map(|(p, v)| p + h * v).collect::<Vec<_>>()))
    }

    /// `H v` by a central difference of gradients, with its error estimated from twice the step.
    ///
    /// Of a smooth loss the bend `(∇L(w + hv) − 2∇L(w) + ∇L(w − hv))/h` is proportional to the step, at a kink it is not. The
    /// bend over twice the step, less twice that over one, is therefore the mark of a kink at `th` along `v`, `|t| < 2`, unless `t` is near
    /// 2/3. There the differences over one and two steps differ by a sixth of the jump of the curvature, and of a smooth loss by the square of the step only.
    pub fn hessian_product(&self, v: &[f64]) -> HessianProduct {
        let length = norm(v);
        if length == 0.0 {
            return HessianProduct { value: vec![0.0; v.len()], error: 0.0, kink: false };
        }
        let h = self.step() / length;
        let (here, near, far) = (self.gradient(&self.point), self.around(v, h), self.around(v, 2.0 * h));
        let (value, coarse) = (central(&near, h), central(&far, 2.0 * h));
        // Twice the step has twice the truncation error on a kink, four times elsewhere: the gap is one, or three of it.
        let gap = norm_of(value.iter().zip(&coarse).map(|(a, b)| a - b));
        let u = self.compute.precision().unit_roundoff();
        let rounding = u * (norm(&here) + self.scale * norm(&self.point)) / h;
        let bend = |[plus, minus]: &[Vec<f64>; 2], k: usize| plus[k] - 2.0 * here[k] + minus[k];
        let bends = (0..v.len()).map(|k| (0.5 * bend(&far, k) - 2.0 * bend(&near, k)) / h);
        let curvature =
            norm_of(value.iter().copied()) + self.scale * norm(&self.point).max(1.0).powi(2) * length;
        let kink = norm_of(bends) > ROUNDED * rounding + 0.25 * gap
            || gap > ROUNDED * rounding + u.cbrt() * curvature;
        HessianProduct { error: 1.25 * gap + rounding, value, kink }
    }

    /// Symmetric second difference `(L(w + hv) − 2L(w) + L(w − hv))/h²`, for kinks: it sees the average of
    /// the two one-sided second derivatives.
    /// Scaled to `vᵀ H v` for any length of `v`; 0 for `v = 0`. Good to `u^(1/2)` relative to the loss; across a kink
    /// that `w` moves along, to the step `u^(1/4)` only (1e-4 in double precision).
    pub fn second_difference(&self, v: &[f64]) -> f64 {
        let length = norm(v);
        if length == 0.0 {
            return 0.0;
        }
        // Of values rather than gradients: rounding goes as u/h², hence the fourth root.
        let u = self.compute.precision().unit_roundoff();
        let h = u.sqrt().sqrt() * norm(&self.point).max(1.0) / length;
        let at = |h: f64| self.loss(&self.point.iter().zip(v).map(|(p, v)| p + h * v).collect::<Vec<_>>());
        (at(h) - 2.0 * at(0.0) + at(-h)) / (h * h)
    }
}

impl<M: Autoencoder> Operator for Surface<M> {
    fn dim(&self) -> usize {
        self.point.len()
    }

    fn apply(&self, v: &[f64]) -> Vec<f64> {
        let length = norm(v);
        if length == 0.0 {
            return vec![0.0; v.len()];
        }
        let h = self.step() / length;
        central(&self.around(v, h), h)
    }
}

/// Difference quotient of gradients `h` to both sides.
fn central([plus, minus]: &[Vec<f64>; 2], h: f64) -> Vec<f64> {
    plus.iter().zip(minus).map(|(a, b)| (a - b) / (2.0 * h)).collect()
}
