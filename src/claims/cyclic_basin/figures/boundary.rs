//! Where the basins of cyclic SGD meet, as the step size falls.

use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Point, Series, Shape, Stroke};
use crate::plot::sheet::Row;
use crate::plot::{FileFigure, Sheet};
use crate::text::number;

pub(super) const FIGURE: FileFigure = FileFigure {
    id: "cyclic_boundary",
    title: "Two samples in turns: the boundary between their basins, beside the head start (1 − ‖w₀‖²/2) η",
    table: "cyclic_boundary",
    columns: &["init_norm", "residual", "step_size", "log_ratio", "first_order"],
    draw,
    caption,
};

const SHAPES: [Shape; 4] = [Shape::Disc, Shape::Triangle, Shape::Square, Shape::Diamond];

fn draw(sheet: &Sheet) -> Drawing {
    let places = sheet.distinct_of(|row| (row.text("init_norm"), row.text("residual")));
    let widest = sheet.rows().map(|row| row.number("step_size")).fold(0.0, f64::max);
    let end = 1.05 * widest;
    let mut series = Vec::new();
    for (k, &(norm, residual)) in places.iter().enumerate() {
        let rows = || sheet.with("init_norm", norm).filter(move |row| row.text("residual") == residual);
        let over_step = |row: &Row, column: &str| row.number(column) / row.number("step_size");
        let limit = rows().next().map_or(f64::NAN, |row| over_step(&row, "first_order"));
        let point = |row: Row| Point::exact(row.number("step_size"), over_step(&row, "log_ratio"));
        let size = number(norm.parse().unwrap_or(f64::NAN));
        let off = if residual == "0" { String::new() } else { format!(", s = {residual}") };
        series.push(Series::line("", Colour::nth(k), Stroke::Dashed, vec![(0.0, limit), (end, limit)]));
        let name = format!("‖w₀‖ = {size}{off}");
        series.push(Series::points(name, Colour::nth(k), SHAPES[k % 4], rows().map(point).collect()));
    }
    let (x, y) = (Axis::linear("step size η"), Axis::linear("boundary log(c₁/c₀)/η"));
    Drawing::new(1, vec![Panel::new("", x.from_to(0.0, end), y, series)])
}

fn caption(_: &Sheet) -> String {
    "Start c₁/c₀ > 1 at which the limit of cyclic SGD turns from a₀, visited first, to a₁: its logarithm over η, m = 2, b = 1, \
     reduced engine, bisection to 10⁻⁹. Dashed: the limit 1 − ‖w₀‖²/2 as η → 0. Theorem 4 has a₀ win for c₀ ≥ c₁, that is \
     below 0 on this axis. s: norm of the residual of w₀; it counts as a part of ‖w₀‖ only."
        .into()
}
