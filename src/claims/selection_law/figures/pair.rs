//! Who wins of two samples: the odds against the angle of the start, and what a finite step size does to them.

use crate::claims::selection_law::row::PairOdds;
use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Point, Series, Shape, Stroke};
use crate::plot::{Plot, distinct};
use crate::text::number;
use crate::vectors::{largest, smallest};

pub const FIGURE: Plot<PairOdds> = Plot {
    id: "selection_pair",
    title: "The odds of two samples over the angle of the start, for several step sizes and batches",
    draw,
    caption,
};

const ANGLE: &str = "θ/(π/2), tan θ = c₁/c₂";

/// Two samples, one a step, with runs.
fn measured(rows: &[PairOdds]) -> impl Iterator<Item = &PairOdds> {
    rows.iter().filter(|row| row.batch == "1" && row.runs > 0)
}

/// Rows without runs: the exact odds alone.
fn curves(rows: &[PairOdds]) -> impl Iterator<Item = &PairOdds> {
    rows.iter().filter(|row| row.runs == 0)
}

fn step_sizes(rows: &[PairOdds]) -> Vec<f64> {
    let mut etas = distinct(rows, |row| row.step_per_sample);
    etas.sort_by(f64::total_cmp);
    etas
}

/// A frequency less `base`, times `factor`, at `x`.
fn point(row: &PairOdds, x: f64, base: f64, factor: f64) -> Point {
    Point::estimated(x, (row.measured - base) * factor, row.standard_error * factor.abs())
}

fn odds(rows: &[PairOdds]) -> Panel {
    let mut series = vec![Series::law("(2/π) arctan(c₁/c₂)", vec![(0.0, 0.0), (1.0, 1.0)])];
    let at = |row: &PairOdds| point(row, row.angle_over_right, 0.0, 1.0);
    let other = rows.iter().filter(|row| row.batch != "1").map(at).collect();
    series.push(Series::points("other batches", Colour::Grey, Shape::Cross, other));
    for (k, eta) in step_sizes(rows).into_iter().enumerate() {
        let points = measured(rows).filter(|row| row.step_per_sample == eta).map(at).collect();
        series.push(Series::points(format!("η = {eta}"), Colour::nth(k), Shape::nth(k), points));
    }
    let (x, y) = (Axis::linear(ANGLE), Axis::linear("P(i* = 1)"));
    Panel::new("all starts", x.from_to(0.0, 1.0), y.from_to(0.0, 1.0), series)
}

/// The rows with the smallest errors, from mean steps: frequencies are too wide to be seen beside the curves.
fn sharpest(rows: &[PairOdds]) -> Vec<&PairOdds> {
    let least = smallest(measured(rows).map(|row| row.standard_error));
    measured(rows).filter(|row| row.standard_error <= 4.0 * least).collect()
}

/// What is left beside the limit, over all angles, by step size.
fn deviations(rows: &[PairOdds]) -> Panel {
    let sharpest = sharpest(rows);
    let mut series = Vec::new();
    for (k, eta) in step_sizes(rows).into_iter().enumerate() {
        let curve = curves(rows).filter(|row| row.step_per_sample == eta);
        let curve = curve.map(|row| (row.angle_over_right, row.exact - row.limit_law)).collect();
        let points = sharpest.iter().filter(|row| row.step_per_sample == eta);
        let points = points.map(|row| point(row, row.angle_over_right, row.limit_law, 1.0)).collect();
        series.push(Series::line(format!("η = {eta}"), Colour::nth(k), Stroke::Solid, curve));
        series.push(Series::points("", Colour::nth(k), Shape::nth(k), points));
    }
    let (x, y) = (Axis::linear(ANGLE), Axis::linear("P(i* = 1) − 2θ/π"));
    Panel::new("beside the limit: exact, and measured", x.from_to(0.0, 1.0), y, series)
}

/// The same in units of `η`, at `θ = π/8`; the derived first order is its value at 0.
fn quotients(rows: &[PairOdds]) -> Panel {
    let over = |row: &PairOdds, odds: f64| (odds - row.limit_law) / row.step_per_sample;
    let at_octant: Vec<&PairOdds> = curves(rows).filter(|row| row.angle_over_right == 0.25).collect();
    let mut curve: Vec<(f64, f64)> =
        at_octant.iter().map(|row| (row.step_per_sample, over(row, row.exact))).collect();
    let slope = at_octant.first().map_or(f64::NAN, |row| over(row, row.first_order));
    curve.push((0.0, slope));
    curve.sort_by(|a, b| a.0.total_cmp(&b.0));
    let far = curve.last().map_or(1.0, |(eta, _)| 1.05 * eta);
    let measured = |share: f64, sign: f64| {
        let rows = sharpest(rows).into_iter().filter(move |row| row.angle_over_right == share);
        rows.map(|row| {
            let eta = row.step_per_sample;
            point(row, eta, row.limit_law, sign / eta)
        })
        .collect()
    };
    let series = vec![
        Series::law("first order, −1/32π", vec![(0.0, slope), (far, slope)]),
        Series::line("exact", Colour::Text, Stroke::Solid, curve),
        Series::points("measured", Colour::Blue, Shape::Disc, measured(0.25, 1.0)),
        Series::points("at 3π/8, sign turned", Colour::Vermillion, Shape::Triangle, measured(0.75, -1.0)),
    ];
    let (x, y) = (Axis::linear("step size η"), Axis::linear("(P(i* = 1) − 2θ/π)/η"));
    Panel::new("θ = π/8", x.from_to(0.0, far), y, series)
}

fn draw(rows: &[PairOdds]) -> Drawing {
    Drawing::new(3, vec![odds(rows), deviations(rows), quotients(rows)])
}

fn caption(rows: &[PairOdds]) -> String {
    let range = |rows: Vec<&PairOdds>| {
        let runs = || rows.iter().map(|row| row.runs as f64);
        let (min, max) = (smallest(runs()), largest(runs()));
        if min == max { number(max) } else { format!("{} to {}", number(min), number(max)) }
    };
    let others: Vec<String> = rows
        .iter()
        .filter(|row| row.batch != "1")
        .map(|row| format!("{}, m = {}", row.batch.replace(' ', " b = "), row.samples))
        .collect();
    format!(
        "How often sample 1 wins, from c ∝ (sin θ, cos θ) with ‖w₀‖ = 1; m = 2, b = 1, reduced engine, {} \
         independent runs a point, 95 % intervals. Left: all points against the limit of small η; crosses: batches in \
         which two samples of m see the same ({}). Middle: what is left beside the limit; curves: the odds of the chain at that step \
         size, solved; points: sums of the mean steps of 2θ/π over {} walks. Right: the same over η at θ = π/8; dashed: the derived first order.",
        range(measured(rows).collect()),
        others.join("; "),
        range(sharpest(rows)),
    )
}
