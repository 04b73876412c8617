//! All correlations over the steps: GD beside SGD beside cyclic SGD.

use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Series, Stroke};
use crate::plot::{Figure, Sheet};

pub(super) const FIGURE: Figure = Figure {
    id: "correlations",
    title: "All correlations over the steps: GD beside SGD beside cyclic SGD",
    table: "correlations",
    columns: &["algorithm", "samples", "dim", "batch", "step_size", "step", "sample", "correlation", "limit"],
    draw,
    caption,
};

fn draw(sheet: &Sheet) -> Drawing {
    // One range for all panels: from the lowest correlation of any to 1.
    let lowest = sheet.rows().map(|row| row.number("correlation")).fold(0.0, f64::min).max(-1.0);
    let panel = |algorithm: &&str| {
        let rows = || sheet.with("algorithm", algorithm);
        let last = rows().map(|row| row.number("step")).fold(1.0, f64::max);
        let mut series = Vec::new();
        for (k, sample) in sheet.distinct("sample").into_iter().enumerate() {
            let of_sample = || rows().filter(|row| row.text("sample") == sample);
            if let Some(limit) = of_sample().map(|row| row.number("limit")).find(|limit| limit.is_finite()) {
                series.push(Series::line(
                    "",
                    Colour::nth(k),
                    Stroke::Dashed,
                    vec![(1.0, limit), (last, limit)],
                ));
            }
            let points = of_sample().map(|row| (row.number("step"), row.number("correlation"))).collect();
            series.push(Series::line("", Colour::nth(k), Stroke::Solid, points));
        }
        let batch = rows().next().map_or("", |row| row.text("batch"));
        let title = match *algorithm {
            "GD" => "GD, b = m".into(),
            "SGD" => format!("SGD, b = {batch}"),
            _ => format!("cyclic, b = {batch}"),
        };
        let x = Axis::log("step t").from_to(1.0, last);
        Panel::new(title, x, Axis::linear("correlation cₜ(i)").from_to(lowest - 0.1, 1.1), series)
    };
    let algorithms = sheet.distinct("algorithm");
    Drawing::new(algorithms.len().max(1), algorithms.iter().map(panel).collect())
}

fn caption(sheet: &Sheet) -> String {
    format!(
        "The correlations cₜ(i) = ⟨wₜ, aᵢ⟩ of the linear model with every one of m = {} samples in n = {} dimensions, one colour a \
         sample, from one start (n = 1 run each) at η = {}, mean reduction, trained by autodiff. Dashed: the limit that \
         Theorem 1 predicts for GD. SGD and cyclic SGD see the same data one sample at a time.",
        sheet.first("samples"),
        sheet.first("dim"),
        sheet.first("step_size"),
    )
}
