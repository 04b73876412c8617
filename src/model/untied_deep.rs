//! The same shape as the tied autoencoder, with a decoder of its own.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::Tensor;

use super::layer::{Draw, Layer, code, is_silent};
use super::{Activation, Autoencoder, Forward};
use crate::data::Dataset;
use crate::device::Compute;
use crate::error::Result;

/// Configuration of an [`UntiedDeep`].
#[derive(Config, Debug)]
pub struct UntiedDeepConfig {
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

/// Autoencoder of any depth whose decoder has weights of its own, for contrast: [`TiedDeep`](super::TiedDeep) with
/// `D_l ∈ R^{k_l×k_{l−1}}` instead of `W_l` on the way down, `g_{l−1} = φ(D_lᵀ g_l + d_{l−1})`, `x̂ = D_1ᵀ g_1`.
///
/// `D_l` has the shape and the law of `W_l` at the start, so that tied and untied models start alike but for the tie;
/// where `D_l = W_l` they are the same function.
#[derive(Module, Debug)]
pub struct UntiedDeep {
    /// `W_l` and `b_l`, from the first layer to the last.
    pub encoder: Vec<Layer>,
    /// `D_l` and `d_{l−1}`, in the same order: the first is applied last, and has no bias.
    pub decoder: Vec<Layer>,
    /// Activation `φ`.
    #[module(skip)]
    pub activation: Activation,
}

impl UntiedDeepConfig {
    /// A model of which every row of every `W_l` and `D_l` starts at `ρ g/‖g‖`, that of the very first neuron at
    /// [`Start::gaussian`](crate::init::Start::gaussian) of the same arguments, and biases at 0.
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
    ) -> Result<UntiedDeep> {
        let mut draw = Draw::new(self.dim, &self.widths, dataset, init_norm, (seed, replica), compute)?;
        let (encoder, mut decoder) = (draw.layers(self.bias), draw.layers(false));
        if self.bias {
            for (layer, &width) in decoder[1..].iter_mut().zip(&self.widths) {
                layer.bias = Some(draw.bias(width));
            }
        }
        Ok(UntiedDeep { encoder, decoder, activation: self.activation })
    }
}

impl UntiedDeep {
    /// What the last activation says, `g_1`: `[R, b, n]` to `[R, b, k_1]`.
    fn hidden(&self, x: Tensor<3>) -> Tensor<3> {
        let down = |g, layer: &Layer| self.activation.forward(layer.decode(g));
        self.decoder[1..].iter().rev().fold(code(&self.encoder, self.activation, x), down)
    }
}

impl Autoencoder for UntiedDeep {
    fn reconstruct(&self, x: Tensor<3>) -> Tensor<3> {
        self.decoder[0].decode(self.hidden(x))
    }

    fn neurons(&self) -> Tensor<3> {
        self.encoder[0].weight.val()
    }

    /// ReLU, and no sample reaches the output: every gradient is exactly 0.
    fn is_dead(&self, x: Tensor<3>) -> bool {
        is_silent(self.activation, || self.hidden(x))
    }
}
