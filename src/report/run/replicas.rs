//! How all replicas ended.

use super::thinned;
use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Point, Series, Shape, Stroke};
use crate::plot::{FileFigure, Sheet};
use crate::stats::binomial_interval;

pub(super) const FIGURE: FileFigure = FileFigure {
    id: "replicas",
    title: "All replicas: how much each mixes, and which sample it is closest to",
    table: "replicas",
    columns: &["replica", "outcome", "argmax", "participation_ratio"],
    draw,
    caption,
};

/// Samples up to which the share of each is drawn.
const MAX_SAMPLES: usize = 64;

fn draw(sheet: &Sheet) -> Drawing {
    let mut mixing: Vec<f64> = sheet.rows().map(|row| row.number("participation_ratio")).collect();
    mixing.sort_by(f64::total_cmp);
    let count = mixing.len();
    let quantiles = mixing.iter().enumerate().map(|(k, &mixed)| ((k as f64 + 0.5) / count as f64, mixed));
    let curve = Series::line("", Colour::Blue, Stroke::Solid, thinned(quantiles.collect()));
    let x = Axis::linear("share of the replicas").from_to(0.0, 1.0);
    let mut panels = vec![Panel::new("", x, Axis::linear("participation ratio, at most"), vec![curve])];
    let mut samples = sheet.distinct("argmax");
    if samples.len() <= MAX_SAMPLES {
        samples.sort_by_key(|sample| sample.parse::<u64>().unwrap_or(u64::MAX));
        let share = |sample: &&str| {
            let hits = sheet.with("argmax", sample).count() as u64;
            let interval = binomial_interval(hits, count as u64, 0.05);
            Point::within(
                sample.parse().unwrap_or(f64::NAN),
                hits as f64 / count as f64,
                interval.low,
                interval.high,
            )
        };
        let points = samples.iter().map(share).collect();
        let series = Series::points("", Colour::Vermillion, Shape::Disc, points);
        panels.push(Panel::new(
            "",
            Axis::linear("sample i"),
            Axis::linear("share with largest cosine at i"),
            vec![series],
        ));
    }
    panels.retain(|panel| !panel.series.is_empty());
    Drawing::new(2, panels)
}

fn caption(sheet: &Sheet) -> String {
    let mixing =
        format!("{} replicas. The quantiles of the participation ratio at the end", sheet.rows().count());
    let winners = sheet.distinct("argmax").len();
    if winners > MAX_SAMPLES {
        return format!(
            "{mixing}; the replicas end closest to more than {MAX_SAMPLES} different samples, too many to be drawn."
        );
    }
    format!(
        "{mixing} (left), and the share of the replicas whose largest cosine is with sample i, numbered from 0, with exact 95 % intervals \
         (right); samples that no replica ended at have no point."
    )
}
