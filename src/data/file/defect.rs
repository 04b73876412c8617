//! What can be wrong with a file of data, and where. Rows, columns and bytes count from 0.

use super::Format;

/// A defect of the bytes of a file. The message of each variant is its documentation.
#[allow(missing_docs)]
#[derive(Debug, thiserror::Error)]
pub enum Defect {
    #[error("not {format} (byte {byte}): {reason}")]
    Malformed { format: Format, byte: usize, reason: String },

    #[error("truncated or malformed: {expected} bytes are announced, the file ends at byte {end}")]
    Truncated { end: usize, expected: u128 },

    #[error("something follows the end of the data, which is at byte {byte}")]
    Trailing { byte: usize },

    #[error("expected 4- or 8-byte floats, got dtype {dtype}")]
    Dtype { dtype: String },

    #[error("byte 2: {code:#04x} is no element type of the IDX format (0x08, 0x09, 0x0b, 0x0c, 0x0d, 0x0e)")]
    ElementType { code: u8 },

    #[error("expected a matrix [samples, dim], got shape {shape:?}{}", if shape.len() == 1 { " (labels?)" } else { "" })]
    Shape { shape: Vec<u64> },

    #[error(
        "row {row}, column {column} (byte {byte}): `{text}` is not a number (no header, no label, no blank is allowed for)"
    )]
    NotANumber { row: usize, column: usize, byte: usize, text: String },

    #[error("row {row}, column {column} of the data is {value}, not a finite number")]
    NotFinite { row: usize, column: usize, value: f64 },

    #[error("row {row} (byte {byte}) has {got} numbers, the rows before it {expected}")]
    Ragged { row: usize, byte: usize, expected: usize, got: usize },

    #[error("line {row} (byte {byte}) is blank")]
    Blank { row: usize, byte: usize },

    #[error("{what} must be at least 1, got 0")]
    Empty { what: &'static str },

    #[error("the gzip stream is damaged ({reason}) after {unpacked} unpacked bytes")]
    Gzip { reason: String, unpacked: usize },

    #[error("it unpacks to more than {most} bytes")]
    TooLarge { most: u64 },
}
