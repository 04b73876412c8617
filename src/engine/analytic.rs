//! The hand-derived gradient as tensor operations, all replicas of the single neuron at once.
//!
//! Weights, data and the batches of a whole chunk of steps stay on the device. Once a chunk the host uploads indices
//! and reads `R` squared norms, to notice divergence; nothing else moves unless somebody looks.

use std::cell::OnceCell;

use burn::tensor::{Int, Tensor};

use super::{CHUNK, Engine, blow_up, chunks, is_blown_up};
use crate::data::dot;
use crate::device::{Compute, to_host};
use crate::error::{Error, Result};
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
    /// The weights as last read, `[R, n]` row-major: however many replicas are looked at, one download.
    seen: OnceCell<Vec<f64>>,
    step_per_sample: f64,
    /// One for all under full-batch and cyclic schedules, else one a replica.
    streams: Vec<BatchStream>,
    starts: Vec<Vec<f64>>,
    diverged_at: Vec<Option<u64>>,
}

/// Most indices uploaded at once.
const MOST_INDICES: u64 = 1 << 22;

/// The batches of a chunk of steps, on the device.
enum Batches {
    /// All samples at every step.
    Full,
    /// One batch a step for all replicas, `[K b]`.
    Shared(Tensor<1, Int>),
    /// One a step and replica, `[K R b]`.
    Own(Tensor<1, Int>),
}

/// One step `w − η_B Σ_{i∈B} ∇ℓ_i(w)` of `R` neurons, with `Σ ∇ℓ_i = (Σ φ_i²) w + (N − 2) Σ φ_i x_i`; it holds for
/// samples of any norm, because `‖x‖` only enters the part of the loss that `w` does not.
///
/// Written as `(1 − η_B Σ φ_i²) w + Σ η_B (2 − N) φ_i x_i`, so that `[R, n]` is walked through as few times as
/// there are.
///
/// # Shapes
/// - `w`: `[R, n]`, `c`: correlations with the batch `[R, b]`
/// - `combine`: maps weights `[R, b]` to the sum of the batch's samples with them, `[R, n]`
/// - returns: `[R, n]`
pub fn batch_step(
    w: Tensor<2>,
    c: Tensor<2>,
    activation: Activation,
    step_per_sample: f64,
    combine: impl FnOnce(Tensor<2>) -> Tensor<2>,
) -> Tensor<2> {
    let phi = activation.forward(c);
    let shrink = (phi.clone() * phi.clone()).sum_dim(1) * -step_per_sample + 1.0;
    let norm_sq = (w.clone() * w.clone()).sum_dim(1);
    let pull = norm_sq * -step_per_sample + 2.0 * step_per_sample;
    w * shrink + combine(phi * pull)
}

impl Analytic {
    /// Replicas `first, first + 1, …`, one a start.
    ///
    /// # Errors
    /// [`Error::Empty`] without starts; [`Error::ImplicitData`] over data that was not materialised.
    pub fn new(
        problem: &Problem,
        schedule: &Schedule,
        starts: &[Start],
        first: u64,
        compute: &Compute,
    ) -> Result<Self> {
        let dataset = problem.dataset();
        if starts.is_empty() {
            return Err(Error::Empty { what: "the number of replicas", got: 0 });
        }
        let starts: Vec<Vec<f64>> =
            starts.iter().map(|start| Ok(start.weights(dataset)?.to_vec())).collect::<Result<_>>()?;
        let streams = if schedule.is_deterministic() { 1 } else { starts.len() as u64 };
        Ok(Self {
            rows: compute.tensor(dataset.rows()?, [dataset.samples(), dataset.dim()]),
            weights: compute.tensor(&starts.concat(), [starts.len(), dataset.dim()]),
            seen: OnceCell::new(),
            step_per_sample: problem.step_per_sample(schedule.batch_size()),
            diverged_at: vec![None; starts.len()],
            problem: problem.clone(),
            compute: compute.clone(),
            streams: (first..first + streams).map(|replica| schedule.stream(replica)).collect(),
            starts,
        })
    }

