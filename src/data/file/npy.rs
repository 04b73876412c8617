//! NumPy's `.npy` format, by npyz, which trusts headers: what they claim is checked first.

use npyz::{NpyFile, NpyHeader, Order, TypeChar};

use super::{Defect, Format, Table};

const MAGIC: &[u8] = b"\x93NUMPY";

/// Deepest nesting of brackets that the header of a matrix needs: the shape in the dictionary.
const DEEPEST: usize = 2;

pub(super) fn parse(bytes: &[u8]) -> Result<Table, Defect> {
    let start = check_header(bytes)?;
    let mut rest = bytes;
    let malformed = |e: std::io::Error| refuse(start, e.to_string());
    let header = NpyHeader::from_reader(&mut rest).map_err(malformed)?;
    let &[samples, dim] = header.shape() else {
        return Err(Defect::Shape { shape: header.shape().to_vec() });
    };
    let dtype = header.dtype();
    let size = match &dtype {
        npyz::DType::Plain(plain) if plain.type_char() == TypeChar::Float => plain.size_field(),
        _ => 0,
    };
    if size != 4 && size != 8 {
        return Err(Defect::Dtype { dtype: dtype.descr() });
    }
    let begin = bytes.len() - rest.len();
    let entries = u128::from(samples) * u128::from(dim);
    let expected = entries.saturating_mul(size.into()).saturating_add(begin as u128);
    match expected.cmp(&(bytes.len() as u128)) {
        std::cmp::Ordering::Greater => return Err(Defect::Truncated { end: bytes.len(), expected }),
        std::cmp::Ordering::Less => return Err(Defect::Trailing { byte: expected as usize }),
        std::cmp::Ordering::Equal => {}
    }
    let order = header.order();
    let npy = NpyFile::with_header(header, rest);
    let values = if size == 8 { values::<f64>(npy) } else { values::<f32>(npy) }.map_err(malformed)?;
    let (samples, dim) = (samples as usize, dim as usize);
    let values = match order {
        Order::C => values,
        Order::Fortran => (0..values.len()).map(|k| values[(k % dim) * samples + k / dim]).collect(),
    };
    Ok(Table { values, samples, dim })
}

fn values<T: npyz::Deserialize + Into<f64>>(npy: NpyFile<&[u8]>) -> std::io::Result<Vec<f64>> {
    npy.data::<T>().map_err(std::io::Error::other)?.map(|value| value.map(Into::into)).collect()
}

/// Where the text of the header begins, once it is known to be all there and to nest no deeper than it should:
/// its parser is recursive.
fn check_header(bytes: &[u8]) -> Result<usize, Defect> {
    if !bytes.starts_with(MAGIC) {
        return Err(refuse(0, "it does not begin with \\x93NUMPY".into()));
    }
    let length = |from: usize, wide: usize| {
        let digits = bytes.get(from..from + wide)?;
        Some(digits.iter().rev().fold(0usize, |length, &digit| length << 8 | usize::from(digit)))
    };
    let (start, length) = match bytes.get(6) {
        None | Some(1) => (10, length(8, 2)),
        Some(2 | 3) => (12, length(8, 4)),
        Some(version) => return Err(refuse(6, format!("there is no version {version}"))),
    };
    let end = start + length.unwrap_or(0);
    let Some(text) = length.and_then(|_| bytes.get(start..end)) else {
        return Err(Defect::Truncated { end: bytes.len(), expected: end as u128 });
    };
    let mut depth = 0usize;
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return Err(refuse(start + at, "the header nests too deep for a matrix".into()));
        }
    }
    Ok(start)
}

fn refuse(byte: usize, reason: String) -> Defect {
    Defect::Malformed { format: Format::Npy, byte, reason }
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
        assert!(
            refusal(&file(1, &header("(4294967296, 4294967296)"), &[0; 8]))
                .starts_with("truncated or malformed")
        );
        // A header of 4 GiB that is not there.
        let mut claim = [MAGIC, &[2, 0]].concat();
        claim.extend(u32::MAX.to_le_bytes());
        assert_eq!(
            refusal(&claim),
            "truncated or malformed: 4294967307 bytes are announced, the file ends at byte 12"
        );
        assert!(refusal(&file(1, &"(".repeat(60_000), &[])).contains("nests too deep"));
        assert!(refusal(&file(9, &header("(1, 2)"), &[0; 16])).contains("no version 9"));
        assert!(refusal(b"\x93NUMPY").starts_with("truncated or malformed: 10 bytes"));
    }
}
