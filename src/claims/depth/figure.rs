//! What two samples do at two depths, beside the law.

use super::pair::PairRuns;
use crate::plot::drawing::{Axis, Drawing, Panel, Point, Series};
use crate::plot::{Plot, points_by};
use crate::study::words::listed;
use crate::vectors::largest;

pub(super) const FIGURE: Plot<PairRuns> = Plot {
    id: "depth_pair",
    title: "Two samples at two depths: the odds, and the integral A that the norm of the first layer tells",
    draw,
    caption,
};

/// Depths are drawn beside each other, where they would lie upon each other.
fn beside(row: &PairRuns, x: f64) -> f64 {
    x * (1.0 + 0.02 * (row.layers as f64 - 2.5))
}

fn draw(rows: &[PairRuns]) -> Drawing {
    let series = |point: fn(&PairRuns) -> Point, law: fn(&PairRuns) -> f64| {
        let far = 1.1 * largest(rows.iter().map(law));
        let mut series = vec![Series::law("law", vec![(0.0, 0.0), (far, far)])];
        let name = |row: &PairRuns| format!("L = {}", row.layers);
        series.extend(points_by(rows, name, |_, row| Some(point(row))));
        series
    };
    let odds = |row: &PairRuns| Point::estimated(beside(row, row.predicted_odds), row.odds, row.se_odds);
    let impurity =
        |row: &PairRuns| Point::estimated(beside(row, row.predicted_impurity), row.impurity, row.se_impurity);
    let panel = |x: &str, y: &str, series| Panel::new("", Axis::linear(x), Axis::linear(y), series);
    Drawing::new(
        2,
        vec![
            panel(
                "angle of the start over π/2",
                "mean of the angle at the end over π/2",
                series(odds, |row| row.predicted_odds),
            ),
            panel(
                "¼(π²/4 − gd(d)²) at the start",
                "mean of A",
                series(impurity, |row| row.predicted_impurity),
            ),
        ],
    )
}

fn caption(rows: &[PairRuns]) -> String {
    let norms: Vec<String> =
        rows.iter().map(|row| format!("{:.2} (L = {})", row.norm_sq, row.layers)).collect();
    format!(
        "Tied linear networks of width one and L layers, two samples, one a step, from balanced starts on the manifold: means over {} runs a point with 95 % intervals, extrapolated to η = 0 from η = {:.4} and half of it. Runs are stopped where one correlation is e³ times the other or A is 1.5. \
         Left, over the angle arctan(c_1/c_2) of the start: the mean of this angle at the end, both over π/2, which is the odds of the first sample. Right, over ¼(π²/4 − gd(d)²) at the start, d = log(c_1/c_2): the mean of A = log N + (1 − N^(−L/(L−1)))/L, N the squared norm of the first layer where a run is stopped, and of \
         what is expected of the rest from there. Dashed: the laws, which put all points on the diagonals. The two depths have the same abscissas and are drawn beside each other. Means of N, which began at 1, at half the step size, point by point: {}.",
        rows[0].runs,
        rows[0].step_per_sample,
        listed(&norms)
    )
}
