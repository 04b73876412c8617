//! Files of numbers: `.npy`, CSV and IDX, all of them gzipped as well.
//!
//! A reader passes once over the bytes of a file and returns a [`Table`] or a [`Defect`] with its position. It never
//! reserves memory for what a header merely claims: a table takes eight bytes a number, about thrice that while it is
//! read, and holds at most 2³⁰ numbers. Only regular files are opened.

mod csv;
mod defect;
mod delimiter;
mod element;
mod header;
mod idx;
mod input;
mod labels;
mod layout;
pub(crate) mod npy;

use std::fmt;
use std::io::Read;
use std::path::Path;

use serde::Serialize;

use self::input::Input;
use super::Dataset;
use crate::error::{Error, Result};
use crate::text::shortened;
use crate::{limits, regular};
pub use defect::Defect;
pub use delimiter::Delimiter;
pub use layout::{Layout, ReadOptions, Text};

/// Most numbers that are read of a file: 8 GiB of them.
const MAX_NUMBERS: usize = limits::MAX_ENTRIES;

/// Format of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// NumPy's `.npy`, versions 1 to 3: real numbers (`f2`, `f4`, `f8`, `i1` to `i8`, `u1` to `u8`, `b1`) of either byte
    /// order, in C or Fortran order. All dimensions after the first are flattened into the rows.
    Npy,
    /// A sample a line, all fields finite numbers but for a label column; lines end in `\n` or `\r\n`. Fields are
    /// separated by commas, semicolons, tabs or spaces. The first line is a header if it begins with `#`, or if its
    /// fields are all different and none is a number.
    Csv,
    /// IDX, the format of MNIST: big-endian numbers of any of its six types; all dimensions after the first are
    /// flattened into the rows.
    Idx,
}

impl Format {
    /// All formats.
    pub const ALL: [Format; 3] = [Format::Npy, Format::Csv, Format::Idx];

    /// Endings of names that [`of`](Self::of) knows.
    pub const ENDINGS: &str = ".npy, .csv, .tsv, .txt, .idx, -ubyte, each also with .gz";

    /// Format by the name of a file, but for `.gz`: `.csv`, `.tsv`, `.txt`, `.idx`, `…-ubyte`; anything else is taken for
    /// `.npy`. Whether it is gzipped the file itself tells.
    pub fn of(path: &Path) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        let stem = name.strip_suffix(".gz").unwrap_or(&name);
        let ends = |endings: &[&str]| endings.iter().any(|ending| stem.ends_with(ending));
        if ends(&[".csv", ".tsv", ".txt"]) {
            Self::Csv
        } else if ends(&[".idx", "-ubyte"]) {
            Self::Idx
        } else {
            Self::Npy
        }
    }

    /// Reads a table from the bytes of a file, gzipped or not.
    ///
    /// # Errors
    /// A [`Defect`].
    pub fn parse(self, bytes: &[u8]) -> Result<Table, Defect> {
        self.read(bytes, &ReadOptions::default())
    }

    /// Reads a table from a reader of the bytes of a file, gzipped or not, in one pass.
    ///
    /// # Errors
    /// A [`Defect`].
    pub fn read(self, bytes: impl Read, options: &ReadOptions) -> Result<Table, Defect> {
        let mut input = Input::new(bytes)?;
        self.check_head(input.head())?;
        if self != Self::Csv && options.skip_rows > 0 {
            return Err(Defect::NoLines { format: self });
        }
        let mut table = match self {
            Self::Npy => npy::read(&mut input)?,
            Self::Idx => idx::read(&mut input)?,
            Self::Csv => csv::read(&mut input, options)?,
        };
        if self != Self::Csv
            && let Some(column) = options.label_column(None, table.dim)?
        {
            table.leave_out(column);
        }
        check_sizes(table.samples as u128, table.dim as u128)?;
        if let Some(at) = table.values.iter().position(|x| !x.is_finite()) {
            let (row, column) = (at / table.dim, at % table.dim);
            return Err(Defect::NotFinite { row, column, line: None, value: table.values[at] });
        }
        table.layout.gzipped = input.is_gzipped();
        table.layout.label_like_column = labels::column(&table);
        Ok(table)
    }

    /// Refuses a file that begins as another kind of file does.
    fn check_head(self, head: &[u8]) -> Result<(), Defect> {
        let (is_right, found) = match head {
            [0x1f, 0x8b, ..] => (false, "like a gzip stream, inside another"),
            [b'P', b'K', 3, 4, ..] => (false, "like a ZIP archive (.npz or .zip), to be unpacked first"),
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => (false, "like text in UTF-16, to be saved as UTF-8"),
            [0x89, b'H', b'D', b'F', ..] => (false, "like an HDF5 file"),
            [0x80, 2..=5, ..] => (false, "like a Python pickle"),
            head if head.starts_with(npy::MAGIC) => (self == Self::Npy, "like a .npy file"),
            [0, 0, 0x08..=0x0e, _, ..] => (self == Self::Idx, "like an IDX file"),
            [0, 0, ..] => (self != Self::Npy, ""),
            head => (self == Self::Csv || head.is_empty(), ""),
        };
        if is_right {
            return Ok(());
        }
        let found = if found.is_empty() { format!("with `{}`", shortened(head)) } else { found.into() };
        Err(Defect::OtherFormat { format: self, found })
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
    /// How they stood there.
    pub layout: Layout,
}

