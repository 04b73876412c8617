//! The three engines are one: their distance at each step, in units of rounding.

use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Series, Stroke};
use crate::plot::{FileFigure, Sheet};

pub(super) const FIGURE: FileFigure = FileFigure {
    id: "engines",
    title: "Three engines on one trajectory: how far they differ at every step",
    table: "engines",
    columns: &[
        "samples",
        "dim",
        "batch",
        "step_size",
        "step",
        "engine",
        "other",
        "distance",
        "unit_roundoff",
    ],
    draw,
    caption,
};

fn draw(sheet: &Sheet) -> Drawing {
    let pairs = [
        ("autodiff", "analytic", Colour::Blue),
        ("autodiff", "reduced", Colour::Vermillion),
        ("analytic", "reduced", Colour::Green),
    ];
    let series = pairs.map(|(engine, other, colour)| {
        let rows = sheet.with("engine", engine).filter(|row| row.text("other") == other);
        let points =
            rows.map(|row| (row.number("step"), row.number("distance") / row.number("unit_roundoff")));
        Series::line(format!("{engine} − {other}"), colour, Stroke::Solid, points.collect())
    });
    let y = Axis::log("distance ‖w₁ − w₂‖ in units of rounding u");
    Drawing::new(1, vec![Panel::new("", Axis::log("step t"), y, series.into())])
}

fn caption(sheet: &Sheet) -> String {
    format!(
        "Euclidean distance between the weights of each two engines on one batch stream, at every recorded step of one SGD run \
         (m = {}, n = {}, b = {}, η = {}, sum reduction, linear model), in units of u = {}: Burn's autodiff, the hand-derived \
         gradient, and the recursion in correlations alone. Steps at which two agree to the last bit have no point.",
        sheet.first("samples"),
        sheet.first("dim"),
        sheet.first("batch"),
        sheet.first("step_size"),
        crate::text::number(sheet.first("unit_roundoff").parse().unwrap_or(f64::NAN)),
    )
}
