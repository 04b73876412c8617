//! Samples mixed and memory of the start against b/m, by number of neurons and of layers.

use super::tables::MeanOfRuns;
use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Point, Series, Shape};
use crate::plot::{Plot, distinct};

pub(super) const FIGURE: Plot<MeanOfRuns> = Plot {
    id: "deeper",
    title: "How many samples neurons mix, and what they keep of their start, by neurons, layers and b/m",
    draw,
    caption,
};

/// A model, and the numbers of its layers and of neurons in the first.
type Model = (String, usize, usize);

fn all_models(rows: &[MeanOfRuns]) -> Vec<Model> {
    distinct(rows, |row| (row.model.clone(), row.layers, row.neurons))
}

/// The models of one layer; or those of more, behind the one layer as wide as the deepest.
fn models(all: &[Model], deep: bool) -> Vec<&Model> {
    let width = all.iter().max_by_key(|(_, layers, _)| layers).map(|(_, _, neurons)| neurons);
    let shown = |(_, layers, neurons): &&Model| match (*layers == 1, deep) {
        (true, true) => Some(neurons) == width,
        (one_layer, deep) => one_layer != deep,
    };
    all.iter().filter(shown).collect()
}

fn point(row: &MeanOfRuns, shift: f64) -> Point {
    let [mean, low, high] = [row.mean, row.low, row.high].map(|x| x.unwrap_or(f64::NAN));
    Point::within(row.batch_share + shift, mean, low, high)
}

/// Both panels of a measure have one axis.
fn panel(rows: &[MeanOfRuns], deep: bool, measure: &str, y: Axis) -> Panel {
    let all = all_models(rows);
    let models = models(&all, deep);
    let series = models.iter().enumerate().map(|(k, model)| {
        // Side by side, where they would hide each other.
        let shift = 0.018 * (k as f64 - 0.5 * (models.len() - 1) as f64);
        let of_model = rows.iter().filter(|row| row.model == model.0 && row.measure == measure);
        let points = of_model.map(|row| point(row, shift)).collect();
        // A model looks the same in all panels.
        let look = all.iter().position(|other| other == *model).unwrap_or(k);
        Series::points(model.0.as_str(), Colour::nth(look), Shape::nth(look), points)
    });
    let title = if deep { "layers on top of each other" } else { "neurons side by side" };
    Panel::new(title, Axis::linear("b/m").from_to(0.0, 1.07), y, series.collect())
}

/// An axis for a measure of any model.
fn axis(rows: &[MeanOfRuns], measure: &str, label: &str) -> Axis {
    let of_measure = rows.iter().filter(|row| row.measure == measure);
    let ends = of_measure.flat_map(|row| [row.low, row.high]).flatten().filter(|x| x.is_finite());
    let (low, high) =
        ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
    let margin = 0.05 * (high - low);
    Axis::linear(label).from_to(low - margin, high + margin)
}

fn draw(rows: &[MeanOfRuns]) -> Drawing {
    let measures = [("participation_ratio", "samples mixed"), ("cos_init", "cos(w, w₀)")];
    let panels = measures.into_iter().flat_map(|(measure, label)| {
        [false, true].map(|deep| panel(rows, deep, measure, axis(rows, measure, label)))
    });
    Drawing::new(2, panels.collect())
}

fn caption(rows: &[MeanOfRuns]) -> String {
    let cells = || rows.iter().filter(|row| row.measure == "loss");
    format!(
        "Participation ratio of first-layer neurons' correlations, and their cosine with the start: means over {} seeds with 95 % intervals; \
         data, start and batch stream of a seed are the same at all points, which are drawn side by side. A run counts where it stopped or \
         where its budget ended: all runs stopped at {} of {} points, half of them or more at {}.",
        rows[0].runs.unwrap_or(0),
        cells().filter(|row| row.converged == 1.0).count(),
        cells().count(),
        cells().filter(|row| row.converged >= 0.5).count(),
    )
}
