//! How far the whole map and the first layer of every run are from a coordinate projector.

use super::tables::RunEnd;
use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Point, Series, Shape};
use crate::plot::{Plot, distinct};

pub(super) const FIGURE: Plot<RunEnd> = Plot {
    id: "deep_subspaces",
    title: "Deep tied linear networks: the map becomes a coordinate projector, its layers do not",
    draw,
    caption,
};

/// Settings in a panel, which leaves room for their names.
const IN_A_PANEL: usize = 6;

fn name(row: &RunEnd) -> String {
    format!("{} ({})", row.widths, row.batch)
}

fn draw(rows: &[RunEnd]) -> Drawing {
    let settings = distinct(rows, name);
    Drawing::new(1, settings.chunks(IN_A_PANEL).map(|settings| panel(rows, settings)).collect())
}

fn panel(rows: &[RunEnd], settings: &[String]) -> Panel {
    let pairs = rows.iter().map(|row| row.pair + 1).max().unwrap_or(1) as f64;
    let series = |k: usize, label: &str, of: fn(&RunEnd) -> Option<f64>| {
        let point = |row: &RunEnd| {
            let place = settings.iter().position(|setting| *setting == name(row))? as f64 + 1.0;
            // Runs of a setting side by side.
            let x = place + 0.6 * ((row.pair as f64 + 0.5) / pairs - 0.5);
            Some(Point::exact(x, of(row)?.max(1e-9)))
        };
        let points = rows.iter().filter(|row| row.at_rest).filter_map(point).collect();
        Series::points(label, Colour::nth(k), Shape::nth(k), points)
    };
    let x = Axis::named("widths of the layers (batch size)", settings.to_vec());
    let map = series(0, "whole map", |row| row.map_distance);
    let layer = series(1, "first layer, W_1ᵀW_1", |row| row.layer_distance);
    Panel::new("", x, Axis::log("distance from a coordinate projector"), vec![map, layer])
}

fn caption(rows: &[RunEnd]) -> String {
    let (at_rest, all) = (rows.iter().filter(|row| row.at_rest).count(), rows.len());
    format!(
        "The largest distance of what the whole map, and W_1ᵀW_1, make of a sample from the nearer of the sample and 0, at the end of each of {at_rest} runs of {all} that came to rest. A run with b < m rests by definition once the \
         map is within 1e-6; with full batches it ends in a mixture."
    )
}
