//! Which model, in a word: `neuron`, `shallow:8+bias`, `deep:64-32-16`, `untied:64-32`. Whatever tells the models apart is here.

use std::fmt;
use std::str::FromStr;

use burn::module::Module;
use burn::tensor::Tensor;
use itertools::Itertools;
use serde::{Serialize, Serializer};

use super::layer::check_size;
use super::{
    Activation, Autoencoder, SingleNeuron, SingleNeuronConfig, TiedDeep, TiedDeepConfig, TiedShallow,
    TiedShallowConfig, UntiedDeep, UntiedDeepConfig,
};
use crate::data::Dataset;
use crate::device::Compute;
use crate::error::{Error, Result};
use crate::init::Start;

/// All that is written once for every model but how it is made.
macro_rules! kinds {
    ($($(#[$about:meta])* $kind:ident($model:ident) = $name:literal;)+) => {
        /// Which of the models.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind {
            $($(#[$about])* $kind,)+
        }

        impl Kind {
            const ALL: [Self; [$($name),+].len()] = [$(Self::$kind),+];

            fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)+
                }
            }
        }

        /// A model that an [`Architecture`] describes.
        #[derive(Module, Debug)]
        pub enum AnyAutoencoder {
            $($(#[$about])* $kind($model),)+
        }

        impl Autoencoder for AnyAutoencoder {
            fn reconstruct(&self, x: Tensor<3>) -> Tensor<3> {
                match self {
                    $(Self::$kind(model) => model.reconstruct(x),)+
                }
            }

            fn neurons(&self) -> Tensor<3> {
                match self {
                    $(Self::$kind(model) => model.neurons(),)+
                }
            }

            fn is_dead(&self, x: Tensor<3>) -> bool {
                match self {
                    $(Self::$kind(model) => model.is_dead(x),)+
                }
            }
        }
    };
}

kinds! {
    /// [`SingleNeuron`]: `neuron`, of width 1 and without a bias.
    Neuron(SingleNeuron) = "neuron";
    /// [`TiedShallow`]: `shallow:K`, one width, with `+bias` at will.
    Shallow(TiedShallow) = "shallow";
    /// [`TiedDeep`]: `deep:K1-K2-…`, with `+bias` at will.
    Deep(TiedDeep) = "deep";
    /// [`UntiedDeep`]: `untied:K1-K2-…`, with `+bias` at will.
    Untied(UntiedDeep) = "untied";
}

/// Kind, widths and biases of a model; written and read as on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Architecture {
    /// Which of the models.
    pub kind: Kind,
    /// Neurons of each layer of the encoder, from the first on; one layer at least.
    pub widths: Vec<usize>,
    /// Whether activations have biases.
    pub bias: bool,
}

impl Architecture {
    /// What is read.
    pub const GRAMMAR: &str =
        "neuron, shallow:K, deep:K1-K2-…, untied:K1-K2-…; all but the first with +bias if wanted";

    /// A small one of each kind, with a bias or without: what tests of all models go through.
    pub const EXAMPLES: [&str; 5] = ["neuron", "shallow:3+bias", "deep:4-2", "untied:3", "untied:4-2-3+bias"];

    /// Layers on the way up.
    pub fn layers(&self) -> usize {
        self.widths.len()
    }

    /// Neurons of the first layer.
    pub fn neurons(&self) -> usize {
        self.widths[0]
    }

    /// Whether it is the single neuron, the only model of the engines without automatic differentiation.
    pub fn is_neuron(&self) -> bool {
        self.kind == Kind::Neuron
    }

    /// Refuses a model whose weights, or activations over all samples, do not fit.
    ///
    /// # Errors
    /// [`Misuse::TooMany`](crate::Misuse::TooMany), [`Misuse::TooLarge`](crate::Misuse::TooLarge).
    pub fn check_size(&self, samples: usize, dim: usize) -> Result<()> {
        check_size(samples, dim, &self.widths)
    }

    /// The model at its start, as the `init` of its configuration says; replica by replica another.
    ///
    /// # Errors
    /// [`Misuse::Empty`](crate::Misuse::Empty) for a layer without neurons; [`Misuse::InitNorm`](crate::Misuse::InitNorm); [`Misuse::ImplicitData`](crate::Misuse::ImplicitData); those of
    /// [`check_size`](Self::check_size).
    pub fn init(
        &self,
        activation: Activation,
        dataset: &Dataset,
        init_norm: f64,
        (seed, replica): (u64, u64),
        compute: &Compute,
    ) -> Result<AnyAutoencoder> {
        let (dim, widths) = (dataset.dim(), self.widths.clone());
        Ok(match self.kind {
            Kind::Neuron => {
                let start = Start::gaussian(dataset, init_norm, seed, replica)?;
                let config = SingleNeuronConfig::new(dim, activation);
                AnyAutoencoder::Neuron(config.init_at(start.weights(dataset)?, compute)?)
            }
            Kind::Shallow => {
                let config = TiedShallowConfig::new(dim, widths[0], activation).with_bias(self.bias);
                AnyAutoencoder::Shallow(config.init(dataset, init_norm, seed, replica, compute)?)
            }
            Kind::Deep => {
                let config = TiedDeepConfig::new(dim, widths, activation).with_bias(self.bias);
                AnyAutoencoder::Deep(config.init(dataset, init_norm, seed, replica, compute)?)
            }
            Kind::Untied => {
                let config = UntiedDeepConfig::new(dim, widths, activation).with_bias(self.bias);
                AnyAutoencoder::Untied(config.init(dataset, init_norm, seed, replica, compute)?)
            }
        })
    }

    /// Number of parameters for samples of length `dim`; the largest number there is if it is beyond that.
    pub fn parameters(&self, dim: usize) -> usize {
        let inputs = [dim].into_iter().chain(self.widths.iter().copied());
        let levels = inputs.zip(&self.widths).map(|(d, &k)| d.saturating_mul(k));
        let weights = levels.fold(0, usize::saturating_add);
        // One bias an activation: up all levels, and down all but the first.
        let biases = self.widths.iter().chain(&self.widths[..self.widths.len() - 1]);
        let biases = if self.bias { biases.fold(0, |sum: usize, &k| sum.saturating_add(k)) } else { 0 };
        let copies = if self.kind == Kind::Untied { 2 } else { 1 };
        weights.saturating_mul(copies).saturating_add(biases)
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.name())?;
        if !self.is_neuron() {
            write!(f, ":{}", self.widths.iter().join("-"))?;
        }
        f.write_str(if self.bias { "+bias" } else { "" })
    }
}

