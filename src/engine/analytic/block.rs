//! Replicas that take their steps together, as the rows of one tensor.

use std::ops::Range;

use burn::tensor::{Int, Tensor};

use super::super::{chunks, is_blown_up, lots, steps_a_look};
use crate::device::{Compute, to_host};
use crate::model::{Activation, Forward};
use crate::schedule::{BatchStream, Schedule};

/// What all blocks have in common.
pub(super) struct Setting {
    pub compute: Compute,
    /// Samples `[m, n]`.
    pub rows: Tensor<2>,
    /// What [`row_sums`] multiplies by, `[n, 1]`.
    pub ones: Tensor<2>,
    pub schedule: Schedule,
    pub activation: Activation,
    pub step_per_sample: f64,
}

pub(super) struct Block {
    /// `[replicas, n]`.
    pub weights: Tensor<2>,
    /// One for all under full-batch and cyclic schedules, else one a replica.
    streams: Vec<BatchStream>,
    /// Squared norms beyond which a replica has diverged.
    limits: Vec<f64>,
    pub diverged_at: Vec<Option<u64>>,
}

/// The batches of a chunk of steps, on the device.
enum Batches {
    /// All samples at every step.
    Full,
    /// One batch a step for all replicas, `[K b]`.
    Shared(Tensor<1, Int>),
    /// One a step and replica, `[K replicas b]`.
    Own(Tensor<1, Int>),
}

impl Block {
    /// Replicas `first, first + 1, …`, one a limit, from `weights`, `[replicas, n]`.
    pub fn new(setting: &Setting, weights: Tensor<2>, first: u64, limits: Vec<f64>) -> Self {
        let streams = if setting.schedule.is_deterministic() { 1 } else { limits.len() as u64 };
        Self {
            weights,
            streams: (first..first + streams).map(|replica| setting.schedule.stream(replica)).collect(),
            diverged_at: vec![None; limits.len()],
            limits,
        }
    }

    /// Goes to another state, between two steps.
    pub fn restore(&mut self, weights: Tensor<2>, diverged_at: &[Option<u64>], step: u64) {
        self.weights = weights;
        self.diverged_at.copy_from_slice(diverged_at);
        self.streams.iter_mut().for_each(|stream| stream.seek(step));
    }

    /// Takes `steps` steps of every replica.
    pub fn advance(&mut self, steps: u64, setting: &Setting) {
        let indices_a_step = (self.streams.len() * setting.schedule.batch_size()) as u64;
        for chunk in chunks(steps, steps_a_look(setting.compute.backend(), indices_a_step)) {
            let (first, batches) = (self.streams[0].step(), self.draw(chunk, setting));
            self.walk(first, 0..chunk, &batches, setting);
        }
    }

    /// Takes steps of a chunk that begins after step `first`, then looks. If that finds a divergence, once more in lots,
    /// down to single steps: what has blown up stays blown up.
    fn walk(&mut self, first: u64, steps: Range<u64>, batches: &Batches, setting: &Setting) {
        let before = self.weights.clone();
        steps.clone().for_each(|k| self.step(batches, k, setting));
        let blown_up = self.blown_up(setting);
        if blown_up.is_empty() {
            return;
        }
        if steps.end - steps.start == 1 {
            blown_up.into_iter().for_each(|replica| self.diverged_at[replica] = Some(first + steps.end));
            return;
        }
        self.weights = before;
        lots(steps).for_each(|lot| self.walk(first, lot, batches, setting));
    }

    /// Draws the batches of the next steps and uploads them.
    fn draw(&mut self, steps: u64, setting: &Setting) -> Batches {
        let schedule = &setting.schedule;
        if schedule.is_full_batch() {
            let next = self.streams[0].step() + steps;
            self.streams[0].seek(next);
            return Batches::Full;
        }
        let mut indices = Vec::with_capacity(steps as usize * self.streams.len() * schedule.batch_size());
        for _ in 0..steps {
            self.streams.iter_mut().for_each(|stream| indices.extend_from_slice(stream.next_batch()));
        }
        let indices = setting.compute.indices(&indices);
        if schedule.is_deterministic() { Batches::Shared(indices) } else { Batches::Own(indices) }
    }

