//! The mean of `sin² θ` beside its leading order, and the largest cosine with an image.

use super::tables::MeanOfRuns;
use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Point, Series, Stroke};
use crate::plot::{Plot, distinct, points_by};
use crate::study::words::listed;
use crate::vectors::{largest, smallest};

pub(super) const FIGURE: Plot<MeanOfRuns> = Plot {
    id: "principal_component",
    title: "How far from the first principal component of digits SGD keeps a neuron",
    draw,
    caption,
};

fn draw(rows: &[MeanOfRuns]) -> Drawing {
    let series = |point: fn(&MeanOfRuns) -> Option<Point>| {
        points_by(rows, |row| row.images.clone(), |_, row| point(row))
    };
    let mut angles = series(|row| Some(Point::within(row.leading_order, row.sine_sq?, row.low?, row.high?)));
    let laws = || rows.iter().map(|row| row.leading_order);
    let ends = [smallest(laws()), largest(laws())];
    angles.push(Series::line("equal", Colour::Grey, Stroke::Dashed, ends.map(|x| (x, x)).to_vec()));
    let cosines = series(|row| {
        let row = Some(row).filter(|row| row.batch == 1)?;
        Some(Point::within(row.step_per_sample, row.max_cos?, row.max_cos_low?, row.max_cos_high?))
    });
    Drawing::new(
        2,
        vec![
            Panel::new("", Axis::log("leading order of E sin² θ"), Axis::log("mean of sin² θ"), angles),
            Panel::new(
                "b = 1",
                Axis::log("step size η"),
                Axis::linear("largest cosine with an image"),
                cosines,
            ),
        ],
    )
}

fn caption(rows: &[MeanOfRuns]) -> String {
    let runs = rows.iter().filter_map(|row| row.runs).max().unwrap_or(0);
    let numbers = |of: fn(&MeanOfRuns) -> f64| {
        let mut numbers = distinct(rows, of);
        numbers.sort_by(f64::total_cmp);
        listed(&numbers)
    };
    let of_component =
        distinct(rows, |row| format!("{} {:.3}", row.images, row.component_max_cos)).join(", ");
    format!(
        "A linear neuron on handwritten digits of 8×8 pixels, mean image subtracted, unit norm, started at the first principal component: means over time and up to {runs} runs, with 95 % Student intervals over runs. Left: the mean of sin² of its angle to the component \
         against its leading order η_B (m−b)/(m−1) K, at the batch sizes {} and step sizes per sample {}; dashed: equality, which is predicted for η → 0. The spectral gap grows from the first images to the last. Right: the largest cosine with a single image over η at b = 1, for which nothing is predicted; \
         the component itself has {of_component}.",
        numbers(|row| row.batch as f64),
        numbers(|row| row.step_per_sample),
    )
}
