//! Sample paths of the log-ratio.

use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Series, Stroke};
use crate::plot::{FileFigure, Sheet};

pub(super) const FIGURE: FileFigure = FileFigure {
    id: "random_walk_paths",
    title: "The log-ratio R over the steps, under SGD and under the full batch",
    table: "random_walk_paths",
    columns: &["samples", "batch", "step_size", "walk", "step", "level", "rate"],
    draw,
    caption,
};

fn draw(sheet: &Sheet) -> Drawing {
    let full = sheet.first("samples");
    let mut series = Vec::new();
    for (batch, name, colour) in
        [(full, "b = m: constant", Colour::Blue), (sheet.first("batch"), "b = 1", Colour::Vermillion)]
    {
        for (k, walk) in sheet.distinct("walk").into_iter().enumerate() {
            let rows = sheet.with("batch", batch).filter(|row| row.text("walk") == walk);
            let path = rows.map(|row| (row.number("step"), row.number("level"))).collect();
            series.push(Series::line(if k == 0 { name } else { "" }, colour, Stroke::Thin, path));
        }
    }
    let rate = sheet.first("rate").parse().unwrap_or(f64::NAN);
    let last = sheet.rows().map(|row| row.number("step")).fold(0.0, f64::max);
    series.push(Series::line("λt", Colour::Text, Stroke::Dashed, vec![(0.0, 0.0), (last, rate * last)]));
    Drawing::new(1, vec![Panel::new("", Axis::linear("step t"), Axis::linear("log-ratio Rₜ"), series)])
}

fn caption(sheet: &Sheet) -> String {
    format!(
        "Rₜ = log(|cᵢ*| / Σⱼ|cⱼ|), j ≠ i*, of {} walks with b = 1 (m = {}, linear model, sum reduction, η = {}, reduced engine), and from the \
         same starts with b = m. Dashed: the almost-sure rate, Rₜ/t → λ; with several rivals walks lag behind it \
         by a term of the order of √t.",
        sheet.distinct("walk").len(),
        sheet.first("samples"),
        sheet.first("step_size"),
    )
}
