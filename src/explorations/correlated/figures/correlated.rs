//! Samples mixed against the correlation of the data.

use crate::explorations::correlated::tables::MeanOfRuns;
use crate::model::Activation;
use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Point, Series, Shape, Stroke};
use crate::plot::{Plot, distinct};

pub const FIGURE: Plot<MeanOfRuns> = Plot {
    id: "correlated",
    title: "What GD and SGD mix, over the correlation of the samples",
    draw,
    caption,
};

/// Correlations shown around 0.
const NEAR: f64 = 0.021;

/// Half the length of the bar of a prediction: it sticks out on both sides of a point.
const BAR: f64 = 0.0011;

fn number(x: Option<f64>) -> f64 {
    x.unwrap_or(f64::NAN)
}

fn panel(rows: &[MeanOfRuns], activation: Activation, near: bool) -> Panel {
    let samples = rows[0].samples;
    let mut series = Vec::new();
    for (k, batch) in distinct(rows, |row| row.batch).into_iter().enumerate() {
        let shown = |row: &&MeanOfRuns| {
            let is_asked = row.activation == activation && row.batch == batch && row.measure == "mixed";
            is_asked && if near { row.rho.abs() < NEAR } else { row.rho > 0.0 }
        };
        let rows = || rows.iter().filter(shown);
        let colour = Colour::nth(k);
        if near && batch == samples {
            // A bar at each correlation: what lies between is not on a line.
            series.extend(rows().map(|row| {
                let bar = [-BAR, BAR].map(|aside| (row.rho + aside, number(row.predicted)));
                Series::line("", Colour::Text, Stroke::Solid, bar.into())
            }));
        }
        if let Some(row) = rows().next().filter(|_| !near) {
            let at = number(row.crossover);
            let ends = vec![(at, 1.0), (at, row.samples as f64)];
            series.push(Series::line("", colour, Stroke::Dotted, ends));
        }
        let points =
            rows().map(|row| Point::within(row.rho, number(row.mean), number(row.low), number(row.high)));
        let name = if batch == samples { "GD".to_string() } else { format!("b = {batch}") };
        series.push(Series::points(name, colour, Shape::nth(k), points.collect()));
    }
    let model = if activation == Activation::Relu { "ReLU" } else { activation.name() };
    let x = if near { Axis::linear("correlation ρ") } else { Axis::log("correlation ρ > 0") };
    Panel::new(model, x, Axis::linear("samples mixed"), series)
}

fn draw(rows: &[MeanOfRuns]) -> Drawing {
    let panels = [true, false]
        .into_iter()
        .flat_map(|near| Activation::PAPER.map(|activation| panel(rows, activation, near)));
    Drawing::new(2, panels.collect())
}

fn caption(rows: &[MeanOfRuns]) -> String {
    format!(
        "Participation ratio of the coefficients of w in the samples (m = {}): means over {} starts, fewer where ReLU is dead, with 95 % \
         intervals; SGD averaged over looks in its stationary state. Above: around 0, bars the mean over the predicted limits of GD, which \
         jump. Below: dotted, the correlation ρ_c at which theory expects little to be left of the pure limit, in its order of magnitude.",
        rows[0].samples,
        rows[0].runs.unwrap_or(0),
    )
}
