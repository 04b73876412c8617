//! Neurons as images, each beside the sample nearest to it.

use super::drawing::{Axis, Drawing, Panel, Series, Shades};
use super::sheet::Row;
use super::{Figure, Sheet};

pub(super) const FIGURE: Figure = Figure {
    id: "digits",
    claim: "digits",
    title: "What a neuron looks like after GD and after SGD",
    table: "digits_neurons",
    columns: &["kind", "algorithm", "batch", "pair", "label", "cosine"],
    draw,
    caption,
};

/// Seeds shown.
const SHOWN: f64 = 2.0;

fn panel(row: Row) -> Panel {
    let pixels: Vec<f64> = (0..64).map(|k| row.number(&format!("p{k}"))).collect();
    let most = pixels.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
    // The first row of an image is its upper one.
    let values = pixels.chunks_exact(8).rev().map(<[f64]>::to_vec).collect();
    let title = match row.text("kind") {
        "neuron" if row.text("algorithm") == "GD" => "GD".to_string(),
        "neuron" => format!("SGD, b = {}", row.text("batch")),
        _ => format!("nearest: a {} (cos {:.2})", row.text("label"), row.number("cosine")),
    };
    let axis = |label: &str| Axis::linear(label).from_to(0.5, 8.5);
    let heat = Series::heat(Shades::Grey { low: -most, high: most }, values);
    Panel::new(title, axis("pixel"), axis("pixel"), vec![heat]).squared()
}

fn draw(sheet: &Sheet) -> Drawing {
    let shown = |row: &Row| row.number("pair") < SHOWN && row.text("kind") != "component";
    Drawing::new(2, sheet.rows().filter(shown).map(panel).collect())
}

fn caption(_: &Sheet) -> String {
    "One ReLU neuron on 8×8 handwritten digits (mean image subtracted, unit norm) from the same two starts at every batch size, each \
     beside the image with the largest cosine, as it was trained on. Grey is 0, black positive."
        .into()
}
