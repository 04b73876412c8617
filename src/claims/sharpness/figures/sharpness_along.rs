//! Largest eigenvalue and trace of the Hessian along training.

use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Series, Stroke};
use crate::plot::{FileFigure, Sheet};

pub(super) const FIGURE: FileFigure = FileFigure {
    id: "sharpness_along",
    title: "Curvature along training, under GD and under SGD",
    table: "sharpness_along",
    columns: &[
        "samples",
        "dim",
        "active",
        "algorithm",
        "step",
        "largest",
        "largest_predicted",
        "trace",
        "trace_predicted",
    ],
    draw,
    caption,
};

fn draw(sheet: &Sheet) -> Drawing {
    let panel = |column: &str, label: &str| {
        let mut series = Vec::new();
        for (algorithm, colour) in [("GD", Colour::Blue), ("SGD", Colour::Vermillion)] {
            let values = |column: &str| -> Vec<(f64, f64)> {
                let rows = sheet.with("algorithm", algorithm).filter(|row| row.number("step") > 0.0);
                rows.map(|row| (row.number("step"), row.number(column))).collect()
            };
            let predicted = values(&format!("{column}_predicted"));
            series.push(Series::line(
                format!("{algorithm}, at its minimum"),
                colour,
                Stroke::Dashed,
                predicted,
            ));
            series.push(Series::line(algorithm, colour, Stroke::Solid, values(column)));
        }
        Panel::new("", Axis::log("step t"), Axis::linear(label), series)
    };
    Drawing::new(2, vec![panel("largest", "λₘₐₓ(H)"), panel("trace", "Tr H")])
}

fn caption(sheet: &Sheet) -> String {
    format!(
        "One run each of GD and SGD (b = 1) from one start, trained by autodiff with ReLU, m = {}, n = {}, |S⁺| = {}, η = 0.2, sum \
         reduction. λₘₐₓ by Lanczos, the trace exactly, from symmetric differences of autodiff gradients. Dashed: the \
         values of Theorem 13 at the minima.",
        sheet.first("samples"),
        sheet.first("dim"),
        sheet.first("active"),
    )
}
