//! All correlations over the steps: GD beside SGD beside cyclic SGD.

use super::portrait::Correlation;
use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Series, Stroke};
use crate::plot::{Plot, distinct};

pub(super) const FIGURE: Plot<Correlation> = Plot {
    id: "correlations",
    title: "All correlations over the steps: GD beside SGD beside cyclic SGD",
    draw,
    caption,
};

fn draw(rows: &[Correlation]) -> Drawing {
    // One range for all panels: from the lowest correlation of any to 1.
    let lowest = rows.iter().map(|row| row.correlation).fold(0.0, f64::min).max(-1.0);
    let panel = |algorithm: &String| {
        let of_algorithm = || rows.iter().filter(|row| row.algorithm == *algorithm);
        let last = of_algorithm().map(|row| row.step as f64).fold(1.0, f64::max);
        let mut series = Vec::new();
        for (k, sample) in distinct(rows, |row| row.sample).into_iter().enumerate() {
            let of_sample = || of_algorithm().filter(|row| row.sample == sample);
            if let Some(limit) = of_sample().map(|row| row.limit).find(|limit| limit.is_finite()) {
                let points = vec![(1.0, limit), (last, limit)];
                series.push(Series::line("", Colour::nth(k), Stroke::Dashed, points));
            }
            let points = of_sample().map(|row| (row.step as f64, row.correlation)).collect();
            series.push(Series::line("", Colour::nth(k), Stroke::Solid, points));
        }
        let batch = of_algorithm().next().map_or(0, |row| row.batch);
        let title = match algorithm.as_str() {
            "GD" => "GD, b = m".into(),
            "SGD" => format!("SGD, b = {batch}"),
            _ => format!("cyclic, b = {batch}"),
        };
        let x = Axis::log("step t").from_to(1.0, last);
        Panel::new(title, x, Axis::linear("correlation cₜ(i)").from_to(lowest - 0.1, 1.1), series)
    };
    let algorithms = distinct(rows, |row| row.algorithm.clone());
    Drawing::new(algorithms.len().max(1), algorithms.iter().map(panel).collect())
}

fn caption(rows: &[Correlation]) -> String {
    let Correlation { samples, dim, step_size, .. } = &rows[0];
    format!(
        "The correlations cₜ(i) = ⟨wₜ, aᵢ⟩ of the linear model with every one of m = {samples} samples in n = {dim} dimensions, one colour a \
         sample, from one start (n = 1 run each) at η = {step_size}, mean reduction, trained by autodiff. Dashed: the limit that \
         Theorem 1 predicts for GD. SGD and cyclic SGD see the same data one sample at a time.",
    )
}
