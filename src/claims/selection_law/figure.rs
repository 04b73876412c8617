//! Who wins of two samples: the odds against the angle of the start, and what a finite step size does to them.

use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Point, Series, Shape, Stroke};
use crate::plot::sheet::Row;
use crate::plot::{FileFigure, Sheet};
use crate::stats::{ESTIMATE_LEVEL, normal_quantile};
use crate::text::number;

pub(super) const FIGURE: FileFigure = FileFigure {
    id: "selection_pair",
    title: "The odds of two samples over the angle of the start, for several step sizes and batches",
    table: "selection_pair",
    columns: &[
        "batch",
        "samples",
        "angle_over_right",
        "step_per_sample",
        "limit_law",
        "first_order",
        "exact",
        "measured",
        "standard_error",
        "runs",
    ],
    draw,
    caption,
};

const SHAPES: [Shape; 4] = [Shape::Disc, Shape::Triangle, Shape::Square, Shape::Diamond];

const ANGLE: &str = "θ/(π/2), tan θ = c₁/c₂";

/// Two samples, one a step, with runs.
fn measured(sheet: &Sheet) -> impl Iterator<Item = Row<'_>> {
    sheet.rows().filter(|row| row.text("batch") == "1" && row.number("runs") > 0.0)
}

/// Rows without runs: the exact odds alone.
fn curves(sheet: &Sheet) -> impl Iterator<Item = Row<'_>> {
    sheet.rows().filter(|row| row.number("runs") == 0.0)
}

fn step_sizes(sheet: &Sheet) -> Vec<&str> {
    let mut etas = sheet.distinct("step_per_sample");
    etas.sort_unstable();
    etas
}

/// A frequency less `base`, times `factor`, at `x`.
fn point(row: &Row, x: f64, base: f64, factor: f64) -> Point {
    let half = normal_quantile(ESTIMATE_LEVEL) * row.number("standard_error") * factor.abs();
    let y = (row.number("measured") - base) * factor;
    Point::within(x, y, y - half, y + half)
}

fn odds(sheet: &Sheet) -> Panel {
    let mut series =
        vec![Series::line("(2/π) arctan(c₁/c₂)", Colour::Text, Stroke::Dashed, vec![(0.0, 0.0), (1.0, 1.0)])];
    let at = |row: &Row| point(row, row.number("angle_over_right"), 0.0, 1.0);
    let other = sheet.rows().filter(|row| row.text("batch") != "1").map(|row| at(&row)).collect();
    series.push(Series::points("other batches", Colour::Grey, Shape::Cross, other));
    for (k, eta) in step_sizes(sheet).into_iter().enumerate() {
        let rows = measured(sheet).filter(|row| row.text("step_per_sample") == eta);
        let points = rows.map(|row| at(&row)).collect();
        series.push(Series::points(format!("η = {eta}"), Colour::nth(k), SHAPES[k % SHAPES.len()], points));
    }
    let (x, y) = (Axis::linear(ANGLE), Axis::linear("P(i* = 1)"));
    Panel::new("all starts", x.from_to(0.0, 1.0), y.from_to(0.0, 1.0), series)
}

/// Rows of the cells with most runs: the others are too wide to be seen beside the curves.
fn sharpest<'a>(sheet: &'a Sheet) -> Vec<Row<'a>> {
    let max = measured(sheet).map(|row| row.number("runs")).fold(0.0, f64::max);
    measured(sheet).filter(|row| 2.0 * row.number("runs") > max).collect()
}

