//! Who wins of two samples: the odds against the angle of the start, and their first correction.

use super::drawing::{Axis, Drawing, Ink, Panel, Point, Series, Shape, Stroke};
use super::sheet::Row;
use super::{Figure, Sheet};
use crate::report::terminal::number;
use crate::stats::{ESTIMATE_LEVEL, normal_quantile};

pub(super) const FIGURE: Figure = Figure {
    id: "selection_pair",
    claim: "selection_law",
    title: "The odds of two samples are the angle of the start, whatever the step size and the batches",
    table: "selection_pair",
    columns: &[
        "batch",
        "samples",
        "angle_over_right",
        "step_per_sample",
        "limit_law",
        "first_order",
        "measured",
        "standard_error",
        "runs",
    ],
    draw,
    caption,
};

const SHAPES: [Shape; 4] = [Shape::Disc, Shape::Triangle, Shape::Square, Shape::Diamond];

/// Two samples, one a step: the rows that have a first correction.
fn plain(sheet: &Sheet) -> impl Iterator<Item = Row<'_>> {
    sheet.rows().filter(|row| row.text("batch") == "1" && row.text("samples") == "2")
}

/// A frequency less `base`, at `x`.
fn point(row: &Row, x: f64, base: f64) -> Point {
    let half = normal_quantile(ESTIMATE_LEVEL) * row.number("standard_error");
    let y = row.number("measured") - base;
    Point::within(x, y, y - half, y + half)
}

fn odds(sheet: &Sheet) -> Panel {
    let mut series =
        vec![Series::line("(2/π) arctan(c₁/c₂)", Ink::Ink, Stroke::Dashed, vec![(0.0, 0.0), (1.0, 1.0)])];
    let at = |row: &Row| point(row, row.number("angle_over_right"), 0.0);
    let other = sheet.rows().filter(|row| row.text("batch") != "1").map(|row| at(&row)).collect();
    series.push(Series::points("other batches", Ink::Grey, Shape::Cross, other));
    let mut etas = sheet.distinct("step_per_sample");
    etas.sort_unstable();
    for (k, eta) in etas.into_iter().enumerate() {
        let rows = plain(sheet).filter(|row| row.text("step_per_sample") == eta);
        let points = rows.map(|row| at(&row)).collect();
        series.push(Series::points(format!("η = {eta}"), Ink::nth(k), SHAPES[k % 4], points));
    }
    let (x, y) = (Axis::linear("θ/(π/2), tan θ = c₁/c₂"), Axis::linear("P(i* = 1)"));
    Panel::new("all starts", x.from_to(0.0, 1.0), y.from_to(0.0, 1.0), series)
}

/// What the odds are beside the limit, at one angle, against the step size.
fn deviation(sheet: &Sheet, angle: &str, (widest, highest): (f64, f64)) -> Panel {
    let rows = || plain(sheet).filter(move |row| row.text("angle_over_right") == angle);
    // Of first order in η: straight through the origin.
    let mut line = vec![(0.0, 0.0)];
    line.extend(rows().map(|row| (row.number("step_per_sample"), of_first_order(&row))));
    line.sort_by(|a, b| a.0.total_cmp(&b.0));
    let points = rows().map(|row| point(&row, row.number("step_per_sample"), row.number("limit_law")));
    let series = vec![
        Series::line("first order in η", Ink::Ink, Stroke::Dashed, line),
        Series::points("measured", Ink::Blue, Shape::Disc, points.collect()),
    ];
    let (x, y) = (Axis::linear("step size η"), Axis::linear("P(i* = 1) − 2θ/π"));
    Panel::new(format!("θ = {angle} π/2"), x.from_to(0.0, 1.1 * widest), y.from_to(-highest, highest), series)
}

fn of_first_order(row: &Row) -> f64 {
    row.number("first_order") - row.number("limit_law")
}

fn draw(sheet: &Sheet) -> Drawing {
    let most = |of: &dyn Fn(&Row) -> f64| plain(sheet).map(|row| of(&row)).fold(0.0, f64::max);
    let reach = |row: &Row| {
        let point = point(row, 0.0, row.number("limit_law"));
        1.05 * point.high.max(-point.low).max(of_first_order(row).abs())
    };
    let ends = (most(&|row| row.number("step_per_sample")), most(&reach));
    let mut angles: Vec<(&str, f64)> = Vec::new();
    for row in plain(sheet) {
        let angle = row.text("angle_over_right");
        if angles.iter().all(|(other, _)| *other != angle) {
            angles.push((angle, row.number("angle_over_right")));
        }
    }
    angles.sort_by(|a, b| a.1.total_cmp(&b.1));
    let deviations = angles.iter().map(|(angle, _)| deviation(sheet, angle, ends));
    Drawing::new(3, std::iter::once(odds(sheet)).chain(deviations).collect())
}

fn caption(sheet: &Sheet) -> String {
    let runs = plain(sheet).map(|row| row.number("runs"));
    let (least, most) = runs.fold((f64::INFINITY, 0.0), |(low, high), n| (n.min(low), n.max(high)));
    let others: Vec<String> = sheet
        .rows()
        .filter(|row| row.text("batch") != "1")
        .map(|row| format!("{}, m = {}", row.text("batch").replace(' ', " b = "), row.text("samples")))
        .collect();
    format!(
        "Frequency with which sample 1 wins, from c ∝ (sin θ, cos θ) with ‖w₀‖ = 1; m = 2, b = 1, reduced engine, {} to {} \
         independent runs a point, 95 % intervals. First panel: all points against the limit of small η; crosses: batches in \
         which two samples of m see the same ({}). Others: what is left beside the limit, all on one scale; dashed: the first \
         correction, of order η.",
        number(least),
        number(most),
        others.join("; "),
    )
}
