//! The participation ratio under every rule, for small and full batches, in both bases.

use super::tables::MeanOfRuns;
use crate::plot::drawing::{Axis, Drawing, Panel, Point};
use crate::plot::{Plot, distinct, points_by};

pub(super) const FIGURE: Plot<MeanOfRuns> = Plot {
    id: "optimisers",
    title: "How many samples the neuron mixes, rule by rule, along the axes and rotated",
    draw,
    caption,
};

fn draw(rows: &[MeanOfRuns]) -> Drawing {
    let rules = distinct(rows, |row| row.rule.clone());
    let panel = |batch: usize| {
        let basis = |row: &MeanOfRuns| row.basis.clone();
        let series = points_by(rows, basis, |k, row| {
            let place = rules.iter().position(|rule| *rule == row.rule)? as f64 + 1.0;
            let (y, low, high) = (row.participation_ratio?, row.low?, row.high?);
            (row.batch == batch).then_some(Point { x: place + 0.16 * (k as f64 - 0.5), y, low, high })
        });
        let x = Axis::named("update rule", rules.clone());
        Panel::new(format!("b = {batch}"), x, Axis::linear("participation ratio"), series)
    };
    Drawing::new(2, distinct(rows, |row| row.batch).into_iter().map(panel).collect())
}

fn caption(rows: &[MeanOfRuns]) -> String {
    let runs = rows.iter().filter_map(|row| row.runs).max().unwrap_or(0);
    format!(
        "Participation ratio of the correlations at the end: mean over up to {runs} seeds with 95 % intervals. A seed has one start and one stream of batches under every \
         rule; the samples lie along the coordinate axes (standard) or are rotated."
    )
}