/// What is left beside the limit, over all angles, by step size.
fn deviations(sheet: &Sheet) -> Panel {
    let sharpest = sharpest(sheet);
    let mut series = Vec::new();
    for (k, eta) in step_sizes(sheet).into_iter().enumerate() {
        let curve = curves(sheet).filter(|row| row.text("step_per_sample") == eta);
        let deviation =
            |row: Row| (row.number("angle_over_right"), row.number("exact") - row.number("limit_law"));
        let points = sharpest.iter().filter(|row| row.text("step_per_sample") == eta);
        let points =
            points.map(|row| point(row, row.number("angle_over_right"), row.number("limit_law"), 1.0));
        series.push(Series::line(
            format!("η = {eta}"),
            Colour::nth(k),
            Stroke::Solid,
            curve.map(deviation).collect(),
        ));
        series.push(Series::points("", Colour::nth(k), SHAPES[k % SHAPES.len()], points.collect()));
    }
    let (x, y) = (Axis::linear(ANGLE), Axis::linear("P(i* = 1) − 2θ/π"));
    Panel::new("beside the limit: exact, and measured", x.from_to(0.0, 1.0), y, series)
}

/// The same in units of `η`, at `θ = π/8`; the derived first order is its value at 0.
fn quotients(sheet: &Sheet) -> Panel {
    let over = |row: &Row, column: &str| {
        (row.number(column) - row.number("limit_law")) / row.number("step_per_sample")
    };
    let at_octant: Vec<Row> = curves(sheet).filter(|row| row.text("angle_over_right") == "0.25").collect();
    let mut curve: Vec<(f64, f64)> =
        at_octant.iter().map(|row| (row.number("step_per_sample"), over(row, "exact"))).collect();
    let slope = at_octant.first().map_or(f64::NAN, |row| over(row, "first_order"));
    curve.push((0.0, slope));
    curve.sort_by(|a, b| a.0.total_cmp(&b.0));
    let far = curve.last().map_or(1.0, |(eta, _)| 1.05 * eta);
    let measured = |angle: &str, sign: f64| {
        let rows = sharpest(sheet).into_iter().filter(move |row| row.text("angle_over_right") == angle);
        rows.map(|row| {
            let eta = row.number("step_per_sample");
            point(&row, eta, row.number("limit_law"), sign / eta)
        })
        .collect()
    };
    let series = vec![
        Series::line("first order, −1/32π", Colour::Text, Stroke::Dashed, vec![(0.0, slope), (far, slope)]),
        Series::line("exact", Colour::Text, Stroke::Solid, curve),
        Series::points("measured", Colour::Blue, Shape::Disc, measured("0.25", 1.0)),
        Series::points("at 3π/8, sign turned", Colour::Vermillion, Shape::Triangle, measured("0.75", -1.0)),
    ];
    let (x, y) = (Axis::linear("step size η"), Axis::linear("(P(i* = 1) − 2θ/π)/η"));
    Panel::new("θ = π/8", x.from_to(0.0, far), y, series)
}

fn draw(sheet: &Sheet) -> Drawing {
    Drawing::new(3, vec![odds(sheet), deviations(sheet), quotients(sheet)])
}

fn caption(sheet: &Sheet) -> String {
    let range = |rows: Vec<Row>| {
        let runs = rows.iter().map(|row| row.number("runs"));
        let (min, max) = runs.fold((f64::INFINITY, 0.0), |(low, high), n| (n.min(low), n.max(high)));
        if min == max { number(max) } else { format!("{} to {}", number(min), number(max)) }
    };
    let others: Vec<String> = sheet
        .rows()
        .filter(|row| row.text("batch") != "1")
        .map(|row| format!("{}, m = {}", row.text("batch").replace(' ', " b = "), row.text("samples")))
        .collect();
    format!(
        "Frequency with which sample 1 wins, from c ∝ (sin θ, cos θ) with ‖w₀‖ = 1; m = 2, b = 1, reduced engine, {} \
         independent runs a point, 95 % intervals. Left: all points against the limit of small η; crosses: batches in \
         which two samples of m see the same ({}). Middle: what is left beside the limit; curves: the odds of the chain at that step \
         size, solved; points: the cells with most runs, {}. Right: the same over η at θ = π/8; dashed: the derived first order.",
        range(measured(sheet).collect()),
        others.join("; "),
        range(sharpest(sheet)),
    )
}
