//! Where the basins of cyclic SGD meet, as the step size falls.

use crate::claims::cyclic_basin::boundary::Boundary;
use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Point, Series, Shape, Stroke};
use crate::plot::{Plot, distinct};
use crate::text::number;

pub const FIGURE: Plot<Boundary> = Plot {
    id: "cyclic_boundary",
    title: "Two samples in turns: the boundary between their basins, beside the head start (1 − ‖w₀‖²/2) η",
    draw,
    caption,
};

fn draw(rows: &[Boundary]) -> Drawing {
    let end = 1.05 * rows.iter().map(|row| row.step_size).fold(0.0, f64::max);
    let place = |row: &Boundary| (row.init_norm, row.residual);
    let mut series = Vec::new();
    for (k, (norm, residual)) in distinct(rows, place).into_iter().enumerate() {
        let from_here = || rows.iter().filter(|row| place(row) == (norm, residual));
        let limit = from_here().next().map_or(f64::NAN, |row| row.first_order / row.step_size);
        let point = |row: &Boundary| Point::exact(row.step_size, row.log_ratio / row.step_size);
        let off = if residual == 0.0 { String::new() } else { format!(", s = {residual}") };
        series.push(Series::line("", Colour::nth(k), Stroke::Dashed, vec![(0.0, limit), (end, limit)]));
        let name = format!("‖w₀‖ = {}{off}", number(norm));
        series.push(Series::points(name, Colour::nth(k), Shape::nth(k), from_here().map(point).collect()));
    }
    let (x, y) = (Axis::linear("step size η"), Axis::linear("boundary log(c₁/c₀)/η"));
    Drawing::new(1, vec![Panel::new("", x.from_to(0.0, end), y, series)])
}

fn caption(_: &[Boundary]) -> String {
    "Start c₁/c₀ > 1 at which the limit of cyclic SGD turns from a₀, visited first, to a₁: its logarithm over η, m = 2, b = 1, \
     reduced engine, bisection to 10⁻⁹. Dashed: the limit 1 − ‖w₀‖²/2 as η → 0. Theorem 4 has a₀ win for c₀ ≥ c₁, that is \
     below 0 on this axis. s: norm of the residual of w₀; it counts as a part of ‖w₀‖ only."
        .into()
}
