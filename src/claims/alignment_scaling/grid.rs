//! Which sizes are tried, from how many starts, and what is expected there.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Options, Prediction, STUDY};
use crate::data::Dataset;
use crate::error::Result;
use crate::model::Activation;
use crate::problem::Reduction;
use crate::study::trial::is_live;
use crate::study::{Context, Effort};

/// Two decades of `m` at a fixed `n`, and of `n` at a fixed `m`. Never `m = n`, where `w_0` lies in the
/// span and cosines are exact numbers without an error to weigh them by.
const SAMPLES: [usize; 9] = [10, 18, 32, 56, 100, 178, 316, 562, 1000];
const DIMS: [usize; 9] = [14, 25, 45, 79, 140, 250, 445, 790, 1400];

/// Sizes under the mean reduction, where GD takes `m` times as many steps to the same limit.
const SAMPLES_OF_MEAN: [usize; 4] = [10, 18, 32, 56];
const DIMS_OF_MEAN: [usize; 5] = [14, 45, 140, 445, 1400];

/// What grows along an axis of sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Along {
    #[serde(rename = "m")]
    Samples,
    #[serde(rename = "n")]
    Dim,
}

impl Along {
    /// The part of a size that grows.
    pub fn of(self, samples: usize, dim: usize) -> f64 {
        (if self == Along::Samples { samples } else { dim }) as f64
    }
}

/// Exact expectations at a size.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected {
    pub max_cos: f64,
    pub cos_init_squared: f64,
    pub participation: f64,
    /// Bound on the mean of SGD's cosine with the start.
    pub sgd_cos_init: f64,
}

impl Expected {
    fn at(samples: usize, dim: usize, activation: Activation, prediction: &Prediction) -> Self {
        Self {
            max_cos: (prediction.gd_max_cos)(samples, activation),
            cos_init_squared: (prediction.gd_cos_init_squared)(samples, dim, activation),
            participation: (prediction.gd_participation)(samples, activation),
            sgd_cos_init: (prediction.sgd_cos_init_bound)(samples, dim, activation),
        }
    }
}

/// One size along an axis, under an activation and a reduction.
#[derive(Debug)]
pub(super) struct Size {
    pub axis: Along,
    pub activation: Activation,
    pub reduction: Reduction,
    pub samples: usize,
    pub dim: usize,
    /// Seed of its starts and batches.
    pub seed: u64,
    /// Replicas with an active sample: the corollary speaks of no other start.
    pub live: Vec<u64>,
    pub expected: Expected,
}

/// All sizes: both axes, activations and reductions.
pub(super) fn sizes(context: &Context, options: &Options, prediction: &Prediction) -> Result<Vec<Size>> {
    let mut cells = Vec::new();
    for (k, activation) in (0..).zip(Activation::PAPER) {
        for (l, reduction) in (0..).zip([Reduction::Sum, Reduction::Mean]) {
            for (j, axis) in (0..).zip([Along::Samples, Along::Dim]) {
                let cell: u64 = 4 * l + 2 * k + j;
                for (i, size) in (0..).zip(along(context.effort, axis, reduction)) {
                    cells.push((axis, activation, reduction, size, cell << 32 | i));
                }
            }
        }
    }
    let size =
        |(axis, activation, reduction, (samples, dim, starts), cell): (_, _, _, (usize, usize, u64), u64)| {
            let seed = context.cell_seed(&STUDY, cell);
            let expected = Expected::at(samples, dim, activation, prediction);
            let dataset = Dataset::implicit_orthonormal(samples, dim)?;
            let mut live = Vec::new();
            for replica in 0..options.replicas.unwrap_or(starts) {
                if is_live(&options.start(&dataset, seed, replica)?, activation) {
                    live.push(replica);
                }
            }
            Ok(Size { axis, activation, reduction, samples, dim, seed, live, expected })
        };
    cells.into_par_iter().map(size).collect()
}

/// The sizes `(m, n, starts)` of one axis. Means over few samples scatter more, and cost less: they get more starts.
fn along(effort: Effort, axis: Along, reduction: Reduction) -> Vec<(usize, usize, u64)> {
    let base = effort.pick(40.0, 100.0, 600.0);
    let (most, starts) = (DIMS[DIMS.len() - 1], effort.pick(180, 300, 1800));
    let starts_of_mean = effort.pick(100, 150, 600);
    match (reduction, axis) {
        (Reduction::Sum, Along::Samples) => {
            SAMPLES.map(|m| (m, most, (base * (1000.0 / m as f64).sqrt()) as u64)).to_vec()
        }
        (Reduction::Sum, Along::Dim) => DIMS.map(|n| (SAMPLES[0], n, starts)).to_vec(),
        (Reduction::Mean, Along::Samples) => SAMPLES_OF_MEAN.map(|m| (m, most, starts_of_mean)).to_vec(),
        (Reduction::Mean, Along::Dim) => DIMS_OF_MEAN.map(|n| (SAMPLES[0], n, starts_of_mean)).to_vec(),
    }
}
