//! What a study brings to light.

use std::collections::HashSet;
use std::fmt::Display;

use serde::{Deserialize, Deserializer, Serialize};

use crate::error::Result;
use crate::text::escaped;
use crate::verdict::{Check, Estimate};

/// Numbers behind a claim that do not fit a check, written beside the report as `NAME.csv`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Table {
    /// File name without extension.
    pub name: &'static str,
    /// Column names.
    pub header: Vec<&'static str>,
    /// Rows of fields.
    pub rows: Vec<Vec<String>>,
}

/// A [`Table`] as it is read back.
#[derive(Deserialize)]
struct KeptTable {
    name: String,
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl<'de> Deserialize<'de> for Table {
    /// Names are few and short: they may stay for ever, as those in the sources do.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let KeptTable { name, header, rows } = Deserialize::deserialize(deserializer)?;
        Ok(Self { name: name.leak(), header: header.into_iter().map(|name| &*name.leak()).collect(), rows })
    }
}

impl Table {
    /// An empty table.
    pub fn new(name: &'static str, header: &[&'static str]) -> Self {
        Self { name, header: header.to_vec(), rows: Vec::new() }
    }

    /// Adds a row: a field a column, numbers in full, text as it is.
    ///
    /// # Panics
    /// If the number of fields is not that of the columns.
    pub fn push(&mut self, fields: &[&dyn Display]) {
        assert_eq!(fields.len(), self.header.len(), "fields of a row of {}", self.name);
        self.rows.push(fields.iter().map(|field| short(field.to_string())).collect());
    }
}

/// A number that takes more than 200 digits, as those of a run that diverges, with an exponent.
fn short(field: String) -> String {
    match field.parse::<f64>() {
        Ok(number) if field.len() > 200 => format!("{number:e}"),
        _ => field,
    }
}

/// What a claim's protocol brought to light.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Findings {
    /// What was done, a sentence an entry, built from what ran.
    pub protocol: Vec<String>,
    /// The judged expectations.
    pub checks: Vec<Check>,
    /// What an exploration measured.
    pub estimates: Vec<Estimate>,
    /// What a reader should know besides.
    pub notes: Vec<String>,
    /// Tables for the run directory.
    pub tables: Vec<Table>,
}

/// Whether a word can name a table: it becomes a file name and a link.
pub(crate) fn is_table_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

impl Findings {
    /// Why this cannot be what a protocol found.
    pub(crate) fn flaw(&self) -> Option<String> {
        let mut names = HashSet::new();
        let flawed = self.tables.iter().find_map(|Table { name, header, rows }| {
            if !is_table_name(name) || !names.insert(name) {
                return Some("a table has a name that no table has".to_owned());
            }
            let is_ragged = rows.iter().any(|row| row.len() != header.len());
            is_ragged.then(|| format!("the rows of its table {name} have other lengths than the header"))
        });
        let texts = self.protocol.iter().chain(&self.notes);
        let names = self.checks.iter().flat_map(|check| [&check.name, &check.criterion]);
        let mut texts = texts.chain(names).chain(self.estimates.iter().flat_map(|e| [&e.name, &e.method]));
        let is_unsafe = texts.any(|text| escaped(text).to_string() != *text);
        let flawed =
            flawed.or_else(|| is_unsafe.then(|| "a text has characters that a terminal would obey".into()));
        flawed.or_else(|| {
            self.checks
                .iter()
                .any(|check| !(0.0..=1.0).contains(&check.level))
                .then(|| "a level is no probability".into())
        })
    }
}
