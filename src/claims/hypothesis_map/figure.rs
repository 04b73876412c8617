//! Where the limits hold, over step size and initial norm.

use super::map::Share;
use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Series, Shades, Stroke};
use crate::plot::{Plot, distinct};
use crate::theory::gd::STABILITY_THRESHOLD;

pub(super) const FIGURE: Plot<Share> = Plot {
    id: "hypothesis_map",
    title: "How far the hypotheses stretch: the share of runs that end in the predicted limit",
    draw,
    caption,
};

fn draw(rows: &[Share]) -> Drawing {
    let (steps, norms) = (distinct(rows, |row| row.step_per_sample), distinct(rows, |row| row.init_norm));
    if steps.len() < 2 {
        return Drawing::new(1, Vec::new());
    }
    // Columns are equidistant in the logarithm of the step size: where a value lies among them.
    let column = |value: f64| {
        let (first, last) = (steps[0].ln(), steps[steps.len() - 1].ln());
        1.0 + (value.ln() - first) / (last - first) * (steps.len() - 1) as f64
    };
    let panel = |algorithm: &String| {
        let of = |norm: &f64| {
            let runs = rows.iter().filter(|row| row.algorithm == *algorithm && row.init_norm == *norm);
            runs.map(|row| row.fraction).collect()
        };
        let mut series = vec![Series::heat(
            "arrive: ",
            Shades::Cividis { low: 0.0, high: 1.0 },
            norms.iter().map(of).collect(),
        )];
        let (threshold, top) = (column(STABILITY_THRESHOLD), norms.len() as f64 + 0.5);
        series.push(Series::line(
            "η_B = 1/2",
            Colour::Vermillion,
            Stroke::Dashed,
            vec![(threshold, 0.5), (threshold, top)],
        ));
        // The theorems' rectangle: η ≤ 1/5, ‖w_0‖ < 1.
        let (right, below) = (column(0.2), norms.iter().filter(|norm| **norm < 1.0).count() as f64 + 0.5);
        series.push(Series::line(
            "η ≤ 1/5, ‖w₀‖ < 1",
            Colour::Vermillion,
            Stroke::Solid,
            vec![(0.5, below), (right, below), (right, 0.5)],
        ));
        let x = Axis::named("step size per sample", steps.iter().map(|step| format!("{step:.2}")).collect());
        let y = Axis::named("initial norm ‖w₀‖", norms.iter().map(f64::to_string).collect());
        Panel::new(algorithm, x, y, series)
    };
    Drawing::new(2, distinct(rows, |row| row.algorithm.clone()).iter().map(panel).collect())
}

fn caption(rows: &[Share]) -> String {
    format!(
        "Fraction of {} runs a cell that reach their predicted limit and stay; linear model, sum reduction, \
         reduced engine. Solid: the theorems' rectangle η ≤ 1/5, ‖w₀‖ < 1. Dashed: the stability threshold η_B = 1/2.",
        rows[0].runs,
    )
}
