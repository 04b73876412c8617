//! The neurons as images, where samples are square images.

use crate::plot::drawing::{Drawing, Panel, Series, Shades};
use crate::plot::{FileFigure, Sheet};

pub(super) const FIGURE: FileFigure = FileFigure {
    id: "images",
    title: "The neurons as images",
    table: super::WEIGHTS,
    columns: &["neuron", "pixel", "weight"],
    draw,
    caption,
};

/// Images that are drawn at most.
const MAX_IMAGES: usize = 32;
/// Images side by side.
const SIDE_BY_SIDE: usize = 8;

fn draw(sheet: &Sheet) -> Drawing {
    let images = sheet.distinct("neuron").into_iter().take(MAX_IMAGES).map(|neuron| {
        let weights: Vec<f64> =
            sheet.rows().filter(|row| row.text("neuron") == neuron).map(|row| row.number("weight")).collect();
        let side = weights.len().isqrt().max(1);
        let max = weights.iter().fold(0.0, |max: f64, x| max.max(x.abs()));
        // The first row of an image is its upper one.
        let values = weights.chunks_exact(side).rev().map(<[f64]>::to_vec).collect();
        Panel::image(neuron, Series::heat("", Shades::Grey { low: -max, high: max }, values))
    });
    let images: Vec<Panel> = images.collect();
    Drawing::new(images.len().clamp(1, SIDE_BY_SIDE), images)
}

fn caption(sheet: &Sheet) -> String {
    let count = sheet.distinct("neuron").len();
    let shown = if count > MAX_IMAGES {
        format!("The first {MAX_IMAGES} of {count} neurons")
    } else {
        "Neurons".into()
    };
    format!(
        "{shown} of the first replica at the end, numbered from 0, pixels row by row. Grey is 0, black positive; every image has its own scale."
    )
}
