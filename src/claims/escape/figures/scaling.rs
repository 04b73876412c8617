//! How long SGD takes to commit, from the even mixture.

use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Point, Series, Shape, Stroke};
use crate::plot::sheet::Row;
use crate::plot::{FileFigure, Sheet};
use crate::stats::{ESTIMATE_LEVEL, normal_quantile};

pub(super) const FIGURE: FileFigure = FileFigure {
    id: "escape_scaling",
    title: "The time to commit from w_GD, over 1/κ and over the batch size",
    table: "escape_scaling",
    columns: &[
        "samples",
        "batch",
        "step_per_sample",
        "clock",
        "mean_steps",
        "se_steps",
        "kappa_t",
        "se_kappa_t",
        "runs",
    ],
    draw,
    caption,
};

const SHAPES: [Shape; 4] = [Shape::Disc, Shape::Triangle, Shape::Square, Shape::Diamond];

/// Mean of `κT` over all cells, weighted by their errors.
fn constant(sheet: &Sheet) -> f64 {
    let weighted = sheet.rows().map(|row| (row.number("se_kappa_t").powi(-2), row.number("kappa_t")));
    let (weights, sum) = weighted.fold((0.0, 0.0), |(w, s), (weight, x)| (w + weight, s + weight * x));
    sum / weights
}

fn draw(sheet: &Sheet) -> Drawing {
    let clocks = sheet.rows().map(|row| row.number("clock"));
    let (min, max) =
        clocks.fold((f64::INFINITY, 0.0), |(low, high): (f64, f64), x| (low.min(x), high.max(x)));
    let constant = constant(sheet);
    let series = |law: Vec<(f64, f64)>, name: &str, value: &str, error: &str| {
        let mut series = vec![Series::line(name, Colour::Text, Stroke::Dashed, law)];
        for (k, batch) in sheet.distinct("batch").into_iter().enumerate() {
            let point = |row: Row| {
                let (y, half) = (row.number(value), normal_quantile(ESTIMATE_LEVEL) * row.number(error));
                Point::within(row.number("clock"), y, y - half, y + half)
            };
            let points = sheet.with("batch", batch).map(point).collect();
            series.push(Series::points(format!("b = {batch}"), Colour::nth(k), SHAPES[k % 4], points));
        }
        series
    };
    let falling = [min, max].map(|kappa| (kappa, constant / kappa)).to_vec();
    let level = [min, max].map(|kappa| (kappa, constant)).to_vec();
    let steps = series(falling, "slope −1", "mean_steps", "se_steps");
    let times = series(level, "constant", "kappa_t", "se_kappa_t");
    let rate = || Axis::log("κ, time of the diffusion a step");
    Drawing::new(
        2,
        vec![
            Panel::new("", rate(), Axis::log("mean steps T to commit"), steps),
            Panel::new("", rate(), Axis::linear("mean κT"), times),
        ],
    )
}

fn caption(sheet: &Sheet) -> String {
    format!(
        "Steps from the even mixture w_GD of m = {} samples until the leader's log-ratio to the sum of the others passes a \
         threshold: mean of {} runs a point with 95 % intervals, reduced engine, η = {}. Dashed: κT = const, the law of \
         small η for every b; its constant {:.2} is the weighted mean of all points, not a prediction.",
        sheet.first("samples"),
        sheet.first("runs"),
        sheet.distinct("step_per_sample").join(", "),
        constant(sheet),
    )
}
