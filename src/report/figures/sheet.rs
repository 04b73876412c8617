//! The CSV file behind a figure.

use std::path::Path;

use crate::error::{Error, Result};

/// A table as it was written, fields as text.
#[derive(Clone, Debug, PartialEq)]
pub struct Sheet {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// One row of it.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    header: &'a [String],
    fields: &'a [String],
}

impl Sheet {
    /// Reads a file that must have these columns.
    ///
    /// # Errors
    /// [`Error::File`] if it cannot be read, or a column is missing.
    pub fn read(path: &Path, columns: &[&str]) -> Result<Self> {
        let refuse = |reason: String| Error::File { path: path.into(), reason };
        let mut reader = csv::Reader::from_path(path).map_err(|e| refuse(e.to_string()))?;
        let header = reader.headers().map_err(|e| refuse(e.to_string()))?;
        let header: Vec<String> = header.iter().map(String::from).collect();
        if let Some(missing) = columns.iter().find(|column| !header.iter().any(|name| name == *column)) {
            return Err(refuse(format!("there is no column `{missing}`")));
        }
        let fields = |record: csv::StringRecord| record.iter().map(String::from).collect();
        let rows = reader.into_records().map(|record| record.map(fields));
        let rows: Vec<Vec<String>> = rows.collect::<Result<_, _>>().map_err(|e| refuse(e.to_string()))?;
        Ok(Self { header, rows })
    }

    /// All rows, from top to bottom.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|fields| Row { header: &self.header, fields })
    }

    /// The rows with this text in a column.
    pub fn with<'a>(&'a self, column: &'a str, text: &'a str) -> impl Iterator<Item = Row<'a>> {
        self.rows().filter(move |row| row.text(column) == text)
    }

    /// The different texts of a column, as they come.
    pub fn distinct(&self, column: &str) -> Vec<&str> {
        let mut seen: Vec<&str> = Vec::new();
        for text in self.rows().map(|row| row.text(column)) {
            if !seen.contains(&text) {
                seen.push(text);
            }
        }
        seen
    }

    /// A text of the first row: settings are the same in all; empty without rows.
    pub fn first(&self, column: &str) -> &str {
        self.rows().next().map_or("", |row| row.text(column))
    }
}

impl<'a> Row<'a> {
    /// The text in a column.
    ///
    /// # Panics
    /// If there is no such column: a figure names those it needs.
    pub fn text(&self, column: &str) -> &'a str {
        let at = self.header.iter().position(|name| name == column);
        &self.fields[at.unwrap_or_else(|| panic!("no figure asked for the column {column}"))]
    }

    /// The number in a column; NaN if it is none.
    pub fn number(&self, column: &str) -> f64 {
        self.text(column).parse().unwrap_or(f64::NAN)
    }
}
