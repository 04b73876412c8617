//! Several neurons side by side, encoder and decoder tied: `x ↦ Wᵀ φ(W x + b)`.

use burn::config::Config;
use burn::module::{Module, Param};
use burn::tensor::Tensor;

use super::layer::{Draw, Layer, is_silent, plus};
use super::{Activation, Autoencoder, Forward};
use crate::data::Dataset;
use crate::device::Compute;
use crate::error::Result;

/// Configuration of a [`TiedShallow`].
#[derive(Config, Debug)]
pub struct TiedShallowConfig {
    /// Dimension `n` of the input.
    pub dim: usize,
    /// Number `k` of hidden neurons.
    pub hidden: usize,
    /// Activation `φ`.
    pub activation: Activation,
    /// Whether the hidden neurons have biases.
    #[config(default = false)]
    pub bias: bool,
}

/// Weight-tied autoencoder with one hidden layer of `k` neurons: `x̂ = Wᵀ φ(W x + b)`, `W ∈ R^{k×n}`; `b = 0`, and no
/// parameter, unless asked for. With `k = 1` and no bias it is [`SingleNeuron`](super::SingleNeuron).
#[derive(Module, Debug)]
pub struct TiedShallow {
    /// Weights `W`, one neuron a row, `[R, k, n]`.
    pub weight: Param<Tensor<3>>,
    /// Biases `b` of the neurons, `[R, k]`.
    pub bias: Option<Param<Tensor<2>>>,
    /// Activation `φ`.
    #[module(skip)]
    pub activation: Activation,
}

impl TiedShallowConfig {
    /// A model whose neurons start at `ρ g/‖g‖`, the first at [`Start::gaussian`](crate::init::Start::gaussian) of the
    /// same arguments, and whose biases start at 0.
    ///
    /// # Errors
    /// [`Misuse::Empty`](crate::Misuse::Empty) without neurons; [`Misuse::Length`](crate::Misuse::Length) unless samples
    /// have `dim` entries; [`Misuse::InitNorm`](crate::Misuse::InitNorm);
    /// [`Misuse::ImplicitData`](crate::Misuse::ImplicitData); [`Misuse::TooLarge`](crate::Misuse::TooLarge).
    pub fn init(
        &self,
        dataset: &Dataset,
        init_norm: f64,
        seed: u64,
        replica: u64,
        compute: &Compute,
    ) -> Result<TiedShallow> {
        let widths = [self.hidden];
        let mut draw = Draw::new(self.dim, &widths, dataset, init_norm, (seed, replica), compute)?;
        let Layer { weight, bias } = draw.layers(self.bias).remove(0);
        Ok(TiedShallow { weight, bias, activation: self.activation })
    }
}

impl TiedShallow {
    /// What the hidden neurons say, `φ(W x + b)`: `[R, b, n]` to `[R, b, k]`.
    fn hidden(&self, x: Tensor<3>) -> Tensor<3> {
        self.activation.forward(plus(x.matmul(self.weight.val().transpose()), self.bias.as_ref()))
    }
}

impl Autoencoder for TiedShallow {
    fn reconstruct(&self, x: Tensor<3>) -> Tensor<3> {
        self.hidden(x).matmul(self.weight.val())
    }

    fn neurons(&self) -> Tensor<3> {
        self.weight.val()
    }

    /// ReLU, and no sample activates any neuron: every gradient is exactly 0.
    fn is_dead(&self, x: Tensor<3>) -> bool {
        is_silent(self.activation, || self.hidden(x))
    }
}
