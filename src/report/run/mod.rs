//! The figures of a `train` run, from the files of its directory.

mod correlations;
mod curvature;
mod images;
mod neurons;
mod replicas;
mod training;

use crate::plot::Figure;
use crate::plot::drawing::{Axis, Panel, Series};

pub(crate) use self::replicas::Ending;

/// The table of weights, which is read from an array and not from a CSV file.
pub(super) const WEIGHTS: &str = "w";

/// All of them, in their order on the page.
pub const ALL: [&dyn Figure; 6] = [
    &training::FIGURE,
    &correlations::FIGURE,
    &curvature::FIGURE,
    &neurons::FIGURE,
    &images::FIGURE,
    &replicas::FIGURE,
];

/// Points that a curve has at most: a long table is thinned evenly, and keeps its end.
const MAX_POINTS: usize = 2000;

/// A curve of no more than so many points.
fn thinned(points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    let (stride, last) = (points.len().div_ceil(MAX_POINTS).max(1), points.len().saturating_sub(1));
    points
        .into_iter()
        .enumerate()
        .filter(|(k, _)| k % stride == 0 || *k == last)
        .map(|(_, point)| point)
        .collect()
}

/// A panel over the steps; none if nothing in it can be shown.
fn panel(y: Axis, series: Vec<Series>) -> Option<Panel> {
    let panel = Panel::new("", Axis::log("step t"), y, series);
    (!panel.series.is_empty()).then_some(panel)
}
