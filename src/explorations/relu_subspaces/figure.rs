//! The share of runs caught in an impure state, setting by setting.

use super::tables::ImpureShare;
use crate::plot::Plot;
use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Point, Series, Shape};

pub(super) const FIGURE: Plot<ImpureShare> = Plot {
    id: "relu_subspaces",
    title: "Several ReLU neurons: how often SGD is caught in an impure state",
    draw,
    caption,
};

fn draw(rows: &[ImpureShare]) -> Drawing {
    let name =
        |row: &ImpureShare| format!("{}, {}, {}, {}", row.neurons, row.samples, row.batch, row.init_norm);
    let points = (1..)
        .zip(rows)
        .filter_map(|(place, row)| Some(Point::within(f64::from(place), row.share?, row.low, row.high)));
    let series = Series::points("", Colour::Blue, Shape::Disc, points.collect());
    let x = Axis::named("k, m, b, norm", rows.iter().map(name).collect());
    Drawing::new(1, vec![Panel::new("", x, Axis::linear("share of impure ends"), vec![series])])
}

fn caption(rows: &[ImpureShare]) -> String {
    let runs = rows.iter().map(|row| row.runs).max().unwrap_or(0);
    format!(
        "Tied ReLU neurons under random batches, by the recursion: of up to {runs} runs a setting, the share that ends with a neuron active on two samples or more, with 95 % intervals, over the \
         number of neurons k, samples m, batch size b and norm of a neuron at the start. Two neurons have no such state."
    )
}
