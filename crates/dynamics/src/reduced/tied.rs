//! Several neurons with tied weights, `x ↦ Wᵀφ(W x)`, linear or ReLU, over orthonormal data, in the coordinates of the data.
//!
//! Let `c_i = W a_i`, `h_i = φ(c_i)`, `D_i = diag φ'(c_i)`, `G = WWᵀ` and `F = I − η_B Σ_{i∈B} h_i h_iᵀ`. The loss `½‖a_i − Wᵀh_i‖²` has the gradient
//! `h_i h_iᵀ W − (h_i + D_i (c_i − G h_i)) a_iᵀ`, and `D_i c_i = h_i`, so a step on the samples of `B` is
//!
//! ```text
//! c_j ← F c_j + η_B (2h_j − D_j G h_j)   (j ∈ B; the second part once for each time it occurs)
//! c_j ← F c_j                            (otherwise)
//! R   ← F R                              (R = W − Σ c_i a_iᵀ, what lies outside the span)
//! ```
//!
//! `R` moves as samples do that are never drawn. The rows of `R_0` span at most `k` dimensions, so in an orthonormal basis of them `R` is `k` more columns at
//! most, and `G` the sum of `c cᵀ` over all columns: a step costs `O(k² (m + k))`, whatever `n` is.

use nalgebra::DMatrix;

use crate::activation::Activation;
use crate::data::Dataset;
use crate::engine::expect;
use crate::error::{Error, Result};
use crate::limits;
use crate::schedule::{BatchStream, Schedule};

/// `k` tied neurons, linear or ReLU, on `m` orthonormal samples in reduced coordinates, under the sum of the gradients of a batch times `η_B`; f64.
#[derive(Debug)]
pub struct TiedLayer {
    neurons: usize,
    samples: usize,
    /// `c_1 … c_m`, then the columns of `R`, `k` numbers each.
    columns: Vec<f64>,
    /// Orthonormal rows in which `R` has its columns, `[r, n]`, row-major; empty where that was never said.
    outside: Vec<f64>,
    activation: Activation,
    step_per_sample: f64,
    batches: BatchStream,
    /// `G`, `Σ_{i∈B} h_i h_iᵀ`, both `[k, k]`, and `η_B (2h_i − D_i G h_i)` for the samples of the batch, `[b, k]`.
    gram: Vec<f64>,
    scatter: Vec<f64>,
    pulls: Vec<f64>,
    hidden: Vec<f64>,
}

impl TiedLayer {
    /// The layer at `C = (c_1 … c_m)`, `[k, m]`, with columns of `R` after it if there are any, `[k, m + r]`; batches of one replica of the schedule.
    ///
    /// # Errors
    /// [`Error::NoFormula`] for another activation; [`Error::Length`] if there are fewer columns than samples; [`Error::Empty`] without neurons; [`Error::StepSize`] unless `η_B` is positive and finite.
    pub fn new(
        columns: &DMatrix<f64>,
        activation: Activation,
        schedule: &Schedule,
        step_per_sample: f64,
        replica: u64,
    ) -> Result<Self> {
        if !activation.has_unit_slope() {
            return Err(Error::NoFormula {
                engine: "reduced",
                what: format!("activation {}", activation.name()),
            });
        }
        let (neurons, samples) = (columns.nrows(), schedule.samples());
        if neurons == 0 {
            return Err(Error::Empty { what: "the number of neurons", got: 0 });
        }
        if columns.ncols() < samples {
            return Err(Error::Length { what: "the correlations", expected: samples, got: columns.ncols() });
        }
        if !(step_per_sample > 0.0 && step_per_sample.is_finite()) {
            return Err(Error::StepSize(step_per_sample));
        }
        let entries = limits::entries("the weights of a layer", neurons, neurons)?;
        Ok(Self {
            neurons,
            samples,
            columns: columns.as_slice().to_vec(),
            outside: Vec::new(),
            activation,
            step_per_sample,
            batches: schedule.stream(replica),
            gram: vec![0.0; entries],
            scatter: vec![0.0; entries],
            pulls: vec![0.0; neurons * schedule.batch_size()],
            hidden: vec![0.0; neurons],
        })
    }

