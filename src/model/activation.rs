//! The activation `φ`.

use burn::tensor::{Tensor, activation::relu};
use serde::{Deserialize, Serialize};

/// Activation function `φ` of a neuron. Both satisfy `φ(c) φ'(c) = φ(c)`, on which the closed
/// forms rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// `φ(c) = c`.
    Linear,
    /// `φ(c) = max(c, 0)`, with `φ'(0) = 0`.
    Relu,
}

impl Activation {
    /// Both activations.
    pub const ALL: [Activation; 2] = [Activation::Linear, Activation::Relu];

    /// `φ(c)`.
    #[inline]
    pub fn apply(self, c: f64) -> f64 {
        match self {
            Activation::Linear => c,
            Activation::Relu => c.max(0.0),
        }
    }

    /// `φ` on a tensor of any shape.
    pub fn forward<const D: usize>(self, c: Tensor<D>) -> Tensor<D> {
        match self {
            Activation::Linear => c,
            Activation::Relu => relu(c),
        }
    }

    /// Whether a sample with initial correlation `c` belongs to the active set: `c > 0` for ReLU
    /// (`S⁺`), `c ≠ 0` for the linear model, where signs are free.
    pub fn admits(self, c: f64) -> bool {
        match self {
            Activation::Linear => c != 0.0,
            Activation::Relu => c > 0.0,
        }
    }

    /// Name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Activation::Linear => "linear",
            Activation::Relu => "relu",
        }
    }
}
