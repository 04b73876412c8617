//! The engine that is trusted because nobody derived it by hand: Burn differentiates the model.

use burn::module::{ModuleMapper, Param};
use burn::tensor::{Gradients, Tensor};

use super::{CHUNK, Engine, blow_up, chunks, is_blown_up};
use crate::data::{Dataset, dot};
use crate::device::{Compute, to_host};
use crate::error::Result;
use crate::init::Start;
use crate::model::{Autoencoder, SingleNeuron, SingleNeuronConfig, flat};
use crate::problem::Problem;
use crate::schedule::{BatchStream, Schedule};
use crate::state::Neuron;

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

impl Autodiff<SingleNeuron> {
    /// The single neuron of a [`Problem`] from a [`Start`].
    ///
    /// # Errors
    /// [`Error::ImplicitData`](crate::Error::ImplicitData) over data that was not materialised.
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
        let step_per_sample = problem.step_per_sample(schedule.batch_size());
        Self::new(model, dataset, step_per_sample, schedule, replica, compute)
    }
}

impl<M: Autoencoder> Autodiff<M> {
    /// Any model, with step size per sample `η_B`.
    ///
    /// # Errors
    /// [`Error::ImplicitData`](crate::Error::ImplicitData) over data that was not materialised.
    pub fn new(
        model: M,
        dataset: &Dataset,
        step_per_sample: f64,
        schedule: &Schedule,
        replica: u64,
        compute: &Compute,
    ) -> Result<Self> {
        let rows = compute.tensor(dataset.rows()?, [dataset.samples(), dataset.dim()]);
        let start = to_host(model.valid().neurons());
        let parameters = flat::parameters(&model);
        Ok(Self {
            model: Some(model.train()),
            compute: compute.clone(),
            dataset: dataset.clone(),
            rows,
            step_per_sample,
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
    pub fn gradient(&self, batch: &[usize]) -> Vec<f64> {
        flat::gradient(self.model(), select_rows(&self.rows, batch, &self.compute))
    }
}

impl<M: Autoencoder> Autodiff<M> {
    fn step(&mut self) {
        let x = select_rows(&self.rows, self.batches.next_batch(), &self.compute);
        let model = self.model.take().expect("the model is only away during a step");
        let grads = flat::batch_loss(&model, x).backward();
        self.model = Some(model.map(&mut Descend { grads, step: self.step_per_sample }));
    }

    fn is_blown_up(&self) -> bool {
        let parameters = flat::parameters(self.model());
        is_blown_up(dot(&parameters, &parameters), self.limit)
    }
}

/// Rows of a batch, `[b, n]`: a view where one is possible.
fn select_rows(rows: &Tensor<2>, batch: &[usize], compute: &Compute) -> Tensor<2> {
    match batch {
        [i] => rows.clone().narrow(0, *i, 1),
        _ if batch.iter().enumerate().all(|(k, &i)| k == i) => rows.clone().narrow(0, 0, batch.len()),
        _ => rows.clone().select(0, compute.indices(batch)),
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
        for chunk in chunks(steps, CHUNK) {
            let before = self.model.clone();
            (0..chunk).for_each(|_| self.step());
            if self.diverged_at.is_none() && self.is_blown_up() {
                // Once more, looking at every step. What has blown up stays blown up.
                self.model = before;
                self.batches.seek(self.batches.step() - chunk);
                for _ in 0..chunk {
                    self.step();
                    if self.diverged_at.is_none() && self.is_blown_up() {
                        self.diverged_at = Some(self.batches.step());
                    }
                }
            }
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

    fn loss(&self, _replica: usize) -> f64 {
        let loss = flat::batch_loss(&self.model().valid(), self.rows.clone());
        to_host(loss)[0] / self.dataset.samples() as f64
    }

    fn weights(&self, _replica: usize) -> Result<Vec<f64>> {
        Ok(to_host(self.model().neurons().inner()))
    }

    fn position(&self, _replica: usize) -> Vec<f64> {
        flat::parameters(self.model())
    }

    fn is_dead(&self, _replica: usize) -> bool {
        self.model().valid().is_dead(self.rows.clone())
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