    /// The layer at weights `W`, `[k, n]`, row-major.
    ///
    /// # Errors
    /// As [`new`](Self::new); [`Error::Length`] unless there are whole rows; [`Error::ImplicitData`]; [`Error::NotOrthonormal`].
    pub fn from_weights(
        dataset: &Dataset,
        weights: &[f64],
        activation: Activation,
        schedule: &Schedule,
        step_per_sample: f64,
        replica: u64,
    ) -> Result<Self> {
        dataset.require_orthonormal()?;
        let (samples, dim) = (dataset.samples(), dataset.dim());
        expect("the weights", weights.len().div_ceil(dim) * dim, weights.len())?;
        let rows = || weights.chunks_exact(dim);
        let correlations = rows().map(|w| dataset.correlations(w)).collect::<Result<Vec<_>>>()?;
        let residuals = rows().map(|w| dataset.residual(w)).collect::<Result<Vec<_>>>()?;
        // Rᵀ = Q T, so that R = Tᵀ Qᵀ; where the samples span everything there is nothing outside.
        let outside = if samples < dim { correlations.len() } else { 0 };
        let residuals = DMatrix::from_fn(dim, outside, |j, neuron| residuals[neuron][j]);
        let (q, t) = residuals.qr().unpack();
        let columns = DMatrix::from_fn(correlations.len(), samples + t.nrows(), |neuron, j| {
            if j < samples { correlations[neuron][j] } else { t[(j - samples, neuron)] }
        });
        let layer = Self::new(&columns, activation, schedule, step_per_sample, replica)?;
        Ok(Self { outside: q.as_slice().to_vec(), ..layer })
    }

    /// Takes `steps` steps.
    pub fn advance(&mut self, steps: u64) {
        // Of the smallest layers the compiler unrolls a step.
        for _ in 0..steps {
            match self.neurons {
                1 => self.step(1),
                2 => self.step(2),
                3 => self.step(3),
                4 => self.step(4),
                neurons => self.step(neurons),
            }
        }
    }

    /// Steps taken.
    pub fn steps_taken(&self) -> u64 {
        self.batches.step()
    }

    /// Correlations `C`, `[k, m]`.
    pub fn correlations(&self) -> DMatrix<f64> {
        DMatrix::from_column_slice(self.neurons, self.samples, &self.columns[..self.neurons * self.samples])
    }

    /// What the layer makes of the samples, and of unit vectors outside their span, in the basis of these, `[m + r, m + r]`, a column each; `WᵀW` of linear neurons.
    pub fn map(&self) -> DMatrix<f64> {
        let columns =
            DMatrix::from_column_slice(self.neurons, self.columns.len() / self.neurons, &self.columns);
        let hidden = columns.map(|c| self.activation.apply(c));
        columns.transpose() * hidden
    }

    /// Weights `W`, `[k, n]`, row-major.
    ///
    /// # Errors
    /// [`Error::ImplicitData`]; [`Error::Length`] if the layer has columns outside the span and was not made from weights.
    pub fn weights(&self, dataset: &Dataset) -> Result<Vec<f64>> {
        let (k, dim) = (self.neurons, dataset.dim());
        let outside = self.columns.len() / k - self.samples;
        expect("the basis of the residual", outside * dim, self.outside.len())?;
        let mut weights = Vec::with_capacity(k * dim);
        for neuron in 0..k {
            let row: Vec<f64> = self.columns.iter().skip(neuron).step_by(k).copied().collect();
            let mut w = dataset.combine(&row[..self.samples])?;
            for (entry, direction) in row[self.samples..].iter().zip(self.outside.chunks_exact(dim)) {
                w.iter_mut().zip(direction).for_each(|(w, u)| *w += entry * u);
            }
            weights.extend(w);
        }
        Ok(weights)
    }

