//! The paper's model: one neuron, encoder and decoder tied, `x ↦ w φ(⟨w, x⟩)`.

use std::path::Path;

use burn::config::Config;
use burn::module::{Module, Param};
use burn::store::{ModuleSnapshot, SafetensorsStore};
use burn::tensor::Tensor;

use super::{Activation, Autoencoder};
use crate::device::{Compute, to_host};
use crate::error::{Error, Result};

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
    /// Weights as a row, `[1, n]`.
    pub weight: Param<Tensor<2>>,
    /// Activation `φ`.
    #[module(skip)]
    pub activation: Activation,
}

impl SingleNeuronConfig {
    /// The neuron at an explicit point `w`, `[n]`.
    ///
    /// # Errors
    /// [`Error::Length`] unless `w` has `dim` entries.
    pub fn init_at(&self, w: &[f64], compute: &Compute) -> Result<SingleNeuron> {
        if w.len() != self.dim {
            return Err(Error::Length { what: "the weight vector", expected: self.dim, got: w.len() });
        }
        let weight = Param::from_tensor(compute.tensor(w, [1, self.dim]));
        Ok(SingleNeuron { weight, activation: self.activation })
    }
}

impl SingleNeuron {
    /// Writes the weights as safetensors (tensor `weight`, `[1, n]`, in the precision it has).
    ///
    /// # Errors
    /// [`Error::Record`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        // Of several keys the header would take any order: the same weights, the same bytes.
        let store = SafetensorsStore::from_file(path).overwrite(true);
        let mut store = store.clear_metadata().metadata("format", "safetensors");
        self.save_into(&mut store).map_err(|e| Error::Record { path: path.into(), reason: e.to_string() })
    }

    /// Replaces the weights by those of a file that [`save`](Self::save) wrote.
    ///
    /// # Errors
    /// [`Error::Record`] if the file is missing, malformed, or of another shape.
    pub fn load(mut self, path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let refuse = |reason: String| Error::Record { path: path.into(), reason };
        let mut store = SafetensorsStore::from_file(path);
        self.load_from(&mut store).map_err(|e| refuse(e.to_string()))?;
        Ok(self)
    }
}

impl Autoencoder for SingleNeuron {
    fn reconstruct(&self, x: Tensor<2>) -> Tensor<2> {
        let w = self.weight.val();
        let correlations = x.matmul(w.clone().transpose());
        self.activation.forward(correlations).matmul(w)
    }

    fn neurons(&self) -> Tensor<2> {
        self.weight.val()
    }

    /// ReLU and no sample with a positive correlation: every gradient is exactly 0.
    fn is_dead(&self, x: Tensor<2>) -> bool {
        let correlations = to_host(x.matmul(self.weight.val().transpose()));
        self.activation == Activation::Relu && correlations.iter().all(|&c| c <= 0.0)
    }
}
