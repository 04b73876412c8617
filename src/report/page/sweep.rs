//! The page of a study of the user.

use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Serialize;

use super::{Picture, figure, rendered};
use crate::error::Result;

/// What the page of a study says besides its figures.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SweepPage {
    /// The title of the study.
    pub title: String,
    /// What ran and how it ended, in a sentence or two.
    pub outcome: String,
    /// Setting: names and values.
    pub facts: Vec<(String, String)>,
    /// Comparisons, a sentence each.
    pub comparisons: Vec<String>,
    /// What a reader of the comparisons should know.
    pub notes: Vec<String>,
    /// Header of the table of cells.
    pub header: Vec<String>,
    /// Its rows.
    pub cells: Vec<Vec<String>>,
    /// Rows that the table of the page leaves out.
    pub left_out: usize,
    /// What was asked for: the study as TOML.
    pub study: String,
    /// Whether `sweep --render` can draw the page again.
    pub is_redrawn: bool,
    /// Files that the page links.
    pub files: Vec<String>,
}

impl SweepPage {
    /// The page.
    ///
    /// # Errors
    /// None in practice.
    pub(in super::super) fn html(&self, pictures: &[Picture]) -> Result<String> {
        let figures: Vec<Value> = pictures.iter().map(figure).collect();
        let content = context! { figures => figures, ..Value::from(Serde(self)) };
        rendered("sweep.html", content)
    }
}
