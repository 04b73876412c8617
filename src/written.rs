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
        let at = at(text, name, error.span().unwrap_or(0..0));
        Error::Study { at, reason: error.message().replace('\n', " ") }
    })
}

/// Where a piece of the text begins, as `NAME:LINE:COLUMN`.
pub(crate) fn at(text: &str, name: &str, span: Range<usize>) -> String {
    let before = text.get(..span.start.min(text.len())).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("{name}:{line}:{column}")
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
