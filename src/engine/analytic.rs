//! The hand-derived gradient as tensor operations, all replicas of the single neuron at once.

use burn::tensor::Tensor;

use super::{Engine, blow_up, is_blown_up};
use crate::data::dot;
use crate::device::{Compute, to_host};
use crate::error::Result;
use crate::init::Start;
use crate::model::Activation;
use crate::problem::Problem;
use crate::schedule::{BatchStream, Schedule};
use crate::state::Neuron;

/// `R` single neurons side by side, `W: [R, n]`.
pub struct Analytic {
    problem: Problem,
    compute: Compute,
    rows: Tensor<2>,
    weights: Tensor<2>,
    step_per_sample: f64,
    /// One for all under full-batch and cyclic schedules, else one a replica.
    streams: Vec<BatchStream>,
    starts: Vec<Vec<f64>>,
    diverged_at: Vec<Option<u64>>,
}

/// `Σ_{i∈B} ∇ℓ_i(w) = (Σ_{i∈B} φ_i²) w + (N − 2) Σ_{i∈B} φ_i x_i` for `R` neurons (it holds
/// for samples of any norm, because `‖x‖` only enters the part of the loss that `w` does not).
///
/// # Shapes
/// - `w`: `[R, n]`, `c`: correlations with the batch `[R, b]`
/// - `combine`: maps `φ` `[R, b]` to `Σ_{i∈B} φ_i x_i` `[R, n]`
/// - returns: `[R, n]`
pub fn batch_gradient(
    w: Tensor<2>,
    c: Tensor<2>,
    activation: Activation,
    combine: impl FnOnce(Tensor<2>) -> Tensor<2>,
) -> Tensor<2> {
    let phi = activation.forward(c);
    let energy = (phi.clone() * phi.clone()).sum_dim(1);
    let norm_sq = (w.clone() * w.clone()).sum_dim(1);
    w * energy + combine(phi) * (norm_sq - 2.0)
}

impl Analytic {
    /// Replicas `first, first + 1, …`, one a start.
    ///
    /// # Errors
    /// [`Error::ImplicitData`](crate::Error::ImplicitData) over data that was not materialised.
    pub fn new(
        problem: &Problem,
        schedule: &Schedule,
        starts: &[Start],
        first: u64,
        compute: &Compute,
    ) -> Result<Self> {
        let dataset = problem.dataset();
        let starts: Vec<Vec<f64>> =
            starts.iter().map(|start| Ok(start.weights(dataset)?.to_vec())).collect::<Result<_>>()?;
        let streams = if schedule.is_deterministic() { 1 } else { starts.len() as u64 };
        Ok(Self {
            rows: compute.tensor(dataset.rows()?, [dataset.samples(), dataset.dim()]),
            weights: compute.tensor(&starts.concat(), [starts.len(), dataset.dim()]),
            step_per_sample: problem.step_per_sample(schedule.batch_size()),
            diverged_at: vec![None; starts.len()],
            problem: problem.clone(),
            compute: compute.clone(),
            streams: (first..first + streams).map(|replica| schedule.stream(replica)).collect(),
            starts,
        })
    }

    /// `Σ_{i∈B} ∇ℓ_i` of every replica on its next batch, `[R, n]`.
    fn next_gradient(&mut self) -> Tensor<2> {
        let (w, activation) = (self.weights.clone(), self.problem.activation());
        let [replicas, dim] = w.dims();
        match self.streams.as_mut_slice() {
            [shared] => {
                let batch = shared.next_batch();
                let x = if batch.len() == self.problem.dataset().samples() {
                    self.rows.clone()
                } else {
                    self.rows.clone().select(0, self.compute.indices(batch))
                };
                let c = w.clone().matmul(x.clone().transpose());
                batch_gradient(w, c, activation, |phi| phi.matmul(x))
            }
            streams => {
                let indices: Vec<usize> =
                    streams.iter_mut().flat_map(|stream| stream.next_batch().to_vec()).collect();
                let batch = indices.len() / replicas;
                let x = self.rows.clone().select(0, self.compute.indices(&indices));
                let x = x.reshape([replicas, batch, dim]);
                let c = x.clone().matmul(w.clone().reshape([replicas, dim, 1])).reshape([replicas, batch]);
                batch_gradient(w, c, activation, |phi| {
                    phi.reshape([replicas, 1, batch]).matmul(x).reshape([replicas, dim])
                })
            }
        }
    }

    fn watch_norms(&mut self) {
        let step = self.steps_taken();
        let norms = to_host((self.weights.clone() * self.weights.clone()).sum_dim(1));
        for ((diverged_at, norm_sq), w0) in self.diverged_at.iter_mut().zip(norms).zip(&self.starts) {
            if diverged_at.is_none() && is_blown_up(norm_sq, blow_up(dot(w0, w0))) {
                *diverged_at = Some(step);
            }
        }
    }

    fn weights_of(&self, replica: usize) -> Vec<f64> {
        to_host(self.weights.clone().narrow(0, replica, 1))
    }
}

impl Engine for Analytic {
    fn replicas(&self) -> usize {
        self.starts.len()
    }

    fn steps_taken(&self) -> u64 {
        self.streams.first().map_or(0, BatchStream::step)
    }

    fn advance(&mut self, steps: u64) {
        for _ in 0..steps {
            let gradient = self.next_gradient();
            self.weights = self.weights.clone() - gradient * self.step_per_sample;
            self.watch_norms();
        }
    }

    fn diverged_at(&self, replica: usize) -> Option<u64> {
        self.diverged_at[replica]
    }

    fn neurons(&self, replica: usize) -> Vec<Neuron> {
        let (dataset, w) = (self.problem.dataset(), self.weights_of(replica));
        vec![Neuron::observe(dataset, &w, &self.starts[replica]).expect("checked at construction")]
    }

    fn loss(&self, replica: usize) -> f64 {
        self.problem.single_neuron_loss(&self.neurons(replica)[0])
    }

    fn weights(&self, replica: usize) -> Result<Vec<f64>> {
        Ok(self.weights_of(replica))
    }

    fn position(&self, replica: usize) -> Vec<f64> {
        self.weights_of(replica)
    }

    fn is_dead(&self, replica: usize) -> bool {
        self.problem.activation() == Activation::Relu && self.neurons(replica)[0].is_silent()
    }
}
