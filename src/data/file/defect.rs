//! What can be wrong with a file of data, and where. Rows, columns and bytes count from 0, and rows are those of samples; lines of
//! text count from 1, as an editor shows them, with header and lines that are left out. Of a gzipped file bytes and lines are those
//! it unpacks to.

use super::Format;
use crate::text::escaped;

/// A defect of the bytes of a file. The message of each variant is its documentation.
#[allow(missing_docs)]
#[derive(Debug, thiserror::Error)]
pub enum Defect {
    #[error("not {format}, for which its name was taken (known endings: {known}): it begins {found}", known = Format::ENDINGS)]
    OtherFormat { format: Format, found: String },

    #[error("not {format} (byte {byte}): {}", escaped(reason))]
    Malformed { format: Format, byte: usize, reason: String },

    #[error("truncated or malformed: {expected} bytes are announced, the file ends at byte {end}")]
    Truncated { end: u64, expected: u128 },

    #[error("something follows the end of the data, which is at byte {byte}")]
    Trailing { byte: u64 },

    #[error("expected real numbers (f2, f4, f8, i1 to i8, u1 to u8 or b1), got dtype {dtype}")]
    Dtype { dtype: String },

    #[error("byte 2: {code:#04x} is no element type of the IDX format (0x08, 0x09, 0x0b, 0x0c, 0x0d, 0x0e)")]
    ElementType { code: u8 },

    #[error("expected an array [samples, …] of 2 or more dimensions, got shape {shape:?}{}", if shape.len() == 1 { " (labels?)" } else { "" })]
    Shape { shape: Vec<u64> },

    #[error(
        "row {row}, column {column} (line {line}, byte {byte}): `{text}` is not a number (--skip-rows leaves out lines at the beginning, --label-column a column)"
    )]
    NotANumber { row: usize, column: usize, line: u64, byte: u64, text: String },

    #[error("row {row}, column {column} of the data{} is {value}, not a finite number", in_line(*line))]
    NotFinite { row: usize, column: usize, line: Option<u64>, value: f64 },

    #[error("row {row} (line {line}, byte {byte}) has {got} columns, the rows before it {expected}")]
    Ragged { row: usize, line: u64, byte: u64, expected: usize, got: usize },

    #[error(
        "line {line}, before the numbers, has {names} names, row 0 (line {}) has {columns} columns (--skip-rows {line} leaves the names out)",
        line + 1
    )]
    Header { line: u64, names: usize, columns: usize },

    #[error("row {row} (line {line}, byte {byte}) is blank")]
    Blank { row: usize, line: u64, byte: u64 },

    #[error("line {line} (at byte {byte}) is longer than {max} bytes")]
    LongLine { line: u64, byte: u64, max: u64 },

    #[error(
        "there is no column `{}`: give first, last, a number from 0 to {last}, or a name of the header line",
        escaped(column)
    )]
    NoColumn { column: String, last: usize },

    #[error("{format} has no lines that --skip-rows could leave out")]
    NoLines { format: Format },

    #[error("{what} must be at least 1, got 0")]
    Empty { what: &'static str },

    #[error("it cannot be read beyond byte {byte}: {reason}")]
    Unreadable { byte: u64, reason: String },

    #[error("the gzip stream is damaged ({reason}) after {unpacked} unpacked bytes")]
    Gzip { reason: String, unpacked: u64 },

    #[error("it holds {count} numbers or more, and at most {max} are read")]
    TooMany { count: u128, max: usize },

    #[error("it holds more than {max} bytes")]
    TooLong { max: u64 },
}

/// The line of a file of text, in brackets.
fn in_line(line: Option<u64>) -> String {
    line.map(|line| format!(" (line {line})")).unwrap_or_default()
}
