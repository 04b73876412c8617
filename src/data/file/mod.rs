//! Files of numbers: `.npy`, CSV and IDX, all of them gzipped as well. Lenient about nothing.
//!
//! A reader sees bytes and returns a [`Table`] or a [`Defect`] with its position. It never reserves memory for what a
//! header merely claims: a table takes at most eight bytes for each byte that was there.

mod csv;
mod defect;
mod idx;
mod npy;

use std::fmt;
use std::fs;
use std::io::Read;
use std::path::Path;

use flate2::read::MultiGzDecoder;

pub use defect::Defect;

use super::Dataset;
use crate::error::{Error, Result, io_at};

/// Most bytes that a compressed file may unpack to: 4 GiB.
const MOST_UNPACKED: u64 = 1 << 32;

/// Format of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// NumPy's `.npy`, versions 1 to 3: a matrix of 4- or 8-byte floats of either byte order, in C or Fortran order.
    Npy,
    /// Finite numbers separated by commas, a sample a line; lines end in `\n` or `\r\n`. No header, quotes, blanks.
    Csv,
    /// IDX, the format of MNIST: big-endian numbers of any of its six types; all dimensions after the first are
    /// flattened into the rows.
    Idx,
}

impl Format {
    /// All formats.
    pub const ALL: [Format; 3] = [Format::Npy, Format::Csv, Format::Idx];

    /// Format by the name of a file, and whether it is gzipped: `.csv`, `.csv.gz`, `.idx`, `.idx.gz`, `…-ubyte`,
    /// `…-ubyte.gz`; anything else is taken for `.npy`, gzipped if it ends with `.gz`.
    pub fn of(path: &Path) -> (Self, bool) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        let (stem, gzipped) = name.strip_suffix(".gz").map_or((name.as_str(), false), |stem| (stem, true));
        match stem {
            stem if stem.ends_with(".csv") => (Self::Csv, gzipped),
            stem if stem.ends_with(".idx") || stem.ends_with("-ubyte") => (Self::Idx, gzipped),
            _ => (Self::Npy, gzipped),
        }
    }

    /// Reads a table from the bytes of a file.
    ///
    /// # Errors
    /// A [`Defect`].
    pub fn parse(self, bytes: &[u8]) -> Result<Table, Defect> {
        let table = match self {
            Self::Npy => npy::parse(bytes)?,
            Self::Csv => csv::parse(bytes)?,
            Self::Idx => idx::parse(bytes)?,
        };
        for (what, size) in [("the number of samples", table.samples), ("the dimension", table.dim)] {
            if size == 0 {
                return Err(Defect::Empty { what });
            }
        }
        match table.values.iter().position(|x| !x.is_finite()) {
            Some(at) => {
                let (row, column) = (at / table.dim, at % table.dim);
                Err(Defect::NotFinite { row, column, value: table.values[at] })
            }
            None => Ok(table),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Self::Npy => "a .npy file",
            Self::Csv => "a CSV file",
            Self::Idx => "an IDX file",
        })
    }
}

/// Numbers as they stood in a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Row-major, `[samples, dim]`; all finite.
    pub values: Vec<f64>,
    /// Number of rows.
    pub samples: usize,
    /// Number of columns.
    pub dim: usize,
}

impl Table {
    /// Splits off the last column: features `[samples, dim − 1]` and labels.
    pub(super) fn split_label(&self) -> (Vec<f64>, Vec<f64>) {
        let rows = || self.values.chunks_exact(self.dim).map(|row| row.split_at(self.dim - 1));
        (rows().flat_map(|(features, _)| features).copied().collect(), rows().map(|(_, l)| l[0]).collect())
    }
}

/// Unpacks a gzip file, of several members if need be.
///
/// # Errors
/// [`Defect::Gzip`] if it is damaged, cut short, or followed by anything else; [`Defect::TooLarge`].
pub fn gunzip(bytes: &[u8]) -> Result<Vec<u8>, Defect> {
    let mut unpacked = Vec::new();
    let read = MultiGzDecoder::new(bytes).take(MOST_UNPACKED + 1).read_to_end(&mut unpacked);
    match read {
        Err(e) => Err(Defect::Gzip { reason: e.to_string(), unpacked: unpacked.len() }),
        Ok(length) if length as u64 > MOST_UNPACKED => Err(Defect::TooLarge { most: MOST_UNPACKED }),
        Ok(_) => Ok(unpacked),
    }
}

impl Dataset {
    /// Reads a file whose name tells its [`Format`], one sample a row.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Data`] with the defect and its position.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let (format, gzipped) = Format::of(path);
        read(path, format, gzipped)
    }

    /// Reads a two-dimensional float array `[m, n]` in NumPy's `.npy` format, whatever the name of the file.
    ///
    /// # Errors
    /// As [`from_file`](Self::from_file).
    pub fn from_npy(path: impl AsRef<Path>) -> Result<Self> {
        read(path.as_ref(), Format::Npy, false)
    }
}

fn read(path: &Path, format: Format, gzipped: bool) -> Result<Dataset> {
    let bytes = fs::read(path).map_err(io_at(path))?;
    let refuse = |defect| Error::Data { path: path.into(), defect };
    let bytes = if gzipped { gunzip(&bytes).map_err(refuse)? } else { bytes };
    let Table { values, samples, dim } = format.parse(&bytes).map_err(refuse)?;
    Dataset::from_rows(values, samples, dim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_formats() {
        let of = |name: &str| Format::of(Path::new(name));
        assert_eq!(of("a/B.CSV"), (Format::Csv, false));
        assert_eq!(of("b.csv.gz"), (Format::Csv, true));
        assert_eq!(of("b.npy.gz"), (Format::Npy, true));
        assert_eq!(of("train-images-idx3-ubyte"), (Format::Idx, false));
        assert_eq!(of("train-images-idx3-ubyte.gz"), (Format::Idx, true));
        assert_eq!(of("c.idx"), (Format::Idx, false));
        assert_eq!(of("csv/rows.npy"), (Format::Npy, false));
        assert_eq!(of("rows"), (Format::Npy, false));
    }
}
