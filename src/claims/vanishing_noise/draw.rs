//! Starts whose mixtures are far from every datapoint, and how close runs come to their limits.

use super::{Options, STUDY};
use crate::data::Dataset;
use crate::device::{Compute, Precision};
use crate::engine::Autodiff;
use crate::error::Result;
use crate::init::Start;
use crate::limit_set::LimitSet;
use crate::model::{Activation, SingleNeuron};
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;
use crate::study::{Context, Effort};
use crate::theory::{gd, landscape};

/// Least squared noise `Σ (α_i² − α_i⁴)` of the mixtures that starts are drawn for: none is next to a datapoint.
pub(super) const MIXED: f64 = 0.1;

/// Distances from their limits at which training stops, and what SGD does then.
#[derive(Clone, Copy)]
pub(super) struct Arrival {
    pub gd: f64,
    pub sgd: f64,
    /// Time, in units of `1/λ`, that SGD goes on for when it has arrived.
    pub time: f64,
    /// The factor by which its distance may have grown then. It stays below 1e-2, where the bound on that growth is right to a
    /// hundredth.
    pub factor: f64,
}

impl Arrival {
    pub fn of(precision: Precision) -> Self {
        precision.pick(
            Self { gd: 1e-12, sgd: 1e-9, time: 1.0, factor: 1e4 },
            Self { gd: 1e-5, sgd: 1e-5, time: 0.5, factor: 1e3 },
        )
    }
}

/// Sizes `m × n`.
pub(super) fn sizes(effort: Effort) -> Vec<(usize, usize)> {
    effort.pick(vec![(4, 6)], vec![(4, 6), (7, 7), (9, 14)], vec![(4, 6), (7, 7), (9, 14), (20, 31)])
}

/// Starts a size and activation.
pub(super) fn starts(effort: Effort) -> u64 {
    effort.pick(12, 8, 18)
}

/// Data, and a start that mixes two samples well.
pub(super) struct Draw {
    pub problem: Problem,
    pub start: Start,
    /// Weights of GD's limit.
    pub mixture: Vec<f64>,
    pub seed: u64,
}

impl Draw {
    /// One of every size, activation and replica.
    pub fn all(context: &Context, options: &Options) -> Result<Vec<Self>> {
        let mut draws = Vec::new();
        for (k, size) in sizes(context.effort).into_iter().enumerate() {
            for activation in Activation::PAPER {
                for replica in 0..starts(context.effort) {
                    let seed = context.cell_seed(&STUDY, (k as u64) << 16 | replica);
                    draws.push(Self::new(size, activation, seed, options.step_size())?);
                }
            }
        }
        Ok(draws)
    }

    fn new((m, n): (usize, usize), activation: Activation, seed: u64, step_size: f64) -> Result<Self> {
        let problem = Problem::new(Dataset::orthonormal(m, n, seed)?, activation, Reduction::Sum, step_size)?;
        let mut replica = 0;
        loop {
            let start = Start::gaussian(problem.dataset(), 0.5, seed, replica)?;
            match gd::limit(&start.correlations, activation) {
                Some(LimitSet::Point(alpha)) if landscape::noise_at_minimum(&alpha) >= MIXED => {
                    return Ok(Self { problem, start, mixture: alpha, seed });
                }
                _ => replica += 1,
            }
        }
    }

    /// What the samples make of GD's limit.
    pub fn active(&self) -> Vec<f64> {
        self.mixture.iter().map(|&c| self.problem.activation().apply(c)).collect()
    }

    pub fn samples(&self) -> usize {
        self.problem.dataset().samples()
    }

    /// The Burn model at a start of its own.
    pub fn engine(
        &self,
        start: &Start,
        schedule: &Schedule,
        compute: &Compute,
    ) -> Result<Autodiff<SingleNeuron>> {
        Autodiff::single_neuron(&self.problem, schedule, start, 0, compute)
    }
}
