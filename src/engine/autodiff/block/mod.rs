//! Replicas that step together: a stack small enough for a core's cache.

mod follow;
mod state;

use std::ops::Range;

use burn::tensor::{Int, Tensor};
use rayon::prelude::*;

use self::follow::{Descend, Follow, Source};
use super::Member;
use crate::data::dot;
use crate::device::Compute;
use crate::engine::{blow_up, chunks, is_blown_up, lots, steps_a_look};
use crate::error::Result;
use crate::model::{Autoencoder, flat};
use crate::noise;
use crate::problem::Problem;
use crate::rng::Purpose;
use crate::schedule::BatchStream;
use crate::update::{Descent, Moments, Size, at_rest};

/// A stack of replicas with all that its next steps depend on.
pub(super) struct Block<M: Autoencoder> {
    /// The replicas that still move, in order; only away during a step.
    model: Option<M>,
    /// The state of the update rule, of every float parameter.
    moments: Vec<Moments>,
    /// Numbers of each float parameter of a replica.
    entries: Vec<usize>,
    compute: Compute,
    /// The samples of all replicas, `[m, n]`, or those of each, `[R m, n]`.
    rows: Tensor<2>,
    shape: Shape,
    /// One entry a replica of the block, whether it still moves or not.
    replicas: Vec<Replica>,
    /// Those that still move, in the order of the stack.
    moving: Vec<usize>,
}

/// Sizes that all replicas share.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub samples: usize,
    pub dim: usize,
    pub batch: usize,
    /// Whether all replicas see one data set.
    pub is_shared: bool,
}

/// What a replica of a block has of its own.
struct Replica {
    problem: Problem,
    batches: BatchStream,
    /// Index of its streams.
    index: u64,
    limit: f64,
    diverged_at: Option<u64>,
    is_retired: bool,
    /// Its parameters and their moments, once it has left the stack.
    ended: Option<Vec<f64>>,
}

/// The batches of a chunk of steps, one step after the other, in each of them one replica after the other.
struct Batches {
    samples: Vec<usize>,
    /// The same on the device, where rows have to be gathered.
    uploaded: Option<Tensor<1, Int>>,
}

impl<M: Autoencoder> Block<M> {
    /// The stack of members at its start.
    pub fn new(model: M, members: &[Member], shape: Shape, compute: &Compute) -> Result<Self> {
        let mut rows = Vec::new();
        for member in &members[..if shape.is_shared { 1 } else { members.len() }] {
            rows.extend_from_slice(member.problem.dataset().rows()?);
        }
        let replica = |(member, start): (&Member, Vec<f64>)| Replica {
            problem: member.problem.clone(),
            batches: member.schedule.stream(member.replica),
            index: member.replica,
            limit: blow_up(dot(&start, &start)),
            diverged_at: None,
            is_retired: false,
            ended: None,
        };
        let replicas = members.iter().zip(flat::parameters_of_all(&model)).map(replica).collect();
        let (entries, rule) = (flat::entries(&model), members[0].problem.update().rule);
        Ok(Self {
            model: Some(model.train()),
            moments: entries.iter().map(|&p| at_rest(rule, members.len(), p, compute)).collect(),
            entries,
            compute: compute.clone(),
            rows: compute.tensor(&rows, [rows.len() / shape.dim, shape.dim]),
            shape,
            replicas,
            moving: (0..members.len()).collect(),
        })
    }

    fn stack(&self) -> &M {
        self.model.as_ref().expect("the model is only away during a step")
    }

    /// Number of replicas, whether they still move or not.
    pub fn len(&self) -> usize {
        self.replicas.len()
    }

    pub fn steps_taken(&self) -> u64 {
        self.replicas[0].batches.step()
    }

    pub fn diverged_at(&self, k: usize) -> Option<u64> {
        self.replicas[k].diverged_at
    }

