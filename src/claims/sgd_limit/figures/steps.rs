//! Steps to the tolerance against the batch size, beside the rate law.

use super::batch_sizes::chosen;
use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Point, Series, Shape, Stroke};
use crate::plot::sheet::Row;
use crate::plot::{FileFigure, Sheet};

pub(super) const FIGURE: FileFigure = FileFigure {
    id: "steps",
    title: "Steps of selection and steps to the tolerance, over the batch size",
    table: "batch_sizes",
    columns: &[
        "samples",
        "dim",
        "batch",
        "activation",
        "reduction",
        "step_size",
        "runs",
        "steps",
        "steps_low",
        "steps_high",
        "rate_predicted",
        "tolerance",
    ],
    draw,
    caption,
};

/// Steps that the rate law asks for after selection: `log(1/tolerance)/λ`.
fn law(row: &Row) -> f64 {
    -row.number("tolerance").ln() / row.number("rate_predicted")
}

fn draw(sheet: &Sheet) -> Drawing {
    let panel = |label: &str, of: fn(&Row, f64) -> f64| {
        let mut series = Vec::new();
        let below =
            |activation| chosen(sheet, activation).filter(|row| row.text("batch") != row.text("samples"));
        let curve = below("linear").map(|row| (row.number("batch"), of(&row, law(&row)))).collect();
        series.push(Series::line("log(1/tolerance)/λ", Colour::Text, Stroke::Dashed, curve));
        for (activation, colour, shape) in
            [("linear", Colour::Blue, Shape::Disc), ("relu", Colour::Vermillion, Shape::Triangle)]
        {
            let point = |row: Row| {
                let value = |column: &str| of(&row, row.number(column));
                Point::within(row.number("batch"), value("steps"), value("steps_low"), value("steps_high"))
            };
            let name = if activation == "relu" { "ReLU" } else { activation };
            series.push(Series::points(name, colour, shape, below(activation).map(point).collect()));
        }
        (label.to_string(), series)
    };
    let (steps, in_steps) = panel("steps T to the tolerance", |_, steps| steps);
    let (time, in_time) =
        panel("λT: steps in units of 1/λ", |row, steps| row.number("rate_predicted") * steps);
    let max = sheet.first("samples").parse().unwrap_or(f64::NAN);
    let batch = || Axis::linear("batch size b").from_to(0.0, max);
    let highest = in_time.iter().flat_map(heights).fold(1.0, f64::max);
    Drawing::new(
        2,
        vec![
            Panel::new("", batch(), Axis::log(&steps), in_steps),
            Panel::new("", batch(), Axis::linear(&time).from_to(0.0, 1.1 * highest), in_time),
        ],
    )
}

/// Upper ends of what a series shows.
fn heights(series: &Series) -> Vec<f64> {
    match &series.marks {
        crate::plot::drawing::Marks::Points(points, _) => points.iter().map(|point| point.high).collect(),
        _ => Vec::new(),
    }
}

fn caption(sheet: &Sheet) -> String {
    format!(
        "Steps from w₀ to within {} of a datapoint, m = {}, n = {}, {} reduction, η = {}, reduced engine: mean over the runs of \
         a batch size ({} each) with 95 % intervals. Dashed: the rate law λ = [b(m − b)/(m(m − 1))] log 1/(1 − η_B²), which \
         counts the steps after selection only; what lies above it is the time to select, in units of 1/λ much the same for \
         every b (right).",
        crate::text::number(sheet.first("tolerance").parse().unwrap_or(f64::NAN)),
        sheet.first("samples"),
        sheet.first("dim"),
        sheet.first("reduction"),
        sheet.first("step_size"),
        sheet.first("runs"),
    )
}
