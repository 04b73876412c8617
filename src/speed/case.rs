//! What is trained while the clock runs.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::data::Dataset;
use crate::device::Compute;
use crate::engine::{Analytic, Autodiff, Engine, Reduced};
use crate::error::{Error, Result};
use crate::init::Start;
use crate::job::EngineKind;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;

/// Step size, for the mean over a batch.
pub(super) const STEP_SIZE: f64 = 0.01;

/// Sizes: `m, n, b, R`. A ReLU neuron, orthonormal samples, Gaussian starts of norm 1/2, batches without replacement.
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
}

impl Case {
    /// `m, n, b, R`.
    pub const fn new(samples: usize, dim: usize, batch: usize, replicas: u64) -> Self {
        Self { samples, dim, batch, replicas }
    }

    /// An engine of this case.
    ///
    /// # Errors
    /// Sizes that do not go together; several replicas for autodiff.
    pub(super) fn engine(self, kind: EngineKind, compute: &Compute) -> Result<Box<dyn Engine>> {
        let Self { samples, dim, batch, replicas } = self;
        let data = match kind {
            EngineKind::Reduced => Dataset::implicit_orthonormal(samples, dim)?,
            EngineKind::Autodiff | EngineKind::Analytic => Dataset::orthonormal(samples, dim, 1)?,
        };
        let start = |replica| Start::gaussian(&data, 0.5, 1, replica);
        let starts: Vec<Start> = (0..replicas).map(start).collect::<Result<_>>()?;
        let schedule = Schedule::sgd(samples, batch, 1)?;
        let problem = Problem::new(data, Activation::Relu, Reduction::Mean, STEP_SIZE)?;
        Ok(match (kind, starts.as_slice()) {
            (_, []) => return Err(Error::Empty { what: "the number of replicas", got: 0 }),
            (EngineKind::Autodiff, [start]) => {
                Box::new(Autodiff::single_neuron(&problem, &schedule, start, 0, compute)?)
            }
            (EngineKind::Autodiff, _) => return Err(Error::Usage("autodiff trains one replica".to_owned())),
            (EngineKind::Analytic, starts) => {
                Box::new(Analytic::new(&problem, &schedule, starts, 0, compute)?)
            }
            (EngineKind::Reduced, starts) => Box::new(Reduced::new(&problem, &schedule, starts, 0)?),
        })
    }
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { samples, dim, batch, replicas } = self;
        write!(f, "m = {samples}, n = {dim}, b = {batch}, R = {replicas}")
    }
}

impl FromStr for Case {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let numbers: Option<Vec<usize>> = text.split(',').map(|part| part.trim().parse().ok()).collect();
        match numbers.as_deref() {
            Some(&[samples, dim, batch, replicas]) => Ok(Self::new(samples, dim, batch, replicas as u64)),
            _ => Err("four whole numbers are needed: m,n,b,R".to_owned()),
        }
    }
}
