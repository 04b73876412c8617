//! What is trained while the clock runs.

use std::str::FromStr;

use puremix::data::Dataset;
use puremix::device::Compute;
use puremix::engine::{Analytic, Autodiff, Engine, Reduced};
use puremix::error::{Error, Misuse, Result};
use puremix::init::Start;
use puremix::limits;
use puremix::model::{Activation, TiedShallow, TiedShallowConfig, flat};
use puremix::problem::{Problem, Reduction};
use puremix::schedule::Schedule;
use serde::{Deserialize, Serialize};

/// Step size, for the mean over a batch.
pub const STEP_SIZE: f64 = 0.01;

/// An engine, and for the reduced one which of its two recursions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Variant {
    /// Burn differentiates the model.
    Autodiff,
    /// The hand-derived gradient, replicas batched.
    Analytic,
    /// The recursion over orthonormal samples, O(b) a step.
    Reduced,
    /// The recursion in the Gram matrix of samples that are neither orthogonal nor normed, O(m b) a step.
    Gram,
}

impl Variant {
    /// Name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Autodiff => "autodiff",
            Self::Analytic => "analytic",
            Self::Reduced => "reduced",
            Self::Gram => "gram",
        }
    }
}

/// Sizes: `m, n, b, R`, and `k` neurons. A ReLU neuron, or a tied layer of several, orthonormal samples but for
/// [`Variant::Gram`], Gaussian starts of norm 1/2 a neuron, batches without replacement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// Number of samples `m`.
    pub samples: usize,
    /// Dimension `n`.
    pub dim: usize,
    /// Batch size `b`.
    pub batch: usize,
    /// Replicas `R`.
    pub replicas: u64,
    /// Neurons `k`.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub neurons: usize,
}

fn one() -> usize {
    1
}

fn is_one(neurons: &usize) -> bool {
    *neurons == 1
}

impl Case {
    /// `m, n, b, R`.
    pub const fn new(samples: usize, dim: usize, batch: usize, replicas: u64) -> Self {
        Self { samples, dim, batch, replicas, neurons: 1 }
    }

    /// The same for a tied layer of so many neurons.
    pub const fn of_neurons(self, neurons: usize) -> Self {
        Self { neurons, ..self }
    }

    /// Whether an engine takes such steps: several neurons only that one does which differentiates any model.
    pub fn is_for(self, variant: Variant) -> bool {
        self.neurons == 1 || variant == Variant::Autodiff
    }

    /// An engine of this case.
    ///
    /// # Errors
    /// Sizes that do not go together.
    pub fn engine(self, variant: Variant, compute: &Compute) -> Result<Box<dyn Engine>> {
        let Self { samples, dim, batch, replicas, neurons } = self;
        if !self.is_for(variant) {
            return Err(Error::Usage(format!("{} trains one neuron, not {neurons}", variant.name())));
        }
        limits::replicas(replicas, if variant == Variant::Reduced { samples } else { dim })?;
        let data = match variant {
            Variant::Reduced => Dataset::implicit_orthonormal(samples, dim)?,
            Variant::Autodiff | Variant::Analytic => Dataset::orthonormal(samples, dim, 1)?,
            Variant::Gram => correlated(samples, dim)?,
        };
        let start = |replica| Start::gaussian(&data, 0.5, 1, replica);
        let starts: Vec<Start> = (0..replicas).map(start).collect::<Result<_, Misuse>>()?;
        let schedule = Schedule::sgd(samples, batch, 1)?;
        let problem = Problem::new(data, Activation::Relu, Reduction::Mean, STEP_SIZE)?;
        Ok(match variant {
            Variant::Autodiff if neurons > 1 => {
                Box::new(Autodiff::new(layers(self, &problem, compute)?, &problem, &schedule, 0, compute)?)
            }
            Variant::Autodiff => {
                Box::new(Autodiff::single_neurons(&problem, &schedule, &starts, 0, compute)?)
            }
            Variant::Analytic => Box::new(Analytic::new(&problem, &schedule, &starts, 0, compute)?),
            Variant::Reduced | Variant::Gram => Box::new(Reduced::new(&problem, &schedule, &starts, 0)?),
        })
    }
}

/// A stack of tied layers.
fn layers(case: Case, problem: &Problem, compute: &Compute) -> Result<TiedShallow> {
    let config = TiedShallowConfig::new(case.dim, case.neurons, problem.activation());
    let layer = |replica| config.init(problem.dataset(), 0.5, 1, replica, compute);
    Ok(flat::stacked((0..case.replicas).map(layer).collect::<Result<_>>()?, compute))
}

/// Samples of norms about 1 that are not orthogonal.
fn correlated(samples: usize, dim: usize) -> Result<Dataset> {
    let scale = (12.0 / dim as f64).sqrt();
    let entry = |k: usize| scale * (((k * 7919) % 1013) as f64 / 1013.0 - 0.5);
    let entries = limits::entries("the data matrix", samples, dim)?;
    Ok(Dataset::from_rows((0..entries).map(entry).collect(), samples, dim)?)
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { samples, dim, batch, replicas, neurons } = self;
        write!(f, "m = {samples}, n = {dim}, b = {batch}, R = {replicas}")?;
        if *neurons == 1 { Ok(()) } else { write!(f, ", k = {neurons}") }
    }
}

impl FromStr for Case {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let numbers: Option<Vec<usize>> = text.split(',').map(|part| part.trim().parse().ok()).collect();
        match numbers.as_deref() {
            Some(&[samples, dim, batch, replicas]) => Ok(Self::new(samples, dim, batch, replicas as u64)),
            Some(&[samples, dim, batch, replicas, neurons]) if neurons > 0 => {
                Ok(Self::new(samples, dim, batch, replicas as u64).of_neurons(neurons))
            }
            _ => Err("four whole numbers are needed: m,n,b,R; or five: m,n,b,R,k".to_owned()),
        }
    }
}
