//! Neurons as images, each above the sample nearest to it.

use super::image::Image;
use crate::plot::Plot;
use crate::plot::drawing::{Drawing, Panel, Series, Shades};
use crate::vectors::largest_size;

pub(super) const FIGURE: Plot<Image> =
    Plot { id: "digits", title: "What a neuron looks like after GD and after SGD", draw, caption };

/// Seeds shown.
const SHOWN: usize = 2;

/// The neurons of a seed, or their nearest samples, from GD to the smallest batch.
fn images<'a>(rows: &'a [Image], pair: usize, kind: &str) -> Vec<&'a Image> {
    let mut images: Vec<&Image> =
        rows.iter().filter(|image| image.kind == kind && image.pair == Some(pair)).collect();
    images.sort_by_key(|image| std::cmp::Reverse(image.batch));
    images
}

fn panel(image: &Image) -> Panel {
    let pixels = image.pixels();
    let max = largest_size(pixels);
    // The first row of an image is its upper one.
    let values = pixels.chunks_exact(8).rev().map(<[f64]>::to_vec).collect();
    let title = if image.kind != "neuron" {
        let (label, cosine) = (image.label.unwrap_or(0), image.cosine.unwrap_or(f64::NAN));
        format!("a {label}, cos {cosine:.2}")
    } else if image.algorithm == "GD" {
        "GD".to_string()
    } else {
        format!("b = {}", image.batch.unwrap_or(0))
    };
    Panel::image(title, Series::heat("", Shades::Grey { low: -max, high: max }, values))
}

fn draw(rows: &[Image]) -> Drawing {
    let rows: Vec<Vec<&Image>> = (0..SHOWN)
        .flat_map(|pair| ["neuron", "nearest"].map(|kind| images(rows, pair, kind)))
        .filter(|row| !row.is_empty())
        .collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(1);
    Drawing::new(columns, rows.into_iter().flatten().map(panel).collect())
}

fn caption(_: &[Image]) -> String {
    "One ReLU neuron on 8×8 handwritten digits (mean image subtracted, unit norm): two starts, each the same at all batch sizes. First and \
     third row: the neuron after GD and after SGD; below each, the image with the largest cosine, as it was trained on, its digit and the \
     cosine. Grey is 0, black positive; every image has its own scale."
        .into()
}
