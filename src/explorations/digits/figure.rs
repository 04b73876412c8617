//! Neurons as images, each above the sample nearest to it.

use crate::plot::drawing::{Drawing, Panel, Series, Shades};
use crate::plot::sheet::Row;
use crate::plot::{FileFigure, Sheet};

pub(super) const FIGURE: FileFigure = FileFigure {
    id: "digits",
    title: "What a neuron looks like after GD and after SGD",
    table: "digits_neurons",
    columns: &["kind", "algorithm", "batch", "pair", "label", "cosine"],
    draw,
    caption,
};

/// Seeds shown.
const SHOWN: usize = 2;

/// The neurons of a seed, or their nearest samples, from GD to the smallest batch.
fn images<'a>(sheet: &'a Sheet, pair: usize, kind: &'a str) -> Vec<Row<'a>> {
    let mut rows: Vec<Row> =
        sheet.with("kind", kind).filter(|row| row.number("pair") == pair as f64).collect();
    rows.sort_by(|a, b| b.number("batch").total_cmp(&a.number("batch")));
    rows
}

fn panel(row: &Row) -> Panel {
    let pixels: Vec<f64> = (0..64).map(|k| row.number(&format!("p{k}"))).collect();
    let max = pixels.iter().fold(0.0, |max: f64, x| max.max(x.abs()));
    // The first row of an image is its upper one.
    let values = pixels.chunks_exact(8).rev().map(<[f64]>::to_vec).collect();
    let title = match row.text("kind") {
        "neuron" if row.text("algorithm") == "GD" => "GD".to_string(),
        "neuron" => format!("b = {}", row.text("batch")),
        _ => format!("a {}, cos {:.2}", row.text("label"), row.number("cosine")),
    };
    Panel::image(title, Series::heat("", Shades::Grey { low: -max, high: max }, values))
}

fn draw(sheet: &Sheet) -> Drawing {
    let rows: Vec<Vec<Row>> = (0..SHOWN)
        .flat_map(|pair| ["neuron", "nearest"].map(|kind| images(sheet, pair, kind)))
        .filter(|row| !row.is_empty())
        .collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(1);
    Drawing::new(columns, rows.iter().flatten().map(panel).collect())
}

fn caption(_: &Sheet) -> String {
    "One ReLU neuron on 8×8 handwritten digits (mean image subtracted, unit norm): two starts, each the same at all batch sizes. First and \
     third row: the neuron after GD and after SGD; below each, the image with the largest cosine, as it was trained on, its digit and the \
     cosine. Grey is 0, black positive; every image has its own scale."
        .into()
}
