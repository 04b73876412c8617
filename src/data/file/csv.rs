//! Numbers in lines of text, a sample a line. By hand: a general CSV reader skips blank lines and unquotes fields, and
//! a blank line in a column of numbers is a missing number.

use std::collections::VecDeque;
use std::{mem, str};

use itertools::Itertools;

use super::input::Place;
use super::{Defect, Delimiter, Format, Input, Layout, ReadOptions, Table, Text, check_count};
use crate::text::shortened;

/// What some programs put before UTF-8.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// A line without its end, and where it stands.
#[derive(Default)]
struct Line {
    place: Place,
    text: Vec<u8>,
}

/// Lines of a file, the first two of which are looked at before any is read.
struct Lines<'a, 'b> {
    input: &'a mut Input<'b>,
    ahead: VecDeque<Line>,
}

impl<'a, 'b> Lines<'a, 'b> {
    /// The lines after a byte order mark and those that are left out.
    fn begin(input: &'a mut Input<'b>, skip_rows: usize) -> Result<Self, Defect> {
        if input.head().starts_with(BYTE_ORDER_MARK) {
            input.fill(&mut [0; BYTE_ORDER_MARK.len()], 0)?;
        }
        let mut lines = Self { input, ahead: VecDeque::new() };
        let mut line = Line::default();
        for _ in 0..skip_rows {
            if !lines.next(&mut line)? {
                break;
            }
        }
        let mut ahead = VecDeque::new();
        while ahead.len() < 2 && lines.next(&mut line)? {
            ahead.push_back(mem::take(&mut line));
        }
        Ok(Self { ahead, ..lines })
    }

    /// Reads the next line; whether there is one.
    fn next(&mut self, line: &mut Line) -> Result<bool, Defect> {
        if let Some(ahead) = self.ahead.pop_front() {
            *line = ahead;
            return Ok(true);
        }
        let place = self.input.line(&mut line.text)?;
        line.place = place.unwrap_or(line.place);
        Ok(place.is_some())
    }

    /// Delimiter and header, which is then passed over. Numbers contain no delimiter, names may: the second line decides.
    fn recognise(&mut self) -> Result<(Delimiter, Option<Vec<String>>), Defect> {
        let is_filled = |line: &&Line| !line.text.trim_ascii().is_empty();
        let decides = self.ahead.iter().rfind(is_filled);
        let delimiter = decides.map_or(Delimiter::Comma, |line| Delimiter::of(&line.text));
        let columns = self.ahead.get(1).map(|line| delimiter.split(&line.text).count());
        let header = self.ahead.front().map(|first| header(first, delimiter, columns)).transpose()?.flatten();
        if header.is_some() {
            self.ahead.pop_front();
        }
        Ok((delimiter, header))
    }
}

/// The names of the columns, if a line is not one of numbers: what follows a `#`, or fields that are all different and
/// none of them a number.
fn header(line: &Line, delimiter: Delimiter, columns: Option<usize>) -> Result<Option<Vec<String>>, Defect> {
    let Line { place: Place { line, .. }, text } = line;
    let (names, is_comment) = text.strip_prefix(b"#").map_or((&text[..], false), |names| (names, true));
    let fields = || delimiter.split(names).map(|(_, field)| field);
    let is_name = |field: &[u8]| !field.is_empty() && number(field).is_none();
    if !is_comment && (text.trim_ascii().is_empty() || !fields().all(is_name)) {
        return Ok(None);
    }
    // Before any is kept: there are no more names than columns.
    let names = fields().count();
    match columns {
        None => return Err(Defect::Empty { what: "the number of samples" }),
        Some(columns) if columns != names => return Err(Defect::Header { line: *line, names, columns }),
        Some(_) => {}
    }
    if !is_comment && !fields().all_unique() {
        return Ok(None);
    }
    let name = |field: &[u8]| {
        let unquoted = field.strip_prefix(b"\"").and_then(|name| name.strip_suffix(b"\"")).unwrap_or(field);
        String::from_utf8_lossy(unquoted).into_owned()
    };
    Ok(Some(fields().map(name).collect()))
}

fn number(field: &[u8]) -> Option<f64> {
    str::from_utf8(field).ok()?.parse().ok()
}

pub(super) fn read(input: &mut Input, options: &ReadOptions) -> Result<Table, Defect> {
    let mut lines = Lines::begin(input, options.skip_rows)?;
    let (delimiter, header) = lines.recognise()?;
    let columns = lines.ahead.front().map_or(0, |line| delimiter.split(&line.text).count());
    let label = options.label_column(header.as_deref(), columns)?;
    let (mut values, mut samples, mut line) = (Vec::new(), 0, Line::default());
    while lines.next(&mut line)? {
        let got = parse_line(&line, samples, delimiter, label, &mut values)?;
        if got != columns {
            let Place { line, byte } = line.place;
            return Err(Defect::Ragged { row: samples, line, byte, expected: columns, got });
        }
        samples += 1;
        check_count(values.len() as u128)?;
    }
    let dim = columns.saturating_sub(usize::from(label.is_some()));
    let text = Text { delimiter, skip_rows: options.skip_rows, header };
    let layout = Layout {
        shape: vec![samples as u64, columns as u64],
        text: Some(text),
        label_column: label,
        ..Layout::new(Format::Csv)
    };
    Ok(Table { values, samples, dim, layout })
}

