//! Noise of single samples near a datapoint, against the distance.

use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Point, Series, Shape, Stroke};
use crate::plot::sheet::Row;
use crate::plot::{FileFigure, Sheet};

pub(super) const FIGURE: FileFigure = FileFigure {
    id: "noise",
    title: "The noise of the gradient over the distance to the minimum, at a datapoint and at the mixture",
    table: "noise",
    columns: &["samples", "dim", "activation", "direction", "distance", "noise", "predicted"],
    draw,
    caption,
};

const SHAPES: [Shape; 4] = [Shape::Disc, Shape::Triangle, Shape::Square, Shape::Diamond];

/// The rows of the first size.
fn first_size<'a>(sheet: &'a Sheet, activation: &'a str) -> impl Iterator<Item = Row<'a>> + 'a {
    sheet.with("activation", activation).filter(|row| row.text("samples") == sheet.first("samples"))
}

fn panel(sheet: &Sheet, activation: &str) -> Panel {
    let mut series = Vec::new();
    for (k, direction) in sheet.distinct("direction").into_iter().enumerate() {
        let rows = || first_size(sheet, activation).filter(|row| row.text("direction") == direction);
        let law = rows().map(|row| (row.number("distance"), row.number("predicted"))).collect();
        series.push(Series::line("", Colour::nth(k), Stroke::Dashed, law));
        let points = rows().map(|row| Point::exact(row.number("distance"), row.number("noise"))).collect();
        series.push(Series::points(direction, Colour::nth(k), SHAPES[k % 4], points));
    }
    let model = if activation == "relu" { "ReLU" } else { activation };
    let noise = Axis::log("noise, (Σᵢ ‖∇ℓᵢ‖²)^½");
    Panel::new(model, Axis::log("distance ε from the datapoint"), noise, series)
}

fn draw(sheet: &Sheet) -> Drawing {
    Drawing::new(2, vec![panel(sheet, "linear"), panel(sheet, "relu")])
}

fn caption(sheet: &Sheet) -> String {
    format!(
        "Noise of single samples at w = aⱼ + εu, sample gradients of the Burn model by autodiff, m = {}, n = {}, for directions u along \
         the datapoint, towards and away from another sample, along the residual and into all of these. Dashed: \
         ε √(1 + 15uⱼ² + Σ φ(uᵢ)²), the sum over i ≠ j, to first order in ε: slope 1.",
        sheet.first("samples"),
        sheet.first("dim"),
    )
}
