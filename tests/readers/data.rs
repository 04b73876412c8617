//! Files of samples.

use std::io::Read;

use flate2::Crc;
use flate2::read::{DeflateDecoder, MultiGzDecoder};
use puremix::data::file::{Format, ReadOptions, Table};

use super::{Bound, refused, split};

/// Eight bytes a number, in a vector that grows to twice its size while the old one is still there; and buffers.
const BOUND: Bound = Bound { per_byte: 24, besides: 1 << 20 };

/// Most bytes that are unpacked here.
const MAX_UNPACKED: u64 = 1 << 24;

/// A table that is one, or a defect in a few words.
pub fn read(format: Format, bytes: &[u8], size: usize, options: &ReadOptions) {
    match BOUND.hold(size, || format.read(bytes, options)) {
        Ok(Table { values, samples, dim, layout }) => {
            assert!(samples > 0 && dim > 0 && samples.checked_mul(dim) == Some(values.len()));
            assert!(values.iter().all(|x| x.is_finite()));
            assert!(values.len() <= size);
            let entries: u64 = layout.shape.iter().product();
            let left_out = samples as u64 * u64::from(layout.label_column.is_some());
            assert_eq!((layout.shape[0], entries), (samples as u64, values.len() as u64 + left_out));
        }
        Err(defect) => {
            assert!(defect.to_string().len() < 1000, "{defect}");
            refused(defect);
        }
    }
}

/// What is left out of a file, by a number.
fn options(how: usize) -> ReadOptions {
    let label = [None, Some("first"), Some("last"), Some("1"), Some("x")][how / 3 % 5];
    ReadOptions { skip_rows: how % 3, label_column: label.map(String::from) }
}

/// Bytes of a file, unpacked as far as it can be: what a damaged stream holds before the damage counts.
pub fn unpacked(bytes: &[u8]) -> usize {
    let mut unpacked = Vec::new();
    let _ = MultiGzDecoder::new(bytes).take(MAX_UNPACKED).read_to_end(&mut unpacked);
    unpacked.len().max(bytes.len())
}

pub fn data_npy(bytes: &[u8]) {
    let (how, file) = split(bytes);
    let label = options(how).label_column;
    read(Format::Npy, file, unpacked(file), &ReadOptions { skip_rows: 0, label_column: label });
}

pub fn data_csv(bytes: &[u8]) {
    let (how, file) = split(bytes);
    read(Format::Csv, file, unpacked(file), &options(how));
}

pub fn data_idx(bytes: &[u8]) {
    let (how, file) = split(bytes);
    let label = options(how).label_column;
    read(Format::Idx, file, unpacked(file), &ReadOptions { skip_rows: 0, label_column: label });
}

/// A gzip stream as it is, or what a stream holds with a header and with the checksum that it asks for: of damage alone a reader would see no
/// more than the first byte.
pub fn data_gzip(bytes: &[u8]) {
    let (how, stream) = split(bytes);
    let format = Format::ALL[how % 3];
    let file = if how & 4 == 0 { sealed(stream) } else { stream.to_vec() };
    read(format, &file, unpacked(&file), &ReadOptions::default());
}

/// A deflated stream as a member of a gzip file.
fn sealed(stream: &[u8]) -> Vec<u8> {
    let (mut decoder, mut sum) = (DeflateDecoder::new(stream).take(MAX_UNPACKED), Crc::new());
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = decoder.read(&mut buffer) {
        sum.update(&buffer[..read]);
    }
    let taken = decoder.get_ref().total_in() as usize;
    let mut file = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    file.extend(&stream[..taken.min(stream.len())]);
    file.extend(sum.sum().to_le_bytes());
    file.extend(sum.amount().to_le_bytes());
    file
}