    /// Training loss over all samples, `(1/2m) Σ_i ‖a_i − Wᵀφ(W a_i)‖²`.
    pub fn loss(&self) -> f64 {
        let map = self.map();
        let distances = (0..self.samples).map(|i| {
            let column = map.column(i);
            column.norm_squared() - 2.0 * column[i] + 1.0
        });
        distances.sum::<f64>() / (2 * self.samples) as f64
    }

    #[inline(always)]
    fn step(&mut self, k: usize) {
        let (step, is_linear) = (self.step_per_sample, self.activation == Activation::Linear);
        let (gram, scatter) = (&mut self.gram[..k * k], &mut self.scatter[..k * k]);
        gram.fill(0.0);
        self.columns.chunks_exact(k).for_each(|c| add_square(gram, c, k));
        scatter.fill(0.0);
        let batch = self.batches.next_batch();
        let hidden = &mut self.hidden[..k];
        for (&i, pull) in batch.iter().zip(self.pulls.chunks_exact_mut(k)) {
            let c = &self.columns[i * k..][..k];
            (0..k).for_each(|r| hidden[r] = if is_linear || c[r] > 0.0 { c[r] } else { 0.0 });
            add_square(scatter, hidden, k);
            for r in 0..k {
                let pulled = step * (2.0 * hidden[r] - dot(&gram[r * k..][..k], hidden));
                pull[r] = if is_linear || c[r] > 0.0 { pulled } else { 0.0 };
            }
        }
        scatter.iter_mut().for_each(|entry| *entry *= step);
        // What `F` makes of `c` is needed whole before `c` changes; `G` is needed no more.
        let moves = &mut gram[..k];
        for c in self.columns.chunks_exact_mut(k) {
            (0..k).for_each(|r| moves[r] = dot(&scatter[r * k..][..k], c));
            (0..k).for_each(|r| c[r] -= moves[r]);
        }
        for (&i, pull) in batch.iter().zip(self.pulls.chunks_exact(k)) {
            self.columns[i * k..][..k].iter_mut().zip(pull).for_each(|(c, pull)| *c += pull);
        }
    }
}

/// Adds `c cᵀ` to a matrix `[k, k]`.
#[inline(always)]
fn add_square(matrix: &mut [f64], c: &[f64], k: usize) {
    for r in 0..k {
        (0..k).for_each(|s| matrix[r * k + s] += c[r] * c[s]);
    }
}

