//! The CSV file behind a figure.

use std::collections::HashSet;
use std::path::Path;

use csv::StringRecord;

use crate::error::{Error, Result};
use crate::regular;
use crate::table::{self, Row as TableRow};
use crate::text::is_unsafe;

/// Largest file that is read, in bytes; most rows, and bytes of a field. The largest table of a run has 29,000 rows, 2 MB.
const MAX_BYTES: u64 = 1 << 26;
const MAX_ROWS: usize = 200_000;
const MAX_COLUMNS: usize = 200;
const MAX_FIELD: usize = 200;

/// Most values of a column that are told apart: of more, no figure is drawn.
pub(super) const MAX_DISTINCT: usize = 500;

/// A table as it was written, fields as text.
#[derive(Clone, Debug, PartialEq)]
pub struct Sheet {
    header: StringRecord,
    rows: Vec<StringRecord>,
}

/// One row of it.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    header: &'a StringRecord,
    fields: &'a StringRecord,
}

impl Sheet {
    /// Reads a file that must have these columns. Characters that would not be seen but direct how others are shown come
    /// out as �.
    ///
    /// # Errors
    /// [`Error::File`] if it cannot be read, is no table of a run by its size, or lacks a column; [`Error::Io`].
    pub fn read(path: &Path, columns: &[&str]) -> Result<Self> {
        Self::read_rows(path, columns, false)
    }

    /// The same of a table that may be long: every second row is left out whenever there are too many, but for the last.
    ///
    /// # Errors
    /// As [`read`](Self::read), but for the number of rows.
    pub(crate) fn read_thinned(path: &Path, columns: &[&str]) -> Result<Self> {
        Self::read_rows(path, columns, true)
    }

    fn read_rows(path: &Path, columns: &[&str], thins: bool) -> Result<Self> {
        let refuse = |reason: String| Error::File { path: path.into(), reason };
        let bytes = regular::read(path, MAX_BYTES)?;
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
        let header = reader.headers().map_err(|e| refuse(e.to_string()))?.clone();
        if header.len() > MAX_COLUMNS || header.iter().any(|name| name.len() > MAX_FIELD) {
            return Err(refuse(format!(
                "a table has at most {MAX_COLUMNS} columns, with names of at most {MAX_FIELD} bytes"
            )));
        }
        if let Some(missing) = columns.iter().find(|column| !header.iter().any(|name| name == **column)) {
            return Err(refuse(format!("there is no column `{missing}`")));
        }
        let (mut rows, mut row, mut stride, mut last) = (Vec::new(), 0, 1, None);
        for record in reader.into_records() {
            row += 1;
            let record = record.map_err(|e| refuse(e.to_string()))?;
            if row > MAX_ROWS && !thins {
                return Err(refuse(format!("row {row}: a figure is drawn from at most {MAX_ROWS}")));
            }
            if let Some(at) = record.iter().position(|field| field.len() > MAX_FIELD) {
                let (column, length) = (plain(&header[at]), record[at].len());
                return Err(refuse(format!(
                    "row {row}, column `{column}`: a field of {length} bytes, where {MAX_FIELD} are the most"
                )));
            }
            if (row - 1) % stride == 0 {
                rows.push(fields(&record));
                last = None;
            } else {
                last = Some(record);
            }
            if rows.len() > MAX_ROWS {
                stride *= 2;
                let mut k = 0;
                rows.retain(|_| {
                    k += 1;
                    k % 2 == 1
                });
            }
        }
        rows.extend(last.as_ref().map(fields));
        Ok(Self { header, rows })
    }

    /// Entries of vectors as a table: `neuron`, `pixel`, `weight`.
    pub(crate) fn of_vectors(vectors: &[f64], dim: usize) -> Self {
        let row = |(k, weight): (usize, &f64)| {
            StringRecord::from_iter([(k / dim).to_string(), (k % dim).to_string(), weight.to_string()])
        };
        let header = StringRecord::from_iter(["neuron", "pixel", "weight"]);
        Self { header, rows: vectors.iter().enumerate().map(row).collect() }
    }

    /// The rows as those of a table.
    ///
    /// # Errors
    /// Which row and column do not hold what they should.
    pub fn read_as<R: TableRow>(&self) -> Result<Vec<R>, String> {
        let read = |(k, fields): (usize, &StringRecord)| {
            table::read(&self.header, fields).map_err(|flaw| format!("row {}, {flaw}", k + 1))
        };
        self.rows.iter().enumerate().map(read).collect()
    }