    /// One replica as a model of its own.
    pub fn replica(&self, k: usize) -> M {
        match (&self.replicas[k].ended, self.moving.iter().position(|&moving| moving == k)) {
            (Some(state), _) => flat::at(self.stack().clone(), state, &self.compute),
            (None, Some(at)) => flat::some(self.stack(), at..at + 1),
            (None, None) => unreachable!("a replica moves or has ended"),
        }
    }

    /// Rows of a batch of one replica, `[1, b, n]`: a view where one is possible.
    pub fn select(&self, k: usize, batch: &[usize]) -> Tensor<3> {
        let offset = if self.shape.is_shared { 0 } else { k * self.shape.samples };
        let batch: Vec<usize> = batch.iter().map(|i| offset + i).collect();
        let rows = self.rows.clone();
        let rows = match run_of(&batch) {
            Some(run) => rows.narrow(0, run.start, run.len()),
            None => rows.select(0, self.compute.indices(&batch)),
        };
        rows.unsqueeze()
    }

    /// Whether no replica has to move any more.
    fn is_at_rest(&self) -> bool {
        self.replicas.iter().all(|replica| replica.is_retired)
    }

    /// Takes steps with every replica that has to move.
    pub fn advance(&mut self, steps: u64) {
        if self.is_at_rest() {
            let step = self.steps_taken() + steps;
            self.replicas.iter_mut().for_each(|replica| replica.batches.seek(step));
            return;
        }
        let indices = (self.shape.batch * self.moving.len()) as u64;
        for chunk in chunks(steps, steps_a_look(self.compute.backend(), indices)) {
            let (first, batches) = (self.steps_taken(), self.draw(chunk));
            self.walk(first, 0..chunk, &batches);
        }
    }

    /// Draws the batches of the next steps, and uploads them where rows have to be gathered.
    fn draw(&mut self, steps: u64) -> Batches {
        let Shape { samples: m, batch, is_shared, .. } = self.shape;
        let width = self.moving.len() * batch;
        let mut samples = vec![0; steps as usize * width];
        for (at, &k) in self.moving.iter().enumerate() {
            let offset = if is_shared { 0 } else { k * m };
            for step in samples.chunks_exact_mut(width) {
                let drawn = self.replicas[k].batches.next_batch();
                step[at * batch..][..batch].iter_mut().zip(drawn).for_each(|(to, i)| *to = offset + i);
            }
        }
        let after = self.replicas[self.moving[0]].batches.step();
        for replica in self.replicas.iter_mut().filter(|replica| replica.ended.is_some()) {
            replica.batches.seek(after);
        }
        let is_whole = batch <= self.samples_at_once();
        let is_gathered =
            is_whole && samples.chunks_exact(width.max(1)).any(|step| self.view(step).is_none());
        let uploaded = is_gathered.then(|| self.compute.indices(&samples));
        Batches { samples, uploaded }
    }

    /// The rows that all replicas see in a step, if they see the same and these lie side by side.
    fn view(&self, step: &[usize]) -> Option<Range<usize>> {
        let (first, others) = step.split_at(self.shape.batch);
        let are_same = others.chunks_exact(self.shape.batch).all(|other| other == first);
        if are_same { run_of(first) } else { None }
    }

    /// The batch of the `k`-th step of a chunk, `[R, b, n]`.
    fn batch(&self, batches: &Batches, k: usize) -> Tensor<3> {
        let Shape { dim, batch, .. } = self.shape;
        let replicas = self.moving.len();
        let at = k * replicas * batch;
        let step = &batches.samples[at..at + replicas * batch];
        match (self.view(step), &batches.uploaded) {
            (Some(run), _) => {
                let rows: Tensor<3> = self.rows.clone().narrow(0, run.start, batch).unsqueeze();
                if replicas == 1 { rows } else { rows.expand([replicas, batch, dim]) }
            }
            (None, Some(all)) => {
                let rows = self.rows.clone().select(0, all.clone().narrow(0, at, step.len()));
                rows.reshape([replicas, batch, dim])
            }
            (None, None) => unreachable!("what has to be gathered is uploaded"),
        }
    }

