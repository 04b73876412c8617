//! Sample paths of the log-ratio.

use crate::claims::random_walk::paths::Visit;
use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Series, Stroke};
use crate::plot::{Plot, distinct};

pub const FIGURE: Plot<Visit> = Plot {
    id: "random_walk_paths",
    title: "The log-ratio R over the steps, under SGD and under the full batch",
    draw,
    caption,
};

fn draw(rows: &[Visit]) -> Drawing {
    let Visit { samples, batch, rate, .. } = rows[0];
    let mut series = Vec::new();
    for (batch, name, colour) in
        [(samples, "b = m: constant", Colour::Blue), (batch, "b = 1", Colour::Vermillion)]
    {
        for (k, walk) in distinct(rows, |row| row.walk).into_iter().enumerate() {
            let visits = rows.iter().filter(|row| row.batch == batch && row.walk == walk);
            let path = visits.map(|row| (row.step as f64, row.level)).collect();
            series.push(Series::line(if k == 0 { name } else { "" }, colour, Stroke::Thin, path));
        }
    }
    let last = rows.iter().map(|row| row.step as f64).fold(0.0, f64::max);
    series.push(Series::law("λt", vec![(0.0, 0.0), (last, rate * last)]));
    Drawing::new(1, vec![Panel::new("", Axis::linear("step t"), Axis::linear("log-ratio Rₜ"), series)])
}

fn caption(rows: &[Visit]) -> String {
    let Visit { samples, step_size, .. } = &rows[0];
    format!(
        "Rₜ = log(|cᵢ*| / Σⱼ|cⱼ|), j ≠ i*, of {} walks with b = 1 (m = {samples}, linear model, sum reduction, η = {step_size}, reduced \
         engine), and from the same starts with b = m. Dashed: the almost-sure rate, Rₜ/t → λ; with several rivals walks lag behind it \
         by a term of the order of √t.",
        distinct(rows, |row| row.walk).len(),
    )
}
