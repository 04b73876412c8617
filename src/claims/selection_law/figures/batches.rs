//! Who wins of six samples, and when, for every batch size.

use crate::claims::selection_law::batches::Winners;
use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Point, Series, Shape};
use crate::plot::{Plot, distinct};
use crate::text::number;

pub const FIGURE: Plot<Winners> = Plot {
    id: "selection_batches",
    title: "Six samples: who wins, and after what time, for every batch size",
    draw,
    caption,
};

/// Between the points of two batch sizes at one sample.
const APART: f64 = 0.12;

fn is_of_sgd(row: &&Winners) -> bool {
    row.step_per_sample > 0.0
}

fn step_sizes(rows: &[Winners]) -> Vec<f64> {
    let mut etas = distinct(rows, |row| row.step_per_sample);
    etas.retain(|eta| *eta > 0.0);
    etas.sort_by(f64::total_cmp);
    etas
}

/// Frequencies of the samples at the smaller step size.
fn winners(rows: &[Winners]) -> Panel {
    let fine = step_sizes(rows).first().copied().unwrap_or_default();
    let shown: Vec<&Winners> =
        rows.iter().filter(|row| !is_of_sgd(row) || row.step_per_sample == fine).collect();
    let middle = 0.5 * (shown.len() as f64 - 1.0);
    let series = shown.iter().enumerate().map(|(k, row)| {
        let (wins, runs) = (row.wins(), row.runs() as f64);
        let point = |(j, wins): (usize, u64)| {
            let share = wins as f64 / runs;
            let aside = APART * (k as f64 - middle);
            Point::estimated((j + 1) as f64 + aside, share, (share * (1.0 - share) / runs).sqrt())
        };
        let points = wins.into_iter().enumerate().map(point).collect();
        Series::points(row.law.clone(), Colour::nth(k), Shape::nth(k), points)
    });
    let x = Axis::linear("sample j, c ∝ 7 − j").from_to(0.5, 6.5);
    Panel::new(format!("who wins, η = {fine}"), x, Axis::linear("P(i* = j)"), series.collect())
}

/// `κ` times the mean number of steps, over the batch size.
fn times(rows: &[Winners]) -> Panel {
    let (etas, batches) = (step_sizes(rows), distinct(rows, |row| row.law.clone()));
    let at = |row: &Winners| batches.iter().position(|law| *law == row.law).unwrap_or(0) as f64 + 1.0;
    let series = etas.iter().enumerate().map(|(k, eta)| {
        let rows = rows.iter().filter(|row| row.step_per_sample == *eta);
        let points = rows
            .map(|row| {
                let aside = APART * (k as f64 - 0.5);
                Point::estimated(at(row) + aside, row.clock * row.mean_steps, row.clock * row.standard_error)
            })
            .collect();
        Series::points(format!("η = {eta}"), Colour::nth(k), Shape::nth(k), points)
    });
    let sgd = rows.iter().filter(is_of_sgd);
    let mean = sgd.clone().map(|row| row.clock * row.mean_steps).sum::<f64>() / sgd.count().max(1) as f64;
    let far = (batches.len() as f64 - 0.5).max(1.0);
    let guide = Series::law("κT = const", vec![(0.5, mean), (far, mean)]);
    let x = Axis::linear("batch size b").from_to(0.5, far);
    Panel::new("after what time", x, Axis::linear("κT"), series.chain([guide]).collect())
}

fn draw(rows: &[Winners]) -> Drawing {
    Drawing::new(2, vec![winners(rows), times(rows)])
}

fn caption(rows: &[Winners]) -> String {
    let runs = rows.iter().filter(is_of_sgd).map(Winners::runs).max().unwrap_or(0);
    format!(
        "Six samples from c ∝ 6, 5, 4, 3, 2, 1 with ‖w₀‖ = 1, reduced engine, {} runs a batch size and step size, 95 % intervals. Left: how often each sample wins, beside {} paths of the diffusion. \
         Right: mean number of steps until a sample is decided, times κ; dashed: its mean over all points, which is not a prediction.",
        number(runs as f64),
        number(rows.iter().filter(|row| !is_of_sgd(row)).map(Winners::runs).max().unwrap_or(0) as f64),
    )
}
