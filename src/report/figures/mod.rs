//! The figures of the report, one file each: from the rows of one CSV file to a [`Drawing`].

mod alignment;
mod axis;
mod batch_sizes;
mod clip;
mod correlated;
mod correlated_spread;
mod correlations;
mod cyclic_boundary;
mod cyclic_simplex;
mod deeper;
mod digits;
pub mod drawing;
mod engines;
mod escape_law;
mod escape_scaling;
mod hypothesis_map;
mod noise;
mod paint;
mod plane;
mod random_walk_drift;
mod random_walk_paths;
mod raster;
mod rate_batch_size;
mod rate_law;
pub mod run;
mod selection_pair;
mod sharpness;
mod sharpness_along;
pub mod sheet;
mod steps;

pub use drawing::Drawing;
pub use paint::{Look, png, svg};
pub use sheet::Sheet;

/// The table of weights, which is read from an array and not from a CSV file.
pub const WEIGHTS: &str = "w";

/// A figure: what it is drawn from, and how.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// Identifier, name of its files.
    pub id: &'static str,
    /// The claim or exploration that it belongs to; `train` for those of a run.
    pub claim: &'static str,
    /// One line: what is to be seen.
    pub title: &'static str,
    /// Name of the table.
    pub table: &'static str,
    /// Columns of the table that it needs.
    pub columns: &'static [&'static str],
    /// What it shows.
    pub draw: fn(&Sheet) -> Drawing,
    /// What a reader must know: what is drawn how, sizes, settings, numbers of runs.
    pub caption: fn(&Sheet) -> String,
}

impl Figure {
    /// What it shows of a table.
    ///
    /// # Errors
    /// Why it cannot be drawn: no rows, or a [flaw](Drawing::flaw).
    pub fn drawing(&self, sheet: &Sheet) -> Result<Drawing, String> {
        if sheet.rows().next().is_none() {
            return Err("its table has no rows".into());
        }
        let drawing = (self.draw)(sheet);
        drawing.flaw().map_or(Ok(drawing), Err)
    }
}

/// All figures; those of one claim in their order on the page.
pub const ALL: [&Figure; 23] = [
    &correlations::FIGURE,
    &batch_sizes::FIGURE,
    &steps::FIGURE,
    &engines::FIGURE,
    &plane::FIGURE,
    &alignment::FIGURE,
    &sharpness::FIGURE,
    &sharpness_along::FIGURE,
    &noise::FIGURE,
    &random_walk_paths::FIGURE,
    &random_walk_drift::FIGURE,
    &hypothesis_map::FIGURE,
    &selection_pair::FIGURE,
    &rate_law::FIGURE,
    &rate_batch_size::FIGURE,
    &cyclic_boundary::FIGURE,
    &cyclic_simplex::FIGURE,
    &escape_law::FIGURE,
    &escape_scaling::FIGURE,
    &deeper::FIGURE,
    &correlated::FIGURE,
    &correlated_spread::FIGURE,
    &digits::FIGURE,
];

/// The figures of a claim.
pub fn of(claim: &str) -> impl Iterator<Item = &'static Figure> {
    ALL.into_iter().filter(move |figure| figure.claim == claim)
}
