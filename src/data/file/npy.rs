//! NumPy's `.npy` format, read and written: magic, version, length of the header, header, numbers.

use std::io::{self, Write};

use super::{Defect, Format, Input, Layout, Table, header, matrix};

pub(super) const MAGIC: &[u8] = b"\x93NUMPY";

/// Longest header that is read, in bytes: the bound that NumPy sets for files it does not trust.
const MAX_HEADER: usize = 10_000;

pub(super) fn read(input: &mut Input) -> Result<Table, Defect> {
    read_as(input, matrix)
}

/// Reads one vector `[n]`, or several `[R, n]`.
pub(super) fn read_vectors(input: &mut Input) -> Result<Table, Defect> {
    read_as(input, |shape| match shape {
        &[length] => matrix(&[1, length]),
        shape => matrix(shape),
    })
}

fn read_as(
    input: &mut Input,
    sizes: impl Fn(&[u64]) -> Result<(usize, usize), Defect>,
) -> Result<Table, Defect> {
    let mut start = [0; 8];
    input.fill(&mut start, 10)?;
    let wide = match start[6..] {
        [1, 0] => 2,
        [2 | 3, 0] => 4,
        [major, minor] => return Err(refuse(6, format!("there is no version {major}.{minor}"))),
        _ => unreachable!("two bytes"),
    };
    let mut length = [0; 4];
    input.fill(&mut length[..wide], 8 + wide as u128)?;
    let (begin, length) = (8 + wide, u32::from_le_bytes(length) as usize);
    if length > MAX_HEADER {
        let reason = format!("a header of {length} bytes is announced; it must not exceed {MAX_HEADER}");
        return Err(refuse(8, reason));
    }
    let mut text = vec![0; length];
    input.fill(&mut text, (begin + length) as u128)?;
    let header = header::parse(&text, begin)?;
    let (samples, dim) = sizes(&header.shape)?;
    let mut values = header.element.read(input, samples * dim)?;
    input.end()?;
    if header.fortran_order && header.shape.len() > 1 {
        values = by_rows(&values, &header.shape);
    }
    let layout =
        Layout { dtype: Some(header.element.to_string()), shape: header.shape, ..Layout::new(Format::Npy) };
    Ok(Table { values, samples, dim, layout })
}

/// An array whose first index moves fastest, brought into the order where its last one does.
fn by_rows(values: &[f64], shape: &[u64]) -> Vec<f64> {
    let samples = shape[0] as usize;
    // Where the entries of the first sample are, in the order of its flattened indices.
    let (mut places, mut stride) = (vec![0], samples);
    let mut axes = Vec::new();
    for size in shape[1..].iter().map(|&size| size as usize).filter(|&size| size > 1) {
        axes.push((size, stride));
        stride *= size;
    }
    for (size, stride) in axes {
        places = places.iter().flat_map(|&place| (0..size).map(move |k| place + k * stride)).collect();
    }
    (0..samples).flat_map(|i| places.iter().map(move |&place| values[place + i])).collect()
}

fn refuse(byte: usize, reason: String) -> Defect {
    Defect::Malformed { format: Format::Npy, byte, reason }
}

/// A number that can be written: `f64` and `i64`.
pub(crate) trait Entry {
    /// Name of its type in NumPy.
    const DESCR: &'static str;

    /// Its bytes, the least significant first.
    fn bytes(self) -> [u8; 8];
}

impl Entry for f64 {
    const DESCR: &'static str = "<f8";

    fn bytes(self) -> [u8; 8] {
        self.to_le_bytes()
    }
}

impl Entry for i64 {
    const DESCR: &'static str = "<i8";

    fn bytes(self) -> [u8; 8] {
        self.to_le_bytes()
    }
}