/// Appends the numbers of a line, all but the label; how many fields it has.
fn parse_line(
    Line { place: Place { line, byte }, text }: &Line,
    row: usize,
    delimiter: Delimiter,
    label: Option<usize>,
    values: &mut Vec<f64>,
) -> Result<usize, Defect> {
    let (line, byte) = (*line, *byte);
    if text.trim_ascii().is_empty() {
        return Err(Defect::Blank { row, line, byte });
    }
    let mut columns = 0;
    for (column, (at, field)) in delimiter.split(text).enumerate() {
        columns += 1;
        if label == Some(column) {
            continue;
        }
        match number(field) {
            Some(number) if number.is_finite() => values.push(number),
            Some(value) => return Err(Defect::NotFinite { row, column, line: Some(line), value }),
            None => {
                let (byte, text) = (byte + at as u64, shortened(field).to_string());
                return Err(Defect::NotANumber { row, column, line, byte, text });
            }
        }
    }
    Ok(columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(bytes: &[u8]) -> Result<Table, Defect> {
        Format::Csv.parse(bytes)
    }

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
        assert_eq!(refusal(""), "the number of samples must be at least 1, got 0");
    }

    #[test]
    fn the_second_line_tells_the_delimiter_and_a_later_one_is_held_to_it() {
        let right = refusal("x,y\n1,2\n3 4 5\n");
        assert_eq!(right, refusal("x,y\n1,2\n3.4.5\n").replace("3.4.5", "3 4 5"));
    }

    fn read(text: &str, skip_rows: usize, label_column: Option<&str>) -> Result<Table, Defect> {
        let label_column = label_column.map(String::from);
        Format::Csv.read(text.as_bytes(), &ReadOptions { skip_rows, label_column })
    }

    #[test]
    fn delimiters_and_headers_are_recognised() {
        let names = |names: &[&str]| Some(names.iter().map(|name| name.to_string()).collect::<Vec<_>>());
        for (text, delimiter, header) in [
            ("1,2\n3,4\n", Delimiter::Comma, None),
            ("1, 2\n 3 ,4 \n", Delimiter::Comma, None),
            ("1;2\r\n3;4\r\n", Delimiter::Semicolon, None),
            ("1\t2\n3\t4", Delimiter::Tab, None),
            ("1.0 2e0\n  3.0   4\n", Delimiter::Spaces, None),
            ("\u{feff}1,2\n3,4\n", Delimiter::Comma, None),
            ("x,y\n1,2\n3,4\n", Delimiter::Comma, names(&["x", "y"])),
            ("\u{feff}x,y\n1,2\n3,4\n", Delimiter::Comma, names(&["x", "y"])),
            ("\"x x\";\"y, µm\"\n1;2\n3;4\n", Delimiter::Semicolon, names(&["x x", "y, µm"])),
            ("# 1 2\n1 2\n3 4\n", Delimiter::Spaces, names(&["1", "2"])),
            ("a b\tc\n1\t2\n3\t4\n", Delimiter::Tab, names(&["a b", "c"])),
        ] {
            let table = parse(text.as_bytes()).unwrap();
            assert_eq!(
                (table.values.as_slice(), table.samples, table.dim),
                (&[1.0, 2.0, 3.0, 4.0][..], 2, 2),
                "{text}"
            );
            assert_eq!(table.layout.text, Some(Text { delimiter, skip_rows: 0, header }), "{text}");
        }
        let column = parse(b"width\n1\n2\n").unwrap();
        assert_eq!((column.values, column.samples, column.dim), (vec![1.0, 2.0], 2, 1));
        // Where a field is a number, a name is missing or comes twice, it is no header, and the message names the option.
        assert!(refusal("x,1\n1,2\n").contains("`x` is not a number (--skip-rows leaves out lines"));
        assert!(refusal(",y\n1,2\n").starts_with("row 0, column 0 (line 1, byte 0): `` is not a number"));
        assert!(
            refusal("NA,NA\n1,2\n").starts_with("row 0, column 0 (line 1, byte 0): `NA` is not a number")
        );
        assert_eq!(
            refusal("# made on a Monday\n1,2\n"),
            "line 1, before the numbers, has 1 names, row 0 (line 2) has 2 columns (--skip-rows 1 leaves the names out)"
        );
        assert_eq!(refusal("  \n1 2\n"), "row 0 (line 1, byte 0) is blank");
        assert_eq!(refusal("x,y\n"), "the number of samples must be at least 1, got 0");
    }

    #[test]
    fn lines_and_labels_are_left_out() {
        let iris = "sepal,petal,species\n5.1,0.2,setosa\n7.0,1.4,versicolor\n";
        for (text, skip_rows, column, label) in [
            (iris, 0, "species", 2),
            (iris, 0, "last", 2),
            (iris, 0, "2", 2),
            (iris, 1, "last", 2),
            ("by hand\n\n\"a\" 5.1 0.2\n\"b\" 7 1.4", 2, "first", 0),
            ("5.1,,0.2\n7,nan,1.4", 0, "1", 1),
        ] {
            let table = read(text, skip_rows, Some(column)).unwrap();
            assert_eq!(
                (table.values.as_slice(), table.samples, table.dim),
                (&[5.1, 0.2, 7.0, 1.4][..], 2, 2),
                "{text}"
            );
            assert_eq!((table.layout.label_column, table.layout.shape), (Some(label), vec![2, 3]), "{text}");
        }
        let refusal = |text, skip, column| read(text, skip, column).unwrap_err().to_string();
        assert!(
            refusal(iris, 0, None).starts_with("row 0, column 2 (line 2, byte 28): `setosa` is not a number")
        );
        assert!(refusal(iris, 0, Some("genus")).starts_with("there is no column `genus`"));
        assert!(refusal(iris, 1, Some("species")).starts_with("there is no column `species`"));
        assert_eq!(refusal(iris, 9, None), "the number of samples must be at least 1, got 0");
        assert_eq!(refusal("1\n2\n", 0, Some("last")), "the dimension must be at least 1, got 0");
    }

    #[test]
    fn defects_have_positions() {
        assert!(
            refusal("1,2\n3,cat\n").starts_with("row 1, column 1 (line 2, byte 6): `cat` is not a number")
        );
        assert!(refusal("1,2\n3,\n").starts_with("row 1, column 1 (line 2, byte 6): `` is not a number"));
        assert!(refusal("1, x\n").starts_with("row 0, column 1 (line 1, byte 3): `x` is not a number"));
        assert!(
            refusal("a,b\n1,2\n3,c\n").starts_with("row 1, column 1 (line 3, byte 10): `c` is not a number")
        );
        // Carriage returns end no line, and what a terminal would obey is spelled out.
        assert!(refusal("1,2\r3,4\n").contains(r"(line 1, byte 2): `2\r3` is not a number"));
        assert!(refusal("1,\u{1b}[2J\n3,4\n").contains(r"(line 1, byte 2): `\u{1b}[2J` is not a number"));
        assert!(
            refusal(&format!("1,{}\n", "x".repeat(99))).contains(&format!("`{}…` is not", "x".repeat(40)))
        );
        assert!(refusal("1,\"2\"\n").contains("`\"2\"` is not a number"));
        assert_eq!(
            refusal("1,2\n3,4\n5,nan\n"),
            "row 2, column 1 of the data (line 3) is NaN, not a finite number"
        );
        assert_eq!(
            refusal("1,2\n1e999,4\n"),
            "row 1, column 0 of the data (line 2) is inf, not a finite number"
        );
        assert_eq!(refusal("1,2\n3,4\n5\n"), "row 2 (line 3, byte 8) has 1 columns, the rows before it 2");
        assert_eq!(refusal("1,2\n3,4,5\n"), "row 1 (line 2, byte 4) has 3 columns, the rows before it 2");
        assert_eq!(refusal("1\n\n3\n"), "row 1 (line 2, byte 2) is blank");
        assert_eq!(refusal("1\n2\n\n"), "row 2 (line 3, byte 4) is blank");
        assert_eq!(refusal("\n"), "row 0 (line 1, byte 0) is blank");
    }

    #[test]
    fn lines_are_counted_as_an_editor_counts_them() {
        // With the mark at the beginning, lines that are left out, and a header; with either end of a line.
        let refusal = |text, skip| read(text, skip, None).unwrap_err().to_string();
        assert!(
            refusal("\u{feff}by hand\r\n\r\na,b\r\n1,2\r\n3,c", 2)
                .starts_with("row 1, column 1 (line 5, byte 26): `c`")
        );
        assert_eq!(
            refusal("by\nhand\n1,2\n3\n", 2),
            "row 1 (line 4, byte 12) has 1 columns, the rows before it 2"
        );
        assert_eq!(refusal("by hand\n1,2\n\n", 1), "row 1 (line 3, byte 12) is blank");
        assert_eq!(
            refusal("x\nx\n1,inf\n", 2),
            "row 0, column 1 of the data (line 3) is inf, not a finite number"
        );
        assert_eq!(
            refusal("x\na,b,c\n1,2\n", 1),
            "line 2, before the numbers, has 3 names, row 0 (line 3) has 2 columns (--skip-rows 2 leaves the names out)"
        );
    }
}
