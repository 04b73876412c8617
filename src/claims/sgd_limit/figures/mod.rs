//! The figures of `sgd_limit`, in their order on the page.

mod batch_sizes;
mod engines;
mod steps;

use super::ends::BatchSize;
use crate::model::Activation;
use crate::plot::Figure;
use crate::plot::drawing::{Colour, Shape};

pub(super) const ALL: &[&dyn Figure] = &[&batch_sizes::FIGURE, &steps::FIGURE, &engines::FIGURE];

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
