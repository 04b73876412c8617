//! Loss, norm, mixing and alignment over the steps.

use super::{over_steps, panel};
use crate::plot::drawing::{Axis, Colour, Drawing, Series, Stroke};
use crate::plot::{FileFigure, Sheet};

pub(super) const FIGURE: FileFigure = FileFigure {
    id: "training",
    title: "Training, step by step",
    table: "trajectory",
    columns: &["step", "loss", "norm", "max_cos", "cos_init", "participation_ratio", "residual", "R"],
    draw,
    caption,
};

/// Deviations of a cosine from 1 that are drawn: below, rounding takes over.
const RESOLVED: f64 = 1e-10;

fn draw(sheet: &Sheet) -> Drawing {
    let line = |name: &str, column: &str, colour, stroke| {
        Series::line(name, colour, stroke, over_steps(sheet, |row| row.number(column)))
    };
    let solid = |name: &str, column: &str| line(name, column, Colour::Blue, Stroke::Solid);
    let impurity = over_steps(sheet, |row| 1.0 - row.number("max_cos"));
    let impurity = impurity.into_iter().filter(|(_, value)| *value >= RESOLVED).collect();
    let panels = [
        panel(Axis::linear("training loss L"), vec![solid("", "loss")]),
        panel(
            Axis::linear("norms"),
            vec![line("residual ‖w − Πw‖", "residual", Colour::Grey, Stroke::Dashed), solid("‖w‖", "norm")],
        ),
        panel(Axis::linear("participation ratio"), vec![solid("", "participation_ratio")]),
        panel(
            Axis::linear("cosines"),
            vec![
                line("with w₀", "cos_init", Colour::Vermillion, Stroke::Solid),
                solid("largest, with a sample", "max_cos"),
            ],
        ),
        panel(Axis::log("1 − largest cosine"), vec![Series::line("", Colour::Blue, Stroke::Solid, impurity)]),
        panel(Axis::linear("log-ratio R"), vec![solid("", "R")]),
    ];
    Drawing::new(3, panels.into_iter().flatten().collect())
}

fn caption(sheet: &Sheet) -> String {
    let last = sheet.rows().last().map_or(String::new(), |row| row.text("step").to_owned());
    format!(
        "Measures of the first neuron of the first replica, and the training loss, at the recorded steps up to {last}; the first step, t = 0, \
         is not on the logarithmic axis. Infinite values, and cosines within 1e-10 of 1, are not drawn."
    )
}
