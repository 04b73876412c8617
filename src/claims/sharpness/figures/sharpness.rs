//! Largest eigenvalue and trace of the Hessian at both minima, beside theory.

use crate::claims::sharpness::row::AtMinimum;
use crate::model::Activation;
use crate::plot::Plot;
use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Point, Series, Shape, Stroke};

pub const FIGURE: Plot<AtMinimum> = Plot {
    id: "sharpness",
    title: "λ_max and trace of the Hessian at the minima of GD and SGD, beside closed forms",
    draw,
    caption,
};

/// GD a little to the left of `m`, SGD a little to the right.
const DRAWN: [(&str, f64, Colour, Shape); 2] =
    [("GD", -0.2, Colour::Blue, Shape::Disc), ("SGD", 0.2, Colour::Vermillion, Shape::Triangle)];

/// The minima that an algorithm reached with ReLU; of the batch sizes of SGD the first: all end alike.
fn reached<'a>(rows: &'a [AtMinimum], algorithm: &'static str) -> impl Iterator<Item = &'a AtMinimum> {
    rows.iter().filter(move |row| {
        row.activation == Activation::Relu
            && row.algorithm == algorithm
            && (algorithm == "GD" || row.batch == 1)
    })
}

fn draw(rows: &[AtMinimum]) -> Drawing {
    let sizes = || rows.iter().map(|row| row.samples as f64);
    let (low, high) = (sizes().fold(f64::INFINITY, f64::min) - 1.0, sizes().fold(0.0, f64::max) + 1.0);
    // Measured and predicted.
    let panel = |label: &str, law: &str, of: fn(&AtMinimum) -> (f64, f64)| {
        let mut series = Vec::new();
        for (algorithm, shift, colour, shape) in DRAWN {
            let mut points = Vec::new();
            for (k, row) in reached(rows, algorithm).enumerate() {
                let (m, (measured, predicted)) = (row.samples as f64 + shift, of(row));
                let name = if k == 0 && algorithm == "GD" { law } else { "" };
                let bar = vec![(m - 0.25, predicted), (m + 0.25, predicted)];
                series.push(Series::line(name, Colour::Text, Stroke::Solid, bar));
                points.push(Point::exact(m, measured));
            }
            series.push(Series::points(algorithm, colour, shape, points));
        }
        Panel::new("", Axis::linear("number of samples m").from_to(low, high), Axis::linear(label), series)
    };
    Drawing::new(
        2,
        vec![
            panel("λₘₐₓ(H)", "4/m", |row| (row.largest, row.largest_predicted)),
            panel("Tr H", "Theorem 13", |row| (row.trace, row.trace_predicted)),
        ],
    )
}

fn caption(rows: &[AtMinimum]) -> String {
    let size = |row: &AtMinimum| format!("{} × {} (|S⁺| = {})", row.samples, row.dim, row.support);
    let mut sizes: Vec<String> = reached(rows, "GD").map(size).collect();
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
