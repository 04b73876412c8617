//! Cosines with the data and with the start as the sizes grow, log–log, with slopes.

use super::grid::Along;
use super::row::Scaling;
use crate::model::Activation;
use crate::plot::Plot;
use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Point, Series, Shape, Stroke};
use crate::problem::Reduction;
use crate::stats::{ESTIMATE_LEVEL, Line};
use crate::verdict::Relation;

pub(super) const FIGURE: Plot<Scaling> = Plot {
    id: "alignment",
    title: "How cosines with the data and with the start scale, GD against SGD",
    draw,
    caption,
};

/// What is drawn: algorithm, quantity, its name.
const DRAWN: [(&str, &str, &str, Colour, Shape); 4] = [
    ("SGD", "max_cos", "SGD max cos", Colour::Vermillion, Shape::Triangle),
    ("GD", "max_cos", "GD max cos", Colour::Blue, Shape::Disc),
    ("GD", "cos_init_squared", "GD cos²(w, w₀)", Colour::Green, Shape::Square),
    ("SGD", "cos_init", "SGD cos(w, w₀)", Colour::Orange, Shape::Diamond),
];

impl Scaling {
    /// The size that grows.
    fn x(&self) -> f64 {
        self.axis.of(self.samples, self.dim)
    }
}

fn panel(rows: &[Scaling], activation: Activation, axis: Along) -> Panel {
    let mut series = Vec::new();
    for (algorithm, quantity, name, colour, shape) in DRAWN {
        let drawn = |row: &&Scaling| {
            (row.axis, row.activation, row.reduction) == (axis, activation, Reduction::Sum)
                && (row.algorithm.as_str(), row.quantity.as_str()) == (algorithm, quantity)
        };
        let rows: Vec<&Scaling> = rows.iter().filter(drawn).collect();
        let curve = rows.iter().map(|row| (row.x(), row.predicted)).collect();
        let bounds = rows.first().is_some_and(|row| row.relation == Relation::AtMost);
        let stroke = if bounds { Stroke::Dotted } else { Stroke::Dashed };
        series.push(Series::line("", colour, stroke, curve));
        let point = |row: &&Scaling| Point::estimated(row.x(), row.mean, row.standard_error);
        let name = format!("{name}{}", slope(&rows));
        series.push(Series::points(name, colour, shape, rows.iter().map(point).collect()));
    }
    let model = if activation == Activation::Relu { "ReLU" } else { activation.name() };
    let first = rows.iter().find(|row| row.axis == axis);
    let (grows, other, value) = match axis {
        Along::Samples => ("number of samples m", "n", first.map(|row| row.dim)),
        Along::Dim => ("dimension n", "m", first.map(|row| row.samples)),
    };
    let title = format!("{model}, {other} = {}", value.map_or(String::new(), |value| value.to_string()));
    Panel::new(title, Axis::log(grows), Axis::log("mean cosine, or its square"), series)
}

/// The log–log slope with its 95 % interval, unless the values have no error to weigh them by.
fn slope(rows: &[&Scaling]) -> String {
    let point = |row: &&Scaling| {
        let error = row.standard_error / row.mean;
        // As the check: without the bias of the logarithm of a mean.
        (row.x().ln(), row.mean.ln() + 0.5 * error * error, error)
    };
    let points: Vec<_> = rows.iter().map(point).collect();
    if points.len() < 2 || !points.iter().all(|point| point.2 > 1e-12) {
        return String::new();
    }
    let line = Line::unweighted(&points);
    let interval = line.slope_interval(ESTIMATE_LEVEL);
    format!(": slope {:.3} [{:.3}, {:.3}]", line.slope, interval.low, interval.high).replace('-', "−")
}

fn draw(rows: &[Scaling]) -> Drawing {
    let panels = Activation::PAPER
        .into_iter()
        .flat_map(|activation| [Along::Samples, Along::Dim].map(|axis| panel(rows, activation, axis)));
    Drawing::new(2, panels.collect())
}

fn caption(rows: &[Scaling]) -> String {
    let runs = || rows.iter().filter(|row| row.reduction == Reduction::Sum).map(|row| row.runs);
    format!(
        "Means over {} to {} Gaussian starts a size with 95 % intervals (often smaller than the mark), reduced engine, sum reduction. \
         Dashed: exact expectations at finite size; dotted: the upper bound on SGD's cosine with the start. Slopes are of \
         log against log, by ordinary least squares, with 95 % intervals. cos²(w, w₀) falls on m/n (ReLU m/2n): \
         the cosine itself goes as √(m/n).",
        runs().min().unwrap_or(0),
        runs().max().unwrap_or(0),
    )
}
