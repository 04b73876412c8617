//! What is trained on: data, activation, batch reduction and step size, checked once.
//!
//! **Step sizes.** Whoever trains gives the nominal step size `η`, here and nowhere else: every engine takes a [`Problem`]. What a
//! sample then contributes to a step, `η_B = η/b` (mean) or `η` (sum), is called `step_per_sample` wherever it occurs; engines
//! compute it, and theory, which knows no reduction, takes it ([`Problem::step_per_sample`]).

use serde::{Deserialize, Serialize};

use crate::activation::Activation;
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::noise::Noise;
use crate::state::Neuron;
use crate::update::{Rule, Update};
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

    /// Weight `r` of the gradient of a sample in that of a batch: `1/b` (mean) or `1` (sum).
    pub fn weight(self, batch: usize) -> f64 {
        match self {
            Reduction::Mean => 1.0 / batch as f64,
            Reduction::Sum => 1.0,
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

/// What a step is taken with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Step size `η_t`.
    pub size: f64,
    /// Step size per sample: `η_t/b` (mean) or `η_t` (sum).
    pub per_sample: f64,
    /// Weight `r` of the gradient of a sample: `1/b` or 1.
    pub weight: f64,
    /// Weight decay `λ`.
    pub decay: f64,
}

impl Step {
    /// `η_t λ`, the share of the parameters that weight decay takes.
    pub fn shrinkage(self) -> f64 {
        self.size * self.decay
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
    update: Update,
    noise: Noise,
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
        let (update, noise) = Default::default();
        Ok(Self { dataset, activation, reduction, step_size, update, noise })
    }

    /// The same under another update rule.
    ///
    /// # Errors
    /// [`Error::OutOfRange`].
    pub fn with_update(self, update: Update) -> Result<Self> {
        update.check()?;
        Ok(Self { update, ..self })
    }

    /// The same with noise on its gradients.
    ///
    /// # Errors
    /// [`Error::OutOfRange`].
    pub fn with_noise(self, noise: Noise) -> Result<Self> {
        noise.check()?;
        Ok(Self { noise, ..self })
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

    /// The update rule.
    pub fn update(&self) -> &Update {
        &self.update
    }

    /// The noise on gradients.
    pub fn noise(&self) -> Noise {
        self.noise
    }

    /// Whether a step is `p ← p − η_B Σ_{i∈B} ∇ℓ_i`, of which the theory speaks.
    pub fn is_plain(&self) -> bool {
        self.update.is_plain() && self.noise.is_silent()
    }

    /// Whether there is a prediction of where a single neuron on orthonormal data ends, if it comes to an end: with steps of any size, and for the linear neuron
    /// with momentum, where [`theory::momentum`](crate::theory::momentum) says which. A velocity can carry a ReLU's correlations past 0.
    pub fn keeps_limits(&self) -> bool {
        let Update { rule, weight_decay, .. } = self.update;
        let follows =
            rule == Rule::Sgd || (rule.momentum().is_some() && self.activation == Activation::Linear);
        follows && weight_decay == 0.0 && self.noise.is_silent()
    }

    /// Whether two problems differ in their data, activation and step size alone.
    pub fn moves_like(&self, other: &Self) -> bool {
        self.reduction == other.reduction && self.update == other.update && self.noise == other.noise
    }

    /// The nominal step size `η`.
    pub fn step_size(&self) -> f64 {
        self.step_size
    }

    /// Step size per sample `η_B` for batches of `batch`.
    pub fn step_per_sample(&self, batch: usize) -> f64 {
        self.reduction.step_per_sample(self.step_size, batch)
    }

    /// The numbers of the step that follows `taken` others, on a batch of `batch`.
    pub fn step_at(&self, taken: u64, batch: usize) -> Step {
        let factor = self.update.step_schedule.factor(taken);
        Step {
            size: factor * self.step_size,
            per_sample: factor * self.step_per_sample(batch),
            weight: self.reduction.weight(batch),
            decay: self.update.weight_decay,
        }
    }

    /// `λ'`, for which weight decay descends on `L + ½λ'‖p‖²` in the mean: `λ` (mean) or `λ/b` (sum).
    pub fn decay_of_loss(&self, batch: usize) -> f64 {
        self.update.weight_decay / (self.reduction.weight(batch) * batch as f64)
    }

    /// Whether weight decay is decoupled, so that what a run descends on has no gradient to be judged by: its slope counts as 0, and its displacements
    /// decide. A decay that is lost in rounding, if only of single precision, does not count.
    pub fn has_no_slope(&self) -> bool {
        self.update.rule.is_decoupled() && self.step_size * self.update.weight_decay > f64::from(f32::EPSILON)
    }

    /// How far, as a factor of the velocity or of `m/√s`, the state of the update rule can carry the parameters on where all gradients vanish. `None`
    /// if something else moves them: gradient noise, or weight decay, but for that of `sgd`, which shortens a single neuron and wakes no sample.
    pub fn flight(&self, taken: u64) -> Option<f64> {
        let Update { rule, weight_decay, .. } = self.update;
        let shortens = rule == Rule::Sgd && self.step_size * weight_decay < 1.0;
        let coasts = self.noise.gradient == 0.0 && (weight_decay == 0.0 || shortens);
        coasts.then(|| self.step_size * rule.free_flight(taken))
    }

    /// Training loss `L(w) = (1/2m) Σ_i (‖x_i‖² + (N φ(c_i) − 2 c_i) φ(c_i))` of a single neuron: the sample
    /// loss `½‖x − w φ(c)‖²` multiplied out, for any activation. Over orthogonal samples of different norms, whose terms may be as different as the squares of these,
    /// the paper's activations have a sum of squares instead: `n (1 − u²)² + n u² (N − u²)`, `u = c/‖x‖`, of an active sample.
    pub fn single_neuron_loss(&self, neuron: &Neuron) -> f64 {
        if self.activation.has_unit_slope() && !self.dataset.is_orthonormal() && self.dataset.is_orthogonal()
        {
            return self.orthogonal_loss(neuron);
        }
        let sample = |&c: &f64| {
            let phi = self.activation.apply(c);
            (neuron.norm_sq * phi - 2.0 * c) * phi
        };
        let sum: f64 = neuron.correlations.iter().map(sample).sum();
        0.5 * (self.dataset.mean_square_norm() + sum / self.dataset.samples() as f64)
    }

    fn orthogonal_loss(&self, neuron: &Neuron) -> f64 {
        let norms: Vec<f64> = (0..self.dataset.samples()).map(|i| self.dataset.row_norm(i)).collect();
        let along = |(c, norm): (&f64, &f64)| if *norm > 0.0 { c / norm } else { 0.0 };
        let u: Vec<f64> = neuron.correlations.iter().zip(&norms).map(along).collect();
        // N − u_i² without a difference: what comes before i, and what comes after.
        let mut after = vec![neuron.residual * neuron.residual];
        after.extend(u.iter().rev().scan(after[0], |sum, u| {
            *sum += u * u;
            Some(*sum)
        }));
        let (mut before, mut sum) = (0.0, 0.0);
        for (i, (u, norm)) in u.iter().zip(&norms).enumerate() {
            let active = if self.activation.admits(*u) { u * u } else { 0.0 };
            let others = before + after[norms.len() - 1 - i];
            sum += norm * norm * ((1.0 - active) * (1.0 - active) + active * others);
            before += u * u;
        }
        0.5 * sum / norms.len() as f64
    }

    /// `‖∇L‖`, `∇L = (1/m) (Σ φ_i² w + (N − 2) Σ φ_i x_i)` for the paper's activations, over the mean squared norm of the
    /// samples; with weight decay, of what batches of `batch` then see: [`decay_of_loss`](Self::decay_of_loss) times `w` more. Over orthonormal data in coordinates,
    /// from the neuron alone; else from the vector `w`.
    pub fn single_neuron_slope(
        &self,
        neuron: &Neuron,
        batch: usize,
        weights: impl FnOnce() -> Result<Vec<f64>>,
    ) -> f64 {
        let phi: Vec<f64> = neuron.correlations.iter().map(|&c| self.activation.apply(c)).collect();
        let decay = self.dataset.samples() as f64 * self.decay_of_loss(batch);
        let (energy, pull) = (dot(&phi, &phi) + decay, neuron.norm_sq - 2.0);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors::norm;

    #[test]
    fn what_else_moves_the_parameters_is_known() {
        let plain =
            Problem::new(Dataset::orthonormal(3, 5, 1).unwrap(), Activation::Linear, Reduction::Mean, 0.3)
                .unwrap();
        let under = |rule: &str, weight_decay: f64| {
            let rule = rule.parse().unwrap();
            plain.clone().with_update(Update { rule, weight_decay, ..Update::default() }).unwrap()
        };
        let noisy = |label, gradient| plain.clone().with_noise(Noise { label, gradient }).unwrap();
        assert!(
            plain.is_plain() && !under("heavy-ball:0.5", 0.0).is_plain() && !under("sgd", 0.1).is_plain()
        );
        assert!(!noisy(0.1, 0.0).is_plain() && !noisy(0.0, 0.1).is_plain());
        // η β/(1 − β) of a velocity; nothing of plain SGD, which a decay below 1/η only shortens.
        let flight = |problem: Problem| problem.flight(7);
        assert_eq!(
            (flight(plain.clone()), flight(under("sgd", 0.1)), flight(under("sgd", 4.0))),
            (Some(0.0), Some(0.0), None)
        );
        let coasts = flight(under("heavy-ball:0.8", 0.0)).unwrap();
        assert!((coasts - 1.2).abs() < 1e-12, "{coasts}");
        assert_eq!(flight(under("heavy-ball:0.8", 0.1)), None);
        assert_eq!((flight(noisy(0.1, 0.0)), flight(noisy(0.0, 0.1))), (Some(0.0), None));
    }

    #[test]
    fn the_loss_over_samples_of_very_different_norms_is_a_sum_of_squares() {
        // Along the axes, n = 4 with a part outside the span.
        let norms = [1.0, 1e8, 1e-3];
        let rows: Vec<f64> =
            (0..3).flat_map(|i| (0..4).map(move |j| if i == j { norms[i] } else { 0.0 })).collect();
        let dataset = Dataset::from_rows(rows, 3, 4).unwrap();
        for (w, tolerance) in [([0.3, -0.6, 0.2, 0.5], 1e-15), ([1e-11, 1.0, -3e-12, 2e-11], 1e-12)] {
            for activation in Activation::PAPER {
                let problem = Problem::new(dataset.clone(), activation, Reduction::Sum, 1e-17).unwrap();
                let correlations: Vec<f64> = (0..3).map(|i| norms[i] * w[i]).collect();
                let neuron = Neuron { correlations, residual: w[3], norm_sq: dot(&w, &w), overlap_init: 0.0 };
                // From the residuals x − w φ(c), coordinate by coordinate.
                let of = |i: usize| {
                    let phi = activation.apply(norms[i] * w[i]);
                    let entry = |j: usize| if i == j { norms[i] } else { 0.0 } - w[j] * phi;
                    0.5 * norm(&[entry(0), entry(1), entry(2), entry(3)]).powi(2)
                };
                let expected = (of(0) + of(1) + of(2)) / 3.0;
                let seen = problem.single_neuron_loss(&neuron);
                assert!((seen / expected - 1.0).abs() < tolerance, "{w:?}: {seen} {expected}");
            }
        }
    }
}
