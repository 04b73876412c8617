//! The hand-derived gradient as tensor operations, all replicas of the single neuron at once.
//!
//! Weights, data and the batches of a whole chunk of steps stay on the device. Once a chunk the host uploads indices
//! and reads `R` squared norms, to notice divergence; nothing else moves unless somebody looks (but for one neuron on full batches in double precision on a CPU, whose steps
//! are taken on the host and take the samples from memory once). On a GPU a chunk is all
//! the steps of a call of [`advance`](Engine::advance), as far as there is room for their indices. On a CPU, replicas go
//! in blocks small enough for a core's cache, side by side.

mod block;
mod pass;

use std::cell::OnceCell;

use burn::tensor::Tensor;
use rayon::prelude::*;

pub use self::block::batch_step;
use self::block::{Block, Setting};
use super::{Engine, Snapshot, blow_up, expect};
use crate::data::dot;
use crate::device::{Compute, to_host};
use crate::error::{Misuse, Result};
use crate::init::Start;
use crate::limits;
use crate::model::Activation;
use crate::problem::Problem;
use crate::schedule::Schedule;
use crate::state::Neuron;
use crate::update::is_at_rest;

/// The fewest replicas for which samples that they share are worth walking through.
const SHARING: usize = 64;

/// `R` single neurons side by side.
pub struct Analytic {
    setting: Setting,
    /// Replicas a block; the last may have fewer.
    block: usize,
    blocks: Vec<Block>,
    /// Weights at the start, `[n]` each.
    starts: Vec<Vec<f64>>,
    /// The weights as last read, `[R, n]` row-major: however many replicas are looked at, one download.
    seen: OnceCell<Vec<f64>>,
    steps_taken: u64,
}

impl Analytic {
    /// Replicas `first, first + 1, …`, one a start.
    ///
    /// # Errors
    /// [`Misuse::NoFormula`](crate::Misuse::NoFormula) for an activation that is not the paper's;
    /// [`Misuse::Empty`](crate::Misuse::Empty) without starts, [`Misuse::TooMany`](crate::Misuse::TooMany) with too many; [`Misuse::TooLarge`](crate::Misuse::TooLarge); [`Misuse::ImplicitData`](crate::Misuse::ImplicitData) over data that was not materialised.
    pub fn new(
        problem: &Problem,
        schedule: &Schedule,
        starts: &[Start],
        first: u64,
        compute: &Compute,
    ) -> Result<Self> {
        problem.require_unit_slope("analytic")?;
        let dataset = problem.dataset();
        limits::replicas(starts.len() as u64, dataset.samples().max(dataset.dim()))?;
        let starts: Vec<Vec<f64>> =
            starts.iter().map(|start| Ok(start.weights(dataset)?.to_vec())).collect::<Result<_>>()?;
        let setting = Setting {
            rows: compute.tensor(dataset.rows()?, [dataset.samples(), dataset.dim()]),
            ones: compute.tensor(&vec![1.0; dataset.dim()], [dataset.dim(), 1]),
            compute: compute.clone(),
            schedule: schedule.clone(),
            problem: problem.clone(),
            step_per_sample: problem.step_per_sample(schedule.batch_size()),
        };
        let fewest = if schedule.is_deterministic() { SHARING } else { 1 };
        let max = (compute.backend().entries_at_once() / dataset.dim()).max(fewest);
        let block = even(starts.len(), max);
        if !schedule.is_deterministic() || problem.noise().label > 0.0 {
            limits::entries("the batches of a step", block * schedule.batch_size(), dataset.dim())?;
        }
        let blocks = starts.chunks(block).zip((first..).step_by(block)).map(|(starts, first)| {
            let weights = compute.tensor(&starts.concat(), [starts.len(), dataset.dim()]);
            Block::new(&setting, weights, first, starts.iter().map(|w0| blow_up(dot(w0, w0))).collect())
        });
        Ok(Self { blocks: blocks.collect(), block, setting, starts, seen: OnceCell::new(), steps_taken: 0 })
    }

    /// The weights of every replica, with the moments of the update rule behind.
    fn states(&self) -> Vec<Vec<f64>> {
        let dim = self.setting.problem.dataset().dim();
        let of_block = |block: &Block| {
            let mut states = vec![Vec::new(); block.diverged_at.len()];
            for tensor in block.tensors() {
                let values = to_host(tensor.clone());
                states.iter_mut().zip(values.chunks_exact(dim)).for_each(|(state, part)| state.extend(part));
            }
            states
        };
        self.blocks.iter().flat_map(of_block).collect()
    }