    /// Steps taken with one upload of indices.
    fn chunk(&self) -> u64 {
        (MOST_INDICES / (self.streams.len() * self.batch()) as u64).clamp(1, CHUNK)
    }

    fn batch(&self) -> usize {
        self.streams[0].schedule().batch_size()
    }

    /// Draws the batches of the next steps and uploads them.
    fn draw(&mut self, steps: u64) -> Batches {
        let schedule = self.streams[0].schedule();
        if schedule.is_full_batch() {
            let next = self.steps_taken() + steps;
            self.streams[0].seek(next);
            return Batches::Full;
        }
        let shared = schedule.is_deterministic();
        let mut indices = Vec::with_capacity(steps as usize * self.streams.len() * self.batch());
        for _ in 0..steps {
            self.streams.iter_mut().for_each(|stream| indices.extend_from_slice(stream.next_batch()));
        }
        let indices = self.compute.indices(&indices);
        if shared { Batches::Shared(indices) } else { Batches::Own(indices) }
    }

    /// One step of every replica: the `k`-th of a chunk.
    fn step(&mut self, batches: &Batches, k: u64) {
        let (w, activation, b) = (self.weights.clone(), self.problem.activation(), self.batch());
        let [replicas, dim] = w.dims();
        let of_step = |indices: &Tensor<1, Int>, a_step: usize| {
            self.rows.clone().select(0, indices.clone().narrow(0, k as usize * a_step, a_step))
        };
        let eta = self.step_per_sample;
        let shared = |w: Tensor<2>, x: Tensor<2>| {
            let c = w.clone().matmul(x.clone().transpose());
            batch_step(w, c, activation, eta, |weights| weights.matmul(x))
        };
        self.weights = match batches {
            Batches::Full => shared(w, self.rows.clone()),
            Batches::Shared(indices) => shared(w, of_step(indices, b)),
            // A sample each: row by row, where a product of matrices would be R products of vectors.
            Batches::Own(indices) if b == 1 => {
                let x = of_step(indices, replicas);
                let c = (x.clone() * w.clone()).sum_dim(1);
                batch_step(w, c, activation, eta, |weights| x * weights)
            }
            Batches::Own(indices) => {
                let x = of_step(indices, replicas * b).reshape([replicas, b, dim]);
                let c = x.clone().matmul(w.clone().reshape([replicas, dim, 1])).reshape([replicas, b]);
                batch_step(w, c, activation, eta, |weights| {
                    weights.reshape([replicas, 1, b]).matmul(x).reshape([replicas, dim])
                })
            }
        };
    }

    /// Replicas, not known to have diverged, whose norm is beyond its limit.
    fn blown_up(&self) -> Vec<usize> {
        let norms = to_host((self.weights.clone() * self.weights.clone()).sum_dim(1));
        let beyond = |&r: &usize| {
            let w0 = &self.starts[r];
            self.diverged_at[r].is_none() && is_blown_up(norms[r], blow_up(dot(w0, w0)))
        };
        (0..norms.len()).filter(beyond).collect()
    }

    fn weights_of(&self, replica: usize) -> Vec<f64> {
        let all = self.seen.get_or_init(|| to_host(self.weights.clone()));
        let dim = self.problem.dataset().dim();
        all[replica * dim..(replica + 1) * dim].to_vec()
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
        self.seen.take();
        for chunk in chunks(steps, self.chunk()) {
            let (first, before) = (self.steps_taken(), self.weights.clone());
            let batches = self.draw(chunk);
            (0..chunk).for_each(|k| self.step(&batches, k));
            if self.blown_up().is_empty() {
                continue;
            }
            // Once more, looking at every step. What has blown up stays blown up.
            self.weights = before;
            for k in 0..chunk {
                self.step(&batches, k);
                for replica in self.blown_up() {
                    self.diverged_at[replica] = Some(first + k + 1);
                }
            }
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