impl Table {
    /// Splits off the last column: features `[samples, dim − 1]` and labels.
    pub(super) fn split_label(&self) -> (Vec<f64>, Vec<f64>) {
        let rows = || self.values.chunks_exact(self.dim).map(|row| row.split_at(self.dim - 1));
        (rows().flat_map(|(features, _)| features).copied().collect(), rows().map(|(_, l)| l[0]).collect())
    }

    fn leave_out(&mut self, column: usize) {
        let (mut at, dim) = (0, self.dim);
        self.values.retain(|_| {
            at += 1;
            (at - 1) % dim != column
        });
        self.dim -= 1;
        self.layout.label_column = Some(column);
    }
}

/// Number of samples and dimension of an array, all but its first dimension flattened.
fn matrix(shape: &[u64]) -> Result<(usize, usize), Defect> {
    let [samples, rest @ ..] = shape else { return Err(Defect::Shape { shape: vec![] }) };
    if rest.is_empty() {
        return Err(Defect::Shape { shape: shape.into() });
    }
    // What saturates is more than any file holds.
    let dim = rest.iter().fold(1u128, |product, &size| product.saturating_mul(size.into()));
    check_sizes((*samples).into(), dim)?;
    Ok((*samples as usize, dim as usize))
}

/// Refuses a table of nothing, and one of too much.
fn check_sizes(samples: u128, dim: u128) -> Result<(), Defect> {
    for (what, size) in [("the number of samples", samples), ("the dimension", dim)] {
        if size == 0 {
            return Err(Defect::Empty { what });
        }
    }
    check_count(samples.saturating_mul(dim))
}

fn check_count(count: u128) -> Result<(), Defect> {
    if count > MAX_NUMBERS as u128 { Err(Defect::TooMany { count, max: MAX_NUMBERS }) } else { Ok(()) }
}

/// What can be read from a file.
pub trait FromFile: Sized {
    /// Reads samples `[m, n]` from a file, whose name tells the [`Format`].
    ///
    /// # Errors
    /// [`Error::NotRegular`], [`Error::Io`]; [`Error::Data`] with the defect and its position.
    fn from_file(path: impl AsRef<Path>) -> Result<Self>;
}

impl FromFile for Dataset {
    fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        Ok(read(path.as_ref(), &ReadOptions::default())?.0)
    }
}

/// Reads samples from a file, whose name tells the [`Format`], and says how they stood there.
///
/// # Errors
/// Those of [`FromFile::from_file`].
pub fn read(path: &Path, options: &ReadOptions) -> Result<(Dataset, Layout)> {
    let file = regular::open(path)?;
    let Table { values, samples, dim, layout } =
        Format::of(path).read(file, options).map_err(defective(path))?;
    Ok((Dataset::from_rows(values, samples, dim)?, layout))
}

