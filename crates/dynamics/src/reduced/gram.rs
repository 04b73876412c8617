//! Arbitrary data through its Gram matrix `K = A Aᵀ`: O(m b) a step, still free of `n`.
//!
//! A step keeps `w` in the form `w = g (γ w_0 + Σ_i β_i x_i)`, with one global scale. With
//! `C = Σ_{i∈B} φ_i²`, `f = 1 − η_B C`, `p = η_B (2 − N)` and `c⁺` for the correlations after the step:
//!
//! ```text
//! g ← f g,   β ← β + (p/g) Σ_{i∈B} φ_i e_i,   c ← f c + p K[:, B] φ_B
//! N ← f² N + 2 f p C + p² φ_B·K[B, B] φ_B = f² N + p Σ_{i∈B} φ_i (f φ_i + c⁺_i)
//! ```
//!
//! `φ_i c_i = φ_i²` for the paper's activations, so the product with `K[B, B]` is read off the new correlations.

use nalgebra::DVector;
use pulp::{Arch, Simd, WithSimd};

use super::orthonormal::NOTHING;
use super::singles::{SMALLEST_FACTOR, SMALLEST_SCALE};
use super::{Coordinates, Step};
use crate::activation::Activation;
use crate::data::{Dataset, dot};
use crate::engine::expect;
use crate::error::Result;
use crate::init::Start;
use crate::state::Neuron;

pub(super) struct Gram {
    activation: Activation,
    dataset: Dataset,
    /// Correlations of the initial point, and its squared norm.
    initial: DVector<f64>,
    initial_norm_sq: f64,
    /// Correlations `c`, `[m]`.
    correlations: DVector<f64>,
    /// Coefficients `β` of the samples, `[m]`, and `γ` of the initial point; both still to be scaled.
    coefficients: DVector<f64>,
    initial_share: f64,
    /// Global scale `g`.
    scale: f64,
    norm_sq: f64,
    phi: Vec<f64>,
}

impl Gram {
    /// Asks for the Gram matrix once, so that later steps may rely on it.
    pub(super) fn new(start: &Start, activation: Activation, dataset: &Dataset) -> Result<Self> {
        let samples = dataset.gram()?.nrows();
        let initial = DVector::from_column_slice(&start.correlations);
        Ok(Self {
            activation,
            dataset: dataset.clone(),
            correlations: initial.clone(),
            initial,
            initial_norm_sq: start.norm_sq,
            coefficients: DVector::zeros(samples),
            initial_share: 1.0,
            scale: 1.0,
            norm_sq: start.norm_sq,
            phi: Vec::new(),
        })
    }

    /// Multiplies the scale into the coefficients.
    fn fold(&mut self) {
        self.coefficients *= self.scale;
        self.initial_share *= self.scale;
        self.scale = 1.0;
    }

    /// Whether no correlation is positive.
    pub(super) fn is_silent(&self) -> bool {
        self.correlations.iter().all(|&c| c <= 0.0)
    }

    pub(super) fn neuron(&self, start: &Start) -> Neuron {
        let along = self.initial_share * self.initial_norm_sq + self.coefficients.dot(&self.initial);
        Neuron {
            correlations: self.correlations.as_slice().to_vec(),
            residual: (self.scale * self.initial_share).abs() * start.residual,
            norm_sq: self.norm_sq,
            overlap_init: self.scale * along,
        }
    }

    pub(super) fn weights(&self, dataset: &Dataset, start: &Start) -> Result<Vec<f64>> {
        let mut w = dataset.combine(self.coefficients.as_slice())?;
        let w0 = start.weights(dataset)?;
        w.iter_mut().zip(w0).for_each(|(w, w0)| *w = self.scale * (*w + self.initial_share * w0));
        Ok(w)
    }

    /// Everything, the pending scale and running sums as they are: `[3 + 2m]`.
    pub(super) fn snapshot(&self) -> Vec<f64> {
        let scalars = [self.scale, self.norm_sq, self.initial_share];
        [&scalars, self.correlations.as_slice(), self.coefficients.as_slice()].concat()
    }

    pub(super) fn restore(&mut self, values: &[f64]) -> Result<()> {
        let samples = self.correlations.len();
        expect("the reduced state", 3 + 2 * samples, values.len())?;
        (self.scale, self.norm_sq, self.initial_share) = (values[0], values[1], values[2]);
        self.correlations.copy_from_slice(&values[3..3 + samples]);
        self.coefficients.copy_from_slice(&values[3 + samples..]);
        Ok(())
    }
}

impl Coordinates for Gram {
    fn step(&mut self, batch: &[usize], step: Step) {
        let step_per_sample = step.per_sample;
        let Self { activation, correlations, phi, .. } = self;
        phi.clear();
        phi.extend(batch.iter().map(|&i| activation.apply(correlations[i])));
        let factor = 1.0 - step_per_sample * dot(phi, phi) - step.shrinkage();
        let pull = step_per_sample * (2.0 - self.norm_sq);
        self.scale *= factor;
        if !(factor > SMALLEST_FACTOR && self.scale > SMALLEST_SCALE) {
            self.fold();
        }
        let Self { correlations, coefficients, dataset, phi, scale, .. } = self;
        let gram = dataset.gram().expect("asked for at construction");
        let (mut shrink, arch) = (factor, Arch::new());
        for (&i, phi) in batch.iter().zip(&*phi) {
            coefficients[i] += pull * phi / *scale;
            let column = gram.column(i);
            // The first sample's pass also shrinks.
            arch.dispatch(ScaleAdd {
                values: correlations.as_mut_slice(),
                shrink,
                push: pull * phi,
                column: column.as_slice(),
            });
            shrink = 1.0;
        }
        let after = |(&i, phi): (&usize, &f64)| phi * (factor * phi + correlations[i]);
        let gained: f64 = batch.iter().zip(&*phi).map(after).sum();
        self.norm_sq = factor * factor * self.norm_sq + pull * gained;
    }

    fn norm_sq(&self) -> f64 {
        self.norm_sq
    }

    /// O(m²), where a step costs at least O(m).
    fn refresh_period(&self) -> u64 {
        256 * self.correlations.len() as u64
    }

    /// Recomputes `c` and `N` from the coefficients; what has faded away is set to 0 before it turns subnormal.
    fn refresh(&mut self) {
        self.fold();
        let fade = |value: &mut f64| *value = if value.abs() < NOTHING { 0.0 } else { *value };
        fade(&mut self.initial_share);
        self.coefficients.iter_mut().for_each(fade);
        self.correlations = self.dataset.gram().expect("asked for at construction") * &self.coefficients
            + &self.initial * self.initial_share;
        self.norm_sq = self.initial_share * self.initial_share * self.initial_norm_sq
            + self.initial_share * self.coefficients.dot(&self.initial)
            + self.coefficients.dot(&self.correlations);
    }
}

/// `values ← shrink · values + push · column`.
struct ScaleAdd<'a> {
    values: &'a mut [f64],
    shrink: f64,
    push: f64,
    column: &'a [f64],
}

impl WithSimd for ScaleAdd<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { values, shrink, push, column } = self;
        let (values, values_left) = S::as_mut_simd_f64s(values);
        let (column, column_left) = S::as_simd_f64s(column);
        let (shrinks, pushes) = (simd.splat_f64s(shrink), simd.splat_f64s(push));
        for (value, column) in values.iter_mut().zip(column) {
            *value = simd.add_f64s(simd.mul_f64s(shrinks, *value), simd.mul_f64s(pushes, *column));
        }
        for (value, column) in values_left.iter_mut().zip(column_left) {
            *value = shrink * *value + push * column;
        }
    }
}
