//! Every neuron of a model with several, over the steps.

use super::{panel, thinned};
use crate::measure::neurons::NeuronRow;
use crate::plot::drawing::{Axis, Colour, Drawing, Series, Stroke};
use crate::plot::{Plot, distinct};

pub(super) const FIGURE: Plot<NeuronRow> =
    Plot { id: "neurons", title: "Every neuron of the first layer", draw, caption };

fn draw(rows: &[NeuronRow]) -> Drawing {
    let curves = |of: fn(&NeuronRow) -> f64| {
        let neuron = |(k, neuron): (usize, usize)| {
            let along = rows.iter().filter(|row| row.neuron == neuron);
            let points = along.map(|row| (row.step as f64, of(row))).collect();
            Series::line("", Colour::nth(k), Stroke::Thin, thinned(points))
        };
        distinct(rows, |row| row.neuron).into_iter().enumerate().map(neuron).collect::<Vec<_>>()
    };
    let panels = [
        panel(Axis::linear("norm of a neuron"), curves(|row| row.norm)),
        panel(Axis::linear("participation ratio"), curves(|row| row.participation_ratio)),
        panel(Axis::linear("largest cosine with a sample"), curves(|row| row.max_cos)),
    ];
    Drawing::new(3, panels.into_iter().flatten().collect())
}

fn caption(rows: &[NeuronRow]) -> String {
    format!(
        "Each of the {} neurons of the first replica, one thin line a neuron.",
        distinct(rows, |row| row.neuron).len()
    )
}
