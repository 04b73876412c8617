//! Largest eigenvalue and trace of the Hessian along training.

use crate::claims::sharpness::along::AtStep;
use crate::plot::Plot;
use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Series, Stroke};

pub const FIGURE: Plot<AtStep> =
    Plot { id: "sharpness_along", title: "Curvature along training, under GD and under SGD", draw, caption };

fn draw(rows: &[AtStep]) -> Drawing {
    let panel = |label: &str, measured: fn(&AtStep) -> f64, predicted: fn(&AtStep) -> f64| {
        let mut series = Vec::new();
        for (algorithm, colour) in [("GD", Colour::Blue), ("SGD", Colour::Vermillion)] {
            let values = |of: fn(&AtStep) -> f64| -> Vec<(f64, f64)> {
                let rows = rows.iter().filter(|row| row.algorithm == algorithm && row.step > 0);
                rows.map(|row| (row.step as f64, of(row))).collect()
            };
            let name = format!("{algorithm}, at its minimum");
            series.push(Series::line(name, colour, Stroke::Dashed, values(predicted)));
            series.push(Series::line(algorithm, colour, Stroke::Solid, values(measured)));
        }
        Panel::new("", Axis::log("step t"), Axis::linear(label), series)
    };
    Drawing::new(
        2,
        vec![
            panel("λₘₐₓ(H)", |row| row.largest, |row| row.largest_predicted),
            panel("Tr H", |row| row.trace, |row| row.trace_predicted),
        ],
    )
}

fn caption(rows: &[AtStep]) -> String {
    let AtStep { samples, dim, active, .. } = &rows[0];
    format!(
        "One run each of GD and SGD (b = 1) from one start, trained by autodiff with ReLU, m = {samples}, n = {dim}, |S⁺| = {active}, η = 0.2, sum \
         reduction. λₘₐₓ by Lanczos, the trace exactly, from symmetric differences of autodiff gradients. Dashed: the \
         values of Theorem 13 at the minima.",
    )
}
