//! Numbers separated by commas. Strict by hand: a general CSV reader skips blank lines and unquotes fields, and a
//! blank line in a column of numbers is a missing number.

use std::str;

use super::{Defect, Table};

/// Characters of a field that a message repeats.
const REPEATED: usize = 24;

pub(super) fn parse(bytes: &[u8]) -> Result<Table, Defect> {
    let (mut values, mut samples, mut dim, mut byte) = (Vec::new(), 0, 0, 0);
    // The last line may lack its end; if it has one, what follows is no line.
    for line in bytes.strip_suffix(b"\n").unwrap_or(bytes).split(|&b| b == b'\n') {
        if bytes.is_empty() {
            break;
        }
        let got = parse_line(line.strip_suffix(b"\r").unwrap_or(line), samples, byte, &mut values)?;
        if samples > 0 && got != dim {
            return Err(Defect::Ragged { row: samples, byte, expected: dim, got });
        }
        (samples, dim, byte) = (samples + 1, got, byte + line.len() + 1);
    }
    Ok(Table { values, samples, dim })
}

/// Appends the numbers of a line that begins at `byte`; how many there are.
fn parse_line(line: &[u8], row: usize, byte: usize, values: &mut Vec<f64>) -> Result<usize, Defect> {
    if line.is_empty() {
        return Err(Defect::Blank { row, byte });
    }
    let (mut column, mut at) = (0, byte);
    for field in line.split(|&b| b == b',') {
        let number = str::from_utf8(field).ok().and_then(|text| text.parse::<f64>().ok());
        let Some(number) = number else {
            let text = String::from_utf8_lossy(field).chars().take(REPEATED).collect();
            return Err(Defect::NotANumber { row, column, byte: at, text });
        };
        if !number.is_finite() {
            return Err(Defect::NotFinite { row, column, value: number });
        }
        values.push(number);
        (column, at) = (column + 1, at + field.len() + 1);
    }
    Ok(column)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        parse(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn numbers_in_any_spelling_and_either_line_end() {
        let rows = [1.0, -2.5, 3e-7, 0.0, 4.0, 1e300];
        for text in
            ["1,-2.5,3e-7\n0,+4,1E300", "1,-2.5,3e-7\n0,+4,1E300\n", "1.,-2.50,3e-7\r\n-0,4,1e300\r\n"]
        {
            let table = parse(text.as_bytes()).unwrap();
            assert_eq!((table.values.as_slice(), table.samples, table.dim), (&rows[..], 2, 3), "{text}");
        }
        assert_eq!(parse(b"").unwrap().samples, 0);
    }

    #[test]
    fn defects_have_positions() {
        assert!(refusal("x,y\n1,2\n").starts_with("row 0, column 0 (byte 0): `x` is not a number"));
        assert!(refusal("1,2\n3,cat\n").starts_with("row 1, column 1 (byte 6): `cat` is not a number"));
        assert!(refusal("1,2\n3,\n").starts_with("row 1, column 1 (byte 6): `` is not a number"));
        assert!(refusal("1, 2\n").starts_with("row 0, column 1 (byte 2): ` 2` is not a number"));
        assert!(refusal("1,\"2\"\n").contains("`\"2\"` is not a number"));
        assert!(refusal("\u{feff}1,2\n").starts_with("row 0, column 0 (byte 0)"));
        assert_eq!(refusal("1,2\n3,4\n5,nan\n"), "row 2, column 1 of the data is NaN, not a finite number");
        assert_eq!(refusal("1,2\n1e999,4\n"), "row 1, column 0 of the data is inf, not a finite number");
        assert_eq!(refusal("1,2\n3,4\n5\n"), "row 2 (byte 8) has 1 numbers, the rows before it 2");
        assert_eq!(refusal("1,2\n3,4,5\n"), "row 1 (byte 4) has 3 numbers, the rows before it 2");
        assert_eq!(refusal("1\n\n3\n"), "line 1 (byte 2) is blank");
        assert_eq!(refusal("1\n2\n\n"), "line 2 (byte 4) is blank");
        assert_eq!(refusal("\n"), "line 0 (byte 0) is blank");
    }
}
