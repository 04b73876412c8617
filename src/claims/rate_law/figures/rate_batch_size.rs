//! What a batch size costs after selection, in steps and in samples.

use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Point, Series, Shape, Stroke};
use crate::plot::{FileFigure, Sheet};
use crate::stats::{ESTIMATE_LEVEL, normal_quantile};

pub(super) const FIGURE: FileFigure = FileFigure {
    id: "rate_batch_size",
    title: "What a batch size costs, in steps and in samples",
    table: "rate_batch_size",
    columns: &[
        "reduction",
        "samples",
        "step_size",
        "batch",
        "predicted_rate",
        "measured_rate",
        "standard_error",
        "runs",
    ],
    draw,
    caption,
};

fn draw(sheet: &Sheet) -> Drawing {
    let panel = |label: &str, price: fn(f64) -> f64| {
        let mut series = Vec::new();
        let kinds = [(Colour::Blue, Shape::Disc), (Colour::Vermillion, Shape::Triangle)];
        for (reduction, (colour, shape)) in sheet.distinct("reduction").into_iter().zip(kinds) {
            let rows = || sheet.with("reduction", reduction).map(|row| (row.number("batch"), row));
            let law = rows().map(|(b, row)| (b, price(b) / row.number("predicted_rate"))).collect();
            let points = rows().map(|(b, row)| {
                let half = normal_quantile(ESTIMATE_LEVEL) * row.number("standard_error");
                let cost = |rate: f64| price(b) / rate;
                let rate = row.number("measured_rate");
                Point::within(b, cost(rate), cost(rate + half), cost(rate - half))
            });
            series.push(Series::line(format!("{reduction}, law"), colour, Stroke::Dashed, law));
            series.push(Series::points(reduction, colour, shape, points.collect()));
        }
        let max = sheet.first("samples").parse().unwrap_or(f64::NAN);
        Panel::new("", Axis::linear("batch size b").from_to(0.0, max), Axis::log(label), series)
    };
    Drawing::new(2, vec![panel("steps 1/λ", |_| 1.0), panel("samples touched b/λ", |b| b)])
}

fn caption(sheet: &Sheet) -> String {
    let settings: Vec<String> = sheet
        .distinct("reduction")
        .into_iter()
        .filter_map(|reduction| {
            let row = sheet.with("reduction", reduction).next()?;
            Some(format!("η = {} with the {reduction} reduction", row.text("step_size")))
        })
        .collect();
    format!(
        "What it costs after selection to bring log|cⱼ| of the losers down by 1: steps, and samples touched; m = {}, random \
         batches, {}, {} runs a point, 95 % intervals (often smaller than the mark). Dashed: \
         λ = [b(m − b)/(m(m − 1))] log 1/(1 − η_B²), with η_B = η under the sum and η/b under the mean. In steps the sum is \
         cheapest at b = m/2; in samples, and under the mean, one sample a step is.",
        sheet.first("samples"),
        settings.join(", "),
        sheet.first("runs"),
    )
}