impl FromStr for Architecture {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let refuse = |reason: String| {
            Err(Error::Model { text: text.into(), reason: format!("{reason}; expected {}", Self::GRAMMAR) })
        };
        let (shape, bias) = match text.strip_suffix("+bias") {
            Some(shape) => (shape, true),
            None => (text, false),
        };
        let (name, listed) = shape.split_once(':').unwrap_or((shape, ""));
        let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.name() == name) else {
            return refuse(format!("there is no `{name}`"));
        };
        if kind == Kind::Neuron {
            return match text == name {
                true => Ok(Self { kind, widths: vec![1], bias }),
                false => refuse(format!("`{name}` takes neither widths nor a bias")),
            };
        }
        let mut widths = Vec::new();
        for width in listed.split('-') {
            match width.parse() {
                Ok(0) => return refuse("a width must be at least 1".into()),
                _ if width.is_empty() => return refuse("a width is missing".into()),
                Ok(width) => widths.push(width),
                Err(_) => return refuse(format!("`{width}` is not a width")),
            }
        }
        if kind == Kind::Shallow && widths.len() > 1 {
            return refuse(format!("`{name}` takes one width"));
        }
        Ok(Self { kind, widths, bias })
    }
}

impl Serialize for Architecture {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::flat;

    fn models() -> impl Iterator<Item = &'static str> {
        let others = ["shallow:8", "deep:1", "deep:6-4-2", "deep:5-7+bias", "untied:6-3-4+bias"];
        Architecture::EXAMPLES.into_iter().chain(others)
    }

    #[test]
    fn what_is_read_is_what_is_written() {
        for text in models() {
            assert_eq!(text.parse::<Architecture>().unwrap().to_string(), text);
            let architecture: Architecture = text.parse().unwrap();
            assert_eq!(serde_json::to_value(architecture).unwrap(), text);
        }
    }

    #[test]
    fn parameters_are_counted_without_building_the_model() {
        let data = Dataset::orthonormal(4, 7, 1).unwrap();
        for text in models() {
            let architecture: Architecture = text.parse().unwrap();
            let compute = Compute::default();
            let model = architecture.init(Activation::Tanh, &data, 0.3, (2, 1), &compute).unwrap();
            assert_eq!(flat::parameters(&model).len(), architecture.parameters(7), "{text}");
        }
        let beyond = Architecture { kind: Kind::Untied, widths: vec![usize::MAX / 2, 4], bias: true };
        assert_eq!(beyond.parameters(3), usize::MAX);
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        for (text, reason) in [
            ("mlp:3", "there is no `mlp`"),
            ("", "there is no ``"),
            ("neuron:3", "`neuron` takes neither widths nor a bias"),
            ("neuron+bias", "`neuron` takes neither widths nor a bias"),
            ("shallow", "a width is missing"),
            ("shallow:4-3", "`shallow` takes one width"),
            ("shallow:0", "a width must be at least 1"),
            ("deep:64-", "a width is missing"),
            ("deep:64-x-3+bias", "`x` is not a width"),
            ("deep:64+biases", "`64+biases` is not a width"),
            ("untied:-3", "a width is missing"),
        ] {
            let message = text.parse::<Architecture>().unwrap_err().to_string();
            assert!(message.contains(reason), "{message}");
            assert!(message.contains("shallow:K, deep:K1-K2-…"), "{message}");
        }
    }
}
