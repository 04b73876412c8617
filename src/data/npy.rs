//! A user's own matrix from NumPy's `.npy` format.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use npyz::{NpyFile, Order, TypeChar};

use super::Dataset;
use crate::error::{Error, Result, io_at};

impl Dataset {
    /// Reads a two-dimensional float array `[m, n]`, one sample a row.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::File`] if the file is not `.npy`, is truncated, holds anything but
    /// 4- or 8-byte floats, or is not two-dimensional; [`Error::NotFinite`] with row and column.
    pub fn from_npy(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let refuse = |reason: String| Error::File { path: path.into(), reason };
        let reader = BufReader::new(File::open(path).map_err(io_at(path))?);
        let npy = NpyFile::new(reader).map_err(|e| refuse(format!("not a .npy file: {e}")))?;
        let &[samples, dim] = npy.shape() else {
            return Err(refuse(format!("expected a matrix [samples, dim], got shape {:?}", npy.shape())));
        };
        let (samples, dim, order) = (samples as usize, dim as usize, npy.order());
        let dtype = npy.dtype();
        let float = match &dtype {
            npyz::DType::Plain(plain) if plain.type_char() == TypeChar::Float => plain.size_field(),
            _ => 0,
        };
        let values = match float {
            8 => read::<f64, _>(npy),
            4 => read::<f32, _>(npy),
            _ => return Err(refuse(format!("expected 4- or 8-byte floats, got dtype {}", dtype.descr()))),
        }
        .map_err(|e| refuse(format!("truncated or malformed: {e}")))?;
        if samples.checked_mul(dim) != Some(values.len()) {
            return Err(refuse(format!("shape [{samples}, {dim}] does not fit its {} values", values.len())));
        }
        let rows = match order {
            Order::C => values,
            Order::Fortran => (0..samples * dim).map(|k| values[(k % dim) * samples + k / dim]).collect(),
        };
        Self::from_rows(rows, samples, dim)
    }
}

fn read<T, R>(npy: NpyFile<R>) -> std::io::Result<Vec<f64>>
where
    T: npyz::Deserialize + Into<f64>,
    R: Read,
{
    npy.data::<T>().map_err(std::io::Error::other)?.map(|value| value.map(Into::into)).collect()
}
