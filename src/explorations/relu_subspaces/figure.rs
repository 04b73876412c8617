//! The share of runs caught in an impure state, over what each panel varies.

use super::runs::STEP;
use super::tables::ImpureShare;
use crate::plot::drawing::{Axis, Drawing, Panel, Point};
use crate::plot::{Plot, distinct, points_by};

pub(super) const FIGURE: Plot<ImpureShare> = Plot {
    id: "relu_subspaces",
    title: "Several ReLU neurons: how often SGD is caught in an impure state",
    draw,
    caption,
};

/// Norm of a neuron at the start where it is not varied.
const NORM: f64 = 0.5;

/// A panel over the values of `x`, each a column of its own: the rows that it shows, one series for each name, side by side.
fn panel(
    rows: &[ImpureShare],
    label: &str,
    x: fn(&ImpureShare) -> f64,
    shows: fn(&ImpureShare) -> bool,
    name: fn(&ImpureShare) -> String,
) -> Panel {
    let shown: Vec<ImpureShare> = rows.iter().filter(|row| shows(row)).cloned().collect();
    let mut values = distinct(&shown, x);
    values.sort_by(f64::total_cmp);
    let names = distinct(&shown, name).len() as f64;
    let series = points_by(&shown, name, |k, row| {
        let place = values.iter().position(|value| *value == x(row))? as f64 + 1.0;
        let beside = 0.2 * (k as f64 - 0.5 * (names - 1.0));
        Some(Point::within(place + beside, row.share?, row.low, row.high))
    });
    let x = Axis::named(label, values.iter().map(f64::to_string).collect());
    Panel::new("", x, Axis::linear("share of impure ends"), series)
}

fn draw(rows: &[ImpureShare]) -> Drawing {
    let size = |row: &ImpureShare| format!("k = {}, m = {}", row.neurons, row.samples);
    let batches =
        |row: &ImpureShare| row.init_norm == NORM && matches!((row.neurons, row.samples), (3, 3) | (4, 6));
    let norms = |row: &ImpureShare| row.batch == 1 && matches!((row.neurons, row.samples), (3, 3) | (4, 6));
    Drawing::new(
        2,
        vec![
            panel(
                rows,
                "number of neurons k",
                |row| row.neurons as f64,
                |row| row.samples == 6 && row.batch == 1 && row.init_norm == NORM,
                |row| format!("m = {}, b = 1", row.samples),
            ),
            panel(
                rows,
                "number of samples m",
                |row| row.samples as f64,
                |row| row.neurons == 3 && row.batch == 1 && row.init_norm == NORM,
                |row| format!("k = {}, b = 1", row.neurons),
            ),
            panel(rows, "batch size b", |row| row.batch as f64, batches, size),
            panel(rows, "norm of a neuron at the start", |row| row.init_norm, norms, size),
        ],
    )
}

fn caption(rows: &[ImpureShare]) -> String {
    let runs = rows.iter().map(|row| row.runs).max().unwrap_or(0);
    format!(
        "Tied ReLU neurons under random batches, by the recursion with η_B = {STEP} and n = m: of up to {runs} runs a setting, the share that ends with a neuron active on two samples or more, with 95 % Clopper–Pearson intervals, over the \
         number of neurons k (m = 6, b = 1), of samples m (k = 3, b = 1), the batch size b and the norm of a neuron at the start, which is {NORM} where it is not varied. Every value has a column, in which series are drawn side by side. \
         Nothing is predicted but that two neurons have no such state."
    )
}
