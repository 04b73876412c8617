//! The engine that is trusted because nobody derived it by hand: Burn differentiates the model.

mod block;

use burn::tensor::Tensor;
use rayon::prelude::*;

use self::block::{Block, Shape};
use super::{Engine, Snapshot, expect};
use crate::data::Dataset;
use crate::device::{Compute, to_host};
use crate::error::{Misuse, Result};
use crate::init::Start;
use crate::model::{Autoencoder, SingleNeuron, SingleNeuronConfig, flat};
use crate::problem::Problem;
use crate::schedule::Schedule;
use crate::state::Neuron;
use crate::update::is_at_rest;
use crate::vectors::norm;

/// Gradient descent on any [`Autoencoder`], gradients by `loss.backward()`.
///
/// Replicas walk in stacks that fit a core's cache, the stacks side by side on all cores. What becomes of a replica does not depend on the
/// others, on how they are stacked or on the number of threads: on a CPU every stack gives the bits of single replicas.
pub struct Autodiff<M: Autoencoder> {
    blocks: Vec<Block<M>>,
    /// Replicas of all blocks but the last.
    block_size: usize,
    compute: Compute,
    /// One a replica, or one for all.
    datasets: Vec<Dataset>,
    /// First-layer weights of each replica at the start.
    starts: Vec<Vec<f64>>,
    shape: Shape,
}

/// What one replica of several trains on, and how.
#[derive(Clone, Copy, Debug)]
pub struct Member<'a> {
    /// Its data and step size.
    pub problem: &'a Problem,
    /// Its batches.
    pub schedule: &'a Schedule,
    /// Index of its stream of batches.
    pub replica: u64,
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
        Self::single_neurons(problem, schedule, std::slice::from_ref(start), replica, compute)
    }

    /// Single neurons from several starts; their batches are those of the streams from `first` on.
    ///
    /// # Errors
    /// [`Misuse::ImplicitData`](crate::Misuse::ImplicitData) over data that was not materialised; [`Misuse::Empty`](crate::Misuse::Empty) without starts.
    pub fn single_neurons(
        problem: &Problem,
        schedule: &Schedule,
        starts: &[Start],
        first: u64,
        compute: &Compute,
    ) -> Result<Self> {
        let dataset = problem.dataset();
        let config = SingleNeuronConfig::new(dataset.dim(), problem.activation());
        let model = |start: &Start| config.init_at(start.weights(dataset)?, compute);
        let models: Vec<SingleNeuron> = starts.iter().map(model).collect::<Result<_>>()?;
        if models.is_empty() {
            return Err(Misuse::Empty { what: "the number of starts", got: 0 }.into());
        }
        Self::new(flat::stacked(models, compute), problem, schedule, first, compute)
    }
}

impl<M: Autoencoder> Autodiff<M> {
    /// Any model, one replica or a stack of them, on the data of a [`Problem`] and with its step size; the batches of the replicas are those of the
    /// streams from `first` on. The model computes its own activation; that of the problem is not looked at.
    ///
    /// # Errors
    /// [`Misuse::ImplicitData`](crate::Misuse::ImplicitData) over data that was not materialised.
    pub fn new(
        model: M,
        problem: &Problem,
        schedule: &Schedule,
        first: u64,
        compute: &Compute,
    ) -> Result<Self> {
        let member = |k| Member { problem, schedule, replica: first + k as u64 };
        let members: Vec<Member> = (0..flat::replicas(&model)).map(member).collect();
        Self::of_members(model, &members, compute)
    }

    /// A stack of replicas, each with its own data, step size and batches. Samples, dimension, batch size, reduction, update rule and noise are the same in all.
    ///
    /// # Errors
    /// [`Misuse::ImplicitData`](crate::Misuse::ImplicitData) over data that was not materialised; [`Misuse::UnlikeMembers`](crate::Misuse::UnlikeMembers); [`Misuse::Length`](crate::Misuse::Length) unless there is a member for every replica, all have one
    /// shape, and every parameter of the model has the replicas as its first dimension.
    pub fn of_members(model: M, members: &[Member], compute: &Compute) -> Result<Self> {
        flat::check(&model)?;
        expect("the members of a stack", flat::replicas(&model), members.len())?;
        let dataset = |member: &Member| member.problem.dataset().clone();
        let first = dataset(&members[0]);
        let is_shared =
            members[1..].iter().all(|member| member.problem.dataset().rows().ok() == first.rows().ok());
        let (samples, dim, batch) = (first.samples(), first.dim(), members[0].schedule.batch_size());
        for Member { problem, schedule, .. } in members {
            expect("the samples of a member", samples, problem.dataset().samples())?;
            expect("a sample of a member", dim, problem.dataset().dim())?;
            expect("the batch of a member", batch, schedule.batch_size())?;
            if !problem.moves_like(members[0].problem) {
                return Err(Misuse::UnlikeMembers.into());
            }
        }
        let shape = Shape { samples, dim, batch, is_shared };
        let starts = to_host(model.valid().neurons());
        let starts: Vec<Vec<f64>> =
            starts.chunks_exact(starts.len() / members.len()).map(<[f64]>::to_vec).collect();
        let block_size = block_size(&starts, &shape, compute);
        let block = |(k, members): (usize, &[Member])| {
            let (from, to) = (k * block_size, k * block_size + members.len());
            Block::new(flat::some(&model, from..to), members, shape, compute)
        };
        let blocks = members.chunks(block_size).enumerate().map(block).collect::<Result<_>>()?;
        let datasets = if is_shared { vec![first] } else { members.iter().map(dataset).collect() };
        Ok(Self { blocks, block_size, compute: compute.clone(), datasets, starts, shape })
    }

