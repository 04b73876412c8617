//! The size of other samples' coefficients under SGD, against the stationary law.

use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Point, Series, Shape, Stroke};
use crate::plot::sheet::Row;
use crate::plot::{FileFigure, Sheet};

pub(super) const FIGURE: FileFigure = FileFigure {
    id: "correlated_spread",
    title: "Quartiles of what SGD keeps of other samples, beside the stationary law",
    table: "correlated_spread",
    columns: &["activation", "rho", "batch", "probability", "quantile", "low", "high", "predicted", "runs"],
    draw,
    caption,
};

const DRAWN: [(&str, &str, Colour, Shape); 3] = [
    ("0.25", "lower quartile", Colour::Sky, Shape::Square),
    ("0.5", "median", Colour::Blue, Shape::Disc),
    ("0.75", "upper quartile", Colour::Vermillion, Shape::Triangle),
];

fn panel(sheet: &Sheet, batch: &str) -> Panel {
    let mut series = Vec::new();
    for (probability, name, colour, shape) in DRAWN {
        let rows = || {
            let of = move |row: &Row| {
                row.text("batch") == batch && row.text("activation") == "linear" && row.number("rho") > 0.0
            };
            sheet.with("probability", probability).filter(of)
        };
        // Coefficients are of order 1 at most: beyond, the law says nothing.
        let curve =
            rows().map(|row| (row.number("rho"), row.number("predicted"))).filter(|point| point.1 < 1.0);
        series.push(Series::line("", colour, Stroke::Dashed, curve.collect()));
        let point = |row: Row| {
            Point::within(row.number("rho"), row.number("quantile"), row.number("low"), row.number("high"))
        };
        series.push(Series::points(name, colour, shape, rows().map(point).collect()));
    }
    Panel::new(
        format!("linear, b = {batch}"),
        Axis::log("correlation ρ > 0"),
        Axis::log("|α| of other samples"),
        series,
    )
}

fn draw(sheet: &Sheet) -> Drawing {
    let batches = sheet.distinct("batch");
    Drawing::new(batches.len().max(1), batches.iter().map(|batch| panel(sheet, batch)).collect())
}

fn caption(sheet: &Sheet) -> String {
    format!(
        "Quartiles of |α_j| over all samples but the one with the largest coefficient, {} runs at several looks, 95 % intervals that \
         respect the runs (Woodruff). Dashed: the stationary law P(|α_j| ≤ x) ≈ exp(−σ/(x + ρ/2)), of leading order in small coefficients.",
        sheet.first("runs"),
    )
}
