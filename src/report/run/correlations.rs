//! All correlations over the steps, and at the end.

use super::thinned;
use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Point, Series, Shape, Stroke};
use crate::plot::{FileFigure, Sheet};

pub(super) const FIGURE: FileFigure = FileFigure {
    id: "correlations",
    title: "The correlations with the samples: over the steps, and at the end",
    table: "correlations",
    columns: &["step", "c_0"],
    draw,
    caption,
};

/// The columns of the samples.
fn samples(sheet: &Sheet) -> Vec<&str> {
    sheet.columns().filter(|name| name.starts_with("c_")).collect()
}

fn draw(sheet: &Sheet) -> Drawing {
    let names = samples(sheet);
    let along = names.iter().enumerate().map(|(i, name)| {
        Series::line(
            "",
            Colour::nth(i),
            Stroke::Solid,
            thinned(sheet.rows().map(|row| (row.number("step"), row.number(name))).collect()),
        )
    });
    let over_steps = Panel::new("", Axis::log("step t"), Axis::linear("correlation cₜ(i)"), along.collect());
    let last = sheet.rows().last();
    let mut stems = Vec::new();
    for (i, name) in names.iter().enumerate() {
        let c = last.map_or(f64::NAN, |row| row.number(name));
        let at = i as f64;
        stems.push(Series::line("", Colour::nth(i), Stroke::Solid, vec![(at, 0.0), (at, c)]));
        stems.push(Series::points("", Colour::nth(i), Shape::Disc, vec![Point::exact(at, c)]));
    }
    let x = Axis::linear("sample i").from_to(-0.5, names.len() as f64 - 0.5);
    let at_end = Panel::new("", x, Axis::linear("correlation at the end"), stems);
    let panels = [over_steps, at_end].into_iter().filter(|panel| !panel.series.is_empty());
    Drawing::new(2, panels.collect())
}

fn caption(sheet: &Sheet) -> String {
    format!(
        "cₜ(i) = ⟨wₜ, xᵢ⟩ of the first neuron of the first replica with each of the {} samples, numbered from 0; one colour a sample, the same in \
         both panels (eight colours in turn).",
        samples(sheet).len()
    )
}
