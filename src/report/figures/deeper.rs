//! Samples mixed and memory of the start against b/m, by number of neurons and of layers.

use super::drawing::{Axis, Drawing, Ink, Panel, Point, Series, Shape};
use super::sheet::Row;
use super::{Figure, Sheet};

pub(super) const FIGURE: Figure = Figure {
    id: "deeper",
    claim: "deeper",
    title: "How many samples neurons mix, and what they keep of their start, by neurons, layers and b/m",
    table: "deeper",
    columns: &[
        "model",
        "layers",
        "neurons",
        "batch_share",
        "measure",
        "mean",
        "low",
        "high",
        "runs",
        "converged",
    ],
    draw,
    caption,
};

const SHAPES: [Shape; 5] = [Shape::Disc, Shape::Triangle, Shape::Square, Shape::Diamond, Shape::Cross];

fn panel(sheet: &Sheet, deep: bool, measure: &str, label: &str) -> Panel {
    let models: Vec<&str> =
        sheet.distinct("model").into_iter().filter(|model| model.starts_with("deep") == deep).collect();
    let series = models.iter().enumerate().map(|(k, model)| {
        // Side by side, where they would hide each other.
        let shift = 0.012 * (k as f64 - 0.5 * (models.len() - 1) as f64);
        let point = |row: Row| {
            Point::within(
                row.number("batch_share") + shift,
                row.number("mean"),
                row.number("low"),
                row.number("high"),
            )
        };
        let points = sheet.with("model", model).filter(|row| row.text("measure") == measure).map(point);
        Series::points(*model, Ink::nth(k), SHAPES[k % SHAPES.len()], points.collect())
    });
    let title = if deep { "layers on top of each other" } else { "neurons side by side" };
    Panel::new(title, Axis::linear("b/m").from_to(0.0, 1.05), Axis::linear(label), series.collect())
}

fn draw(sheet: &Sheet) -> Drawing {
    let measures = [("participation_ratio", "samples mixed"), ("cos_init", "cos(w, w₀)")];
    let panels = measures
        .into_iter()
        .flat_map(|(measure, label)| [false, true].map(|deep| panel(sheet, deep, measure, label)));
    Drawing::new(2, panels.collect())
}

fn caption(sheet: &Sheet) -> String {
    let cells: Vec<f64> = sheet.with("measure", "loss").map(|row| row.number("converged")).collect();
    format!(
        "Participation ratio of first-layer neurons' correlations, and their cosine with the start: means over {} seeds with 95 % intervals; \
         data, start and batch stream of a seed are the same at all points. A run counts where it stopped or where its budget ended: \
         all runs stopped at {} of {} points.",
        sheet.first("runs"),
        cells.iter().filter(|&&share| share == 1.0).count(),
        cells.len(),
    )
}
