//! IDX, the format of MNIST: two zero bytes, element type, rank, one big-endian u32 a dimension, big-endian numbers.

use super::{Defect, Format, Table};

pub(super) fn parse(bytes: &[u8]) -> Result<Table, Defect> {
    let truncated = |expected: u128| Defect::Truncated { end: bytes.len(), expected };
    let Some((&[a, b, code, rank], rest)) = bytes.split_first_chunk::<4>() else {
        return Err(truncated(4));
    };
    if [a, b] != [0, 0] {
        let byte = usize::from(a == 0);
        let reason = format!("it begins with {a:#04x} {b:#04x}, not with two zeros");
        return Err(Defect::Malformed { format: Format::Idx, byte, reason });
    }
    let size = match code {
        0x08 | 0x09 => 1,
        0x0b => 2,
        0x0c | 0x0d => 4,
        0x0e => 8,
        code => return Err(Defect::ElementType { code }),
    };
    let header = 4 + 4 * usize::from(rank);
    let Some((dimensions, data)) = rest.split_at_checked(header - 4) else {
        return Err(truncated(header as u128));
    };
    let shape: Vec<u64> = dimensions.as_chunks().0.iter().map(|&d| u32::from_be_bytes(d).into()).collect();
    if shape.len() < 2 {
        return Err(Defect::Shape { shape });
    }
    // 255 dimensions of 2³² overflow anything; what saturates is more than any file holds.
    let entries = shape.iter().fold(1u128, |product, &d| product.saturating_mul(d.into()));
    let expected = entries.saturating_mul(size as u128).saturating_add(header as u128);
    match expected.cmp(&(bytes.len() as u128)) {
        std::cmp::Ordering::Greater => return Err(truncated(expected)),
        std::cmp::Ordering::Less => return Err(Defect::Trailing { byte: expected as usize }),
        std::cmp::Ordering::Equal => {}
    }
    let samples = shape[0] as usize;
    let dim = (entries as usize).checked_div(samples).unwrap_or(0);
    Ok(Table { values: decode(code, data), samples, dim })
}

fn decode(code: u8, data: &[u8]) -> Vec<f64> {
    match code {
        0x08 => data.iter().map(|&x| x.into()).collect(),
        0x09 => data.iter().map(|&x| x.cast_signed().into()).collect(),
        0x0b => data.as_chunks().0.iter().map(|&x| i16::from_be_bytes(x).into()).collect(),
        0x0c => data.as_chunks().0.iter().map(|&x| i32::from_be_bytes(x).into()).collect(),
        0x0d => data.as_chunks().0.iter().map(|&x| f32::from_be_bytes(x).into()).collect(),
        _ => data.as_chunks().0.iter().map(|&x| f64::from_be_bytes(x)).collect(),
    }
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
        assert!(refusal(&[0, 7, 8, 2]).starts_with("not an IDX file (byte 1): it begins with 0x00 0x07"));
        assert!(refusal(&file(0x0a, &[1, 1], &[0])).starts_with("byte 2: 0x0a is no element type"));
        assert_eq!(
            refusal(&file(0x08, &[3], &[1, 2, 3])),
            "expected a matrix [samples, dim], got shape [3] (labels?)"
        );
    }

    #[test]
    fn claims_reserve_nothing() {
        // 2³¹ rows of 2³² doubles in 20 bytes, and a shape whose product leaves u128.
        let claim = file(0x0e, &[1 << 31, u32::MAX], &[0; 8]);
        assert_eq!(claim.len(), 20);
        assert!(refusal(&claim).starts_with("truncated or malformed: 737869"), "{}", refusal(&claim));
        assert!(refusal(&file(0x08, &[u32::MAX; 200], &[])).starts_with("truncated or malformed"));
        // Nothing of anything is not a table, however it is put.
        assert_eq!(parse(&file(0x08, &[0, u32::MAX], &[])).unwrap().samples, 0);
        assert_eq!(parse(&file(0x08, &[7, 0], &[])).unwrap().dim, 0);
    }
}
