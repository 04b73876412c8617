//! Sharpness over the steps.

use super::{panel, thinned};
use crate::measure::sharpness::SharpnessRow;
use crate::plot::Plot;
use crate::plot::drawing::{Axis, Colour, Drawing, Point, Series, Shape, Stroke};

pub(super) const FIGURE: Plot<SharpnessRow> =
    Plot { id: "sharpness", title: "Sharpness over the steps", draw, caption };

/// Standard errors to half a 95 % interval.
const HALF_WIDTH: f64 = 1.96;

fn draw(rows: &[SharpnessRow]) -> Drawing {
    let curve = |of: fn(&SharpnessRow) -> f64| {
        let points = rows.iter().map(|row| (row.step as f64, of(row))).collect();
        Series::line("", Colour::Blue, Stroke::Solid, thinned(points))
    };
    let bars = rows.iter().filter(|row| row.sem > 0.0).map(|row| {
        let half = HALF_WIDTH * row.sem;
        Point::within(row.step as f64, row.trace, row.trace - half, row.trace + half)
    });
    let bars = Series::points("", Colour::Blue, Shape::Disc, bars.collect());
    let panels = [
        panel(Axis::linear("λₘₐₓ(H)"), vec![curve(|row| row.largest)]),
        panel(Axis::linear("Tr H"), vec![curve(|row| row.trace), bars]),
    ];
    Drawing::new(2, panels.into_iter().flatten().collect())
}

fn caption(rows: &[SharpnessRow]) -> String {
    let kinks = match rows.iter().filter(|row| row.kink).count() {
        0 => String::new(),
        count => format!(
            " At {count} of the steps a kink of ReLU lies within the difference step: the values there are means of both its sides."
        ),
    };
    let estimated = rows.iter().any(|row| row.sem > 0.0);
    let how = if estimated {
        "λₘₐₓ by Lanczos, the trace by Hutch++ with 95 % intervals"
    } else {
        "both from the whole matrix"
    };
    format!(
        "Largest eigenvalue and trace of the Hessian of the training loss along the run of the first replica, {how}, by symmetric differences of gradients in double precision.{kinks}"
    )
}
