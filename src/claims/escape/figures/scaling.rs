//! How long SGD takes to commit, from the even mixture.

use crate::claims::escape::scaling::MeanTime;
use crate::plot::drawing::{Axis, Drawing, Panel, Point, Series};
use crate::plot::{Plot, distinct, points_by};
use crate::study::words::listed;
use crate::vectors::{largest, smallest};

pub const FIGURE: Plot<MeanTime> = Plot {
    id: "escape_scaling",
    title: "The time to commit from w_GD, over 1/κ and over the batch size",
    draw,
    caption,
};

/// Mean of `κT` over all cells, weighted by their errors.
fn constant(rows: &[MeanTime]) -> f64 {
    let weight = |row: &MeanTime| row.se_kappa_t.powi(-2);
    rows.iter().map(|row| weight(row) * row.kappa_t).sum::<f64>() / rows.iter().map(weight).sum::<f64>()
}

fn draw(rows: &[MeanTime]) -> Drawing {
    let clocks = || rows.iter().map(|row| row.clock);
    let (ends, constant) = ([smallest(clocks()), largest(clocks())], constant(rows));
    let series = |name: &str, law: Vec<(f64, f64)>, point: fn(&MeanTime) -> Point| {
        let mut series = vec![Series::law(name, law)];
        let name = |row: &MeanTime| format!("b = {}", row.batch);
        series.extend(points_by(rows, name, |_, row| Some(point(row))));
        series
    };
    let falling = ends.map(|kappa| (kappa, constant / kappa)).to_vec();
    let level = ends.map(|kappa| (kappa, constant)).to_vec();
    let steps =
        series("slope −1", falling, |row| Point::estimated(row.clock, row.mean_steps, row.se_steps));
    let times = series("constant", level, |row| Point::estimated(row.clock, row.kappa_t, row.se_kappa_t));
    let rate = || Axis::log("κ, time of the diffusion a step");
    Drawing::new(
        2,
        vec![
            Panel::new("", rate(), Axis::log("mean steps T to commit"), steps),
            Panel::new("", rate(), Axis::linear("mean κT"), times),
        ],
    )
}

fn caption(rows: &[MeanTime]) -> String {
    let MeanTime { samples, runs, .. } = &rows[0];
    format!(
        "Steps from the even mixture w_GD of m = {samples} samples until the leader's log-ratio to the sum of the others passes a \
         threshold: mean of {runs} runs a point with 95 % intervals, reduced engine, η = {}. Dashed: κT = const, the law of \
         small η for every b; its constant {:.2} is the weighted mean of all points, not a prediction.",
        listed(&distinct(rows, |row| row.step_per_sample)),
        constant(rows),
    )
}