    /// Gradient `Σ_{i∈B} ∇ℓ_i` of a replica over a batch, every parameter in the module's order.
    ///
    /// A batch too large for a core's cache is differentiated in parts, side by side. They are cut by size and
    /// added in order, so no result depends on the number of cores. In single precision each part is a gradient in
    /// single precision; their sum, and the step of plain gradient descent along it, are taken in double on the host and rounded once.
    pub fn gradient(&self, k: usize, batch: &[usize]) -> Vec<f64> {
        self.gradient_to(k, batch, None)
    }

    /// The same with noise of the targets, `[b, n]`.
    fn gradient_to(&self, k: usize, batch: &[usize], noise: Option<&[f64]>) -> Vec<f64> {
        // Parameters of its own make each part a graph of its own.
        let model = self.replica(k);
        let dim = self.shape.dim;
        let mut parts = Vec::new();
        for (first, x) in (0..).step_by(self.samples_at_once()).zip(self.parts(k, batch)) {
            let dims @ [_, size, _] = x.dims();
            let noise = noise.map(|noise| self.compute.tensor(&noise[first * dim..][..size * dim], dims));
            let target = noise.map_or(x.clone(), |noise| x.clone() + noise);
            parts.push((model.valid().train(), x, target));
        }
        let gradients = parts.into_par_iter().map(|(model, x, target)| flat::gradient_to(&model, x, target));
        let mut gradients = gradients.collect::<Vec<_>>().into_iter();
        let mut sum = gradients.next().unwrap_or_default();
        for gradient in gradients {
            sum.iter_mut().zip(gradient).for_each(|(sum, g)| *sum += g);
        }
        sum
    }

    /// The samples of a batch of one replica, in parts that are differentiated together. A graph has its price, which many must share.
    pub fn parts(&self, k: usize, batch: &[usize]) -> Vec<Tensor<3>> {
        batch.chunks(self.samples_at_once()).map(|part| self.select(k, part)).collect()
    }

    fn samples_at_once(&self) -> usize {
        (self.compute.backend().entries_at_once().saturating_mul(2) / self.shape.dim).max(1)
    }

    /// A step on batches that are differentiated in parts.
    fn step_in_parts(&mut self, batches: &Batches, k: usize, taken: u64) {
        let Shape { samples: m, batch: size, is_shared, .. } = self.shape;
        let mut gradients = Vec::new();
        for (at, &replica) in self.moving.iter().enumerate() {
            let offset = if is_shared { 0 } else { replica * m };
            let first = (k * self.moving.len() + at) * size;
            let batch: Vec<usize> = batches.samples[first..][..size].iter().map(|i| i - offset).collect();
            let noise = self.label_noise(&[replica], taken);
            gradients.push(self.gradient_to(replica, &batch, noise.as_deref()));
        }
        if !self.problem().is_plain() {
            let model = self.model.take().expect("the model is only away during a step");
            let gradients = gradients.iter().map(Vec::as_slice).collect();
            return self.follow(model, Source::Host(gradients), taken);
        }
        let mut points = flat::parameters_of_all(self.stack());
        for ((point, gradient), &replica) in points.iter_mut().zip(gradients).zip(&self.moving) {
            let step = self.replicas[replica].problem.step_per_sample(size);
            point.iter_mut().zip(gradient).for_each(|(p, g)| *p -= step * g);
        }
        self.place(&points);
    }

