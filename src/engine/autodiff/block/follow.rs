//! Steps of a whole model: plain ones, and those of an update rule.

use burn::module::{ModuleMapper, Param};
use burn::tensor::{Gradients, Tensor};

use crate::device::Compute;
use crate::update::{Descent, Moments, Size};

/// `p ← p − η_B g` for every float parameter.
pub(super) struct Descend {
    pub grads: Gradients,
    pub steps: Size,
}

impl ModuleMapper for Descend {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|value| match value.grad_remove(&mut self.grads) {
            Some(gradient) => Tensor::from_inner(value.inner() - self.steps.times(gradient)).require_grad(),
            None => value,
        })
    }
}

/// Where gradients come from.
pub(super) enum Source<'a> {
    /// Of Burn.
    Burn(Gradients),
    /// On the host, one vector a replica; what was taken is gone.
    Host(Vec<&'a [f64]>),
}

/// Every float parameter by an update rule.
pub(super) struct Follow<'a> {
    pub source: Source<'a>,
    /// Of the gradients, one vector a replica; what was taken is gone.
    pub noise: Option<Vec<&'a [f64]>>,
    pub descent: Descent,
    pub moments: std::slice::IterMut<'a, Moments>,
    pub compute: &'a Compute,
}

/// The next numbers of each replica, `[R, entries]`.
fn next(vectors: &mut [&[f64]], entries: usize, compute: &Compute) -> Tensor<2> {
    let mut values = Vec::with_capacity(vectors.len() * entries);
    for vector in vectors.iter_mut() {
        let (here, rest) = vector.split_at(entries);
        values.extend_from_slice(here);
        *vector = rest;
    }
    compute.tensor(&values, [vectors.len(), entries])
}

impl ModuleMapper for Follow<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Self { source, noise, descent, moments, compute } = self;
        param.map(|value| {
            let dims = value.dims();
            let flat = [dims[0], dims.iter().skip(1).product()];
            let moments = moments.next().expect("every float parameter has its moments");
            let noise = noise.as_mut().map(|noise| next(noise, flat[1], compute));
            let gradient = match source {
                Source::Burn(grads) => value.grad_remove(grads).map(|gradient| gradient.reshape(flat)),
                Source::Host(vectors) => {
                    let gradient = next(vectors, flat[1], compute);
                    value.is_require_grad().then_some(gradient)
                }
            };
            let Some(gradient) = gradient else { return value };
            let there = descent.step(value.inner().reshape(flat), gradient, noise, moments);
            Tensor::from_inner(there.reshape(dims)).require_grad()
        })
    }
}
