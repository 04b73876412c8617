//! What the figures of `sgd_limit` share.

pub mod batch_sizes;
pub mod engines;
pub mod steps;

use super::ends::BatchSize;
use crate::model::Activation;
use crate::plot::drawing::{Colour, Shape};

/// The models, their names, colours and shapes.
const MODELS: [(Activation, &str, Colour, Shape); 2] = [
    (Activation::Linear, "linear", Colour::Blue, Shape::Disc),
    (Activation::Relu, "ReLU", Colour::Vermillion, Shape::Triangle),
];

/// The settings of the first size and reduction, and those with `b = m`, where the reduction does not matter.
fn chosen(rows: &[BatchSize], activation: Activation) -> impl Iterator<Item = &BatchSize> {
    let BatchSize { samples, reduction, .. } = rows[0];
    rows.iter().filter(move |row| {
        let counts = row.reduction == reduction || row.batch == samples;
        row.samples == samples && row.activation == activation && counts
    })
}
