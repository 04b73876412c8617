//! Steps to the tolerance against the batch size, beside the rate law.

use super::{MODELS, chosen};
use crate::claims::sgd_limit::ends::BatchSize;
use crate::model::Activation;
use crate::plot::Plot;
use crate::plot::drawing::{Axis, Drawing, Panel, Point, Series};
use crate::text::number;

pub const FIGURE: Plot<BatchSize> = Plot {
    id: "steps",
    title: "Steps of selection and steps to the tolerance, over the batch size",
    draw,
    caption,
};

fn draw(rows: &[BatchSize]) -> Drawing {
    let batch = || Axis::linear("batch size b").from_to(0.0, rows[0].samples as f64);
    let (in_steps, in_time) = (series(rows, |_| 1.0), series(rows, |row| row.rate_predicted));
    let measured = below(rows, Activation::Linear).chain(below(rows, Activation::Relu));
    let highest = measured.map(|row| row.rate_predicted * row.steps_high).fold(1.0, f64::max);
    let steps = Axis::log("steps T to the tolerance");
    let time = Axis::linear("λT: steps in units of 1/λ").from_to(0.0, 1.1 * highest);
    Drawing::new(2, vec![Panel::new("", batch(), steps, in_steps), Panel::new("", batch(), time, in_time)])
}

/// The settings with `b < m`.
fn below(rows: &[BatchSize], activation: Activation) -> impl Iterator<Item = &BatchSize> {
    chosen(rows, activation).filter(|row| row.batch != row.samples)
}

/// Steps in a unit, beside those that the rate law asks for after selection: `log(1/tolerance)/λ`.
fn series(rows: &[BatchSize], per_step: fn(&BatchSize) -> f64) -> Vec<Series> {
    let law = |row: &BatchSize| per_step(row) * -row.tolerance.ln() / row.rate_predicted;
    let curve = below(rows, Activation::Linear).map(|row| (row.batch as f64, law(row))).collect();
    let mut series = vec![Series::law("log(1/tolerance)/λ", curve)];
    for (activation, name, colour, shape) in MODELS {
        let point = |row: &BatchSize| {
            let [mean, low, high] = [row.steps, row.steps_low, row.steps_high].map(|x| per_step(row) * x);
            Point::within(row.batch as f64, mean, low, high)
        };
        series.push(Series::points(name, colour, shape, below(rows, activation).map(point).collect()));
    }
    series
}

fn caption(rows: &[BatchSize]) -> String {
    let BatchSize { samples, dim, reduction, step_size, runs, tolerance, .. } = &rows[0];
    format!(
        "Steps from w₀ to within {} of a datapoint, m = {samples}, n = {dim}, {} reduction, η = {step_size}, reduced engine: mean over the runs of \
         a batch size ({runs} each) with 95 % intervals. Dashed: the rate law λ = [b(m − b)/(m(m − 1))] log 1/(1 − η_B²), which \
         counts the steps after selection only; what lies above it is the time to select, in units of 1/λ much the same for \
         every b (right).",
        number(*tolerance),
        reduction.name(),
    )
}
