//! Noise of single samples near a datapoint, against the distance.

use super::near::Noise;
use crate::model::Activation;
use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Point, Series, Shape, Stroke};
use crate::plot::{Plot, distinct};

pub(super) const FIGURE: Plot<Noise> = Plot {
    id: "noise",
    title: "The noise of the gradient over the distance to the minimum, at a datapoint and at the mixture",
    draw,
    caption,
};

/// One activation at the first size.
fn panel(rows: &[Noise], activation: Activation) -> Panel {
    let mut series = Vec::new();
    for (k, direction) in distinct(rows, |row| row.direction.clone()).into_iter().enumerate() {
        let drawn = || {
            rows.iter().filter(|row| {
                row.activation == activation && row.samples == rows[0].samples && row.direction == direction
            })
        };
        let law = drawn().map(|row| (row.distance, row.predicted)).collect();
        series.push(Series::line("", Colour::nth(k), Stroke::Dashed, law));
        let points = drawn().map(|row| Point::exact(row.distance, row.noise)).collect();
        series.push(Series::points(direction.clone(), Colour::nth(k), Shape::nth(k), points));
    }
    let model = if activation == Activation::Relu { "ReLU" } else { activation.name() };
    let noise = Axis::log("noise, (Σᵢ ‖∇ℓᵢ‖²)^½");
    Panel::new(model, Axis::log("distance ε from the datapoint"), noise, series)
}

fn draw(rows: &[Noise]) -> Drawing {
    Drawing::new(2, Activation::PAPER.map(|activation| panel(rows, activation)).into())
}

fn caption(rows: &[Noise]) -> String {
    let Noise { samples, dim, .. } = &rows[0];
    format!(
        "Noise of single samples at w = aⱼ + εu, sample gradients of the Burn model by autodiff, m = {samples}, n = {dim}, for directions u along \
         the datapoint, towards and away from another sample, along the residual and into all of these. Dashed: \
         ε √(1 + 15uⱼ² + Σ φ(uᵢ)²), the sum over i ≠ j, to first order in ε: slope 1.",
    )
}