    fn weights_of(&self, replica: usize) -> Vec<f64> {
        let read = || self.blocks.iter().flat_map(|block| to_host(block.weights.clone())).collect();
        let dim = self.setting.problem.dataset().dim();
        self.seen.get_or_init(read)[replica * dim..(replica + 1) * dim].to_vec()
    }
}

/// Replicas a block, of `replicas` in blocks of at most `most`: as many blocks for one core as for the other, and all of
/// about one size. A function of these numbers alone, so that no result depends on the machine.
fn even(replicas: usize, max: usize) -> usize {
    match replicas.div_ceil(max) {
        1 => replicas,
        blocks => replicas.div_ceil(blocks.next_multiple_of(2)),
    }
}

impl Engine for Analytic {
    fn replicas(&self) -> usize {
        self.starts.len()
    }

    fn steps_taken(&self) -> u64 {
        self.steps_taken
    }

    fn advance(&mut self, steps: u64) {
        self.seen.take();
        self.steps_taken += steps;
        let setting = &self.setting;
        match self.blocks.as_mut_slice() {
            // In the pool, where a step that spreads over the cores waits for none of them to wake up.
            [block] => rayon::scope(|_| block.advance(steps, setting)),
            blocks => blocks.par_iter_mut().for_each(|block| block.advance(steps, setting)),
        }
    }

    fn diverged_at(&self, replica: usize) -> Option<u64> {
        self.blocks[replica / self.block].diverged_at[replica % self.block]
    }

    fn neurons(&self, replica: usize) -> Vec<Neuron> {
        let (dataset, w) = (self.setting.problem.dataset(), self.weights_of(replica));
        vec![Neuron::observe(dataset, &w, &self.starts[replica]).expect("checked at construction")]
    }

    fn loss(&self, replica: usize) -> f64 {
        self.setting.problem.single_neuron_loss(&self.neurons(replica)[0])
    }

    fn slope(&self, replica: usize) -> f64 {
        let Setting { problem, schedule, .. } = &self.setting;
        if problem.has_no_slope() {
            return 0.0;
        }
        let (neurons, batch) = (self.neurons(replica), schedule.batch_size());
        problem.single_neuron_slope(&neurons[0], batch, || Ok(self.weights_of(replica)))
    }

    fn weights(&self, replica: usize) -> Result<Vec<f64>, Misuse> {
        Ok(self.weights_of(replica))
    }

    fn position(&self, replica: usize) -> Vec<f64> {
        self.weights_of(replica)
    }

    fn is_dead(&self, replica: usize) -> bool {
        let problem = &self.setting.problem;
        if problem.activation() != Activation::Relu || !self.neurons(replica)[0].is_silent() {
            return false;
        }
        let (block, k) = (&self.blocks[replica / self.block], replica % self.block);
        let part = |tensor: &Tensor<2>| to_host(tensor.clone().narrow(0, k, 1));
        let state: Vec<f64> = block.tensors().flat_map(part).collect();
        let flight = problem.flight(self.steps_taken);
        flight.is_some_and(|flight| is_at_rest(&state, problem.dataset().dim(), flight))
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot {
            step: self.steps_taken,
            diverged_at: self.blocks.iter().flat_map(|block| block.diverged_at.clone()).collect(),
            replicas: self.states(),
        }
    }

    fn restore(&mut self, snapshot: &Snapshot) -> Result<(), Misuse> {
        snapshot.expect(self.replicas())?;
        let dim = self.setting.problem.dataset().dim();
        let kept = self.setting.problem.update().rule.state_size();
        let length = dim * (1 + kept);
        snapshot
            .replicas
            .iter()
            .try_for_each(|w| expect("the weights and their moments", length, w.len()))?;
        self.seen.take();
        self.steps_taken = snapshot.step;
        let saved = snapshot.replicas.chunks(self.block).zip(snapshot.diverged_at.chunks(self.block));
        for (block, (states, diverged_at)) in self.blocks.iter_mut().zip(saved) {
            let part = |k: usize| {
                let values: Vec<f64> =
                    states.iter().flat_map(|s| &s[k * dim..(k + 1) * dim]).copied().collect();
                self.setting.compute.tensor(&values, [states.len(), dim])
            };
            block.restore(part(0), (1..=kept).map(part).collect(), diverged_at, snapshot.step);
        }
        Ok(())
    }
}
