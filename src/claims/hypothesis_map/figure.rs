//! Where the limits hold, over step size and initial norm.

use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Series, Shades, Stroke};
use crate::plot::{FileFigure, Sheet};

pub(super) const FIGURE: FileFigure = FileFigure {
    id: "hypothesis_map",
    title: "How far the hypotheses stretch: the share of runs that end in the predicted limit",
    table: "hypothesis_map",
    columns: &["algorithm", "step_per_sample", "init_norm", "fraction", "runs", "inside"],
    draw,
    caption,
};

/// The threshold.
const STABILITY_THRESHOLD: f64 = crate::theory::gd::STABILITY_THRESHOLD;

fn draw(sheet: &Sheet) -> Drawing {
    let (steps, norms) = (sheet.distinct("step_per_sample"), sheet.distinct("init_norm"));
    let number = |text: &&str| text.parse::<f64>().unwrap_or(f64::NAN);
    // Columns are equidistant in the logarithm of the step size: where a value lies among them.
    let column = |value: f64| {
        let (first, last) = (number(&steps[0]).ln(), number(&steps[steps.len() - 1]).ln());
        1.0 + (value.ln() - first) / (last - first) * (steps.len() - 1) as f64
    };
    let panel = |algorithm: &&str| {
        let runs: Vec<_> = sheet.with("algorithm", algorithm).collect();
        let of = |norm: &str| {
            let of_norm = runs.iter().filter(|row| row.text("init_norm") == norm);
            of_norm.map(|row| row.number("fraction")).collect::<Vec<_>>()
        };
        let values = norms.iter().map(|norm| of(norm)).collect();
        let mut series = vec![Series::heat("arrive: ", Shades::Cividis { low: 0.0, high: 1.0 }, values)];
        let top = norms.len() as f64 + 0.5;
        series.push(Series::line(
            "η_B = 1/2",
            Colour::Vermillion,
            Stroke::Dashed,
            vec![(column(STABILITY_THRESHOLD), 0.5), (column(STABILITY_THRESHOLD), top)],
        ));
        // The theorems' rectangle: η ≤ 1/5, ‖w_0‖ < 1.
        let (right, below) =
            (column(0.2), norms.iter().filter(|norm| number(norm) < 1.0).count() as f64 + 0.5);
        series.push(Series::line(
            "η ≤ 1/5, ‖w₀‖ < 1",
            Colour::Vermillion,
            Stroke::Solid,
            vec![(0.5, below), (right, below), (right, 0.5)],
        ));
        let x = Axis::named(
            "step size per sample",
            steps.iter().map(|step| format!("{:.2}", number(step))).collect(),
        );
        let y = Axis::named("initial norm ‖w₀‖", norms.iter().map(|norm| (*norm).to_string()).collect());
        Panel::new(*algorithm, x, y, series)
    };
    if steps.len() < 2 {
        return Drawing::new(1, Vec::new());
    }
    Drawing::new(2, sheet.distinct("algorithm").iter().map(panel).collect())
}

fn caption(sheet: &Sheet) -> String {
    format!(
        "Fraction of {} runs a cell that reach their predicted limit and stay; linear model, sum reduction, \
         reduced engine. Solid: the theorems' rectangle η ≤ 1/5, ‖w₀‖ < 1. Dashed: the stability threshold η_B = 1/2.",
        sheet.first("runs"),
    )
}
