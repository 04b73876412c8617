//! Every neuron of a model with several, over the steps.

use super::{panel, thinned};
use crate::plot::drawing::{Axis, Colour, Drawing, Series, Stroke};
use crate::plot::{FileFigure, Sheet};

pub(super) const FIGURE: FileFigure = FileFigure {
    id: "neurons",
    title: "Every neuron of the first layer",
    table: "neurons",
    columns: &["step", "neuron", "norm", "max_cos", "participation_ratio"],
    draw,
    caption,
};

fn draw(sheet: &Sheet) -> Drawing {
    let curves = |column: &str| {
        let neuron = |(k, name): (usize, &str)| {
            let rows = sheet.with("neuron", name);
            let points = rows.map(|row| (row.number("step"), row.number(column))).collect();
            Series::line("", Colour::nth(k), Stroke::Thin, thinned(points))
        };
        sheet.distinct("neuron").into_iter().enumerate().map(neuron).collect::<Vec<_>>()
    };
    let panels = [
        panel(Axis::linear("norm of a neuron"), curves("norm")),
        panel(Axis::linear("participation ratio"), curves("participation_ratio")),
        panel(Axis::linear("largest cosine with a sample"), curves("max_cos")),
    ];
    Drawing::new(3, panels.into_iter().flatten().collect())
}

fn caption(sheet: &Sheet) -> String {
    format!(
        "Each of the {} neurons of the first replica, one thin line a neuron.",
        sheet.distinct("neuron").len()
    )
}
