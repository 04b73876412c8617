//! What a batch size costs after selection, in steps and in samples.

use crate::claims::rate_law::batch_size::Price;
use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Point, Series, Shape, Stroke};
use crate::plot::{Plot, distinct};
use crate::stats::{ESTIMATE_LEVEL, normal_quantile};
use itertools::Itertools;

pub const FIGURE: Plot<Price> =
    Plot { id: "rate_batch_size", title: "What a batch size costs, in steps and in samples", draw, caption };

fn draw(rows: &[Price]) -> Drawing {
    let panel = |label: &str, price: fn(f64) -> f64| {
        let mut series = Vec::new();
        for (k, reduction) in distinct(rows, |row| row.reduction).into_iter().enumerate() {
            let rows =
                || rows.iter().filter(|row| row.reduction == reduction).map(|row| (row.batch as f64, row));
            let law = rows().map(|(b, row)| (b, price(b) / row.predicted_rate)).collect();
            let points = rows().map(|(b, row)| {
                let half = normal_quantile(ESTIMATE_LEVEL) * row.standard_error;
                let cost = |rate: f64| price(b) / rate;
                let rate = row.measured_rate;
                Point::within(b, cost(rate), cost(rate + half), cost(rate - half))
            });
            let (name, colour) = (reduction.name(), [Colour::Blue, Colour::Vermillion][k]);
            series.push(Series::line(format!("{name}, law"), colour, Stroke::Dashed, law));
            series.push(Series::points(name, colour, Shape::nth(k), points.collect()));
        }
        let batches = Axis::linear("batch size b").from_to(0.0, rows[0].samples as f64);
        Panel::new("", batches, Axis::log(label), series)
    };
    Drawing::new(2, vec![panel("steps 1/λ", |_| 1.0), panel("samples touched b/λ", |b| b)])
}

fn caption(rows: &[Price]) -> String {
    let first = rows.iter().unique_by(|row| row.reduction.name());
    let settings =
        first.map(|row| format!("η = {} with the {} reduction", row.step_size, row.reduction.name()));
    format!(
        "What it costs after selection to bring log|cⱼ| of the losers down by 1: steps, and samples touched; m = {}, random \
         batches, {}, {} runs a point, 95 % intervals (often smaller than the mark). Dashed: \
         λ = [b(m − b)/(m(m − 1))] log 1/(1 − η_B²), with η_B = η under the sum and η/b under the mean. In steps the sum is \
         cheapest at b = m/2; in samples, and under the mean, one sample a step is.",
        rows[0].samples,
        settings.collect::<Vec<_>>().join(", "),
        rows[0].runs,
    )
}
