//! Samples mixed against the correlation of the data.

use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Point, Series, Shape, Stroke};
use crate::plot::sheet::Row;
use crate::plot::{FileFigure, Sheet};

pub(super) const FIGURE: FileFigure = FileFigure {
    id: "correlated",
    title: "What GD and SGD mix, over the correlation of the samples",
    table: "correlated",
    columns: &[
        "activation",
        "rho",
        "batch",
        "measure",
        "mean",
        "low",
        "high",
        "runs",
        "predicted",
        "samples",
        "crossover",
    ],
    draw,
    caption,
};

const SHAPES: [Shape; 4] = [Shape::Triangle, Shape::Square, Shape::Disc, Shape::Diamond];

/// Correlations shown around 0.
const NEAR: f64 = 0.021;

/// Half the length of the bar of a prediction: it sticks out on both sides of a point.
const BAR: f64 = 0.0011;

fn panel(sheet: &Sheet, activation: &str, near: bool) -> Panel {
    let samples = sheet.first("samples");
    let mut series = Vec::new();
    for (k, batch) in sheet.distinct("batch").into_iter().enumerate() {
        let rows = || {
            sheet
                .with("activation", activation)
                .filter(move |row| row.text("batch") == batch && row.text("measure") == "mixed")
                .filter(
                    move |row| if near { row.number("rho").abs() < NEAR } else { row.number("rho") > 0.0 },
                )
        };
        let colour = Colour::nth(k);
        if near && batch == samples {
            // A bar at each correlation: what lies between is not on a line.
            for row in rows() {
                let (rho, predicted) = (row.number("rho"), row.number("predicted"));
                series.push(Series::line(
                    "",
                    Colour::Text,
                    Stroke::Solid,
                    vec![(rho - BAR, predicted), (rho + BAR, predicted)],
                ));
            }
        }
        if let Some(row) = rows().next().filter(|_| !near) {
            let at = row.number("crossover");
            let m = row.number("samples");
            series.push(Series::line("", colour, Stroke::Dotted, vec![(at, 1.0), (at, m)]));
        }
        let point = |row: Row| {
            Point::within(row.number("rho"), row.number("mean"), row.number("low"), row.number("high"))
        };
        let name = if batch == samples { "GD".to_string() } else { format!("b = {batch}") };
        series.push(Series::points(name, colour, SHAPES[k % SHAPES.len()], rows().map(point).collect()));
    }
    let model = if activation == "relu" { "ReLU" } else { activation };
    let x = if near { Axis::linear("correlation ρ") } else { Axis::log("correlation ρ > 0") };
    Panel::new(model, x, Axis::linear("samples mixed"), series)
}

fn draw(sheet: &Sheet) -> Drawing {
    let panels = [true, false]
        .into_iter()
        .flat_map(|near| ["linear", "relu"].map(|activation| panel(sheet, activation, near)));
    Drawing::new(2, panels.collect())
}

fn caption(sheet: &Sheet) -> String {
    format!(
        "Participation ratio of the coefficients of w in the samples (m = {}): means over {} starts, fewer where ReLU is dead, with 95 % \
         intervals; SGD averaged over looks in its stationary state. Above: around 0, bars the mean over the predicted limits of GD, which \
         jump. Below: dotted, the correlation ρ_c at which theory expects little to be left of the pure limit, in its order of magnitude.",
        sheet.first("samples"),
        sheet.first("runs"),
    )
}
