//! Odds and times of two samples, rule by rule, against the laws of SGD.

use super::pair::PairRuns;
use crate::plot::drawing::{Axis, Drawing, Panel, Point, Series};
use crate::plot::{Plot, distinct, points_by};

pub(super) const FIGURE: Plot<PairRuns> = Plot {
    id: "momentum_pair",
    title: "Two samples under momentum: the odds and the clock of SGD at ε = η/(1 − β)",
    draw,
    caption,
};

fn draw(rows: &[PairRuns]) -> Drawing {
    let steps = distinct(rows, |row| row.effective_step);
    let ends = [0.0, steps.iter().fold(0.0, |a: f64, step| a.max(1.2 * step))];
    let series = |law: fn(&PairRuns) -> f64, point: fn(&PairRuns) -> Point| {
        // Predictions are linear in ε.
        let (first, last) = (&rows[0], &rows[rows.len() - 1]);
        let way = last.effective_step - first.effective_step;
        let slope = if way == 0.0 { 0.0 } else { (law(last) - law(first)) / way };
        let line = ends.map(|step| (step, law(first) + slope * (step - first.effective_step))).to_vec();
        let mut series = vec![Series::law("law", line)];
        let name = |row: &PairRuns| row.rule.clone();
        series.extend(points_by(rows, name, |k, row| {
            // Side by side, where they would lie upon each other.
            let x = row.effective_step * (1.0 + 0.06 * k as f64);
            Some(Point { x, ..point(row) })
        }));
        series
    };
    let odds = |row: &PairRuns| {
        Point::estimated(
            row.effective_step,
            row.frequency,
            (row.frequency * (1.0 - row.frequency) / row.runs as f64).sqrt(),
        )
    };
    let time = |row: &PairRuns| Point::estimated(row.effective_step, row.time, row.se_time);
    let axis = || Axis::linear("ε = η/(1 − β)");
    Drawing::new(
        2,
        vec![
            Panel::new(
                "",
                axis(),
                Axis::linear("share of runs led by the first sample"),
                series(|row| row.predicted, odds),
            ),
            Panel::new(
                "",
                axis(),
                Axis::linear("mean κt/(1 − β)² to the end"),
                series(|row| row.predicted_time, time),
            ),
        ],
    )
}

fn caption(rows: &[PairRuns]) -> String {
    let PairRuns { angle, runs, .. } = &rows[0];
    format!(
        "Two samples, one a step, from the angle {angle} π/2 until one correlation is e⁴ times the other: means of {runs} runs a point with 95 % intervals, reduced \
         engine. Dashed: the laws, the odds with their first correction in ε, which know β through ε alone. Rules are drawn side by side. The time exceeds its law by a share of ε, the overshoot of the last steps."
    )
}
