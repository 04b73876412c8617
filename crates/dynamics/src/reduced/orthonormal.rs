//! Orthonormal data: O(b) a step, whatever `m` and `n`.
//!
//! With `C = Σ_{i∈B} φ_i²`, weight decay `λ` and `f = 1 − η_B C − η λ`, one step is
//!
//! ```text
//! c_j ← f c_j + η_B (2 − N) φ_j   (j ∈ B, once for each time it occurs)
//! c_j ← f c_j                     (otherwise)
//! s   ← f s
//! ```
//!
//! All coordinates share the factor `f`, so they are stored as `c_j = g u_j`, `s = g v` with one global scale
//! `g ← f g`, and only the entries of the batch are touched.

use std::cell::Cell;

use pulp::Arch;

use super::singles::{Abreast, LANES, Rule, SMALLEST_FACTOR, SMALLEST_SCALE, Shared};
use super::{Coordinates, Step};
use crate::activation::Activation;
use crate::data::{Dataset, dot};
use crate::engine::{expect, is_blown_up};
use crate::error::Result;
use crate::init::Start;
use crate::state::Neuron;

/// Correlations fainter than this are set to 0 when the scale is folded in, before they turn subnormal.
pub(super) const NOTHING: f64 = 1e-290;

/// Correlations fainter than this do not enter the squared norm: their squares would be subnormal.
const FAINT: f64 = 1e-150;

pub(super) struct Orthonormal {
    activation: Activation,
    /// `u = c / g`, `[m]`.
    scaled: Vec<f64>,
    /// `v = s / g`: the residual, with the sign it has along its initial direction.
    residual: f64,
    shared: Shared<f64>,
    /// `φ / g` of the batch before the step, `[b]`.
    phi: Vec<f64>,
}

impl Orthonormal {
    pub(super) fn new(start: &Start, activation: Activation) -> Self {
        Self {
            activation,
            scaled: start.correlations.clone(),
            residual: start.residual,
            shared: Shared { scale: 1.0, norm_sq: start.norm_sq },
            phi: Vec::new(),
        }
    }

    fn rule(&self, step_size: f64) -> Rule {
        Rule { step_size, relu: self.activation == Activation::Relu }
    }

    /// Multiplies `total` into the coordinates; the scale starts afresh at 1.
    fn fold(&mut self, total: f64) {
        for u in &mut self.scaled {
            let c = total * *u;
            *u = if c.abs() < NOTHING { 0.0 } else { c };
        }
        self.residual *= total;
        self.shared.scale = 1.0;
    }

    /// `N`, summed afresh; the scale must be 1. Eight sums side by side, whatever the processor: one would wait for each
    /// of its additions.
    fn sum(&self) -> f64 {
        let energy = |c: f64| {
            let c = if c.abs() < FAINT { 0.0 } else { c };
            c * c
        };
        let (eights, rest) = self.scaled.as_chunks::<8>();
        let mut sums = [0.0; 8];
        for eight in eights {
            sums.iter_mut().zip(eight).for_each(|(sum, &c)| *sum += energy(c));
        }
        let rest: f64 = rest.iter().map(|&c| energy(c)).sum();
        sums.iter().sum::<f64>() + (rest + energy(self.residual))
    }

    /// Whether no correlation is positive; the scale is.
    pub(super) fn is_silent(&self) -> bool {
        self.scaled.iter().all(|&u| u <= 0.0)
    }

    fn correlations(&self) -> Vec<f64> {
        self.scaled.iter().map(|u| self.shared.scale * u).collect()
    }

    pub(super) fn neuron(&self, start: &Start) -> Neuron {
        seen(self.correlations(), self.shared.scale * self.residual, start)
    }

    pub(super) fn weights(&self, dataset: &Dataset, start: &Start) -> Result<Vec<f64>> {
        vector(&self.correlations(), self.shared.scale * self.residual, dataset, start)
    }

    /// Steps of one sample each, `samples[step][replica]`, of eight replicas; how many all of them took before
    /// one of them had to take the general step.
    pub(super) fn abreast(
        mut replicas: [&mut Self; LANES],
        samples: &[[usize; LANES]],
        step_size: f64,
        limits: &[f64; LANES],
    ) -> usize {
        let mut shared = Shared {
            scale: replicas.each_ref().map(|replica| replica.shared.scale),
            norm_sq: replicas.each_ref().map(|replica| replica.shared.norm_sq),
        };
        let rule = replicas[0].rule(step_size);
        let scaled =
            replicas.each_mut().map(|replica| Cell::from_mut(&mut *replica.scaled).as_slice_of_cells());
        let steps = Abreast { rule, shared: &mut shared, scaled, samples, limits };
        let taken = Arch::new().dispatch(steps);
        for (lane, replica) in replicas.iter_mut().enumerate() {
            replica.shared = Shared { scale: shared.scale[lane], norm_sq: shared.norm_sq[lane] };
        }
        taken
    }

