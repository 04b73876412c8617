//! The paper's model: one neuron, encoder and decoder tied, `x ↦ w φ(⟨w, x⟩)`.

use burn::config::Config;
use burn::module::{Module, Param};
use burn::tensor::Tensor;

use super::layer::is_silent;
use super::{Activation, Autoencoder, Forward};
use crate::device::Compute;
use crate::error::{Misuse, Result};

/// Configuration of a [`SingleNeuron`].
#[derive(Config, Debug)]
pub struct SingleNeuronConfig {
    /// Dimension `n` of the input.
    pub dim: usize,
    /// Activation `φ`.
    pub activation: Activation,
}

/// Weight-tied autoencoder with a single neuron (GFHY §2): `x̂ = w φ(⟨w, x⟩)`.
#[derive(Module, Debug)]
pub struct SingleNeuron {
    /// Weights as a row, `[R, 1, n]`.
    pub weight: Param<Tensor<3>>,
    /// Activation `φ`.
    #[module(skip)]
    pub activation: Activation,
}

impl SingleNeuronConfig {
    /// The neuron at an explicit point `w`, `[n]`.
    ///
    /// # Errors
    /// [`Misuse::Length`](crate::Misuse::Length) unless `w` has `dim` entries.
    pub fn init_at(&self, w: &[f64], compute: &Compute) -> Result<SingleNeuron> {
        if w.len() != self.dim {
            return Err(Misuse::Length { what: "the weight vector", expected: self.dim, got: w.len() }.into());
        }
        let weight = Param::from_tensor(compute.tensor(w, [1, 1, self.dim]));
        Ok(SingleNeuron { weight, activation: self.activation })
    }
}

impl Autoencoder for SingleNeuron {
    fn reconstruct(&self, x: Tensor<3>) -> Tensor<3> {
        let w = self.weight.val();
        let correlations = x.matmul(w.clone().transpose());
        self.activation.forward(correlations).matmul(w)
    }

    fn neurons(&self) -> Tensor<3> {
        self.weight.val()
    }

    /// ReLU and no sample with a positive correlation: every gradient is exactly 0.
    fn is_dead(&self, x: Tensor<3>) -> bool {
        is_silent(self.activation, || x.matmul(self.weight.val().transpose()))
    }
}
