//! Conditional drift of the log-ratio by its level.

use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Point, Series, Shape, Stroke};
use crate::plot::sheet::Row;
use crate::plot::{FileFigure, Sheet};
use crate::stats::{ESTIMATE_LEVEL, normal_quantile};

pub(super) const FIGURE: FileFigure = FileFigure {
    id: "random_walk_drift",
    title: "The drift of R, measured and enumerated, over R",
    table: "random_walk_drift",
    columns: &[
        "samples",
        "batch",
        "activation",
        "step_size",
        "low",
        "high",
        "measured",
        "standard_error",
        "expected",
        "bound",
        "steps",
    ],
    draw,
    caption,
};

fn draw(sheet: &Sheet) -> Drawing {
    let panel = |samples: &&str| {
        let rows = || sheet.with("samples", samples);
        let middle = |row: &Row| 0.5 * (row.number("low") + row.number("high"));
        let half = normal_quantile(ESTIMATE_LEVEL);
        let point = |row: Row| {
            let (mean, error) = (row.number("measured"), half * row.number("standard_error"));
            Point::within(middle(&row), mean, mean - error, mean + error)
        };
        let curve = |column: &str| rows().map(|row| (middle(&row), row.number(column))).collect::<Vec<_>>();
        let series = vec![
            Series::line("bound, R → ∞", Colour::Grey, Stroke::Dotted, curve("bound")),
            Series::line("exact expectation", Colour::Text, Stroke::Dashed, curve("expected")),
            Series::points("measured", Colour::Blue, Shape::Disc, rows().map(point).collect()),
        ];
        let (batch, relu) =
            rows().next().map_or(("", false), |row| (row.text("batch"), row.text("activation") == "relu"));
        let title = format!("m = {samples}, b = {batch}{}", if relu { ", ReLU" } else { "" });
        Panel::new(title, Axis::linear("level R"), Axis::linear("drift of R a step"), series)
    };
    let cells = sheet.distinct("samples");
    Drawing::new(cells.len().max(1), cells.iter().map(panel).collect())
}

fn caption(sheet: &Sheet) -> String {
    let steps: f64 = sheet.rows().map(|row| row.number("steps")).sum();
    format!(
        "Mean increment of R by its level before the step, with 95 % intervals, over {steps} steps of independent walks (η = {}, sum \
         reduction, reduced engine), against the mean of the exact conditional expectation, enumerated over all batches \
         at the states visited. Dotted: the asymptotic lower bound (1/m)(log 1/(1 − η) − η), stated for b = 1.",
        sheet.first("step_size"),
    )
}
