//! Sharpness over the steps.

use super::{over_steps, panel};
use crate::plot::drawing::{Axis, Colour, Drawing, Point, Series, Shape, Stroke};
use crate::plot::{FileFigure, Sheet};

pub(super) const FIGURE: FileFigure = FileFigure {
    id: "sharpness",
    title: "Sharpness over the steps",
    table: "sharpness",
    columns: &["step", "largest", "trace", "sem", "kink"],
    draw,
    caption,
};

/// Standard errors to half a 95 % interval.
const HALF_WIDTH: f64 = 1.96;

fn draw(sheet: &Sheet) -> Drawing {
    let curve = |column: &str| {
        Series::line("", Colour::Blue, Stroke::Solid, over_steps(sheet, |row| row.number(column)))
    };
    let uncertain = sheet.rows().filter(|row| row.number("sem") > 0.0);
    let bars = uncertain.map(|row| {
        let (trace, half) = (row.number("trace"), HALF_WIDTH * row.number("sem"));
        Point::within(row.number("step"), trace, trace - half, trace + half)
    });
    let bars = Series::points("", Colour::Blue, Shape::Disc, bars.collect());
    let panels = [
        panel(Axis::linear("λₘₐₓ(H)"), vec![curve("largest")]),
        panel(Axis::linear("Tr H"), vec![curve("trace"), bars]),
    ];
    Drawing::new(2, panels.into_iter().flatten().collect())
}

fn caption(sheet: &Sheet) -> String {
    let kinks = match sheet.with("kink", "true").count() {
        0 => String::new(),
        count => format!(
            " At {count} of the steps a kink of ReLU lies within the difference step: the values there are means of both its sides."
        ),
    };
    let estimated = sheet.rows().any(|row| row.number("sem") > 0.0);
    let how = if estimated {
        "λₘₐₓ by Lanczos, the trace by Hutch++ with 95 % intervals"
    } else {
        "both from the whole matrix"
    };
    format!(
        "Largest eigenvalue and trace of the Hessian of the training loss along the run of the first replica, {how}, by symmetric differences of gradients in double precision.{kinks}"
    )
}
