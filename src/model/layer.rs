//! What deeper models are made of: weights between two levels, and the points they start from.

use burn::module::{Module, Param};
use burn::tensor::Tensor;

use crate::data::Dataset;
use crate::device::{Compute, to_host};
use crate::error::{Error, Result};
use crate::init::{Rows, Start};

/// Weights between a level of `d` units and one of `k` neurons above it, read upwards by an encoder and downwards by
/// a decoder.
#[derive(Module, Debug)]
pub struct Layer {
    /// Weights `W`, one neuron of the upper level a row, `[k, d]`.
    pub weight: Param<Tensor<2>>,
    /// Bias of the level that is read into: `[k]` upwards, `[d]` downwards.
    pub bias: Option<Param<Tensor<1>>>,
}

impl Layer {
    /// Upwards: `h Wᵀ + b`, `[b, d]` to `[b, k]`.
    pub fn encode(&self, h: Tensor<2>) -> Tensor<2> {
        plus(h.matmul(self.weight.val().transpose()), self.bias.as_ref())
    }

    /// Downwards: `h W + b`, `[b, k]` to `[b, d]`.
    pub fn decode(&self, h: Tensor<2>) -> Tensor<2> {
        plus(h.matmul(self.weight.val()), self.bias.as_ref())
    }
}

/// Adds a bias, if there is one, to every row.
pub(super) fn plus(h: Tensor<2>, bias: Option<&Param<Tensor<1>>>) -> Tensor<2> {
    match bias {
        Some(bias) => h + bias.val().unsqueeze(),
        None => h,
    }
}

/// Whether a model is dead whose output is `h D` with this `h`, what ReLUs say over all samples: if that is nothing,
/// `D` gets no gradient, and as nothing comes back through them, nobody else does.
pub(super) fn is_silent(hidden: Tensor<2>) -> bool {
    to_host(hidden).iter().all(|&h| h <= 0.0)
}

/// Refuses widths that make no network.
pub(super) fn check_widths(widths: &[usize]) -> Result<()> {
    if widths.is_empty() {
        return Err(Error::Empty { what: "the number of layers", got: 0 });
    }
    match widths.contains(&0) {
        true => Err(Error::Empty { what: "the width of a layer", got: 0 }),
        false => Ok(()),
    }
}

/// Draws the layers of a model: every row is `ρ g/‖g‖`, the very first one that of [`Start::gaussian`].
pub(super) struct Draw<'a> {
    first: Option<Vec<f64>>,
    rows: Rows,
    compute: &'a Compute,
}

impl<'a> Draw<'a> {
    /// At the beginning of a model for samples of length `dim`.
    pub fn new(
        dim: usize,
        dataset: &Dataset,
        init_norm: f64,
        (seed, replica): (u64, u64),
        compute: &'a Compute,
    ) -> Result<Self> {
        if dataset.dim() != dim {
            return Err(Error::Length { what: "a sample", expected: dim, got: dataset.dim() });
        }
        let start = Start::gaussian(dataset, init_norm, seed, replica)?;
        let first = Some(start.weights(dataset)?.to_vec());
        Ok(Self { first, rows: Rows::new(init_norm, seed, replica)?, compute })
    }

    /// The weights that come next, `[k, d]`.
    pub fn weight(&mut self, k: usize, d: usize) -> Param<Tensor<2>> {
        let mut values = self.first.take().unwrap_or_default();
        while values.len() < k * d {
            values.extend(self.rows.draw(d));
        }
        Param::from_tensor(self.compute.tensor(&values, [k, d]))
    }

    /// A bias, which starts at 0.
    pub fn bias(&self, width: usize) -> Param<Tensor<1>> {
        Param::from_tensor(self.compute.tensor(&vec![0.0; width], [width]))
    }

    /// The encoder for samples of length `dim`, from the first layer to the last.
    pub fn encoder(&mut self, dim: usize, widths: &[usize], bias: bool) -> Vec<Layer> {
        let inputs = [dim].into_iter().chain(widths.iter().copied());
        let layer = |(d, &k)| Layer { weight: self.weight(k, d), bias: bias.then(|| self.bias(k)) };
        inputs.zip(widths).map(layer).collect()
    }
}
