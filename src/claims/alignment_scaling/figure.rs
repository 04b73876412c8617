//! Cosines with the data and with the start as the sizes grow, log–log, with slopes.

use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Point, Series, Shape, Stroke};
use crate::plot::sheet::Row;
use crate::plot::{FileFigure, Sheet};
use crate::stats::{ESTIMATE_LEVEL, Line, normal_quantile};

pub(super) const FIGURE: FileFigure = FileFigure {
    id: "alignment",
    title: "How cosines with the data and with the start scale, GD against SGD",
    table: "alignment",
    columns: &[
        "axis",
        "activation",
        "reduction",
        "algorithm",
        "quantity",
        "samples",
        "dim",
        "runs",
        "mean",
        "standard_error",
        "predicted",
        "relation",
    ],
    draw,
    caption,
};

/// What is drawn: algorithm, quantity, its name.
const DRAWN: [(&str, &str, &str, Colour, Shape); 4] = [
    ("SGD", "max_cos", "SGD max cos", Colour::Vermillion, Shape::Triangle),
    ("GD", "max_cos", "GD max cos", Colour::Blue, Shape::Disc),
    ("GD", "cos_init_squared", "GD cos²(w, w₀)", Colour::Green, Shape::Square),
    ("SGD", "cos_init", "SGD cos(w, w₀)", Colour::Orange, Shape::Diamond),
];

fn panel(sheet: &Sheet, activation: &str, axis: &str) -> Panel {
    let column = if axis == "m" { "samples" } else { "dim" };
    let mut series = Vec::new();
    for (algorithm, quantity, name, colour, shape) in DRAWN {
        let rows = || {
            let of = |row: &Row| {
                row.text("activation") == activation
                    && row.text("reduction") == "sum"
                    && row.text("algorithm") == algorithm
                    && row.text("quantity") == quantity
            };
            sheet.with("axis", axis).filter(of)
        };
        let curve = rows().map(|row| (row.number(column), row.number("predicted"))).collect();
        let bounds = rows().next().is_some_and(|row| row.text("relation") == "at_most");
        let stroke = if bounds { Stroke::Dotted } else { Stroke::Dashed };
        series.push(Series::line("", colour, stroke, curve));
        let half = normal_quantile(ESTIMATE_LEVEL);
        let point = |row: Row| {
            let (mean, error) = (row.number("mean"), half * row.number("standard_error"));
            Point::within(row.number(column), mean, mean - error, mean + error)
        };
        let name = format!("{name}{}", slope(rows().collect(), column));
        series.push(Series::points(name, colour, shape, rows().map(point).collect()));
    }
    let model = if activation == "relu" { "ReLU" } else { activation };
    let fixed = if axis == "m" { "dim" } else { "samples" };
    let other = if axis == "m" { "n" } else { "m" };
    let value = sheet.with("axis", axis).next().map_or("", |row| row.text(fixed));
    let x = Axis::log(if axis == "m" { "number of samples m" } else { "dimension n" });
    Panel::new(format!("{model}, {other} = {value}"), x, Axis::log("mean cosine, or its square"), series)
}

/// The log–log slope with its 95 % interval, unless the values have no error to weigh them by.
fn slope(rows: Vec<Row>, column: &str) -> String {
    let points: Vec<_> = rows
        .iter()
        .map(|row| {
            let (mean, error) = (row.number("mean"), row.number("standard_error") / row.number("mean"));
            // As the check: without the bias of the logarithm of a mean.
            (row.number(column).ln(), mean.ln() + 0.5 * error * error, error)
        })
        .collect();
    if points.len() < 2 || !points.iter().all(|point| point.2 > 1e-12) {
        return String::new();
    }
    let line = Line::unweighted(&points);
    let interval = line.slope_interval(ESTIMATE_LEVEL);
    format!(": slope {:.3} [{:.3}, {:.3}]", line.slope, interval.low, interval.high).replace('-', "−")
}

fn draw(sheet: &Sheet) -> Drawing {
    let panels = ["linear", "relu"]
        .into_iter()
        .flat_map(|activation| ["m", "n"].into_iter().map(move |axis| panel(sheet, activation, axis)));
    Drawing::new(2, panels.collect())
}

fn caption(sheet: &Sheet) -> String {
    let runs = || sheet.with("reduction", "sum").map(|row| row.number("runs"));
    format!(
        "Means over {} to {} Gaussian starts a size with 95 % intervals (often smaller than the mark), reduced engine, sum reduction. \
         Dashed: exact expectations at finite size; dotted: the upper bound on SGD's cosine with the start. Slopes are of \
         log against log, by ordinary least squares, with 95 % intervals. cos²(w, w₀) falls on m/n (ReLU m/2n): \
         the cosine itself goes as √(m/n).",
        runs().fold(f64::INFINITY, f64::min),
        runs().fold(0.0, f64::max),
    )
}
