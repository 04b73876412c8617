//! How far the whole map and the first layer of every run are from a coordinate projector.

use super::curvature::EDGE;
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

/// Not at rest, though every step is stable.
fn is_slow(row: &RunEnd) -> bool {
    !row.at_rest && row.curvature.is_some_and(|curvature| curvature < EDGE)
}

/// Not at rest, where a step on some batch is not stable.
fn is_at_edge(row: &RunEnd) -> bool {
    !row.at_rest && row.curvature.is_some_and(|curvature| curvature >= EDGE)
}

fn draw(rows: &[RunEnd]) -> Drawing {
    let settings = distinct(rows, name);
    Drawing::new(1, settings.chunks(IN_A_PANEL).map(|settings| panel(rows, settings)).collect())
}

fn panel(rows: &[RunEnd], settings: &[String]) -> Panel {
    let pairs = rows.iter().map(|row| row.pair + 1).max().unwrap_or(1) as f64;
    let series = |label: &str, (colour, shape), aside: f64, of: fn(&RunEnd) -> Option<f64>| {
        let point = |row: &RunEnd| {
            let place = settings.iter().position(|setting| *setting == name(row))? as f64 + 1.0;
            // Runs of a setting side by side, its map left of its layer.
            let x = place + aside + 0.36 * ((row.pair as f64 + 0.5) / pairs - 0.5);
            Some(Point::exact(x, of(row)?.max(1e-9)))
        };
        Series::points(label, colour, shape, rows.iter().filter_map(point).collect())
    };
    let x = Axis::named("widths of the layers (batch size)", settings.to_vec());
    let all = vec![
        series("whole map, at rest", (Colour::nth(0), Shape::Disc), -0.2, |row| {
            row.map_distance.filter(|_| row.at_rest)
        }),
        series("first layer, W_1ᵀW_1, at rest", (Colour::nth(1), Shape::Square), 0.2, |row| {
            row.layer_distance.filter(|_| row.at_rest)
        }),
        series("whole map, slow", (Colour::Text, Shape::Triangle), -0.2, |row| {
            row.map_distance.filter(|_| is_slow(row))
        }),
        series("whole map, edge of stability", (Colour::Text, Shape::Cross), -0.2, |row| {
            row.map_distance.filter(|_| is_at_edge(row))
        }),
    ];
    // A panel of which all runs came to rest has no such series.
    let series = all.into_iter().filter(|series| !series.is_empty()).collect();
    Panel::new("", x, Axis::log("distance from a coordinate projector"), series)
}

fn caption(rows: &[RunEnd]) -> String {
    let count = |is: fn(&RunEnd) -> bool| rows.iter().filter(|row| is(row)).count();
    let (at_rest, all) = (count(|row| row.at_rest), rows.len());
    let (slow, at_edge) = (count(is_slow), count(is_at_edge));
    format!(
        "Tied linear networks on five orthonormal samples, η_B = 0.12/L: the largest distance of what the whole map, and W_1ᵀW_1, make of a sample from the nearer of the sample and 0, a point a run and side by side those of a setting, the map on the left, \
         which the lower axis names by the widths of the layers and the batch size. Colour: the {at_rest} runs of {all} that came to rest. A run with b < m rests by definition once the map is within 1e-6; with full batches (b = 5) it ends in a \
         mixture. Black: of the others, {at_edge} at the edge of stability, where η_B λ_max of a batch is 2 or more at the end, and {slow} slow ones, where it is less for all."
    )
}
