//! Means of cosines against sizes, with their standard errors and what theory expects.

use serde::{Deserialize, Serialize};

use super::grid::Along;
use super::pairs::{Pair, Sampled};
use crate::model::Activation;
use crate::problem::Reduction;
use crate::stats::Mean;
use crate::study::{Row, Table};
use crate::verdict::Relation;

/// One quantity at one size.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Scaling {
    pub axis: Along,
    pub activation: Activation,
    pub reduction: Reduction,
    pub algorithm: String,
    pub quantity: String,
    pub samples: usize,
    pub dim: usize,
    pub runs: usize,
    pub mean: f64,
    pub standard_error: f64,
    pub predicted: f64,
    /// How the prediction is meant.
    pub relation: Relation,
}

impl Row for Scaling {
    const TABLE: &'static str = "alignment";
}

pub(super) fn table(samples: &[Sampled], sgd_max_cos: f64) -> Table {
    Table::of(samples.iter().flat_map(|sampled| of_size(sampled, sgd_max_cos)))
}

fn of_size(sampled: &Sampled, sgd_max_cos: f64) -> [Scaling; 6] {
    let size = &sampled.size;
    let (expected, root) = (size.expected, (size.dim as f64).sqrt());
    let bound = expected.sgd_cos_init;
    let row = |algorithm: &str, quantity: &str, scale: f64, value: fn(&Pair) -> f64, predicted, relation| {
        let mean = Mean::of(&sampled.of(value));
        Scaling {
            axis: size.axis,
            activation: size.activation,
            reduction: size.reduction,
            algorithm: algorithm.into(),
            quantity: quantity.into(),
            samples: size.samples,
            dim: size.dim,
            runs: mean.n,
            mean: scale * mean.mean,
            standard_error: scale * mean.sem,
            predicted,
            relation,
        }
    };
    let equal = |algorithm, quantity, value, predicted| {
        row(algorithm, quantity, 1.0, value, predicted, Relation::Equal)
    };
    let at_most = |quantity, scale, predicted| {
        row("SGD", quantity, scale, |pair| pair.sgd.cos_init, predicted, Relation::AtMost)
    };
    [
        equal("GD", "max_cos", |pair| pair.gd.max_cos, expected.max_cos),
        equal("GD", "cos_init_squared", |pair| pair.gd.cos_init.powi(2), expected.cos_init_squared),
        equal("GD", "participation", |pair| pair.gd.participation, expected.participation),
        equal("SGD", "max_cos", |pair| pair.sgd.max_cos, sgd_max_cos),
        at_most("cos_init", 1.0, bound),
        at_most("sqrt_n_cos_init", root, root * bound),
    ]
}