    /// The model of a replica as it stands.
    pub fn model(&self, replica: usize) -> M {
        let (block, k) = self.place(replica);
        block.replica(k)
    }

    /// The block of a replica, and its place there.
    fn place(&self, replica: usize) -> (&Block<M>, usize) {
        (&self.blocks[replica / self.block_size], replica % self.block_size)
    }

    fn dataset(&self, replica: usize) -> &Dataset {
        &self.datasets[if self.shape.is_shared { 0 } else { replica }]
    }

    /// Gradient `Σ_{i∈B} ∇ℓ_i` of a replica over a batch, every parameter in the module's order.
    pub fn gradient(&self, replica: usize, batch: &[usize]) -> Vec<f64> {
        let (block, k) = self.place(replica);
        block.gradient(k, batch)
    }
}

/// Replicas of a stack: as many as stay in a core's cache with their batches, and no more than leaves every core its share. A batch that
/// is differentiated in parts has the cores to itself.
fn block_size(starts: &[Vec<f64>], shape: &Shape, compute: &Compute) -> usize {
    if !compute.backend().is_host() {
        return starts.len();
    }
    let entries = shape.batch * shape.dim + starts[0].len();
    let fit = 2 * compute.backend().entries_at_once() / entries.max(1);
    fit.min(starts.len().div_ceil(rayon::current_num_threads())).max(1)
}

impl<M: Autoencoder> Engine for Autodiff<M> {
    fn replicas(&self) -> usize {
        self.starts.len()
    }

    fn steps_taken(&self) -> u64 {
        self.blocks[0].steps_taken()
    }

    fn advance(&mut self, steps: u64) {
        if self.compute.backend().is_host() {
            self.blocks.par_iter_mut().for_each(|block| block.advance(steps));
        } else {
            self.blocks.iter_mut().for_each(|block| block.advance(steps));
        }
    }

    fn retire(&mut self, replica: usize) {
        let size = self.block_size;
        self.blocks[replica / size].retire(replica % size);
    }

    fn diverged_at(&self, replica: usize) -> Option<u64> {
        let (block, k) = self.place(replica);
        block.diverged_at(k)
    }

    fn neurons(&self, replica: usize) -> Vec<Neuron> {
        let (dim, dataset) = (self.shape.dim, self.dataset(replica));
        let weights = to_host(self.model(replica).neurons().inner());
        weights
            .chunks_exact(dim)
            .zip(self.starts[replica].chunks_exact(dim))
            .map(|(w, w0)| Neuron::observe(dataset, w, w0).expect("checked at construction"))
            .collect()
    }

    /// Part by part, as [`gradient`](Self::gradient): a device may sum what is large in an order that changes from run
    /// to run.
    fn loss(&self, replica: usize) -> f64 {
        let (block, k) = self.place(replica);
        let model = block.replica(k).valid();
        let losses: Vec<Tensor<1>> = block
            .parts(k, &all(self.shape.samples))
            .into_iter()
            .map(|x| flat::batch_loss(&model, x))
            .collect();
        let sum: f64 = losses.into_iter().map(|loss| to_host(loss)[0]).sum();
        sum / self.shape.samples as f64
    }

    fn slope(&self, replica: usize) -> f64 {
        let (block, _) = self.place(replica);
        let problem = block.problem();
        if problem.has_no_slope() {
            return 0.0;
        }
        let (all, decay) = (all(self.shape.samples), problem.decay_of_loss(self.shape.batch));
        let gradient = self.gradient(replica, &all);
        if decay == 0.0 {
            return self.dataset(replica).relative(norm(&gradient) / all.len() as f64);
        }
        let mean = gradient.iter().map(|g| g / all.len() as f64);
        let felt: Vec<f64> = mean.zip(self.position(replica)).map(|(g, p)| g + decay * p).collect();
        self.dataset(replica).relative(norm(&felt))
    }

    fn weights(&self, replica: usize) -> Result<Vec<f64>, Misuse> {
        Ok(to_host(self.model(replica).neurons().inner()))
    }

    fn position(&self, replica: usize) -> Vec<f64> {
        flat::parameters(&self.model(replica))
    }

    fn parameters(&self, replica: usize) -> Option<Vec<f64>> {
        Some(self.position(replica))
    }

    fn is_dead(&self, replica: usize) -> bool {
        let (block, k) = self.place(replica);
        let problem = block.problem();
        // Biases shrink at another pace than what weights make of a sample.
        if problem.update().weight_decay > 0.0
            || !block.replica(k).valid().is_dead(block.select(k, &all(self.shape.samples)))
        {
            return false;
        }
        let flight = problem.flight(self.steps_taken());
        flight.is_some_and(|flight| is_at_rest(&block.state(k), block.parameters(), flight))
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot {
            step: self.steps_taken(),
            diverged_at: (0..self.replicas()).map(|replica| self.diverged_at(replica)).collect(),
            replicas: self.blocks.iter().flat_map(Block::all_states).collect(),
        }
    }

    fn restore(&mut self, snapshot: &Snapshot) -> Result<(), Misuse> {
        snapshot.expect(self.replicas())?;
        let length = self.blocks[0].state_size();
        for state in &snapshot.replicas {
            expect("the parameters of a replica and their moments", length, state.len())?;
        }
        let points = snapshot.replicas.chunks(self.block_size);
        let diverged_at = snapshot.diverged_at.chunks(self.block_size);
        for ((block, points), diverged_at) in self.blocks.iter_mut().zip(points).zip(diverged_at) {
            block.restore(snapshot.step, points, diverged_at);
        }
        Ok(())
    }
}

fn all(samples: usize) -> Vec<usize> {
    (0..samples).collect()
}
