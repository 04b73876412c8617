//! The three engines are one: their distance at each step, in units of rounding.

use crate::claims::sgd_limit::engines::Distance;
use crate::plot::Plot;
use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Series, Stroke};
use crate::text::number;

pub const FIGURE: Plot<Distance> = Plot {
    id: "engines",
    title: "Three engines on one trajectory: how far they differ at every step",
    draw,
    caption,
};

fn draw(rows: &[Distance]) -> Drawing {
    let pairs = [
        ("autodiff", "analytic", Colour::Blue),
        ("autodiff", "reduced", Colour::Vermillion),
        ("analytic", "reduced", Colour::Green),
    ];
    let series = pairs.map(|(engine, other, colour)| {
        let rows = rows.iter().filter(|row| row.engine == engine && row.other == other);
        let points = rows.map(|row| (row.step as f64, row.distance / row.unit_roundoff));
        Series::line(format!("{engine} − {other}"), colour, Stroke::Solid, points.collect())
    });
    let y = Axis::log("distance ‖w₁ − w₂‖ in units of rounding u");
    Drawing::new(1, vec![Panel::new("", Axis::log("step t"), y, series.into())])
}

fn caption(rows: &[Distance]) -> String {
    let Distance { samples, dim, batch, step_size, unit_roundoff, .. } = &rows[0];
    format!(
        "Euclidean distance between the weights of each two engines on one batch stream, at every recorded step of one SGD run \
         (m = {samples}, n = {dim}, b = {batch}, η = {step_size}, sum reduction, linear model), in units of u = {}: Burn's autodiff, the \
         hand-derived gradient, and the recursion in correlations alone. Steps at which two agree to the last bit have no point.",
        number(*unit_roundoff),
    )
}
