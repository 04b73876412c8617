//! TOML as it was written: values as the texts that options are read from, errors with line and column.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::{Error, Result};

/// Parses a document; `name` is what positions are given in.
///
/// # Errors
/// [`Error::Study`] with line and column.
pub(crate) fn parse<'a>(text: &'a str, name: &str) -> Result<Spanned<DeTable<'a>>> {
    DeTable::parse(text).map_err(|error| {
        let at = Places::new(text, name).at(error.span().unwrap_or(0..0));
        Error::Study { at, reason: error.message().replace('\n', " ") }
    })
}

/// Bytes between two places of which it is known how many characters come before.
const STRIDE: usize = 256;

/// Lines and columns of a text: each is found without going through all that comes before, of which a long list has a great deal for each of its values.
pub(crate) struct Places<'a> {
    name: &'a str,
    text: &'a [u8],
    /// Where lines begin.
    lines: Vec<usize>,
    /// Characters before every [`STRIDE`]-th byte.
    characters: Vec<usize>,
}

impl<'a> Places<'a> {
    /// Of a text; `name` is what positions are given in.
    pub fn new(text: &'a str, name: &'a str) -> Self {
        let ends = text.match_indices('\n').map(|(end, _)| end + 1);
        let mut characters = vec![0];
        for part in text.as_bytes().chunks(STRIDE) {
            characters.push(characters[characters.len() - 1] + begun(part));
        }
        Self { name, text: text.as_bytes(), lines: [0].into_iter().chain(ends).collect(), characters }
    }

    /// Where a piece of the text begins, as `NAME:LINE:COLUMN`.
    pub fn at(&self, span: Range<usize>) -> String {
        let start = span.start.min(self.text.len());
        let line = self.lines.partition_point(|begin| *begin <= start);
        let column = self.before(start) - self.before(self.lines[line - 1]) + 1;
        format!("{}:{line}:{column}", self.name)
    }

    /// Characters before a byte.
    fn before(&self, byte: usize) -> usize {
        let stride = byte / STRIDE;
        self.characters[stride] + begun(&self.text[stride * STRIDE..byte])
    }
}

/// Characters that begin in a piece of UTF-8.
fn begun(piece: &[u8]) -> usize {
    piece.iter().filter(|byte| **byte & 0xc0 != 0x80).count()
}

/// A word, a number or a truth value of TOML as text; none of anything else.
pub(crate) fn written(value: &DeValue) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) if number.radix() == 10 => Some(plain(number.as_str())),
        DeValue::Float(number) => Some(plain(number.as_str())),
        DeValue::Boolean(truth) => Some(truth.to_string()),
        _ => None,
    }
}

/// A number without the `_` between its digits; any other text as it is.
pub(crate) fn plain(text: &str) -> String {
    let digits = text.replace('_', "");
    let is_number =
        text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) && digits.parse::<f64>().is_ok();
    if is_number { digits } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_those_of_counting_from_the_beginning() {
        // Lines that end within, at and beyond a stride, with characters of one byte to four, one of which lies across an end.
        let mut text = String::from("\n");
        for k in 0..700 {
            text.push(['a', 'é', '数', '𝄞', ' '][k * k % 5]);
            if [0, 3, 90, 91, 255, 256, 400].contains(&k) {
                text.push('\n');
            }
        }
        let places = Places::new(&text, "s");
        for start in (0..=text.len()).filter(|start| text.is_char_boundary(*start)) {
            let (line, last) = (text[..start].matches('\n').count() + 1, text[..start].rsplit('\n').next());
            let column = last.unwrap().chars().count() + 1;
            assert_eq!(places.at(start..start), format!("s:{line}:{column}"), "byte {start}");
        }
        assert_eq!(places.at(9999..9999), places.at(text.len()..text.len()));
        assert_eq!(Places::new("", "s").at(0..0), "s:1:1");
    }
}
