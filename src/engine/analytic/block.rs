//! Replicas that take their steps together, as the rows of one tensor.

use std::ops::Range;

use burn::tensor::{Int, Tensor};

use super::super::{chunks, is_blown_up, lots, steps_a_look};
use super::pass;
use crate::device::{Compute, Precision, to_host};
use crate::model::{Activation, Forward};
use crate::noise;
use crate::problem::Problem;
use crate::rng::Purpose;
use crate::schedule::{BatchStream, Schedule};
use crate::update::{Descent, Moments, at_rest};

/// What all blocks have in common.
pub(super) struct Setting {
    pub compute: Compute,
    /// Samples `[m, n]`.
    pub rows: Tensor<2>,
    /// What [`row_sums`] multiplies by, `[n, 1]`.
    pub ones: Tensor<2>,
    pub schedule: Schedule,
    pub problem: Problem,
    pub step_per_sample: f64,
}

impl Setting {
    /// Whether full batches of so many replicas are read once. Of several replicas, products of matrices have more to do than to read.
    fn is_read_once(&self, replicas: usize) -> bool {
        let (backend, precision) = (self.compute.backend(), self.compute.precision());
        replicas == 1 && backend.is_host() && precision == Precision::F64 && self.problem.is_plain()
    }
}

pub(super) struct Block {
    /// `[replicas, n]`.
    pub weights: Tensor<2>,
    /// The state of the update rule, `[replicas, n]` each.
    pub moments: Moments,
    /// Index of the first replica's streams.
    first: u64,
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
        let [replicas, dim] = weights.dims();
        Self {
            moments: at_rest(setting.problem.update().rule, replicas, dim, &setting.compute),
            weights,
            first,
            streams: (first..first + streams).map(|replica| setting.schedule.stream(replica)).collect(),
            diverged_at: vec![None; limits.len()],
            limits,
        }
    }

    /// The weights and the moments of the update rule, `[replicas, n]` each.
    pub fn tensors(&self) -> impl Iterator<Item = &Tensor<2>> {
        std::iter::once(&self.weights).chain(&self.moments)
    }

    /// Goes to another state, between two steps.
    pub fn restore(&mut self, weights: Tensor<2>, moments: Moments, diverged_at: &[Option<u64>], step: u64) {
        (self.weights, self.moments) = (weights, moments);
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
        let before = (self.weights.clone(), self.moments.clone());
        if matches!(batches, Batches::Full) && setting.is_read_once(self.limits.len()) {
            self.read_once(steps.end - steps.start, setting);
        } else {
            steps.clone().for_each(|k| self.step(batches, k, first + k, setting));
        }
        let blown_up = self.blown_up(setting);
        if blown_up.is_empty() {
            return;
        }
        if steps.end - steps.start == 1 {
            blown_up.into_iter().for_each(|replica| self.diverged_at[replica] = Some(first + steps.end));
            return;
        }
        (self.weights, self.moments) = before;
        lots(steps).for_each(|lot| self.walk(first, lot, batches, setting));
    }

    /// Full-batch steps of one replica on the host.
    fn read_once(&mut self, steps: u64, setting: &Setting) {
        let problem = &setting.problem;
        let rows = problem.dataset().rows().expect("checked at construction");
        let mut w = to_host(self.weights.clone());
        for _ in 0..steps {
            w = pass::step(rows, &w, problem.activation(), setting.step_per_sample);
        }
        self.weights = setting.compute.tensor(&w, [1, w.len()]);
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

    /// One step of every replica: the `k`-th of a chunk, after `taken` others.
    fn step(&mut self, batches: &Batches, k: u64, taken: u64, setting: &Setting) {
        let Setting { rows, ones, schedule, .. } = setting;
        let (w, b) = (self.weights.clone(), schedule.batch_size());
        let [replicas, dim] = w.dims();
        let of_step = |indices: &Tensor<1, Int>, a_step: usize| {
            rows.clone().select(0, indices.clone().narrow(0, k as usize * a_step, a_step))
        };
        let mut shared = |x: Tensor<2>| {
            let c = w.clone().matmul(x.clone().transpose());
            self.follow(c, taken, setting, |weights| weights.matmul(x))
        };
        match batches {
            Batches::Full => shared(rows.clone()),
            Batches::Shared(indices) => shared(of_step(indices, b)),
            // A sample each: row by row, where a product of matrices would be as many products of vectors.
            Batches::Own(indices) if b == 1 => {
                let x = of_step(indices, replicas);
                let c = row_sums(x.clone() * w, ones);
                self.follow(c, taken, setting, |weights| x * weights);
            }
            Batches::Own(indices) => {
                let x = of_step(indices, replicas * b).reshape([replicas, b, dim]);
                let c = x.clone().matmul(w.reshape([replicas, dim, 1])).reshape([replicas, b]);
                self.follow(c, taken, setting, |weights| {
                    weights.reshape([replicas, 1, b]).matmul(x).reshape([replicas, dim])
                });
            }
        }
    }

    /// A step on a batch of correlations `c`, `[R, b]`; `combine` as in [`batch_step`].
    fn follow(
        &mut self,
        c: Tensor<2>,
        taken: u64,
        setting: &Setting,
        combine: impl FnOnce(Tensor<2>) -> Tensor<2>,
    ) {
        let &Setting { ref ones, ref compute, ref problem, step_per_sample, .. } = setting;
        let (w, activation) = (self.weights.clone(), problem.activation());
        if problem.is_plain() {
            self.weights = batch_step(w, c, ones, activation, step_per_sample, combine);
            return;
        }
        let ([replicas, dim], b) = (w.dims(), c.dims()[1]);
        let label = self.noise(Purpose::LabelNoise, problem.noise().label, taken, b * dim, setting);
        let label = label.map(|noise| noise.reshape([replicas, b, dim]));
        let gradient = batch_gradient(w.clone(), c, ones, activation, label, combine);
        let noise = self.noise(Purpose::GradientNoise, problem.noise().gradient, taken, dim, setting);
        let descent = Descent::new(std::iter::once(problem), taken, b, compute);
        self.weights = descent.step(w, gradient, noise, &mut self.moments);
    }

    /// So many normal numbers a replica, `[R, count]`, unless their deviation is 0.
    fn noise(
        &self,
        purpose: Purpose,
        deviation: f64,
        taken: u64,
        count: usize,
        setting: &Setting,
    ) -> Option<Tensor<2>> {
        let replicas = self.limits.len();
        let indices = self.first..self.first + replicas as u64;
        let numbers = noise::scaled(deviation, (setting.schedule.seed(), purpose), indices, taken, count)?;
        Some(setting.compute.tensor(&numbers, [replicas, count]))
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

/// Gradient `Σ_{i∈B} ∇ℓ_i` of `R` neurons whose targets are `x_i + ν_i`:
/// `(Σ φ_i²) w + Σ ((N − 2) φ_i − ⟨w, ν_i⟩ φ'_i) x_i − Σ φ_i ν_i`.
///
/// # Shapes
/// As in [`batch_step`]; noise `ν`: `[R, b, n]`.
fn batch_gradient(
    w: Tensor<2>,
    c: Tensor<2>,
    ones: &Tensor<2>,
    activation: Activation,
    noise: Option<Tensor<3>>,
    combine: impl FnOnce(Tensor<2>) -> Tensor<2>,
) -> Tensor<2> {
    activation.require_unit_slope();
    let phi = activation.forward(c.clone());
    let energy = (phi.clone() * phi.clone()).sum_dim(1);
    let norm_sq = row_sums(w.clone() * w.clone(), ones);
    let pull = phi.clone() * (norm_sq - 2.0);
    let Some(noise) = noise else { return w * energy + combine(pull) };
    let [replicas, b, dim] = noise.dims();
    let along = noise.clone().matmul(w.clone().reshape([replicas, dim, 1])).reshape([replicas, b]);
    let felt = if activation == Activation::Linear { along } else { along * c.sign().clamp_min(0.0) };
    let drawn = phi.reshape([replicas, 1, b]).matmul(noise).reshape([replicas, dim]);
    w * energy + combine(pull - felt) - drawn
}

/// Sums of the rows of `[R, n]`, as a product with ones, `[R, 1]`: flex adds up a dimension one by one, but
/// multiplies matrices with all the width of the processor.
fn row_sums(rows: Tensor<2>, ones: &Tensor<2>) -> Tensor<2> {
    rows.matmul(ones.clone())
}
