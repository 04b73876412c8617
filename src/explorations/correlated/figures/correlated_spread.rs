//! The size of other samples' coefficients under SGD, against the stationary law.

use crate::explorations::correlated::tables::SpreadQuantile;
use crate::model::Activation;
use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Point, Series, Shape, Stroke};
use crate::plot::{Plot, distinct};

pub const FIGURE: Plot<SpreadQuantile> = Plot {
    id: "correlated_spread",
    title: "Quartiles of what SGD keeps of other samples, beside the stationary law",
    draw,
    caption,
};

const DRAWN: [(f64, &str, Colour, Shape); 3] = [
    (0.25, "lower quartile", Colour::Sky, Shape::Square),
    (0.5, "median", Colour::Blue, Shape::Disc),
    (0.75, "upper quartile", Colour::Vermillion, Shape::Triangle),
];

fn panel(rows: &[SpreadQuantile], batch: usize) -> Panel {
    let mut series = Vec::new();
    for (probability, name, colour, shape) in DRAWN {
        let shown = |row: &&SpreadQuantile| {
            row.probability == probability
                && row.batch == batch
                && row.activation == Activation::Linear
                && row.rho > 0.0
        };
        let rows = || rows.iter().filter(shown);
        // Coefficients are of order 1 at most: beyond, the law says nothing.
        let curve = rows().map(|row| (row.rho, row.predicted)).filter(|point| point.1 < 1.0);
        series.push(Series::line("", colour, Stroke::Dashed, curve.collect()));
        let points = rows().map(|row| Point::within(row.rho, row.quantile, row.low, row.high));
        series.push(Series::points(name, colour, shape, points.collect()));
    }
    Panel::new(
        format!("linear, b = {batch}"),
        Axis::log("correlation ρ > 0"),
        Axis::log("|α| of other samples"),
        series,
    )
}

fn draw(rows: &[SpreadQuantile]) -> Drawing {
    let batches = distinct(rows, |row| row.batch);
    Drawing::new(batches.len().max(1), batches.into_iter().map(|batch| panel(rows, batch)).collect())
}

fn caption(rows: &[SpreadQuantile]) -> String {
    format!(
        "Quartiles of |α_j| over all samples but the one with the largest coefficient, {} runs at several looks, 95 % intervals that \
         respect the runs (Woodruff). Dashed: the stationary law P(|α_j| ≤ x) ≈ exp(−σ/(x + ρ/2)), of leading order in small coefficients.",
        rows[0].runs.unwrap_or(0),
    )
}
