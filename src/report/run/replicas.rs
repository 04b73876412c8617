//! How all replicas ended.

use serde::{Deserialize, Serialize};

use super::thinned;
use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Point, Series, Shape, Stroke};
use crate::plot::{Plot, distinct};
use crate::stats::binomial_interval;
use crate::table::Row;
use crate::train::Outcome;

pub(super) const FIGURE: Plot<Ending> = Plot {
    id: "replicas",
    title: "All replicas: how much each mixes, and which sample it is closest to",
    draw,
    caption,
};

/// How one replica ended: a row of `replicas.csv`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Ending {
    pub replica: usize,
    pub outcome: Outcome,
    pub steps: u64,
    /// Distance to the predicted limit, or estimated rest of the way; NaN where there is none.
    pub distance: f64,
    pub loss: f64,
    pub norm: f64,
    pub max_cos: f64,
    pub argmax: usize,
    pub cos_init: f64,
    pub participation_ratio: f64,
    pub residual: f64,
    #[serde(rename = "R")]
    pub log_ratio: f64,
}

impl Row for Ending {
    const TABLE: &'static str = "replicas";
}

/// Samples up to which the share of each is drawn.
const MAX_SAMPLES: usize = 64;

/// Those whose numbers mean something.
fn lasting(rows: &[Ending]) -> Vec<&Ending> {
    rows.iter().filter(|row| row.outcome != Outcome::Diverged).collect()
}

fn draw(rows: &[Ending]) -> Drawing {
    let rows = &lasting(rows);
    let mut mixing: Vec<f64> = rows.iter().map(|row| row.participation_ratio).collect();
    mixing.sort_by(f64::total_cmp);
    let count = mixing.len();
    let quantiles = mixing.iter().enumerate().map(|(k, &mixed)| ((k as f64 + 0.5) / count as f64, mixed));
    let curve = Series::line("", Colour::Blue, Stroke::Solid, thinned(quantiles.collect()));
    let x = Axis::linear("share of the replicas").from_to(0.0, 1.0);
    let mut panels = vec![Panel::new("", x, Axis::linear("participation ratio, at most"), vec![curve])];
    let mut samples = distinct(rows, |row| row.argmax);
    if samples.len() <= MAX_SAMPLES {
        samples.sort_unstable();
        let share = |&sample: &usize| {
            let hits = rows.iter().filter(|row| row.argmax == sample).count() as u64;
            let interval = binomial_interval(hits, count as u64, 0.05);
            Point::within(sample as f64, hits as f64 / count as f64, interval.low, interval.high)
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

fn caption(rows: &[Ending]) -> String {
    let (all, rows) = (rows.len(), &lasting(rows));
    let diverged = match all - rows.len() {
        0 => String::new(),
        count => format!(" (another {count} diverged)"),
    };
    let mixing =
        format!("{} replicas{diverged}. The quantiles of the participation ratio at the end", rows.len());
    let winners = distinct(rows, |row| row.argmax).len();
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
