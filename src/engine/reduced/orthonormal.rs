//! Orthonormal data: O(b) a step, whatever `m` and `n`.
//!
//! With `C = Σ_{i∈B} φ_i²` and `f = 1 − η_B C`, one step is
//!
//! ```text
//! c_j ← f c_j + η_B (2 − N) φ_j   (j ∈ B, once for each time it occurs)
//! c_j ← f c_j                     (otherwise)
//! s   ← f s
//! ```
//!
//! All coordinates share the factor `f`, so they are stored as `c_j = g u_j` with one global scale
//! `g ← f g`, and only the entries of the batch are touched.

use super::super::is_blown_up;
use super::Coordinates;
use crate::data::{Dataset, dot};
use crate::error::Result;
use crate::init::Start;
use crate::model::Activation;
use crate::state::Neuron;

/// Below this the scale, or one step's factor, is folded back into the coordinates.
const SMALLEST_SCALE: f64 = 1e-100;
const SMALLEST_FACTOR: f64 = 1e-3;

pub(super) struct OrthonormalState {
    activation: Activation,
    /// `u = c / g`, `[m]`.
    scaled: Vec<f64>,
    /// Global scale `g`.
    scale: f64,
    /// Residual with the sign it has along its initial direction.
    residual: f64,
    norm_sq: f64,
    /// `φ` of the batch before the step, `[b]`.
    phi: Vec<f64>,
    /// Steps until `N` is summed afresh and the scale folded in.
    until_refresh: usize,
}

impl OrthonormalState {
    pub(super) fn new(start: &Start, activation: Activation) -> Self {
        Self {
            activation,
            scaled: start.correlations.clone(),
            scale: 1.0,
            residual: start.residual,
            norm_sq: start.norm_sq,
            phi: Vec::new(),
            until_refresh: 0,
        }
    }

    /// Steps between refreshes: the O(m) pass costs at most a quarter of an entry a step, and the
    /// running sum `N` never gathers more than a few thousand roundings.
    fn refresh_period(&self) -> usize {
        (4 * self.scaled.len()).max(1024)
    }

    /// Multiplies the pending factor `f g` into the coordinates; the scale starts afresh at 1.
    fn fold(&mut self, factor: f64) {
        let total = factor * self.scale;
        self.scaled.iter_mut().for_each(|u| *u *= total);
        self.scale = 1.0;
        self.until_refresh = self.refresh_period();
    }

    fn correlation(&self, i: usize) -> f64 {
        self.scale * self.scaled[i]
    }

    pub(super) fn neuron(&self, start: &Start) -> Neuron {
        let correlations: Vec<f64> = (0..self.scaled.len()).map(|i| self.correlation(i)).collect();
        Neuron {
            residual: self.residual.abs(),
            norm_sq: dot(&correlations, &correlations) + self.residual * self.residual,
            overlap_init: dot(&correlations, &start.correlations) + self.residual * start.residual,
            correlations,
        }
    }

    /// `w = Σ c_i a_i + (s/s_0) (w_0 − Π w_0)`: the residual keeps its direction.
    pub(super) fn weights(&self, dataset: &Dataset, start: &Start) -> Result<Vec<f64>> {
        let correlations: Vec<f64> = (0..self.scaled.len()).map(|i| self.correlation(i)).collect();
        let mut w = dataset.combine(&correlations)?;
        if start.residual != 0.0 {
            let ratio = self.residual / start.residual;
            let residual = dataset.residual(start.weights(dataset)?)?;
            w.iter_mut().zip(residual).for_each(|(w, r)| *w += ratio * r);
        }
        Ok(w)
    }
}

impl Coordinates for OrthonormalState {
    #[inline]
    fn step(&mut self, batch: &[usize], step_per_sample: f64) {
        let mut energy = 0.0;
        self.phi.resize(batch.len(), 0.0);
        for (slot, &i) in self.phi.iter_mut().zip(batch) {
            *slot = self.activation.apply(self.scale * self.scaled[i]);
            energy += *slot * *slot;
        }
        let factor = 1.0 - step_per_sample * energy;
        let pull = step_per_sample * (2.0 - self.norm_sq);
        self.residual *= factor;

        let next_scale = factor * self.scale;
        let refresh =
            self.until_refresh == 0 || factor.abs() < SMALLEST_FACTOR || next_scale.abs() < SMALLEST_SCALE;
        if refresh {
            self.fold(factor);
            for (&i, phi) in batch.iter().zip(&self.phi) {
                self.scaled[i] += pull * phi;
            }
            self.norm_sq = dot(&self.scaled, &self.scaled) + self.residual * self.residual;
            return;
        }
        self.until_refresh -= 1;
        let scaled_pull = pull / next_scale;
        let mut growth = 0.0;
        for (&i, phi) in batch.iter().zip(&self.phi) {
            let (before, change) = (self.scaled[i], scaled_pull * phi);
            self.scaled[i] = before + change;
            growth += change * (2.0 * before + change);
        }
        self.scale = next_scale;
        self.norm_sq = factor * factor * self.norm_sq + next_scale * next_scale * growth;
    }

    fn norm_sq(&self) -> f64 {
        self.norm_sq
    }

    /// The same steps for `b = 1`, with all but the entry itself in registers and the division off
    /// the path from one step to the next.
    fn walk(&mut self, samples: &[usize], step_per_sample: f64, limit: f64) -> usize {
        let Self { activation, scaled, scale, residual, norm_sq, .. } = self;
        let (activation, mut g, mut s, mut n) = (*activation, *scale, *residual, *norm_sq);
        // A pending refresh takes the general path below.
        let safe = samples.len().min(self.until_refresh);
        let mut taken = 0;
        for &i in &samples[..safe] {
            let u = scaled[i];
            let c = g * u;
            let phi = activation.apply(c);
            let f = 1.0 - step_per_sample * phi * phi;
            let next = f * g;
            if f.abs() < SMALLEST_FACTOR || next.abs() < SMALLEST_SCALE {
                break;
            }
            let push = step_per_sample * (2.0 - n) * phi;
            scaled[i] = u + push / next;
            n = f * f * n + push * (2.0 * f * c + push);
            s *= f;
            g = next;
            taken += 1;
            if is_blown_up(n, limit) {
                break;
            }
        }
        (self.scale, self.residual, self.norm_sq) = (g, s, n);
        self.until_refresh -= taken;
        if taken == samples.len() || is_blown_up(n, limit) {
            return taken;
        }
        // One general step, which refreshes, then on.
        self.step(&samples[taken..=taken], step_per_sample);
        taken += 1;
        if is_blown_up(self.norm_sq, limit) {
            return taken;
        }
        taken + self.walk(&samples[taken..], step_per_sample, limit)
    }
}
