//! Loss, norm, mixing and alignment over the steps.

use super::{panel, thinned};
use crate::measure::trajectory::Row;
use crate::plot::Plot;
use crate::plot::drawing::{Axis, Colour, Drawing, Series, Stroke};

pub(super) const FIGURE: Plot<Row> = Plot { id: "training", title: "Training, step by step", draw, caption };

/// Deviations of a cosine from 1 that are drawn: below, rounding takes over.
const RESOLVED: f64 = 1e-10;

fn draw(rows: &[Row]) -> Drawing {
    let over_steps =
        |of: fn(&Row) -> f64| thinned(rows.iter().map(|row| (row.step as f64, of(row))).collect());
    let line = |name: &str, of, colour, stroke| Series::line(name, colour, stroke, over_steps(of));
    let solid = |name: &str, of| line(name, of, Colour::Blue, Stroke::Solid);
    let impurity = over_steps(|row| 1.0 - row.max_cos);
    let impurity = impurity.into_iter().filter(|(_, value)| *value >= RESOLVED).collect();
    let panels = [
        panel(Axis::linear("training loss L"), vec![solid("", |row| row.loss)]),
        panel(
            Axis::linear("norms"),
            vec![
                line("residual ‖w − Πw‖", |row| row.residual, Colour::Grey, Stroke::Dashed),
                solid("‖w‖", |row| row.norm),
            ],
        ),
        panel(Axis::linear("participation ratio"), vec![solid("", |row| row.participation_ratio)]),
        panel(
            Axis::linear("cosines"),
            vec![
                line("with w₀", |row| row.cos_init, Colour::Vermillion, Stroke::Solid),
                solid("largest, with a sample", |row| row.max_cos),
            ],
        ),
        panel(Axis::log("1 − largest cosine"), vec![Series::line("", Colour::Blue, Stroke::Solid, impurity)]),
        panel(Axis::linear("log-ratio R"), vec![solid("", |row| row.log_ratio)]),
    ];
    Drawing::new(3, panels.into_iter().flatten().collect())
}

fn caption(rows: &[Row]) -> String {
    let last = rows.last().map_or(0, |row| row.step);
    format!(
        "Measures of the first neuron of the first replica, and the training loss, at the recorded steps up to {last}; the first step, t = 0, \
         is not on the logarithmic axis. Infinite values, and cosines within 1e-10 of 1, are not drawn."
    )
}