/// Writes an array, row-major in the given shape, as version 1.0; the numbers begin at a multiple of 64 bytes.
///
/// # Errors
/// Those of the writer; [`io::ErrorKind::InvalidInput`] unless there are as many values as the shape has entries.
pub(crate) fn write<T: Entry>(
    mut out: impl Write,
    values: impl IntoIterator<Item = T>,
    shape: &[u64],
) -> io::Result<()> {
    let sizes: String = shape.iter().map(|size| format!("{size}, ")).collect();
    let header = format!("{{'descr': '{}', 'fortran_order': False, 'shape': ({sizes}), }}", T::DESCR);
    // Magic, version and length take ten bytes, the end of the line one.
    let width = (header.len() + 11).next_multiple_of(64) - 11;
    out.write_all(MAGIC)?;
    out.write_all(&[1, 0])?;
    out.write_all(&(width as u16 + 1).to_le_bytes())?;
    writeln!(out, "{header:<width$}")?;
    let mut written = 0u64;
    for value in values {
        out.write_all(&value.bytes())?;
        written += 1;
    }
    if written != shape.iter().product::<u64>() {
        let reason = format!("{written} values do not make an array of shape {shape:?}");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(version: u8, text: &str, data: &[u8]) -> Vec<u8> {
        let mut bytes = [MAGIC, &[version, 0]].concat();
        match version {
            1 => bytes.extend((text.len() as u16).to_le_bytes()),
            _ => bytes.extend((text.len() as u32).to_le_bytes()),
        }
        bytes.extend(text.as_bytes());
        bytes.extend(data);
        bytes
    }

    fn header(shape: &str) -> String {
        format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}\n")
    }

    fn parse(bytes: &[u8]) -> Result<Table, Defect> {
        Format::Npy.parse(bytes)
    }

    fn refusal(bytes: &[u8]) -> String {
        parse(bytes).unwrap_err().to_string()
    }

    #[test]
    fn versions_are_read() {
        for version in [1, 2, 3] {
            let table = parse(&file(version, &header("(1, 2)"), &[[0; 8], 2.5f64.to_le_bytes()].concat()));
            assert_eq!(table.unwrap().values, [0.0, 2.5], "version {version}");
        }
        let big = header("(1, 1)").replace('<', ">");
        assert_eq!(parse(&file(1, &big, &2.5f64.to_be_bytes())).unwrap().values, [2.5]);
    }

    #[test]
    fn a_header_that_ends_early_says_how_long_it_should_be() {
        for (version, begin) in [(1, 10), (2, 12)] {
            let good = file(version, &header("(1, 2)"), &[]);
            let end = begin + header("(1, 2)").len() as u128;
            let refusal = parse(&good[..20]).unwrap_err();
            assert!(
                matches!(refusal, Defect::Truncated { end: 20, expected } if expected == end),
                "{refusal}"
            );
        }
    }

    #[test]
    fn claims_reserve_nothing_and_depth_is_bounded() {
        let good = file(1, &header("(1, 2)"), &[0; 16]);
        let size = good.len();
        assert_eq!(
            refusal(&good[..size - 5]),
            format!("truncated or malformed: {size} bytes are announced, the file ends at byte {}", size - 5)
        );
        assert_eq!(
            refusal(&[&good[..], &[1]].concat()),
            format!("something follows the end of the data, which is at byte {size}")
        );
        let claim = refusal(&file(1, &header("(4294967296, 4294967296)"), &[0; 8]));
        assert_eq!(claim, "it holds 18446744073709551616 numbers or more, and at most 1073741824 are read");
        // A header of 4 GiB that is not there, and brackets in strings.
        let mut claim = [MAGIC, &[2, 0]].concat();
        claim.extend(u32::MAX.to_le_bytes());
        assert_eq!(
            refusal(&claim),
            "not a .npy file (byte 8): a header of 4294967295 bytes is announced; it must not exceed 10000"
        );
        let nested = header(&format!("({}{})", "(')',".repeat(1000), ")".repeat(1000)));
        assert!(refusal(&file(1, &nested, &[])).ends_with("(byte 61): expected a whole number"));
        assert!(
            refusal(&file(9, &header("(1, 2)"), &[0; 16])).ends_with("(byte 6): there is no version 9.0")
        );
        assert!(refusal(b"\x93NUMPY").starts_with("truncated or malformed: 10 bytes"));
        assert_eq!(
            refusal(&file(1, &header("(0, 7)"), &[])),
            "the number of samples must be at least 1, got 0"
        );
        assert_eq!(refusal(&file(1, &header("(7, 0)"), &[])), "the dimension must be at least 1, got 0");
    }

    #[test]
    fn any_rank_is_flattened_in_either_order() {
        // The entry at [i, j, k, l] is 1000 i + 100 j + 10 k + l.
        let shape = [2u64, 3, 1, 4];
        let entry = |i: u64, j: u64, l: u64| (1000 * i + 100 * j + l) as f64;
        let rows: Vec<f64> =
            (0..2).flat_map(|i| (0..3).flat_map(move |j| (0..4).map(move |l| entry(i, j, l)))).collect();
        let columns: Vec<f64> =
            (0..4).flat_map(|l| (0..3).flat_map(move |j| (0..2).map(move |i| entry(i, j, l)))).collect();
        let data = |values: &[f64]| values.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
        let c = header("(2, 3, 1, 4)");
        let fortran = c.replace("False", "True");
        for (header, values) in [(c, &rows), (fortran, &columns)] {
            let table = parse(&file(1, &header, &data(values))).unwrap();
            assert_eq!((&table.values, table.samples, table.dim), (&rows, 2, 12), "{header}");
            assert_eq!(table.layout.shape, shape);
        }
        // Thousands of axes of one entry each take no time.
        let long = header(&format!("(1, 2, {}3)", "1,".repeat(4000))).replace("False", "True");
        let table = parse(&file(1, &long, &data(&[0.0, 3.0, 1.0, 4.0, 2.0, 5.0]))).unwrap();
        assert_eq!(table.values, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    }

    #[test]
    fn what_is_written_is_read_and_is_what_npyz_writes() {
        use npyz::WriterBuilder;
        for shape in [&[6u64][..], &[2, 3], &[1, 2, 3], &[6, 1, 1, 1, 1, 1, 1, 1, 1, 1], &[1_000_000, 0]] {
            let count = shape.iter().product::<u64>() as usize;
            let values = &[0.5, -1.25, 2.0, 1e300, -0.0, 5e-324][..count];
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            write(&mut ours, values.iter().copied(), shape).unwrap();
            let options = npyz::WriteOptions::new().default_dtype().shape(shape);
            let mut writer = options.writer(&mut theirs).begin_nd().unwrap();
            writer.extend(values.iter().copied()).unwrap();
            writer.finish().unwrap();
            assert_eq!(ours, theirs, "{shape:?}");
        }
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        write(&mut ours, [1i64, -2, i64::MAX, i64::MIN], &[2, 2]).unwrap();
        let options = npyz::WriteOptions::new().default_dtype().shape(&[2, 2]);
        let mut writer = options.writer(&mut theirs).begin_nd().unwrap();
        writer.extend([1i64, -2, i64::MAX, i64::MIN]).unwrap();
        writer.finish().unwrap();
        assert_eq!(ours, theirs);
        assert_eq!(parse(&ours).unwrap().values, [1.0, -2.0, 2f64.powi(63), -(2f64.powi(63))]);
        let error = write(Vec::new(), [1.0, 2.0], &[3]).unwrap_err().to_string();
        assert_eq!(error, "2 values do not make an array of shape [3]");
    }
}
