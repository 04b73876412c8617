//! Samples mixed and memory of the start against b/m, by number of neurons and of layers.

use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Point, Series, Shape};
use crate::plot::sheet::Row;
use crate::plot::{FileFigure, Sheet};

pub(super) const FIGURE: FileFigure = FileFigure {
    id: "deeper",
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

/// What all rows of a model have in a column.
fn of<'a>(sheet: &'a Sheet, model: &'a str, column: &str) -> &'a str {
    sheet.with("model", model).next().map_or("", |row| row.text(column))
}

/// The models of one layer; or those of more, behind the one layer as wide as the deepest.
fn models(sheet: &Sheet, deep: bool) -> Vec<&str> {
    let all = sheet.distinct("model");
    let deepest = all.iter().max_by_key(|model| of(sheet, model, "layers")).copied().unwrap_or_default();
    let shown = |model: &&str| match (of(sheet, model, "layers") == "1", deep) {
        (true, true) => of(sheet, model, "neurons") == of(sheet, deepest, "neurons"),
        (one_layer, deep) => one_layer != deep,
    };
    all.into_iter().filter(shown).collect()
}

/// Both panels of a measure have one axis.
fn panel(sheet: &Sheet, deep: bool, measure: &str, y: Axis) -> Panel {
    let (all, models) = (sheet.distinct("model"), models(sheet, deep));
    let series = models.iter().enumerate().map(|(k, model)| {
        // Side by side, where they would hide each other.
        let shift = 0.018 * (k as f64 - 0.5 * (models.len() - 1) as f64);
        let point = |row: Row| {
            Point::within(
                row.number("batch_share") + shift,
                row.number("mean"),
                row.number("low"),
                row.number("high"),
            )
        };
        let points = sheet.with("model", model).filter(|row| row.text("measure") == measure).map(point);
        // A model looks the same in all panels.
        let look = all.iter().position(|other| other == model).unwrap_or(k);
        Series::points(*model, Colour::nth(look), SHAPES[look % SHAPES.len()], points.collect())
    });
    let title = if deep { "layers on top of each other" } else { "neurons side by side" };
    Panel::new(title, Axis::linear("b/m").from_to(0.0, 1.07), y, series.collect())
}

/// An axis for a measure of any model.
fn axis(sheet: &Sheet, measure: &str, label: &str) -> Axis {
    let rows = || sheet.with("measure", measure);
    let ends = rows().flat_map(|row| [row.number("low"), row.number("high")]).filter(|x| x.is_finite());
    let (low, high) =
        ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
    let margin = 0.05 * (high - low);
    Axis::linear(label).from_to(low - margin, high + margin)
}

fn draw(sheet: &Sheet) -> Drawing {
    let measures = [("participation_ratio", "samples mixed"), ("cos_init", "cos(w, w₀)")];
    let panels = measures.into_iter().flat_map(|(measure, label)| {
        [false, true].map(|deep| panel(sheet, deep, measure, axis(sheet, measure, label)))
    });
    Drawing::new(2, panels.collect())
}

fn caption(sheet: &Sheet) -> String {
    let cells: Vec<f64> = sheet.with("measure", "loss").map(|row| row.number("converged")).collect();
    format!(
        "Participation ratio of first-layer neurons' correlations, and their cosine with the start: means over {} seeds with 95 % intervals; \
         data, start and batch stream of a seed are the same at all points, which are drawn side by side. A run counts where it stopped or \
         where its budget ended: all runs stopped at {} of {} points, half of them or more at {}.",
        sheet.first("runs"),
        cells.iter().filter(|&&share| share == 1.0).count(),
        cells.len(),
        cells.iter().filter(|&&share| share >= 0.5).count(),
    )
}
