//! Figures: from the rows of a table to a [`Drawing`], and from that to SVG and PNG. What is drawn stands beside the claim that it is about.

mod axis;
mod clip;
pub mod drawing;
mod paint;
mod raster;
pub mod sheet;
mod typed;

use std::fmt;

pub use drawing::Drawing;
pub use paint::{Look, png, svg};
pub use sheet::Sheet;
pub use typed::{Plot, distinct, points_by};

/// A figure: what it is drawn from, and how.
pub trait Figure: fmt::Debug + Sync {
    /// Identifier, name of its files.
    fn id(&self) -> &str;

    /// One line: what is to be seen.
    fn title(&self) -> &str;

    /// Name of the table.
    fn table(&self) -> &'static str;

    /// Columns of the table that it needs.
    fn columns(&self) -> &'static [&'static str];

    /// What it shows of a table, and what a reader must know: what is drawn how, sizes, settings, numbers of runs.
    ///
    /// # Errors
    /// Why it cannot be drawn: no rows, one that is none of this table, or a [flaw](Drawing::flaw).
    fn show(&self, sheet: &Sheet) -> Result<Shown, String>;
}

/// A figure as it is shown.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The panels.
    pub drawing: Drawing,
    /// The text beside them.
    pub caption: String,
}

impl Shown {
    /// A drawing without flaw.
    ///
    /// # Errors
    /// Its [flaw](Drawing::flaw).
    pub fn new(drawing: Drawing, caption: String) -> Result<Self, String> {
        drawing.flaw().map_or(Ok(Self { drawing, caption }), Err)
    }
}

/// A figure that is drawn from a file of a run whose columns are as many as there are samples or pixels, by their names.
#[derive(Clone, Copy, Debug)]
pub struct FileFigure {
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
    /// What a reader must know.
    pub caption: fn(&Sheet) -> String,
}

impl Figure for FileFigure {
    fn id(&self) -> &'static str {
        self.id
    }

    fn title(&self) -> &'static str {
        self.title
    }

    fn table(&self) -> &'static str {
        self.table
    }

    fn columns(&self) -> &'static [&'static str] {
        self.columns
    }

    fn show(&self, sheet: &Sheet) -> Result<Shown, String> {
        if sheet.rows().next().is_none() {
            return Err("its table has no rows".into());
        }
        Shown::new((self.draw)(sheet), (self.caption)(sheet))
    }
}