    /// Everything, the pending scale and the running sum as they are: `[3 + m]`.
    pub(super) fn snapshot(&self) -> Vec<f64> {
        [&[self.shared.scale, self.shared.norm_sq, self.residual], &*self.scaled].concat()
    }

    pub(super) fn restore(&mut self, values: &[f64]) -> Result<()> {
        expect("the reduced state", 3 + self.scaled.len(), values.len())?;
        self.shared = Shared { scale: values[0], norm_sq: values[1] };
        self.residual = values[2];
        self.scaled.copy_from_slice(&values[3..]);
        Ok(())
    }
}

/// The neuron of correlations and a signed residual along that of the start.
pub(super) fn seen(correlations: Vec<f64>, residual: f64, start: &Start) -> Neuron {
    Neuron {
        residual: residual.abs(),
        norm_sq: dot(&correlations, &correlations) + residual * residual,
        overlap_init: dot(&correlations, &start.correlations) + residual * start.residual,
        correlations,
    }
}

/// `w = Σ c_i a_i + (s/s_0) (w_0 − Π w_0)`: the residual keeps its direction.
pub(super) fn vector(
    correlations: &[f64],
    residual: f64,
    dataset: &Dataset,
    start: &Start,
) -> Result<Vec<f64>> {
    let mut w = dataset.combine(correlations)?;
    if start.residual != 0.0 {
        let ratio = residual / start.residual;
        let along = dataset.residual(start.weights(dataset)?)?;
        w.iter_mut().zip(along).for_each(|(w, r)| *w += ratio * r);
    }
    Ok(w)
}

impl Coordinates for Orthonormal {
    fn step(&mut self, batch: &[usize], step: Step) {
        let step_per_sample = step.per_sample;
        let Shared { scale, norm_sq } = self.shared;
        self.phi.clear();
        self.phi.extend(batch.iter().map(|&i| self.activation.apply(self.scaled[i])));
        let energy = dot(&self.phi, &self.phi) * scale * scale;
        let factor = 1.0 - step_per_sample * energy - step.shrinkage();
        let next = factor * scale;
        if !(factor > SMALLEST_FACTOR && next > SMALLEST_SCALE) {
            self.fold(next);
            let pull = step_per_sample * (2.0 - norm_sq) * scale;
            for (&i, phi) in batch.iter().zip(&self.phi) {
                self.scaled[i] += pull * phi;
            }
            self.shared.norm_sq = self.sum();
            return;
        }
        // The division does not wait for N.
        let pull = step_per_sample / factor * (2.0 - norm_sq);
        let mut growth = 0.0;
        for (&i, phi) in batch.iter().zip(&self.phi) {
            let (before, change) = (self.scaled[i], pull * phi);
            self.scaled[i] = before + change;
            growth += change * (2.0 * before + change);
        }
        self.shared = Shared { scale: next, norm_sq: factor * factor * norm_sq + next * next * growth };
    }

    fn norm_sq(&self) -> f64 {
        self.shared.norm_sq
    }

    /// An O(m) pass: a 64th of an entry a step. Measured at m = 100 to 10⁴, that is 0.15 to 0.25 % of the steps of one
    /// replica, and 0.3 to 0.6 % of steps taken abreast.
    fn refresh_period(&self) -> u64 {
        (64 * self.scaled.len() as u64).max(4096)
    }

    fn refresh(&mut self) {
        self.fold(self.shared.scale);
        self.shared.norm_sq = self.sum();
    }

    fn walk(&mut self, samples: &[usize], step: Step, limit: f64) -> usize {
        debug_assert!(step.decay == 0.0, "one sample at a time, steps are plain");
        let rule = self.rule(step.per_sample);
        let mut taken = 0;
        while taken < samples.len() {
            taken += rule.alone(&mut self.shared, &mut self.scaled, &samples[taken..], limit);
            if taken < samples.len() {
                self.step(&samples[taken..=taken], step);
                taken += 1;
                if is_blown_up(self.norm_sq(), limit) {
                    break;
                }
            }
        }
        taken
    }
}
