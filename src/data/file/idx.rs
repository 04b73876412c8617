//! IDX, the format of MNIST: two zero bytes, element type, rank, one big-endian u32 a dimension, big-endian numbers.

use super::element::{Element, Kind};
use super::{Defect, Format, Input, Layout, Table, matrix};

pub(super) fn read(input: &mut Input) -> Result<Table, Defect> {
    let mut start = [0; 4];
    input.fill(&mut start, 4)?;
    let [_, _, code, rank] = start;
    let element = element(code)?;
    let header = 4 + 4 * usize::from(rank);
    let mut dimensions = vec![0; header - 4];
    input.fill(&mut dimensions, header as u128)?;
    let shape: Vec<u64> = dimensions.as_chunks().0.iter().map(|&d| u32::from_be_bytes(d).into()).collect();
    let (samples, dim) = matrix(&shape)?;
    let values = element.read(input, samples * dim)?;
    input.end()?;
    let layout = Layout { dtype: Some(element.to_string()), shape, ..Layout::new(Format::Idx) };
    Ok(Table { values, samples, dim, layout })
}

fn element(code: u8) -> Result<Element, Defect> {
    let (kind, size) = match code {
        0x08 => (Kind::Unsigned, 1),
        0x09 => (Kind::Signed, 1),
        0x0b => (Kind::Signed, 2),
        0x0c => (Kind::Signed, 4),
        0x0d => (Kind::Float, 4),
        0x0e => (Kind::Float, 8),
        code => return Err(Defect::ElementType { code }),
    };
    Ok(Element { kind, size, big_endian: true })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(code: u8, shape: &[u32], data: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0, 0, code, shape.len() as u8];
        bytes.extend(shape.iter().flat_map(|d| d.to_be_bytes()));
        bytes.extend(data);
        bytes
    }

    fn parse(bytes: &[u8]) -> Result<Table, Defect> {
        Format::Idx.parse(bytes)
    }

    fn refusal(bytes: &[u8]) -> String {
        parse(bytes).unwrap_err().to_string()
    }

    #[test]
    fn all_types_are_read_big_endian() {
        let values = [0.0, 3.0, -7.0, 100.0, -128.0, 1.0];
        let encode = |code: u8, x: f64| match code {
            0x09 => (x as i8).to_be_bytes().to_vec(),
            0x0b => (x as i16).to_be_bytes().to_vec(),
            0x0c => (x as i32).to_be_bytes().to_vec(),
            0x0d => (x as f32).to_be_bytes().to_vec(),
            _ => x.to_be_bytes().to_vec(),
        };
        for code in [0x09, 0x0b, 0x0c, 0x0d, 0x0e] {
            let data: Vec<u8> = values.iter().flat_map(|&x| encode(code, x)).collect();
            let table = parse(&file(code, &[3, 2], &data)).unwrap();
            assert_eq!((table.values.as_slice(), table.samples, table.dim), (&values[..], 3, 2), "{code:#x}");
        }
        // Images are flattened row by row.
        let table = parse(&file(0x08, &[2, 1, 3], &[0, 1, 2, 253, 254, 255])).unwrap();
        assert_eq!(table.values, [0.0, 1.0, 2.0, 253.0, 254.0, 255.0]);
        assert_eq!((table.samples, table.dim), (2, 3));
    }

    #[test]
    fn defects_have_positions() {
        let good = file(0x08, &[2, 3], &[1, 2, 3, 4, 5, 6]);
        assert_eq!(
            refusal(&good[..15]),
            "truncated or malformed: 18 bytes are announced, the file ends at byte 15"
        );
        assert_eq!(
            refusal(&good[..9]),
            "truncated or malformed: 12 bytes are announced, the file ends at byte 9"
        );
        assert_eq!(
            refusal(&good[..3]),
            "truncated or malformed: 4 bytes are announced, the file ends at byte 3"
        );
        let longer = [&good[..], &[0]].concat();
        assert_eq!(refusal(&longer), "something follows the end of the data, which is at byte 18");
        assert!(refusal(&[0, 7, 8, 2]).ends_with(r"it begins with `\u{0}\u{7}\u{8}\u{2}`"));
        assert!(refusal(&file(0x0a, &[1, 1], &[0])).starts_with("byte 2: 0x0a is no element type"));
        assert_eq!(
            refusal(&file(0x08, &[3], &[1, 2, 3])),
            "expected an array [samples, …] of 2 or more dimensions, got shape [3] (labels?)"
        );
    }

    #[test]
    fn claims_reserve_nothing() {
        // 2³¹ rows of 2³² doubles in 20 bytes, and a shape whose product leaves u128.
        let claim = file(0x0e, &[1 << 31, u32::MAX], &[0; 8]);
        assert_eq!(claim.len(), 20);
        assert!(
            refusal(&claim).starts_with("it holds 9223372034707292160 numbers or more"),
            "{}",
            refusal(&claim)
        );
        assert!(refusal(&file(0x08, &[u32::MAX; 200], &[])).starts_with("it holds 3402823"));
        // 2³⁰ numbers may be read, if they are there.
        let max = refusal(&file(0x08, &[1 << 15, 1 << 15], &[0; 7]));
        assert_eq!(max, "truncated or malformed: 1073741836 bytes are announced, the file ends at byte 19");
        assert!(refusal(&file(0x08, &[1 << 15, (1 << 15) + 1], &[0; 7])).starts_with("it holds 1073774592"));
        // Nothing of anything is not a table, however it is put.
        assert_eq!(
            refusal(&file(0x08, &[0, u32::MAX], &[])),
            "the number of samples must be at least 1, got 0"
        );
        assert_eq!(refusal(&file(0x08, &[7, 0], &[])), "the dimension must be at least 1, got 0");
    }
}
