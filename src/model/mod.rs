//! Models: the [`Autoencoder`] trait that the autodiff engine trains, and its implementations.

mod activation;
pub mod flat;
mod single_neuron;

use burn::module::Module;
use burn::tensor::Tensor;

pub use activation::Activation;
pub use single_neuron::{SingleNeuron, SingleNeuronConfig};

/// A Burn module that reconstructs its input, with a first layer of neurons to look at.
///
/// This is all that [`Autodiff`](crate::engine::Autodiff) asks of a model: it forms the loss
/// `Σ_{i∈B} ½‖x_i − x̂_i‖²` from [`reconstruct`](Autoencoder::reconstruct), differentiates it, and
/// moves every float parameter of the module. Depth, widths, biases and ties are the model's affair.
pub trait Autoencoder: Module {
    /// Reconstruction `x̂` of a batch.
    ///
    /// # Shapes
    /// - `x`: `[b, n]`
    /// - returns: `[b, n]`
    fn reconstruct(&self, x: Tensor<2>) -> Tensor<2>;

    /// Weights of the first layer, one neuron a row: `[k, n]`.
    fn neurons(&self) -> Tensor<2>;

    /// Whether the model is dead on all samples `x`, `[m, n]`: nothing will ever move again although
    /// nothing has been learned. A model that can die says so itself; the default is that it cannot.
    fn is_dead(&self, _x: Tensor<2>) -> bool {
        false
    }
}
