//! The jump at `b = m`: how pure the limit is against the share of the data in a batch.

use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Point, Series, Shape, Stroke};
use crate::plot::sheet::Row;
use crate::plot::{FileFigure, Sheet};

pub(super) const FIGURE: FileFigure = FileFigure {
    id: "batch_sizes",
    title: "Where SGD ends, over the share of the data in a batch",
    table: "batch_sizes",
    columns: &[
        "samples",
        "dim",
        "batch",
        "activation",
        "reduction",
        "step_size",
        "runs",
        "max_cos",
        "max_cos_low",
        "max_cos_high",
        "max_cos_predicted",
        "participation_ratio",
        "participation_ratio_low",
        "participation_ratio_high",
    ],
    draw,
    caption,
};

/// The cells of the first size and reduction, and those with `b = m`, where the reduction does not matter.
pub(super) fn chosen<'a>(sheet: &'a Sheet, activation: &'a str) -> impl Iterator<Item = Row<'a>> {
    let (samples, reduction) = (sheet.first("samples"), sheet.first("reduction"));
    sheet.with("samples", samples).filter(move |row| {
        let counts = row.text("reduction") == reduction || row.text("batch") == samples;
        row.text("activation") == activation && counts
    })
}

fn share(row: &Row) -> f64 {
    row.number("batch") / row.number("samples")
}

fn draw(sheet: &Sheet) -> Drawing {
    let panel = |column: &str, label: &str, range: Option<(f64, f64)>| {
        let mut series = Vec::new();
        for (activation, colour, shape) in
            [("linear", Colour::Blue, Shape::Disc), ("relu", Colour::Vermillion, Shape::Triangle)]
        {
            let rows = || chosen(sheet, activation);
            if column == "max_cos" {
                // A line below b = m, and there a bar: nothing lies in between.
                let predicted = |row: &Row| (share(row), row.number("max_cos_predicted"));
                let below = rows().filter(|row| share(row) < 1.0).map(|row| predicted(&row)).collect();
                let bars = rows().filter(|row| share(row) == 1.0).map(|row| predicted(&row).1);
                let name = if activation == "linear" { "predicted" } else { "" };
                series.push(Series::line(name, colour, Stroke::Dashed, below));
                series.extend(
                    bars.map(|y| Series::line("", colour, Stroke::Solid, vec![(0.96, y), (1.04, y)])),
                );
            }
            let point = |row: Row| {
                let of = |suffix: &str| row.number(&format!("{column}{suffix}"));
                Point::within(share(&row), of(""), of("_low"), of("_high"))
            };
            let name = if activation == "relu" { "ReLU" } else { activation };
            series.push(Series::points(name, colour, shape, rows().map(point).collect()));
        }
        let y = Axis::linear(label);
        let y = match range {
            Some((low, high)) => y.from_to(low, high),
            None => y,
        };
        Panel::new("", Axis::linear("share of the data in a batch, b/m").from_to(0.0, 1.05), y, series)
    };
    Drawing::new(
        2,
        vec![
            panel("max_cos", "largest cosine with a sample", Some((0.0, 1.1))),
            panel("participation_ratio", "participation ratio", None),
        ],
    )
}

fn caption(sheet: &Sheet) -> String {
    let rows = || chosen(sheet, "linear").chain(chosen(sheet, "relu"));
    let runs = |full: bool| {
        let counts = rows().filter(|row| (row.text("batch") == row.text("samples")) == full);
        let counts: Vec<f64> = counts.map(|row| row.number("runs")).collect();
        let min = counts.iter().copied().fold(f64::INFINITY, f64::min);
        let max = counts.iter().copied().fold(0.0, f64::max);
        if min == max { format!("{max}") } else { format!("{min} to {max}") }
    };
    format!(
        "Where SGD ended, m = {}, n = {}, {} reduction, η = {}, reduced engine: mean over {} runs a batch size and activation \
         for b < m, {} for b = m, with 95 % intervals (of no width where all runs agree). Left, dashed: 1 by Theorem 2; bars at \
         b = m: the exact expectation of Theorem 1's limit; the jump is between b = m − 1 and b = m.",
        sheet.first("samples"),
        sheet.first("dim"),
        sheet.first("reduction"),
        sheet.first("step_size"),
        runs(false),
        runs(true),
    )
}
