//! One of the models here, chosen at run time.

use burn::module::Module;
use burn::tensor::Tensor;

use super::{Autoencoder, SingleNeuron, TiedDeep, TiedShallow, UntiedDeep};

/// A model that an [`Architecture`](super::Architecture) describes.
#[derive(Module, Debug)]
pub enum AnyAutoencoder {
    /// The paper's.
    Neuron(SingleNeuron),
    /// One hidden layer, tied.
    Shallow(TiedShallow),
    /// Several layers, tied.
    Deep(TiedDeep),
    /// Several layers, untied.
    Untied(UntiedDeep),
}

impl Autoencoder for AnyAutoencoder {
    fn reconstruct(&self, x: Tensor<3>) -> Tensor<3> {
        match self {
            Self::Neuron(model) => model.reconstruct(x),
            Self::Shallow(model) => model.reconstruct(x),
            Self::Deep(model) => model.reconstruct(x),
            Self::Untied(model) => model.reconstruct(x),
        }
    }

    fn neurons(&self) -> Tensor<3> {
        match self {
            Self::Neuron(model) => model.neurons(),
            Self::Shallow(model) => model.neurons(),
            Self::Deep(model) => model.neurons(),
            Self::Untied(model) => model.neurons(),
        }
    }

    fn is_dead(&self, x: Tensor<3>) -> bool {
        match self {
            Self::Neuron(model) => model.is_dead(x),
            Self::Shallow(model) => model.is_dead(x),
            Self::Deep(model) => model.is_dead(x),
            Self::Untied(model) => model.is_dead(x),
        }
    }
}
