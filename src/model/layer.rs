//! What deeper models are made of: weights between two levels, and the points they start from.

use burn::module::{Module, Param};
use burn::tensor::Tensor;

use super::{Activation, Forward};
use crate::data::Dataset;
use crate::device::{Compute, to_host};
use crate::error::{Misuse, Result};
use crate::init::{Rows, Start};
use crate::limits;

/// Weights between a level of `d` units and one of `k` neurons above it, read upwards by an encoder and downwards by
/// a decoder.
#[derive(Module, Debug)]
pub struct Layer {
    /// Weights `W`, one neuron of the upper level a row, `[R, k, d]`.
    pub weight: Param<Tensor<3>>,
    /// Bias of the level that is read into: `[R, k]` upwards, `[R, d]` downwards.
    pub bias: Option<Param<Tensor<2>>>,
}

impl Layer {
    /// Upwards: `h Wᵀ + b`, `[R, b, d]` to `[R, b, k]`.
    pub fn encode(&self, h: Tensor<3>) -> Tensor<3> {
        plus(h.matmul(self.weight.val().transpose()), self.bias.as_ref())
    }

    /// Downwards: `h W + b`, `[R, b, k]` to `[R, b, d]`.
    pub fn decode(&self, h: Tensor<3>) -> Tensor<3> {
        plus(h.matmul(self.weight.val()), self.bias.as_ref())
    }
}

/// Adds a bias, if there is one, to every row.
pub(super) fn plus(h: Tensor<3>, bias: Option<&Param<Tensor<2>>>) -> Tensor<3> {
    match bias {
        Some(bias) => h + bias.val().unsqueeze_dim(1),
        None => h,
    }
}

/// Up through all layers, `h_l = φ(W_l h_{l−1} + b_l)`: `[R, b, n]` to `[R, b, k_L]`.
pub(super) fn code(encoder: &[Layer], activation: Activation, x: Tensor<3>) -> Tensor<3> {
    encoder.iter().fold(x, |h, layer| activation.forward(layer.encode(h)))
}

/// Whether a model is dead whose output is `h D` with `h` what its last activations say over all samples. ReLU alone can be: if
/// it says nothing, `D` gets no gradient, and as nothing comes back through it, nobody else does.
pub(super) fn is_silent(activation: Activation, hidden: impl FnOnce() -> Tensor<3>) -> bool {
    activation == Activation::Relu && to_host(hidden()).iter().all(|&h| h <= 0.0)
}

/// Refuses a model that does not fit: its weights, or what its layers say about all samples.
///
/// # Errors
/// [`Misuse::Empty`](crate::Misuse::Empty), [`Misuse::TooMany`](crate::Misuse::TooMany), [`Misuse::TooLarge`](crate::Misuse::TooLarge).
pub(super) fn check_size(samples: usize, dim: usize, widths: &[usize]) -> Result<()> {
    limits::count("the number of layers", widths.len() as u64, limits::MAX_LAYERS)?;
    let mut parameters: usize = 0;
    for (&k, d) in widths.iter().zip([dim].iter().chain(widths)) {
        if k == 0 {
            return Err(Misuse::Empty { what: "the width of a layer", got: 0 }.into());
        }
        parameters += limits::entries("the weights of a layer", k, *d)?;
        limits::entries("the activations of a layer", samples, k)?;
    }
    Ok(limits::entries("the weights of all layers", parameters, 1).map(drop)?)
}

/// Draws the layers of a model: every row is `ρ g/‖g‖`, the very first one that of [`Start::gaussian`].
pub(super) struct Draw<'a> {
    dim: usize,
    widths: &'a [usize],
    first: Option<Vec<f64>>,
    rows: Rows,
    compute: &'a Compute,
}

impl<'a> Draw<'a> {
    /// At the beginning of a model of these widths for samples of length `dim`.
    pub fn new(
        dim: usize,
        widths: &'a [usize],
        dataset: &Dataset,
        init_norm: f64,
        (seed, replica): (u64, u64),
        compute: &'a Compute,
    ) -> Result<Self> {
        if dataset.dim() != dim {
            return Err(Misuse::Length { what: "a sample", expected: dim, got: dataset.dim() }.into());
        }
        check_size(dataset.samples(), dim, widths)?;
        let start = Start::gaussian(dataset, init_norm, seed, replica)?;
        let first = Some(start.weights(dataset)?.to_vec());
        Ok(Self { dim, widths, first, rows: Rows::new(init_norm, seed, replica)?, compute })
    }

    /// The weights that come next, `[1, k, d]`.
    fn weight(&mut self, k: usize, d: usize) -> Param<Tensor<3>> {
        let mut values = self.first.take().unwrap_or_default();
        while values.len() < k * d {
            values.extend(self.rows.draw(d));
        }
        Param::from_tensor(self.compute.tensor(&values, [1, k, d]))
    }

    /// A bias, which starts at 0.
    pub fn bias(&self, width: usize) -> Param<Tensor<2>> {
        Param::from_tensor(self.compute.tensor(&vec![0.0; width], [1, width]))
    }

    /// A weight a level, from the first to the last, with biases for reading upwards or without any.
    pub fn layers(&mut self, bias: bool) -> Vec<Layer> {
        let widths = self.widths;
        let inputs = [self.dim].into_iter().chain(widths.iter().copied());
        let layer = |(d, &k)| Layer { weight: self.weight(k, d), bias: bias.then(|| self.bias(k)) };
        inputs.zip(widths).map(layer).collect()
    }
}