    /// Names of the columns.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.header.iter()
    }

    /// All rows, from top to bottom.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|fields| Row { header: &self.header, fields })
    }

    /// The different texts of a column, as they come; of more than 500 the first, which are still too many to be drawn.
    pub fn distinct(&self, column: &str) -> Vec<&str> {
        let mut seen = HashSet::new();
        let texts = self.rows().map(|row| row.text(column));
        texts.filter(|&text| seen.insert(text)).take(MAX_DISTINCT).collect()
    }

    /// A text of the first row: settings are the same in all; empty without rows.
    pub fn first(&self, column: &str) -> &str {
        self.rows().next().map_or("", |row| row.text(column))
    }
}

/// The fields of a row, plain.
fn fields(record: &StringRecord) -> StringRecord {
    record.iter().map(plain).collect()
}

/// A text without characters that direct how it or its neighbours are shown: controls, marks and overrides of the direction of
/// writing, and the dollar, between two of which the backend reads formulas.
fn plain(text: &str) -> String {
    let directs = |c: char| is_unsafe(c) || matches!(c, '$' | '\u{fffe}' | '\u{ffff}');
    text.chars().map(|c| if directs(c) { '\u{fffd}' } else { c }).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> Result<Sheet> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("table.csv");
        std::fs::write(&path, text).unwrap();
        Sheet::read(&path, &["a", "b"])
    }

    fn refusal(text: &[u8]) -> String {
        read(text).unwrap_err().to_string()
    }

    #[test]
    fn what_is_no_table_of_a_run_is_refused_with_its_place() {
        let long = format!("a,b\n1,2\n3,{}\n", "x".repeat(201));
        assert!(
            refusal(long.as_bytes())
                .ends_with("row 2, column `b`: a field of 201 bytes, where 200 are the most")
        );
        let many = format!("a,b\n{}", "1,2\n".repeat(200_001));
        assert!(refusal(many.as_bytes()).ends_with("row 200001: a figure is drawn from at most 200000"));
        assert!(refusal(&vec![b'a'; (1 << 26) + 1]).ends_with("it has more than 67108864 bytes"));
        let wide = format!("{}\n", vec!["a"; 201].join(","));
        assert!(refusal(wide.as_bytes()).contains("a table has at most 200 columns"));
        assert!(refusal(b"a\n1\n").ends_with("there is no column `b`"));
        let directory = tempfile::tempdir().unwrap();
        assert!(Sheet::read(directory.path(), &[]).unwrap_err().to_string().contains("a directory"));
    }

    #[test]
    fn a_long_table_is_thinned_evenly_and_keeps_its_end() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("table.csv");
        let rows: String = (0..450_004).map(|k| format!("{k},1\n")).collect();
        std::fs::write(&path, format!("a,b\n{rows}")).unwrap();
        assert!(Sheet::read(&path, &["a"]).is_err());
        let sheet = Sheet::read_thinned(&path, &["a"]).unwrap();
        let steps: Vec<f64> = sheet.rows().map(|row| row.number("a")).collect();
        let (last, even) = steps.split_last().unwrap();
        assert_eq!((*last, even.len()), (450_003.0, 112_501));
        assert!(even.iter().enumerate().all(|(k, step)| *step == 4.0 * k as f64));
    }

    #[test]
    fn characters_that_direct_others_are_not_shown() {
        let sheet = read("a,b\n\u{202e}abc\u{2066},$\\frac\u{1b}[31m$\u{7}\n".as_bytes()).unwrap();
        assert_eq!(sheet.first("a"), "\u{fffd}abc\u{fffd}");
        assert_eq!(sheet.first("b"), "\u{fffd}\\frac\u{fffd}[31m\u{fffd}\u{fffd}");
    }

    #[test]
    fn distinct_texts_keep_their_order_and_are_bounded() {
        let sheet = read(b"a,b\n3,0\n1,0\n3,1\n2,0\n").unwrap();
        assert_eq!(sheet.distinct("a"), ["3", "1", "2"]);
        let many: String = (0..2000).map(|k| format!("{k},0\n")).collect();
        assert_eq!(read(format!("a,b\n{many}").as_bytes()).unwrap().distinct("a").len(), MAX_DISTINCT);
    }
}
