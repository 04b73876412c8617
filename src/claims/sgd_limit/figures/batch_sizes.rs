//! The jump at `b = m`: how pure the limit is against the share of the data in a batch.

use super::{MODELS, chosen};
use crate::claims::sgd_limit::ends::BatchSize;
use crate::model::Activation;
use crate::plot::Plot;
use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Point, Series, Stroke};

pub const FIGURE: Plot<BatchSize> =
    Plot { id: "batch_sizes", title: "Where SGD ends, over the share of the data in a batch", draw, caption };

fn share(row: &BatchSize) -> f64 {
    row.batch as f64 / row.samples as f64
}

fn draw(rows: &[BatchSize]) -> Drawing {
    let x = || Axis::linear("share of the data in a batch, b/m").from_to(0.0, 1.05);
    let points = |activation, of: fn(&BatchSize) -> [f64; 3]| -> Vec<Point> {
        let point = |row: &BatchSize| {
            let [mean, low, high] = of(row);
            Point::within(share(row), mean, low, high)
        };
        chosen(rows, activation).map(point).collect()
    };
    let (mut cosines, mut ratios) = (Vec::new(), Vec::new());
    for (activation, name, colour, shape) in MODELS {
        cosines.extend(predicted(rows, activation, colour));
        let cosine = |row: &BatchSize| [row.max_cos, row.max_cos_low, row.max_cos_high];
        cosines.push(Series::points(name, colour, shape, points(activation, cosine)));
        let ratio = |row: &BatchSize| {
            [row.participation_ratio, row.participation_ratio_low, row.participation_ratio_high]
        };
        ratios.push(Series::points(name, colour, shape, points(activation, ratio)));
    }
    let cosine = Axis::linear("largest cosine with a sample").from_to(0.0, 1.1);
    let ratio = Axis::linear("participation ratio");
    Drawing::new(2, vec![Panel::new("", x(), cosine, cosines), Panel::new("", x(), ratio, ratios)])
}

/// The cosine that theory predicts: a line below `b = m`, and there a bar, as nothing lies in between.
fn predicted(rows: &[BatchSize], activation: Activation, colour: Colour) -> Vec<Series> {
    let predicted = |row: &BatchSize| (share(row), row.max_cos_predicted);
    let (full, below): (Vec<_>, Vec<_>) =
        chosen(rows, activation).map(predicted).partition(|(share, _)| *share == 1.0);
    let name = if activation == Activation::Linear { "predicted" } else { "" };
    let bar = |(_, y)| Series::line("", colour, Stroke::Solid, vec![(0.96, y), (1.04, y)]);
    let line = Series::line(name, colour, Stroke::Dashed, below);
    [line].into_iter().chain(full.into_iter().map(bar)).collect()
}

fn caption(rows: &[BatchSize]) -> String {
    let runs = |full: bool| {
        let shown = MODELS.iter().flat_map(|(activation, ..)| chosen(rows, *activation));
        let counts: Vec<usize> =
            shown.filter(|row| (row.batch == row.samples) == full).map(|row| row.runs).collect();
        match (counts.iter().min(), counts.iter().max()) {
            (Some(min), Some(max)) if min < max => format!("{min} to {max}"),
            (_, max) => format!("{}", max.unwrap_or(&0)),
        }
    };
    let BatchSize { samples, dim, reduction, step_size, .. } = &rows[0];
    format!(
        "Where SGD ended, m = {samples}, n = {dim}, {} reduction, η = {step_size}, reduced engine: mean over {} runs a batch size and activation \
         for b < m, {} for b = m, with 95 % intervals (of no width where all runs agree). Left, dashed: 1 by Theorem 2; bars at \
         b = m: the exact expectation of Theorem 1's limit; the jump is between b = m − 1 and b = m.",
        reduction.name(),
        runs(false),
        runs(true),
    )
}
