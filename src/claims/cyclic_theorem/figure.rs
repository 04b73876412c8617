//! The cover of three samples on a slice, with the orbits at which nothing grows and the boundaries between basins.

use super::slice::OnSlice;
use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Point, Series, Shades, Shape, Stroke};
use crate::plot::{Plot, distinct};

pub(super) const FIGURE: Plot<OnSlice> = Plot {
    id: "cyclic_theorem",
    title: "Three samples in turns: how finely the region had to be cut, the seven mixed orbits, and where basins meet",
    draw,
    caption,
};

fn leaves(rows: &[OnSlice]) -> impl Iterator<Item = (&OnSlice, usize)> {
    rows.iter().filter_map(|row| Some((row, row.depth?)))
}

/// Depths of the least and the most cut leaf, if there is one.
fn depths(rows: &[OnSlice]) -> Option<(usize, usize)> {
    let depths = || leaves(rows).map(|(_, depth)| depth);
    depths().min().zip(depths().max())
}

/// Bisections between the ends of the shades; the few boxes that are cut more often have the last.
const SHADES: usize = 8;

/// Cells of the lattice beyond either end of an axis, so that marks at the corners are whole.
const MARGIN: usize = 4;

/// Cells of the lattice from 0 to 1.
fn cells(rows: &[OnSlice]) -> usize {
    // The first share is half a cell.
    let least = leaves(rows).map(|(row, _)| row.share_0).fold(1.0, f64::min);
    (0.5 / least).round().min(200.0) as usize
}

/// Depths over a square lattice of `p_0` and `p_1` with its margins; NaN beyond the simplex.
fn lattice(rows: &[OnSlice]) -> Vec<Vec<f64>> {
    let cells = cells(rows);
    let mut values = vec![vec![f64::NAN; cells + 2 * MARGIN]; cells + 2 * MARGIN];
    let index = |share: f64| (share * cells as f64) as usize + MARGIN;
    for (row, depth) in leaves(rows) {
        let cell = values.get_mut(index(row.share_1)).and_then(|line| line.get_mut(index(row.share_0)));
        if let Some(cell) = cell {
            *cell = depth as f64;
        }
    }
    values
}

fn draw(rows: &[OnSlice]) -> Drawing {
    let mut series = Vec::new();
    if let Some((low, _)) = depths(rows) {
        let shades = Shades::Cividis { low: low as f64, high: (low + SHADES) as f64 };
        series.push(Series::heat("bisections: ", shades, lattice(rows)));
    }
    let of = |what: &'static str| rows.iter().filter(move |row| row.what == what);
    let pairs = distinct(&of("boundary").cloned().collect::<Vec<_>>(), |row| row.of.clone());
    for (k, pair) in pairs.iter().enumerate() {
        let line = of("boundary").filter(|row| row.of == *pair).map(|row| (row.share_0, row.share_1));
        let name = if k == 0 { "basins meet" } else { "" };
        series.push(Series::line(name, Colour::Vermillion, Stroke::Solid, line.collect()));
    }
    for (samples, name) in [(1, "datapoints"), (2, "mixed orbits of two"), (3, "mixed orbit of three")] {
        let points = of("orbit").filter(|row| row.of.split(' ').count() == samples);
        let points = points.map(|row| Point::exact(row.share_0, row.share_1)).collect();
        series.push(Series::points(name, Colour::Vermillion, Shape::nth(samples - 1), points));
    }
    let margin = MARGIN as f64 / cells(rows) as f64;
    let axis = |label: &str| Axis::linear(label).from_to(-margin, 1.0 + margin);
    let panel = Panel::new("", axis("p₀ = q₀/Σq"), axis("p₁ = q₁/Σq"), series);
    Drawing::new(1, vec![panel.squared()])
}

fn caption(rows: &[OnSlice]) -> String {
    let count = |what: &str| rows.iter().filter(|row| row.what == what).count();
    let (low, high) = depths(rows).unwrap_or((0, 0));
    format!(
        "Cyclic SGD, m = 3, b = 1, η = {}, on the slice s = 0, D = 0 near which runs stay once the norm has settled; q_j is the value of ⟨w, x_j⟩² at the next visit of sample j. \
         Colour: bisections, from {low} to {high}, yellow from {} on, above the box of the verified cover that holds the point, of {} points: on the boxes of {} of them W grows over every cycle, those of {} are in a zone about a mixed orbit, \
         those of {} outside the region. Marks: the {} mixed orbits, the only fixed points. Lines: where the basins of two datapoints meet, by bisection with the reduced engine.",
        rows[0].step_size,
        low + SHADES,
        leaves(rows).count(),
        count("growth"),
        count("zone"),
        count("outside"),
        count("orbit"),
    )
}
