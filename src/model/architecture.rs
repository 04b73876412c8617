//! Which model, in a word: `neuron`, `shallow:8+bias`, `deep:64-32-16`, `untied:64-32`.

use std::fmt;
use std::str::FromStr;

use itertools::Itertools;
use serde::{Serialize, Serializer};

use super::layer::check_size;
use super::{
    Activation, AnyAutoencoder, SingleNeuronConfig, TiedDeepConfig, TiedShallowConfig, UntiedDeepConfig,
};
use crate::data::Dataset;
use crate::device::Compute;
use crate::error::{Error, Result};
use crate::init::Start;

/// Kind, widths and biases of a model; written and read as on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Architecture {
    /// [`SingleNeuron`](super::SingleNeuron): `neuron`.
    Neuron,
    /// [`TiedShallow`](super::TiedShallow): `shallow:K`, `shallow:K+bias`.
    Shallow {
        /// Number of neurons.
        hidden: usize,
        /// Whether they have biases.
        bias: bool,
    },
    /// [`TiedDeep`](super::TiedDeep): `deep:K1-K2-…`, with `+bias` at will.
    Deep {
        /// Widths of the encoder's layers.
        widths: Vec<usize>,
        /// Whether there are biases.
        bias: bool,
    },
    /// [`UntiedDeep`](super::UntiedDeep): `untied:K1-K2-…`, with `+bias` at will.
    Untied {
        /// Widths of the encoder's layers.
        widths: Vec<usize>,
        /// Whether there are biases.
        bias: bool,
    },
}

impl Architecture {
    /// What is read.
    pub const GRAMMAR: &str =
        "neuron, shallow:K, deep:K1-K2-…, untied:K1-K2-…; all but the first with +bias if wanted";

    /// A small one of each kind, with a bias or without: what tests of all models go through.
    pub const EXAMPLES: [&str; 5] = ["neuron", "shallow:3+bias", "deep:4-2", "untied:3", "untied:4-2-3+bias"];

    /// Layers on the way up.
    pub fn layers(&self) -> usize {
        match self {
            Self::Neuron | Self::Shallow { .. } => 1,
            Self::Deep { widths, .. } | Self::Untied { widths, .. } => widths.len(),
        }
    }

    /// Whether activations have biases.
    pub fn has_bias(&self) -> bool {
        match self {
            Self::Neuron => false,
            Self::Shallow { bias, .. } | Self::Deep { bias, .. } | Self::Untied { bias, .. } => *bias,
        }
    }

    /// Neurons of the first layer.
    pub fn neurons(&self) -> usize {
        match self {
            Self::Neuron => 1,
            Self::Shallow { hidden, .. } => *hidden,
            Self::Deep { widths, .. } | Self::Untied { widths, .. } => widths[0],
        }
    }

    /// Refuses a model whose weights, or activations over all samples, do not fit.
    ///
    /// # Errors
    /// [`Misuse::TooMany`](crate::Misuse::TooMany), [`Misuse::TooLarge`](crate::Misuse::TooLarge).
    pub fn check_size(&self, samples: usize, dim: usize) -> Result<()> {
        match self {
            Self::Neuron => check_size(samples, dim, &[1]),
            Self::Shallow { hidden, .. } => check_size(samples, dim, &[*hidden]),
            Self::Deep { widths, .. } | Self::Untied { widths, .. } => check_size(samples, dim, widths),
        }
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
        let dim = dataset.dim();
        Ok(match self {
            Self::Neuron => {
                let start = Start::gaussian(dataset, init_norm, seed, replica)?;
                let config = SingleNeuronConfig::new(dim, activation);
                AnyAutoencoder::Neuron(config.init_at(start.weights(dataset)?, compute)?)
            }
            &Self::Shallow { hidden, bias } => {
                let config = TiedShallowConfig::new(dim, hidden, activation).with_bias(bias);
                AnyAutoencoder::Shallow(config.init(dataset, init_norm, seed, replica, compute)?)
            }
            Self::Deep { widths, bias } => {
                let config = TiedDeepConfig::new(dim, widths.clone(), activation).with_bias(*bias);
                AnyAutoencoder::Deep(config.init(dataset, init_norm, seed, replica, compute)?)
            }
            Self::Untied { widths, bias } => {
                let config = UntiedDeepConfig::new(dim, widths.clone(), activation).with_bias(*bias);
                AnyAutoencoder::Untied(config.init(dataset, init_norm, seed, replica, compute)?)
            }
        })
    }

    /// Number of parameters for samples of length `dim`; the largest number there is if it is beyond that.
    pub fn parameters(&self, dim: usize) -> usize {
        let product = |(d, k): (usize, usize)| d.saturating_mul(k);
        let levels = |widths: &[usize]| {
            let inputs = [dim].into_iter().chain(widths.iter().copied());
            inputs.zip(widths.iter().copied()).map(product).fold(0, usize::saturating_add)
        };
        // One bias an activation: up all levels, and down all but the first.
        let biases = |widths: &[usize]| {
            let all = widths.iter().chain(&widths[..widths.len().saturating_sub(1)]);
            all.fold(0, |sum: usize, &k| sum.saturating_add(k))
        };
        let (weights, widths, bias) = match self {
            Self::Neuron => return dim,
            Self::Shallow { hidden, bias } => (levels(&[*hidden]), vec![*hidden], *bias),
            Self::Deep { widths, bias } => (levels(widths), widths.clone(), *bias),
            Self::Untied { widths, bias } => (levels(widths).saturating_mul(2), widths.clone(), *bias),
        };
        weights.saturating_add(if bias { biases(&widths) } else { 0 })
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (widths, bias) = match self {
            Self::Neuron => return f.write_str("neuron"),
            Self::Shallow { hidden, bias } => (format!("shallow:{hidden}"), bias),
            Self::Deep { widths, bias } => (format!("deep:{}", widths.iter().join("-")), bias),
            Self::Untied { widths, bias } => (format!("untied:{}", widths.iter().join("-")), bias),
        };
        write!(f, "{widths}{}", if *bias { "+bias" } else { "" })
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
        let (kind, listed) = shape.split_once(':').unwrap_or((shape, ""));
        match kind {
            "neuron" if text == "neuron" => return Ok(Self::Neuron),
            "neuron" => return refuse("`neuron` takes neither widths nor a bias".into()),
            "shallow" | "deep" | "untied" => (),
            other => return refuse(format!("there is no `{other}`")),
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
        match (kind, widths.as_slice()) {
            ("shallow", &[hidden]) => Ok(Self::Shallow { hidden, bias }),
            ("shallow", _) => refuse("`shallow` takes one width".into()),
            ("deep", _) => Ok(Self::Deep { widths, bias }),
            _ => Ok(Self::Untied { widths, bias }),
        }
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
        let beyond = Architecture::Untied { widths: vec![usize::MAX / 2, 4], bias: true };
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