    /// One step of every replica: the `k`-th of a chunk.
    fn step(&mut self, batches: &Batches, k: u64, setting: &Setting) {
        let &Setting { ref rows, ref ones, ref schedule, activation, step_per_sample, .. } = setting;
        let (w, b) = (self.weights.clone(), schedule.batch_size());
        let [replicas, dim] = w.dims();
        let of_step = |indices: &Tensor<1, Int>, a_step: usize| {
            rows.clone().select(0, indices.clone().narrow(0, k as usize * a_step, a_step))
        };
        let shared = |w: Tensor<2>, x: Tensor<2>| {
            let c = w.clone().matmul(x.clone().transpose());
            batch_step(w, c, ones, activation, step_per_sample, |weights| weights.matmul(x))
        };
        self.weights = match batches {
            Batches::Full => shared(w, rows.clone()),
            Batches::Shared(indices) => shared(w, of_step(indices, b)),
            // A sample each: row by row, where a product of matrices would be as many products of vectors.
            Batches::Own(indices) if b == 1 => {
                let x = of_step(indices, replicas);
                let c = row_sums(x.clone() * w.clone(), ones);
                batch_step(w, c, ones, activation, step_per_sample, |weights| x * weights)
            }
            Batches::Own(indices) => {
                let x = of_step(indices, replicas * b).reshape([replicas, b, dim]);
                let c = x.clone().matmul(w.clone().reshape([replicas, dim, 1])).reshape([replicas, b]);
                batch_step(w, c, ones, activation, step_per_sample, |weights| {
                    weights.reshape([replicas, 1, b]).matmul(x).reshape([replicas, dim])
                })
            }
        };
    }

    /// Replicas, not known to have diverged, whose norm is beyond its limit.
    fn blown_up(&self, setting: &Setting) -> Vec<usize> {
        let norms = to_host(row_sums(self.weights.clone() * self.weights.clone(), &setting.ones));
        let beyond = |&r: &usize| self.diverged_at[r].is_none() && is_blown_up(norms[r], self.limits[r]);
        (0..norms.len()).filter(beyond).collect()
    }
}

/// One step `w − η_B Σ_{i∈B} ∇ℓ_i(w)` of `R` neurons, with `Σ ∇ℓ_i = (Σ φ_i²) w + (N − 2) Σ φ_i x_i`; it holds for
/// samples of any norm, because `‖x‖` only enters the part of the loss that `w` does not.
///
/// Written as `(1 − η_B Σ φ_i²) w + Σ η_B (2 − N) φ_i x_i`, so that `[R, n]` is walked through as few times as
/// there are.
///
/// # Shapes
/// - `w`: `[R, n]`, `c`: correlations with the batch `[R, b]`, `ones`: `[n, 1]`, all of them 1
/// - `combine`: maps weights `[R, b]` to the sum of the batch's samples with them, `[R, n]`
/// - returns: `[R, n]`
///
/// # Panics
/// For an activation that is not the paper's.
pub fn batch_step(
    w: Tensor<2>,
    c: Tensor<2>,
    ones: &Tensor<2>,
    activation: Activation,
    step_per_sample: f64,
    combine: impl FnOnce(Tensor<2>) -> Tensor<2>,
) -> Tensor<2> {
    activation.require_unit_slope();
    let phi = activation.forward(c);
    let shrink = (phi.clone() * phi.clone()).sum_dim(1) * -step_per_sample + 1.0;
    let norm_sq = row_sums(w.clone() * w.clone(), ones);
    let pull = norm_sq * -step_per_sample + 2.0 * step_per_sample;
    w * shrink + combine(phi * pull)
}

/// Sums of the rows of `[R, n]`, as a product with ones, `[R, 1]`: flex adds up a dimension one by one, but
/// multiplies matrices with all the width of the processor.
fn row_sums(rows: Tensor<2>, ones: &Tensor<2>) -> Tensor<2> {
    rows.matmul(ones.clone())
}
