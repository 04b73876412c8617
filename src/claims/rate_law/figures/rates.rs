//! The rate at which losers fall, over its law, by schedule.

use crate::claims::rate_law::rates::Rate;
use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Point, Series, Shape};
use crate::plot::{Plot, distinct};
use crate::text::number;
use crate::vectors::{largest, smallest};

pub const FIGURE: Plot<Rate> = Plot {
    id: "rate_law",
    title: "The rate at which the losers fall after selection, beside the law of the batches",
    draw,
    caption,
};

/// Measured over predicted rate, with its interval.
fn ratio(x: f64, row: &Rate) -> Point {
    Point::estimated(x, row.measured / row.predicted, row.standard_error / row.predicted)
}

fn draw(rows: &[Rate]) -> Drawing {
    let ends = rows.iter().map(|row| ratio(0.0, row)).flat_map(|point| [point.low, point.high]);
    let reach = 1.1 * ends.map(|end| (end - 1.0).abs()).fold(0.0, f64::max);
    let panel = |schedule: &String| {
        let rows = || rows.iter().filter(|row| row.schedule == *schedule);
        let names: Vec<String> = rows().map(|row| format!("{}, {}", row.samples, row.batch)).collect();
        let points = rows().enumerate().map(|(k, row)| ratio(k as f64 + 1.0, row)).collect();
        let law = vec![(0.5, 1.0), (names.len() as f64 + 0.5, 1.0)];
        let series =
            vec![Series::law("law", law), Series::points("measured", Colour::Blue, Shape::Disc, points)];
        let y = Axis::linear("measured λ over its law").from_to(1.0 - reach, 1.0 + reach);
        Panel::new(schedule, Axis::named("m, b", names), y, series)
    };
    let schedules = distinct(rows, |row| row.schedule.clone());
    Drawing::new(schedules.len(), schedules.iter().map(panel).collect())
}

fn caption(rows: &[Rate]) -> String {
    let range =
        |of: fn(&Rate) -> f64| [smallest(rows.iter().map(of)), largest(rows.iter().map(of))].map(number);
    let ([small, large], [few, many]) = (range(|row| row.step_per_sample), range(|row| row.runs as f64));
    format!(
        "Mean fall of log|cⱼ| a step over the losers j ≠ i*, after selection, over the exact expectation under the law of the \
         batches: sampling without (sgd) and with replacement, and reshuffled epochs; η_B from {small} to {large}, {few} to {many} runs a cell, \
         reduced engine, 95 % intervals. Where b divides m, a reshuffled epoch leaves nothing to chance, and no interval.",
    )
}