/// Attaches a path to a defect.
fn defective(path: &Path) -> impl FnOnce(Defect) -> Error {
    move |defect| Error::Data { path: path.into(), defect: defect.into() }
}

/// Reads one vector `[n]` or several `[R, n]` from a `.npy` file, as `w.npy` and `w0.npy` of a run: their numbers, row by row, and
/// how many vectors they are.
///
/// # Errors
/// Those of [`FromFile::from_file`].
pub fn vectors(path: &Path) -> Result<(Vec<f64>, usize)> {
    let read = |file| {
        let mut input = Input::new(file)?;
        Format::Npy.check_head(input.head())?;
        npy::read_vectors(&mut input)
    };
    let table = read(regular::open(path)?).map_err(defective(path))?;
    Ok((table.values, table.samples))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_formats() {
        for (name, format) in [
            ("a/B.CSV", Format::Csv),
            ("b.csv.gz", Format::Csv),
            ("b.tsv", Format::Csv),
            ("savetxt.txt.gz", Format::Csv),
            ("b.npy.gz", Format::Npy),
            ("train-images-idx3-ubyte", Format::Idx),
            ("train-images-idx3-ubyte.gz", Format::Idx),
            ("c.idx", Format::Idx),
            ("csv/rows.npy", Format::Npy),
            ("rows", Format::Npy),
        ] {
            assert_eq!(Format::of(Path::new(name)), format, "{name}");
        }
    }

    #[test]
    fn a_column_of_labels_is_left_out() {
        // 3 x 4, the third column of labels; gzipped as well.
        let bytes = [0, 0, 0x08, 2, 0, 0, 0, 3, 0, 0, 0, 4, 1, 2, 91, 3, 4, 5, 92, 6, 7, 8, 93, 9];
        let mut packed = Vec::new();
        flate2::read::GzEncoder::new(&bytes[..], flate2::Compression::fast())
            .read_to_end(&mut packed)
            .unwrap();
        for (bytes, gzipped) in [(&bytes[..], false), (&packed, true)] {
            let options = ReadOptions { label_column: Some("2".into()), ..ReadOptions::default() };
            let table = Format::Idx.read(bytes, &options).unwrap();
            assert_eq!((table.samples, table.dim, table.layout.gzipped), (3, 3, gzipped));
            assert_eq!(table.values, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]);
            assert_eq!(table.layout.label_column, Some(2));
        }
    }

    #[test]
    fn other_files_are_named_as_what_they_are() {
        let refusal = |format: Format, head: &[u8]| format.parse(head).unwrap_err().to_string();
        for (format, head, found) in [
            (Format::Npy, &b"PK\x03\x04rest"[..], "like a ZIP archive (.npz or .zip), to be unpacked first"),
            (Format::Csv, b"\xff\xfe1\0,\0", "like text in UTF-16, to be saved as UTF-8"),
            (Format::Csv, b"\x93NUMPY\x01\0", "like a .npy file"),
            (Format::Idx, b"\x93NUMPY\x01\0", "like a .npy file"),
            (Format::Csv, b"\0\0\x08\x03\0\0\0\x01", "like an IDX file"),
            (Format::Npy, b"\x89HDF\r\n\x1a\n", "like an HDF5 file"),
            (Format::Npy, b"\x80\x04\x95", "like a Python pickle"),
            (Format::Npy, b"\x1b]0;5 apples", r"with `\u{1b}]0;5 ap`"),
            (Format::Idx, b"0,1", "with `0,1`"),
        ] {
            let message = refusal(format, head);
            let beginning =
                format!("not {format}, for which its name was taken (known endings: .npy, .csv, ");
            assert!(message.starts_with(&beginning), "{message}");
            assert!(message.ends_with(&format!("each also with .gz): it begins {found}")), "{message}");
        }
    }
}
