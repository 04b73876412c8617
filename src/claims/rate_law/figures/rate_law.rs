//! The rate at which losers fall, over its law, by schedule.

use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Point, Series, Shape, Stroke};
use crate::plot::sheet::Row;
use crate::plot::{FileFigure, Sheet};
use crate::stats::{ESTIMATE_LEVEL, normal_quantile};

pub(super) const FIGURE: FileFigure = FileFigure {
    id: "rate_law",
    title: "The rate at which the losers fall after selection, beside the law of the batches",
    table: "rate_law",
    columns: &[
        "schedule",
        "samples",
        "batch",
        "step_per_sample",
        "predicted",
        "measured",
        "standard_error",
        "runs",
    ],
    draw,
    caption,
};

/// Measured over predicted rate, with its interval.
fn ratio(row: &Row) -> (f64, f64) {
    let unit = row.number("predicted");
    let half = normal_quantile(ESTIMATE_LEVEL) * row.number("standard_error");
    (row.number("measured") / unit, half / unit)
}

fn draw(sheet: &Sheet) -> Drawing {
    let off = sheet.rows().map(|row| ratio(&row)).map(|(value, half)| (value - 1.0).abs() + half);
    let reach = 1.1 * off.fold(0.0, f64::max);
    let panel = |schedule: &&str| {
        let cells: Vec<Row> = sheet.with("schedule", schedule).collect();
        let names =
            cells.iter().map(|row| format!("{}, {}", row.text("samples"), row.text("batch"))).collect();
        let point = |(k, row): (usize, &Row)| {
            let (value, half) = ratio(row);
            Point::within(k as f64 + 1.0, value, value - half, value + half)
        };
        let ends = vec![(0.5, 1.0), (cells.len() as f64 + 0.5, 1.0)];
        let series = vec![
            Series::line("law", Colour::Text, Stroke::Dashed, ends),
            Series::points(
                "measured",
                Colour::Blue,
                Shape::Disc,
                cells.iter().enumerate().map(point).collect(),
            ),
        ];
        let y = Axis::linear("measured λ over its law").from_to(1.0 - reach, 1.0 + reach);
        Panel::new(*schedule, Axis::named("m, b", names), y, series)
    };
    let schedules = sheet.distinct("schedule");
    Drawing::new(schedules.len().max(1), schedules.iter().map(panel).collect())
}

fn caption(sheet: &Sheet) -> String {
    let range = |column: &str| {
        let values = sheet.rows().map(|row| row.number(column));
        values.fold((f64::INFINITY, 0.0), |(low, high): (f64, f64), x| (low.min(x), high.max(x)))
    };
    let number = crate::text::number;
    let ((small, large), (few, many)) = (range("step_per_sample"), range("runs"));
    format!(
        "Mean fall of log|cⱼ| a step over the losers j ≠ i*, after selection, over the exact expectation under the law of the \
         batches: sampling without (sgd) and with replacement, and reshuffled epochs; η_B from {} to {}, {} to {} runs a cell, \
         reduced engine, 95 % intervals. Where b divides m, a reshuffled epoch leaves nothing to chance, and no interval.",
        number(small),
        number(large),
        number(few),
        number(many),
    )
}
