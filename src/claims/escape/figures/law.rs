//! The law of the time to commit, for two samples.

use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Point, Series, Shape, Stroke};
use crate::plot::{FileFigure, Sheet};

pub(super) const FIGURE: FileFigure = FileFigure {
    id: "escape_law",
    title: "The time to commit from the even mixture of two samples, beside the law of the diffusion",
    table: "escape_law",
    columns: &["step_per_sample", "kappa_t", "committed", "low", "high", "predicted", "runs"],
    draw,
    caption,
};

fn draw(sheet: &Sheet) -> Drawing {
    let law = sheet.rows().map(|row| (row.number("kappa_t"), row.number("predicted"))).collect();
    let points = sheet
        .rows()
        .map(|row| {
            let [t, y, low, high] = ["kappa_t", "committed", "low", "high"].map(|name| row.number(name));
            Point::within(t, y, low, high)
        })
        .collect();
    let series = vec![
        Series::line("1 − S(t), ∂ₜS = S″ + tanh d S′", Colour::Text, Stroke::Dashed, law),
        Series::points("SGD", Colour::Blue, Shape::Disc, points),
    ];
    Drawing::new(
        1,
        vec![Panel::new("", Axis::linear("t"), Axis::linear("P(κT ≤ t)").from_to(-0.02, 1.04), series)],
    )
}

fn caption(sheet: &Sheet) -> String {
    format!(
        "Share of runs committed by κT, T steps until |log c₁/c₂| passes a threshold: m = 2, b = 1, started at w_GD of equal \
         correlations, η = {}, reduced engine, {} independent runs. 95 % interval at each time (points of one sample: they err \
         together). Dashed: the diffusion.",
        sheet.first("step_per_sample"),
        sheet.first("runs"),
    )
}
