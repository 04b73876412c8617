//! Models: the [`Autoencoder`] trait that the autodiff engine trains, and its implementations.
//!
//! | model | reconstruction | on the command line |
//! |---|---|---|
//! | [`SingleNeuron`] | `x̂ = w φ(⟨w, x⟩)`, the paper's | `neuron` |
//! | [`TiedShallow`] | `x̂ = Wᵀ φ(W x + b)`, `k` neurons | `shallow:K`, `shallow:K+bias` |
//! | [`TiedDeep`] | up through `W_1 … W_L`, down through their transposes, `φ` in between | `deep:K1-K2-…` |
//! | [`UntiedDeep`] | the same with weights of its own on the way down | `untied:K1-K2-…` |
//!
//! [`Architecture`] parses the right column and makes an [`AnyAutoencoder`] of it.
//!
//! A model is a stack of `R` replicas that know nothing of each other: every parameter has a leading dimension `R`, and so have batches and
//! what comes of them. Matrix products run over it by themselves, so that the code of a model is that of one replica.

mod activation;
mod architecture;
pub mod flat;
mod layer;
mod record;
mod single_neuron;
mod tied_deep;
mod tied_shallow;
mod untied_deep;

use std::path::Path;

use burn::module::Module;
use burn::tensor::Tensor;

pub use activation::{Activation, Forward, LEAKY_SLOPE};
pub use architecture::{AnyAutoencoder, Architecture, Kind};
pub use layer::Layer;
pub use single_neuron::{SingleNeuron, SingleNeuronConfig};
pub use tied_deep::{TiedDeep, TiedDeepConfig};
pub use tied_shallow::{TiedShallow, TiedShallowConfig};
pub use untied_deep::{UntiedDeep, UntiedDeepConfig};

use crate::error::{Result, io_at};

/// A Burn module that reconstructs its input, with a first layer of neurons to look at.
///
/// This is all that [`Autodiff`](crate::engine::Autodiff) asks of a model: it forms the loss
/// `Σ_{i∈B} ½‖x_i − x̂_i‖²` of every replica from [`reconstruct`](Autoencoder::reconstruct), differentiates it, and
/// moves every float parameter of the module. Depth, widths, biases and ties are the model's affair. Every float parameter has
/// the replicas as its first dimension; with one replica that is 1.
pub trait Autoencoder: Module {
    /// Reconstruction `x̂` of a batch, replica by replica.
    ///
    /// # Shapes
    /// - `x`: `[R, b, n]`
    /// - returns: `[R, b, n]`
    fn reconstruct(&self, x: Tensor<3>) -> Tensor<3>;

    /// Weights of the first layer, one neuron a row: `[R, k, n]`.
    fn neurons(&self) -> Tensor<3>;

    /// Whether a model of one replica is dead on all samples `x`, `[1, m, n]`: nothing will ever move again although
    /// nothing has been learned. A model that can die says so itself; the default is that it cannot.
    fn is_dead(&self, _x: Tensor<3>) -> bool {
        false
    }

    /// Every parameter as safetensors, in the precision it has, under its path in the module: `weight`,
    /// `encoder.0.weight`, … In Python, `safetensors.numpy.load` reads them. Of one replica they are written without the dimension of
    /// replicas: `[k, n]`.
    ///
    /// # Errors
    /// [`Error::Usage`](crate::Error::Usage) if a parameter cannot be encoded.
    fn to_safetensors(&self) -> Result<Vec<u8>> {
        record::bytes(self)
    }

    /// Writes [`to_safetensors`](Autoencoder::to_safetensors) to a file.
    ///
    /// # Errors
    /// [`Error::Io`](crate::Error::Io).
    fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        std::fs::write(path, self.to_safetensors()?).map_err(io_at(path))
    }

    /// Replaces the parameters by those of a file that [`save`](Autoencoder::save) wrote.
    ///
    /// # Errors
    /// [`Error::Record`](crate::Error::Record) if the file is missing or malformed, or does not hold just these
    /// parameters in these shapes.
    fn load(self, path: impl AsRef<Path>) -> Result<Self> {
        record::load(self, path.as_ref())
    }
}
