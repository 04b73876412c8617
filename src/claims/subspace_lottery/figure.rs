//! How often each set of datapoints won against its odds, and what the clock says.

use super::row::SetOdds;
use crate::plot::drawing::{Axis, Drawing, Panel, Point, Series};
use crate::plot::{Plot, distinct, points_by};

pub(super) const FIGURE: Plot<SetOdds> = Plot {
    id: "subspace_odds",
    title: "Two neurons: which pair of datapoints SGD ends in, against the odds and a guess",
    draw,
    caption,
};

fn draw(rows: &[SetOdds]) -> Drawing {
    let panel = |title: &str, expected: fn(&SetOdds) -> f64, label: &str| {
        let end = rows.iter().fold(0.0, |end: f64, row| end.max(expected(row)).max(row.high));
        let mut series = vec![Series::law("equal", vec![(0.0, 0.0), (end, end)])];
        let point = |_, row: &SetOdds| Some(Point::within(expected(row), row.frequency, row.low, row.high));
        series.extend(points_by(rows, |row| row.start.clone(), point));
        Panel::new(title, Axis::linear(label), Axis::linear("share of runs that end in the set"), series)
    };
    Drawing::new(
        2,
        vec![
            panel("", |row| row.odds, "odds |π̂_S| E_S exp(−A/2)"),
            panel("", |row| row.by_volume, "guess π̂_S²"),
        ],
    )
}

fn caption(rows: &[SetOdds]) -> String {
    let runs = rows.iter().map(|row| row.runs).max().unwrap_or(0);
    let steps = distinct(rows, |row| row.step_per_sample);
    let steps: Vec<String> = steps.iter().map(|step| step.to_string()).collect();
    format!(
        "Every set of two of three or four samples: the share of up to {runs} runs a cell that end in its coordinate projector, with 95 % intervals, at every start, batch size and step size \
         (η_B = {}), by the recursion. Left: over the odds (Monte Carlo, lattice by duality, product of arctan laws). Right: over the share of the squared volume, a guess that is wrong. Dashed: equality.",
        steps.join(" and ")
    )
}