    /// The `k`-th step of a chunk, after `taken` others.
    fn step(&mut self, batches: &Batches, k: usize, taken: u64) {
        if self.shape.batch > self.samples_at_once() {
            return self.step_in_parts(batches, k, taken);
        }
        let x = self.batch(batches, k);
        let target = match self.label_noise(&self.moving, taken) {
            Some(noise) => x.clone() + self.compute.tensor(&noise, x.dims()),
            None => x.clone(),
        };
        let model = self.model.take().expect("the model is only away during a step");
        let grads = flat::loss_to(&model, x, target).backward();
        if self.problem().is_plain() {
            let steps =
                self.moving.iter().map(|&k| self.replicas[k].problem.step_per_sample(self.shape.batch));
            let steps = Size::of(&steps.collect::<Vec<_>>(), &self.compute);
            self.model = Some(model.map(&mut Descend { grads, steps }));
        } else {
            self.follow(model, Source::Burn(grads), taken);
        }
    }

    /// What all replicas agree on but for data and step size.
    pub fn problem(&self) -> &Problem {
        &self.replicas[0].problem
    }

    /// Noise of the targets of some replicas, `[R, b, n]`, if there is any.
    fn label_noise(&self, replicas: &[usize], taken: u64) -> Option<Vec<f64>> {
        let deviation = self.problem().noise().label;
        self.noise(replicas, Purpose::LabelNoise, deviation, taken, self.shape.batch * self.shape.dim)
    }

    /// So many normal numbers a replica, one replica after the other, unless their deviation is 0.
    fn noise(
        &self,
        replicas: &[usize],
        purpose: Purpose,
        deviation: f64,
        taken: u64,
        count: usize,
    ) -> Option<Vec<f64>> {
        let of = |&k: &usize| {
            let Replica { batches, index, .. } = &self.replicas[k];
            noise::scaled(deviation, (batches.schedule().seed(), purpose), [*index], taken, count)
        };
        replicas.iter().map(of).collect::<Option<Vec<_>>>().map(|numbers| numbers.concat())
    }

    /// Follows gradients by the update rule.
    fn follow(&mut self, model: M, source: Source, taken: u64) {
        let problems = self.moving.iter().map(|&k| &self.replicas[k].problem);
        let descent = Descent::new(problems, taken, self.shape.batch, &self.compute);
        let count = self.parameters();
        let deviation = self.problem().noise().gradient;
        let noise = self.noise(&self.moving, Purpose::GradientNoise, deviation, taken, count);
        let noise = noise.as_ref().map(|noise| noise.chunks_exact(count).collect());
        let (moments, compute) = (self.moments.iter_mut(), &self.compute);
        self.model = Some(model.map(&mut Follow { source, noise, descent, moments, compute }));
    }

    /// Takes steps of a chunk that begins after step `first`, then looks. If that finds a divergence, once more in lots,
    /// down to single steps: what has blown up stays blown up.
    fn walk(&mut self, first: u64, steps: Range<u64>, batches: &Batches) {
        let before = (self.model.clone(), self.moments.clone());
        steps.clone().for_each(|k| self.step(batches, k as usize, first + k));
        let blown_up = self.blown_up();
        if blown_up.is_empty() {
            return;
        }
        if steps.end - steps.start == 1 {
            for k in blown_up {
                self.replicas[k].diverged_at = Some(first + steps.end);
            }
            return;
        }
        (self.model, self.moments) = before;
        lots(steps).for_each(|lot| self.walk(first, lot, batches));
    }

    /// Replicas that have blown up and are not known to have.
    fn blown_up(&self) -> Vec<usize> {
        let candidates = self.moving.iter().zip(flat::parameters_of_all(self.stack()));
        let candidates = candidates.filter(|(k, _)| self.replicas[**k].diverged_at.is_none());
        candidates
            .filter(|(k, parameters)| is_blown_up(dot(parameters, parameters), self.replicas[**k].limit))
            .map(|(&k, _)| k)
            .collect()
    }
}

/// The range that consecutive numbers make up.
fn run_of(batch: &[usize]) -> Option<Range<usize>> {
    let &first = batch.first()?;
    (first..).zip(batch).all(|(next, &i)| next == i).then(|| first..first + batch.len())
}
