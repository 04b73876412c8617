//! What is trained on: data, activation, batch reduction and step size, checked once.
//!
//! **Step sizes.** Whoever trains gives the nominal step size `η`, here and nowhere else: every engine takes a [`Problem`]. What a
//! sample then contributes to a step, `η_B = η/b` (mean) or `η` (sum), is called `step_per_sample` wherever it occurs; engines
//! compute it, and theory, which knows no reduction, takes it ([`Problem::step_per_sample`]).

use serde::{Deserialize, Serialize};

use crate::activation::Activation;
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::state::Neuron;
use crate::vectors::{dot, norm_of};

/// How the gradients of a mini-batch are combined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[serde(rename_all = "lowercase")]
pub enum Reduction {
    /// `η_B = η / b`, which matches the training loss `L = (1/m) Σ ℓ_i`.
    Mean,
    /// `η_B = η`.
    Sum,
}

impl Reduction {
    /// Both reductions.
    pub const ALL: [Reduction; 2] = [Reduction::Mean, Reduction::Sum];

    /// Name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Reduction::Mean => "mean",
            Reduction::Sum => "sum",
        }
    }

    /// Step size per sample, `η_B`: `η/b` (mean) or `η` (sum).
    pub fn step_per_sample(self, step_size: f64, batch: usize) -> f64 {
        match self {
            Reduction::Mean => step_size / batch as f64,
            Reduction::Sum => step_size,
        }
    }
}

/// A training problem for the single neuron `x ↦ w φ(⟨w, x⟩)` (GFHY §2), or for any other
/// autoencoder on the same data.
#[derive(Clone, Debug)]
pub struct Problem {
    dataset: Dataset,
    activation: Activation,
    reduction: Reduction,
    step_size: f64,
}

impl Problem {
    /// Checks the nominal step size `η` and puts the parts together: `w ← w − η (1/b) Σ_{i∈B} ∇ℓ_i` under
    /// [`Reduction::Mean`], `w ← w − η Σ_{i∈B} ∇ℓ_i` under [`Reduction::Sum`].
    ///
    /// # Errors
    /// [`Error::StepSize`] unless `step_size` is positive and finite.
    pub fn new(
        dataset: Dataset,
        activation: Activation,
        reduction: Reduction,
        step_size: f64,
    ) -> Result<Self> {
        if !(step_size > 0.0 && step_size.is_finite()) {
            return Err(Error::StepSize(step_size));
        }
        Ok(Self { dataset, activation, reduction, step_size })
    }

    /// The data.
    pub fn dataset(&self) -> &Dataset {
        &self.dataset
    }

    /// The activation `φ`.
    pub fn activation(&self) -> Activation {
        self.activation
    }

    /// The reduction.
    pub fn reduction(&self) -> Reduction {
        self.reduction
    }

    /// The nominal step size `η`.
    pub fn step_size(&self) -> f64 {
        self.step_size
    }

    /// Step size per sample `η_B` for batches of `batch`.
    pub fn step_per_sample(&self, batch: usize) -> f64 {
        self.reduction.step_per_sample(self.step_size, batch)
    }

    /// Training loss `L(w) = (1/2m) Σ_i (‖x_i‖² + (N φ(c_i) − 2 c_i) φ(c_i))` of a single neuron: the sample
    /// loss `½‖x − w φ(c)‖²` multiplied out, for any activation.
    pub fn single_neuron_loss(&self, neuron: &Neuron) -> f64 {
        let sample = |&c: &f64| {
            let phi = self.activation.apply(c);
            (neuron.norm_sq * phi - 2.0 * c) * phi
        };
        let sum: f64 = neuron.correlations.iter().map(sample).sum();
        0.5 * (self.dataset.mean_square_norm() + sum / self.dataset.samples() as f64)
    }

    /// `‖∇L‖`, `∇L = (1/m) (Σ φ_i² w + (N − 2) Σ φ_i x_i)` for the paper's activations, over the mean squared norm of the
    /// samples. Over orthonormal data in coordinates, from the neuron alone; else from the vector `w`.
    pub fn single_neuron_slope(&self, neuron: &Neuron, weights: impl FnOnce() -> Result<Vec<f64>>) -> f64 {
        let phi: Vec<f64> = neuron.correlations.iter().map(|&c| self.activation.apply(c)).collect();
        let (energy, pull) = (dot(&phi, &phi), neuron.norm_sq - 2.0);
        let length = if self.dataset.is_orthonormal() {
            let along = neuron.correlations.iter().zip(&phi).map(|(c, phi)| energy * c + pull * phi);
            norm_of(along.chain([energy * neuron.residual]))
        } else {
            let (w, x) = (weights(), self.dataset.combine(&phi));
            let (w, x) = w.and_then(|w| Ok((w, x?))).expect("only orthonormal data may be implicit");
            norm_of(w.iter().zip(&x).map(|(w, x)| energy * w + pull * x))
        };
        self.dataset.relative(length / self.dataset.samples() as f64)
    }

    /// Refuses an activation for which an engine's formulas do not hold.
    ///
    /// # Errors
    /// [`Error::NoFormula`] unless it [has unit slope](Activation::has_unit_slope).
    pub fn require_unit_slope(&self, engine: &'static str) -> Result<()> {
        let what = || format!("activation {}", self.activation.name());
        if self.activation.has_unit_slope() { Ok(()) } else { Err(Error::NoFormula { engine, what: what() }) }
    }
}
