//! Conditional drift of the log-ratio by its level.

use crate::claims::random_walk::drift::LevelDrift;
use crate::model::Activation;
use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Point, Series, Shape, Stroke};
use crate::plot::{Plot, distinct};

pub const FIGURE: Plot<LevelDrift> =
    Plot { id: "random_walk_drift", title: "The drift of R, measured and enumerated, over R", draw, caption };

fn draw(rows: &[LevelDrift]) -> Drawing {
    let panel = |&samples: &usize| {
        let rows: Vec<&LevelDrift> = rows.iter().filter(|row| row.samples == samples).collect();
        let middle = |row: &LevelDrift| 0.5 * (row.low + row.high);
        let point = |row: &&LevelDrift| Point::estimated(middle(row), row.measured, row.standard_error);
        let curve = |of: fn(&LevelDrift) -> f64| rows.iter().map(|row| (middle(row), of(row))).collect();
        let series = vec![
            Series::line("bound, R → ∞", Colour::Grey, Stroke::Dotted, curve(|row| row.bound)),
            Series::law("exact expectation", curve(|row| row.expected)),
            Series::points("measured", Colour::Blue, Shape::Disc, rows.iter().map(point).collect()),
        ];
        let LevelDrift { batch, activation, .. } = rows[0];
        let relu = if *activation == Activation::Relu { ", ReLU" } else { "" };
        let title = format!("m = {samples}, b = {batch}{relu}");
        Panel::new(title, Axis::linear("level R"), Axis::linear("drift of R a step"), series)
    };
    let settings = distinct(rows, |row| row.samples);
    Drawing::new(settings.len(), settings.iter().map(panel).collect())
}

fn caption(rows: &[LevelDrift]) -> String {
    format!(
        "Mean increment of R by its level before the step, with 95 % intervals, over {} steps of independent walks (η = {}, sum \
         reduction, reduced engine), against the mean of the exact conditional expectation, enumerated over all batches \
         at the states visited. Dotted: the asymptotic lower bound (1/m)(log 1/(1 − η) − η), stated for b = 1.",
        rows.iter().map(|row| row.steps as f64).sum::<f64>(),
        rows[0].step_size,
    )
}
