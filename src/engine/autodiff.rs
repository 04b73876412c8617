//! The engine that is trusted because nobody derived it by hand: Burn differentiates the model.

use std::ops::Range;

use burn::module::{ModuleMapper, Param};
use burn::tensor::{Gradients, Int, Tensor};
use rayon::prelude::*;

use super::{Engine, Snapshot, blow_up, chunks, expect, is_blown_up, lots, steps_a_look};
use crate::data::{Dataset, dot};
use crate::device::{Compute, to_host};
use crate::error::{Misuse, Result};
use crate::init::Start;
use crate::model::{Autoencoder, SingleNeuron, SingleNeuronConfig, flat};
use crate::problem::Problem;
use crate::schedule::{BatchStream, Schedule};
use crate::state::Neuron;
use crate::vectors::norm;

/// Gradient descent on any [`Autoencoder`], gradients by `loss.backward()`. One replica.
pub struct Autodiff<M: Autoencoder> {
    model: Option<M>,
    compute: Compute,
    dataset: Dataset,
    rows: Tensor<2>,
    step_per_sample: f64,
    batches: BatchStream,
    start: Vec<f64>,
    limit: f64,
    diverged_at: Option<u64>,
}

/// The batches of a chunk of steps, one after the other.
struct Batches {
    size: usize,
    samples: Vec<usize>,
    /// The same on the device, where rows have to be gathered.
    uploaded: Option<Tensor<1, Int>>,
}

impl Autodiff<SingleNeuron> {
    /// The single neuron of a [`Problem`] from a [`Start`].
    ///
    /// # Errors
    /// [`Misuse::ImplicitData`](crate::Misuse::ImplicitData) over data that was not materialised.
    pub fn single_neuron(
        problem: &Problem,
        schedule: &Schedule,
        start: &Start,
        replica: u64,
        compute: &Compute,
    ) -> Result<Self> {
        let dataset = problem.dataset();
        let model = SingleNeuronConfig::new(dataset.dim(), problem.activation())
            .init_at(start.weights(dataset)?, compute)?;
        Self::new(model, problem, schedule, replica, compute)
    }
}

impl<M: Autoencoder> Autodiff<M> {
    /// Any model, on the data of a [`Problem`] and with its step size. The model computes its own activation; that of the
    /// problem is not looked at.
    ///
    /// # Errors
    /// [`Misuse::ImplicitData`](crate::Misuse::ImplicitData) over data that was not materialised.
    pub fn new(
        model: M,
        problem: &Problem,
        schedule: &Schedule,
        replica: u64,
        compute: &Compute,
    ) -> Result<Self> {
        let dataset = problem.dataset();
        let rows = compute.tensor(dataset.rows()?, [dataset.samples(), dataset.dim()]);
        let start = to_host(model.valid().neurons());
        let parameters = flat::parameters(&model);
        Ok(Self {
            model: Some(model.train()),
            compute: compute.clone(),
            dataset: dataset.clone(),
            rows,
            step_per_sample: problem.step_per_sample(schedule.batch_size()),
            batches: schedule.stream(replica),
            limit: blow_up(dot(&parameters, &parameters)),
            start,
            diverged_at: None,
        })
    }

    /// The model as it stands.
    pub fn model(&self) -> &M {
        self.model.as_ref().expect("the model is only away during a step")
    }

    /// Gradient `Σ_{i∈B} ∇ℓ_i` over a batch, every parameter in the module's order.
    ///
    /// A batch too large for a core's cache is differentiated in parts, side by side. They are cut by size and
    /// added in order, so no result depends on the number of cores. In single precision each part is a gradient in
    /// single precision; their sum, and the step along it, are taken in double on the host and rounded once.
    pub fn gradient(&self, batch: &[usize]) -> Vec<f64> {
        // Parameters of its own make each part a graph of its own.
        let part = |batch| (self.model().valid().train(), self.select(batch));
        let parts: Vec<_> = batch.chunks(self.samples_at_once()).map(part).collect();
        let gradients = parts.into_par_iter().map(|(model, x)| flat::gradient(&model, x));
        let mut gradients = gradients.collect::<Vec<_>>().into_iter();
        let mut sum = gradients.next().unwrap_or_default();
        for gradient in gradients {
            sum.iter_mut().zip(gradient).for_each(|(sum, g)| *sum += g);
        }
        sum
    }

    /// Samples of a batch that are differentiated together. A graph has its price, which many must share.
    fn samples_at_once(&self) -> usize {
        (self.compute.backend().entries_at_once().saturating_mul(2) / self.dataset.dim()).max(1)
    }

    /// Rows of a batch, `[b, n]`: a view where one is possible.
    fn select(&self, batch: &[usize]) -> Tensor<2> {
        let rows = self.rows.clone();
        match batch.first() {
            Some(&first) if (first..).zip(batch).all(|(next, &i)| next == i) => {
                rows.narrow(0, first, batch.len())
            }
            _ => rows.select(0, self.compute.indices(batch)),
        }
    }
}

impl<M: Autoencoder> Autodiff<M> {
    /// Draws the batches of the next steps, and uploads them where rows have to be gathered.
    fn draw(&mut self, steps: u64) -> Batches {
        let size = self.batches.schedule().batch_size();
        let mut samples = Vec::with_capacity(steps as usize * size);
        (0..steps).for_each(|_| samples.extend_from_slice(self.batches.next_batch()));
        let gathered = 1 < size && size <= self.samples_at_once() && !self.batches.schedule().is_full_batch();
        let uploaded = gathered.then(|| self.compute.indices(&samples));
        Batches { size, samples, uploaded }
    }

