//! Replicas of a model, each seen as one flat vector of parameters: their loss, their gradients, and themselves at other points.

use std::ops::Range;

use burn::module::{ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Gradients, Tensor};

use super::Autoencoder;
use crate::device::{Compute, to_host};
use crate::error::Misuse;
use puremix_dynamics::engine::expect;

/// `Σ_{i∈B} ½‖x_i − x̂_i‖²` of a batch `x`, `[R, b, n]`, over all replicas.
///
/// The factor ½ is a product with a power of two: exact, and clear of tensor division, whose gradient
/// burn-autodiff computes through a 32-bit reciprocal.
pub fn batch_loss<M: Autoencoder>(model: &M, x: Tensor<3>) -> Tensor<1> {
    loss_to(model, x.clone(), x)
}

/// The same with targets other than the samples: `Σ_{i∈B} ½‖y_i − x̂_i‖²`, `y` of the shape of `x`.
pub fn loss_to<M: Autoencoder>(model: &M, x: Tensor<3>, y: Tensor<3>) -> Tensor<1> {
    let error = model.reconstruct(x) - y;
    (error.clone() * error).sum() * 0.5
}

/// Number of replicas `R`.
pub fn replicas<M: Autoencoder>(model: &M) -> usize {
    model.neurons().dims()[0]
}

/// Number of entries of every float parameter of a replica, in the module's order.
pub(crate) fn entries<M: Autoencoder>(model: &M) -> Vec<usize> {
    dims(model).iter().map(|dims| dims[1..].iter().product()).collect()
}

/// Refuses a model with a float parameter that does not have the replicas as its first dimension.
///
/// # Errors
/// [`Misuse::Length`].
pub fn check<M: Autoencoder>(model: &M) -> Result<(), Misuse> {
    let replicas = replicas(model);
    let what = "the first dimension of a parameter, that of the replicas";
    dims(model).iter().try_for_each(|dims| expect(what, replicas, dims[0]))
}

/// All float parameters of every replica, in the module's order.
///
/// # Panics
/// If a parameter does not have the replicas as its first dimension.
pub fn parameters_of_all<M: Autoencoder>(model: &M) -> Vec<Vec<f64>> {
    let mut values = Values(vec![Vec::new(); replicas(model)]);
    model.visit(&mut values);
    values.0
}

/// All float parameters of a model of one replica, in the module's order; of several, one replica after the other.
pub fn parameters<M: Autoencoder>(model: &M) -> Vec<f64> {
    parameters_of_all(model).concat()
}

/// Gradient of [`batch_loss`] in all float parameters of a model of one replica, in the module's order, over a batch `x`, `[1, b, n]`.
pub fn gradient<M: Autoencoder>(model: &M, x: Tensor<3>) -> Vec<f64> {
    gradient_to(model, x.clone(), x)
}

/// Gradient of [`loss_to`] in all float parameters of a model of one replica, in the module's order, over a batch `x`, `[1, b, n]`, with
/// targets `y`.
pub fn gradient_to<M: Autoencoder>(model: &M, x: Tensor<3>, y: Tensor<3>) -> Vec<f64> {
    let grads = loss_to(model, x, y).backward();
    let mut collector = Collect { grads: &grads, values: Vec::new() };
    model.visit(&mut collector);
    collector.values
}

/// One replica of the same model at another point of parameter space, ready to be differentiated; what is frozen stays frozen.
///
/// # Panics
/// If `values` has fewer entries than a replica has parameters.
pub fn at<M: Autoencoder>(model: M, values: &[f64], compute: &Compute) -> M {
    all_at(model, &[values], compute)
}

/// A stack of replicas of the same model, each at its own point, ready to be differentiated.
///
/// # Panics
/// If one has fewer entries than a replica has parameters.
pub fn all_at<M: Autoencoder>(model: M, points: &[&[f64]], compute: &Compute) -> M {
    model.valid().map(&mut Place { points: points.to_vec(), compute }).train()
}

/// Models of one replica, or several, as one stack.
///
/// # Panics
/// Without any model.
pub fn stacked<M: Autoencoder>(models: Vec<M>, compute: &Compute) -> M {
    let points: Vec<Vec<f64>> = models.iter().flat_map(parameters_of_all).collect();
    let model = models.into_iter().next().expect("a stack has at least one model");
    all_at(model, &points.iter().map(Vec::as_slice).collect::<Vec<_>>(), compute)
}

/// Some of the replicas, ready to be differentiated.
pub fn some<M: Autoencoder>(model: &M, replicas: Range<usize>) -> M {
    model.valid().map(&mut Pick(replicas)).train()
}

/// Dimensions of every float parameter, in the module's order.
fn dims<M: Autoencoder>(model: &M) -> Vec<Vec<usize>> {
    let mut dims = Dims(Vec::new());
    model.visit(&mut dims);
    dims.0
}

struct Dims(Vec<Vec<usize>>);

impl ModuleVisitor for Dims {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.push(param.dims().to_vec());
    }
}

struct Values(Vec<Vec<f64>>);

impl ModuleVisitor for Values {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val();
        let replicas = self.0.len();
        assert_eq!(
            value.dims()[0],
            replicas,
            "a parameter does not have the replicas as its first dimension"
        );
        let values = to_host(value.inner());
        let parts = values.chunks_exact((values.len() / replicas).max(1));
        self.0.iter_mut().zip(parts).for_each(|(replica, part)| replica.extend(part));
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

/// Makes parameters of flat vectors, one a replica, front to back.
struct Place<'a> {
    points: Vec<&'a [f64]>,
    compute: &'a Compute,
}

impl ModuleMapper for Place<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|value| {
            let mut dims = value.dims();
            let entries = dims.iter().skip(1).product();
            let mut values = Vec::with_capacity(self.points.len() * entries);
            for point in &mut self.points {
                let (here, rest) = point.split_at(entries);
                values.extend_from_slice(here);
                *point = rest;
            }
            dims[0] = self.points.len();
            self.compute.tensor(&values, dims)
        })
    }
}

/// Leaves only some of the replicas.
struct Pick(Range<usize>);

impl ModuleMapper for Pick {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|value| value.narrow(0, self.0.start, self.0.len()))
    }
}
