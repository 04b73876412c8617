//! Several layers up, and down again by the transposes.

use burn::config::Config;
use burn::module::{Module, Param};
use burn::tensor::Tensor;

use super::layer::{Draw, Layer, code, is_silent, plus};
use super::{Activation, Autoencoder, Forward};
use crate::data::Dataset;
use crate::device::Compute;
use crate::error::Result;

/// Configuration of a [`TiedDeep`].
#[derive(Config, Debug)]
pub struct TiedDeepConfig {
    /// Dimension `n` of the input.
    pub dim: usize,
    /// Widths `k_1, …, k_L` of the encoder's layers.
    pub widths: Vec<usize>,
    /// Activation `φ`.
    pub activation: Activation,
    /// Whether there is a bias wherever there is an activation.
    #[config(default = false)]
    pub bias: bool,
}

/// Weight-tied autoencoder of any depth, `W_l ∈ R^{k_l×k_{l−1}}`, `k_0 = n`:
///
/// ```text
/// h_0 = x,    h_l = φ(W_l h_{l−1} + b_l),         l = 1 … L       up
/// g_L = h_L,  g_{l−1} = φ(W_lᵀ g_l + d_{l−1}),    l = L … 2       down
/// x̂ = W_1ᵀ g_1                                                    the output is linear
/// ```
///
/// So `φ` follows every layer but the last, 2L − 1 times in all, and where there are biases there is one before each
/// `φ`: `b_l` of its own on the way up and `d_l` on the way down, for weights are tied and biases are not. One layer is
/// [`TiedShallow`](super::TiedShallow), one layer of one neuron without bias [`SingleNeuron`](super::SingleNeuron).
#[derive(Module, Debug)]
pub struct TiedDeep {
    /// `W_l` and `b_l`, from the first layer to the last.
    pub encoder: Vec<Layer>,
    /// `d_1, …, d_{L−1}`, each `[R, k_l]`; none without biases.
    pub decoder_bias: Vec<Param<Tensor<2>>>,
    /// Activation `φ`.
    #[module(skip)]
    pub activation: Activation,
}

impl TiedDeepConfig {
    /// A model of which every neuron's weights, the rows of every `W_l`, start at `ρ g/‖g‖`, those of the very first
    /// neuron at [`Start::gaussian`](crate::init::Start::gaussian) of the same arguments, and biases at 0.
    ///
    /// # Errors
    /// [`Misuse::Empty`](crate::Misuse::Empty) without layers or neurons; [`Misuse::Length`](crate::Misuse::Length) unless
    /// samples have `dim` entries; [`Misuse::InitNorm`](crate::Misuse::InitNorm);
    /// [`Misuse::ImplicitData`](crate::Misuse::ImplicitData); [`Misuse::TooMany`](crate::Misuse::TooMany) and
    /// [`Misuse::TooLarge`](crate::Misuse::TooLarge) beyond [`crate::limits`].
    pub fn init(
        &self,
        dataset: &Dataset,
        init_norm: f64,
        seed: u64,
        replica: u64,
        compute: &Compute,
    ) -> Result<TiedDeep> {
        let mut draw = Draw::new(self.dim, &self.widths, dataset, init_norm, (seed, replica), compute)?;
        let encoder = draw.layers(self.bias);
        let below = if self.bias { &self.widths[..self.widths.len() - 1] } else { &[] };
        let decoder_bias = below.iter().map(|&width| draw.bias(width)).collect();
        Ok(TiedDeep { encoder, decoder_bias, activation: self.activation })
    }
}

impl TiedDeep {
    /// What the last activation says, `g_1`: `[R, b, n]` to `[R, b, k_1]`.
    fn hidden(&self, x: Tensor<3>) -> Tensor<3> {
        let down = |g: Tensor<3>, l: usize| {
            let g = g.matmul(self.encoder[l].weight.val());
            self.activation.forward(plus(g, self.decoder_bias.get(l - 1)))
        };
        (1..self.encoder.len()).rev().fold(code(&self.encoder, self.activation, x), down)
    }
}

impl Autoencoder for TiedDeep {
    fn reconstruct(&self, x: Tensor<3>) -> Tensor<3> {
        self.hidden(x).matmul(self.neurons())
    }

    fn neurons(&self) -> Tensor<3> {
        self.encoder[0].weight.val()
    }

    /// ReLU, and no sample reaches the output: every gradient is exactly 0.
    fn is_dead(&self, x: Tensor<3>) -> bool {
        is_silent(self.activation, || self.hidden(x))
    }
}