    /// The `k`-th step of a chunk.
    fn step(&mut self, batches: &Batches, k: usize) {
        let at = k * batches.size;
        let batch = &batches.samples[at..at + batches.size];
        if batch.len() > self.samples_at_once() {
            let mut parameters = flat::parameters(self.model());
            let gradient = self.gradient(batch);
            parameters.iter_mut().zip(gradient).for_each(|(p, g)| *p -= self.step_per_sample * g);
            self.model = self.model.take().map(|model| flat::at(model, &parameters, &self.compute));
        } else {
            let x = match &batches.uploaded {
                Some(all) => self.rows.clone().select(0, all.clone().narrow(0, at, batches.size)),
                None => self.select(batch),
            };
            let model = self.model.take().expect("the model is only away during a step");
            let grads = flat::batch_loss(&model, x).backward();
            self.model = Some(model.map(&mut Descend { grads, step: self.step_per_sample }));
        }
    }

    /// Takes steps of a chunk that begins after step `first`, then looks. If that finds a divergence, once more in lots,
    /// down to single steps: what has blown up stays blown up.
    fn walk(&mut self, first: u64, steps: Range<u64>, batches: &Batches) {
        let before = self.model.clone();
        steps.clone().for_each(|k| self.step(batches, k as usize));
        if self.diverged_at.is_some() || !self.is_blown_up() {
            return;
        }
        if steps.end - steps.start == 1 {
            self.diverged_at = Some(first + steps.end);
            return;
        }
        self.model = before;
        lots(steps).for_each(|lot| self.walk(first, lot, batches));
    }

    fn is_blown_up(&self) -> bool {
        let parameters = flat::parameters(self.model());
        is_blown_up(dot(&parameters, &parameters), self.limit)
    }
}

impl<M: Autoencoder> Engine for Autodiff<M> {
    fn replicas(&self) -> usize {
        1
    }

    fn steps_taken(&self) -> u64 {
        self.batches.step()
    }

    fn advance(&mut self, steps: u64) {
        let size = self.batches.schedule().batch_size() as u64;
        for chunk in chunks(steps, steps_a_look(self.compute.backend(), size)) {
            let (first, batches) = (self.batches.step(), self.draw(chunk));
            self.walk(first, 0..chunk, &batches);
        }
    }

    fn diverged_at(&self, _replica: usize) -> Option<u64> {
        self.diverged_at
    }

    fn neurons(&self, _replica: usize) -> Vec<Neuron> {
        let dim = self.dataset.dim();
        let weights = to_host(self.model().neurons().inner());
        weights
            .chunks_exact(dim)
            .zip(self.start.chunks_exact(dim))
            .map(|(w, w0)| Neuron::observe(&self.dataset, w, w0).expect("checked at construction"))
            .collect()
    }

    /// Part by part, as [`gradient`](Self::gradient): a device may sum what is large in an order that changes from run
    /// to run.
    fn loss(&self, _replica: usize) -> f64 {
        let (samples, max) = (self.dataset.samples(), self.samples_at_once());
        let part = |first: usize| {
            let rows = self.rows.clone().narrow(0, first, max.min(samples - first));
            (self.model().valid(), rows)
        };
        let parts: Vec<_> = (0..samples).step_by(max).map(part).collect();
        let losses = parts.into_par_iter().map(|(model, x)| to_host(flat::batch_loss(&model, x))[0]);
        losses.collect::<Vec<f64>>().into_iter().sum::<f64>() / samples as f64
    }

    fn slope(&self, _replica: usize) -> f64 {
        let all: Vec<usize> = (0..self.dataset.samples()).collect();
        self.dataset.relative(norm(&self.gradient(&all)) / all.len() as f64)
    }

    fn weights(&self, _replica: usize) -> Result<Vec<f64>, Misuse> {
        Ok(to_host(self.model().neurons().inner()))
    }

    fn position(&self, _replica: usize) -> Vec<f64> {
        flat::parameters(self.model())
    }

    fn parameters(&self, _replica: usize) -> Option<Vec<f64>> {
        Some(flat::parameters(self.model()))
    }

    fn is_dead(&self, _replica: usize) -> bool {
        self.model().valid().is_dead(self.rows.clone())
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot {
            step: self.batches.step(),
            diverged_at: vec![self.diverged_at],
            replicas: vec![flat::parameters(self.model())],
        }
    }

    fn restore(&mut self, snapshot: &Snapshot) -> Result<(), Misuse> {
        snapshot.expect(1)?;
        let (model, parameters) = (self.model(), &snapshot.replicas[0]);
        expect("the vector of parameters", flat::parameters(model).len(), parameters.len())?;
        self.model = Some(flat::at(model.clone(), parameters, &self.compute));
        self.batches.seek(snapshot.step);
        self.diverged_at = snapshot.diverged_at[0];
        Ok(())
    }
}

/// `p ← p − η_B g` for every float parameter.
struct Descend {
    grads: Gradients,
    step: f64,
}

impl ModuleMapper for Descend {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|value| match value.grad_remove(&mut self.grads) {
            Some(gradient) => Tensor::from_inner(value.inner() - gradient * self.step).require_grad(),
            None => value,
        })
    }
}
