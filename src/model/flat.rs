//! A model seen as one flat vector of parameters: its loss, its gradient, and itself at another point.

use burn::module::{ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Gradients, Tensor};

use super::Autoencoder;
use crate::device::{Compute, to_host};

/// `Σ_{i∈B} ½‖x_i − x̂_i‖²` of a batch `x`, `[b, n]`.
///
/// The factor ½ is a product with a power of two: exact, and clear of tensor division, whose gradient
/// burn-autodiff computes through a 32-bit reciprocal.
pub fn batch_loss<M: Autoencoder>(model: &M, x: Tensor<2>) -> Tensor<1> {
    let error = model.reconstruct(x.clone()) - x;
    (error.clone() * error).sum() * 0.5
}

/// All float parameters, in the module's order.
pub fn parameters<M: Autoencoder>(model: &M) -> Vec<f64> {
    let mut values = Values(Vec::new());
    model.visit(&mut values);
    values.0
}

/// Gradient of [`batch_loss`] in all float parameters, in the module's order.
pub fn gradient<M: Autoencoder>(model: &M, x: Tensor<2>) -> Vec<f64> {
    let grads = batch_loss(model, x).backward();
    let mut collector = Collect { grads: &grads, values: Vec::new() };
    model.visit(&mut collector);
    collector.values
}

/// The same model at another point of parameter space, ready to be differentiated; what is frozen stays frozen.
///
/// # Panics
/// If `values` has fewer entries than the model has parameters.
pub fn at<M: Autoencoder>(model: M, values: &[f64], compute: &Compute) -> M {
    model.valid().map(&mut Place { values, compute }).train()
}

struct Values(Vec<f64>);

impl ModuleVisitor for Values {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.extend(to_host(param.val().inner()));
    }
}

/// Collects gradients; a parameter the loss does not see contributes zeros.
struct Collect<'a> {
    grads: &'a Gradients,
    values: Vec<f64>,
}

impl ModuleVisitor for Collect<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val();
        match value.grad(self.grads) {
            Some(gradient) => self.values.extend(to_host(gradient)),
            None => self.values.resize(self.values.len() + value.shape().num_elements(), 0.0),
        }
    }
}

/// Overwrites parameters from a flat vector, front to back.
struct Place<'a> {
    values: &'a [f64],
    compute: &'a Compute,
}

impl ModuleMapper for Place<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|value| {
            let (here, rest) = self.values.split_at(value.shape().num_elements());
            self.values = rest;
            self.compute.tensor(here, value.dims())
        })
    }
}