#[inline(always)]
fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activation::Activation;
    use crate::engine::Engine;
    use crate::init::{Rows, Start};
    use crate::problem::{Problem, Reduction};
    use crate::reduced::Reduced;
    use crate::schedule::ScheduleKind;

    #[test]
    fn one_neuron_is_the_reduced_engine() {
        let data = Dataset::orthonormal(5, 8, 3).unwrap();
        let start = Start::gaussian(&data, 0.6, 4, 2).unwrap();
        let schedules = [(ScheduleKind::Sgd, 2), (ScheduleKind::Gd, 5), (ScheduleKind::Replacement, 3)];
        for ((kind, batch), activation) in
            schedules.into_iter().flat_map(|s| Activation::PAPER.map(|a| (s, a)))
        {
            let problem = Problem::new(data.clone(), activation, Reduction::Mean, 0.3).unwrap();
            let schedule = Schedule::new(kind, 5, Some(batch), 6).unwrap();
            let mut engine = Reduced::new(&problem, &schedule, std::slice::from_ref(&start), 2).unwrap();
            let weights = start.weights(&data).unwrap();
            let mut layer =
                TiedLayer::from_weights(&data, weights, activation, &schedule, 0.3 / batch as f64, 2)
                    .unwrap();
            for _ in 0..300 {
                engine.advance(1);
                layer.advance(1);
                let (ours, theirs) = (layer.weights(&data).unwrap(), engine.weights(0).unwrap());
                let apart = ours.iter().zip(&theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
                assert!(apart < 1e-13, "{kind:?}: {apart:e}");
                assert!((layer.loss() - engine.loss(0)).abs() < 1e-13);
            }
        }
    }

    #[test]
    fn columns_alone_walk_as_weights_do() {
        // Three neurons, one dimension outside the span and none; cut into other calls.
        for (m, n) in [(6, 7), (6, 6)] {
            let data = Dataset::orthonormal(m, n, 5).unwrap();
            let mut rows = Rows::new(0.4, 2, 0).unwrap();
            let weights: Vec<f64> = (0..3).flat_map(|_| rows.draw(n)).collect();
            let schedule = Schedule::sgd(m, 4, 9).unwrap();
            let mut whole =
                TiedLayer::from_weights(&data, &weights, Activation::Linear, &schedule, 0.1, 1).unwrap();
            let columns = DMatrix::from_column_slice(3, whole.columns.len() / 3, &whole.columns);
            let mut bare = TiedLayer::new(&columns, Activation::Linear, &schedule, 0.1, 1).unwrap();
            let back = whole.weights(&data).unwrap();
            assert!(back.iter().zip(&weights).all(|(a, b)| (a - b).abs() < 1e-15));
            whole.advance(50);
            bare.advance(23);
            bare.advance(27);
            assert_eq!((whole.correlations(), whole.steps_taken()), (bare.correlations(), 50));
            assert!(bare.weights(&data).is_err() == (m < n));
            // The loss from the vectors themselves.
            let w = DMatrix::from_row_slice(3, n, &whole.weights(&data).unwrap());
            let map = w.transpose() * w;
            let x = DMatrix::from_row_slice(m, n, data.rows().unwrap());
            let loss = (&x - &x * map).norm_squared() / (2 * m) as f64;
            assert!((loss - whole.loss()).abs() < 1e-14, "{loss} {}", whole.loss());
        }
    }

    #[test]
    fn three_neurons_of_relu_can_rest_impure() {
        // (1, 1, −1)/√2 and its rotations say (1, 0, 1)/√2 of the first sample: every sample is reconstructed, and every neuron is active on two.
        let half = 0.5f64.sqrt();
        let columns = DMatrix::from_fn(3, 3, |k, i| if (i + 3 - k) % 3 == 2 { -half } else { half });
        let schedule = Schedule::sgd(3, 2, 1).unwrap();
        for (activation, rests) in [(Activation::Relu, true), (Activation::Linear, false)] {
            let mut layer = TiedLayer::new(&columns, activation, &schedule, 0.2, 0).unwrap();
            let map = layer.map() - DMatrix::identity(3, 3);
            layer.advance(100);
            let moved = (layer.correlations() - &columns).amax();
            assert!((map.amax() < 1e-15 && moved < 1e-13) == rests, "{activation:?}: {map} {moved:e}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        let schedule = Schedule::sgd(4, 1, 1).unwrap();
        let layer = |columns: &DMatrix<f64>, step| {
            TiedLayer::new(columns, Activation::Linear, &schedule, step, 0).err().map(|e| e.to_string())
        };
        assert!(layer(&DMatrix::zeros(2, 3), 0.1).unwrap().contains("3"));
        assert!(layer(&DMatrix::zeros(0, 4), 0.1).unwrap().contains("neurons"));
        assert!(
            layer(&DMatrix::zeros(2, 4), f64::NAN).is_some() && layer(&DMatrix::zeros(2, 4), 0.1).is_none()
        );
        let data = Dataset::orthonormal(4, 6, 1).unwrap();
        let linear = Activation::Linear;
        assert!(TiedLayer::from_weights(&data, &[0.1; 13], linear, &schedule, 0.1, 0).is_err());
        let refused = TiedLayer::new(&DMatrix::zeros(2, 4), Activation::Tanh, &schedule, 0.1, 0).unwrap_err();
        assert!(refused.to_string().contains("activation tanh"), "{refused}");
    }
}
