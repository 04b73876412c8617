//! Figures: from the rows of a table to a [`Drawing`], and from that to SVG and PNG. What is drawn stands beside the claim that it is about.

mod axis;
mod clip;
pub mod drawing;
mod paint;
mod raster;
pub mod sheet;

pub use drawing::Drawing;
pub use paint::{Look, png, svg};
pub use sheet::Sheet;

/// A figure: what it is drawn from, and how.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// Identifier, name of its files.
    pub id: &'static str,
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
