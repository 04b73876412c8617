//! Arbitrary data through its Gram matrix `K = A Aᵀ`: O(m b) a step, still free of `n`.
//!
//! A step keeps `w` in the form `w = γ w_0 + Σ_i α_i x_i`. With `C = Σ_{i∈B} φ_i²`, `f = 1 − η_B C`
//! and `p = η_B (2 − N)`:
//!
//! ```text
//! γ ← f γ,   α ← f α + p Σ_{i∈B} φ_i e_i,   c ← f c + p K[:, B] φ_B,   s ← f s
//! N ← f² N + 2 f p Σ_{i∈B} φ_i c_i + p² Σ_{i,j∈B} φ_i φ_j K_ij
//! ```

use nalgebra::DVector;

use super::Coordinates;
use crate::data::{Dataset, dot};
use crate::error::Result;
use crate::init::Start;
use crate::model::Activation;
use crate::state::Neuron;

pub(super) struct GramState {
    activation: Activation,
    dataset: Dataset,
    /// Correlations of the initial point, and its squared norm.
    initial: DVector<f64>,
    initial_norm_sq: f64,
    /// Correlations `c`, `[m]`.
    correlations: DVector<f64>,
    /// Coefficients `α` of the samples, `[m]`.
    alpha: DVector<f64>,
    /// Coefficient `γ` of the initial point.
    gamma: f64,
    norm_sq: f64,
    phi: Vec<f64>,
    until_refresh: usize,
}

impl GramState {
    /// Asks for the Gram matrix once, so that later steps may rely on it.
    pub(super) fn new(start: &Start, activation: Activation, dataset: &Dataset) -> Result<Self> {
        let samples = dataset.gram()?.nrows();
        let initial = DVector::from_column_slice(&start.correlations);
        Ok(Self {
            activation,
            alpha: DVector::zeros(samples),
            correlations: initial.clone(),
            initial,
            initial_norm_sq: start.norm_sq,
            dataset: dataset.clone(),
            gamma: 1.0,
            norm_sq: start.norm_sq,
            phi: Vec::new(),
            until_refresh: 0,
        })
    }

    /// Recomputes `c` and `N` from `(γ, α)`: O(m²), every 16 m steps.
    fn refresh(&mut self) {
        self.correlations = self.dataset.gram().expect("asked for at construction") * &self.alpha
            + &self.initial * self.gamma;
        self.norm_sq = self.gamma * self.gamma * self.initial_norm_sq
            + self.gamma * self.alpha.dot(&self.initial)
            + self.alpha.dot(&self.correlations);
        self.until_refresh = 16 * self.alpha.len();
    }

    pub(super) fn neuron(&self, start: &Start) -> Neuron {
        Neuron {
            correlations: self.correlations.as_slice().to_vec(),
            residual: self.gamma.abs() * start.residual,
            norm_sq: self.norm_sq,
            overlap_init: self.gamma * self.initial_norm_sq + self.alpha.dot(&self.initial),
        }
    }

    pub(super) fn weights(&self, dataset: &Dataset, start: &Start) -> Result<Vec<f64>> {
        let mut w = dataset.combine(self.alpha.as_slice())?;
        w.iter_mut().zip(start.weights(dataset)?).for_each(|(w, w0)| *w += self.gamma * w0);
        Ok(w)
    }
}

impl Coordinates for GramState {
    fn step(&mut self, batch: &[usize], step_per_sample: f64) {
        self.phi.clear();
        self.phi.extend(batch.iter().map(|&i| self.activation.apply(self.correlations[i])));
        let factor = 1.0 - step_per_sample * dot(&self.phi, &self.phi);
        let pull = step_per_sample * (2.0 - self.norm_sq);

        // φ_i c_i = φ_i² for both activations, so the cross term needs no extra pass.
        let cross = dot(&self.phi, &self.phi);
        let gram = self.dataset.gram().expect("asked for at construction");
        let mut square = 0.0;
        for (&i, phi_i) in batch.iter().zip(&self.phi) {
            for (&j, phi_j) in batch.iter().zip(&self.phi) {
                square += phi_i * phi_j * gram[(i, j)];
            }
        }
        self.norm_sq = factor * factor * self.norm_sq + 2.0 * factor * pull * cross + pull * pull * square;
        self.gamma *= factor;
        self.alpha *= factor;
        self.correlations *= factor;
        for (&i, phi) in batch.iter().zip(&self.phi) {
            self.alpha[i] += pull * phi;
            self.correlations.axpy(pull * phi, &gram.column(i), 1.0);
        }
        if self.until_refresh == 0 {
            self.refresh();
        }
        self.until_refresh -= 1;
    }

    fn norm_sq(&self) -> f64 {
        self.norm_sq
    }
}
