//! Largest eigenvalue and trace of the Hessian at both minima, beside theory.

use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Point, Series, Shape, Stroke};
use crate::plot::sheet::Row;
use crate::plot::{FileFigure, Sheet};

pub(super) const FIGURE: FileFigure = FileFigure {
    id: "sharpness",
    title: "λ_max and trace of the Hessian at the minima of GD and SGD, beside closed forms",
    table: "sharpness",
    columns: &[
        "samples",
        "dim",
        "activation",
        "algorithm",
        "batch",
        "support",
        "largest",
        "largest_predicted",
        "trace",
        "trace_predicted",
    ],
    draw,
    caption,
};

/// GD a little to the left of `m`, SGD a little to the right.
const DRAWN: [(&str, f64, Colour, Shape); 2] =
    [("GD", -0.2, Colour::Blue, Shape::Disc), ("SGD", 0.2, Colour::Vermillion, Shape::Triangle)];

fn draw(sheet: &Sheet) -> Drawing {
    let relu = |algorithm: &'static str| {
        // Of the batch sizes of SGD the first: all end alike.
        let drawn = move |row: &Row| {
            row.text("algorithm") == algorithm && (algorithm == "GD" || row.text("batch") == "1")
        };
        sheet.with("activation", "relu").filter(drawn)
    };
    let points = |shift: f64, algorithm, column: &str| {
        let point = |row: Row| Point::exact(row.number("samples") + shift, row.number(column));
        relu(algorithm).map(point).collect::<Vec<_>>()
    };
    let sizes = || sheet.rows().map(|row| row.number("samples"));
    let (low, high) = (sizes().fold(f64::INFINITY, f64::min) - 1.0, sizes().fold(0.0, f64::max) + 1.0);
    let m = || Axis::linear("number of samples m").from_to(low, high);

    let panel = |column: &str, label: &str, law: &str| {
        let mut series = Vec::new();
        for (algorithm, shift, colour, shape) in DRAWN {
            for (k, row) in relu(algorithm).enumerate() {
                let (m, predicted) =
                    (row.number("samples") + shift, row.number(&format!("{column}_predicted")));
                let name = if k == 0 && algorithm == "GD" { law } else { "" };
                let bar = vec![(m - 0.25, predicted), (m + 0.25, predicted)];
                series.push(Series::line(name, Colour::Text, Stroke::Solid, bar));
            }
            series.push(Series::points(algorithm, colour, shape, points(shift, algorithm, column)));
        }
        Panel::new("", m(), Axis::linear(label), series)
    };
    Drawing::new(2, vec![panel("largest", "λₘₐₓ(H)", "4/m"), panel("trace", "Tr H", "Theorem 13")])
}

fn caption(sheet: &Sheet) -> String {
    let size =
        |row: Row| format!("{} × {} (|S⁺| = {})", row.text("samples"), row.text("dim"), row.text("support"));
    let sizes = sheet.with("activation", "relu").filter(|row| row.text("algorithm") == "GD").map(size);
    let mut sizes: Vec<String> = sizes.collect();
    let n = sizes.len();
    sizes.truncate(8);
    format!(
        "Hessian of the loss of the Burn model with ReLU, dense, by symmetric differences of autodiff gradients, at the minima \
         that GD and SGD (b = 1) reach from one start: {n} pairs of runs, m × n = {}{}. Bars: theory. Larger batches end alike, and are in the table. The linear model, \
         where the traces agree, is among the checks.",
        sizes.join(", "),
        if n > 8 { ", …" } else { "" },
    )
}
