//! How the numbers of a table stood in their file, and what of it was left out.

use serde::Serialize;

use super::{Defect, Delimiter, Format};

/// How the lines of a text are laid out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Text {
    /// What separates the fields.
    pub delimiter: Delimiter,
    /// Lines left out at the beginning.
    pub skip_rows: usize,
    /// Names of the columns, if the first line has any.
    pub header: Option<Vec<String>>,
}

/// What was recognised in a file, and what was left out of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Layout {
    /// Format.
    pub format: Format,
    /// Whether it was gzipped.
    pub gzipped: bool,
    /// Shape before flattening, with the column that is left out.
    pub shape: Vec<u64>,
    /// Type of the numbers as NumPy writes it, `<f8`; `None` of text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dtype: Option<String>,
    /// Lines of text.
    #[serde(flatten)]
    pub text: Option<Text>,
    /// Column that was left out.
    pub label_column: Option<usize>,
    /// Column taken as a feature that looks like labels.
    pub label_like_column: Option<usize>,
}

impl Layout {
    pub(super) fn new(format: Format) -> Self {
        Self {
            format,
            gzipped: false,
            shape: Vec::new(),
            dtype: None,
            text: None,
            label_column: None,
            label_like_column: None,
        }
    }

    /// A word of warning where a column that looks like labels is taken as a feature.
    pub fn warning(&self) -> Option<String> {
        let column = self.label_like_column?;
        Some(format!(
            "column {column} holds a few whole numbers, each many times, and looks like labels; it is taken as a \
             feature (--label-column {column} leaves it out)"
        ))
    }
}

/// What of a file is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args)]
pub struct ReadOptions {
    /// Lines left out at the beginning of a text file; a header line is recognised.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub skip_rows: usize,
    /// Column of a file that is no feature and is left out: first, last, a number from 0, or a name of the header line.
    #[arg(long, value_name = "COLUMN")]
    pub label_column: Option<String>,
}

impl ReadOptions {
    /// Number of the column that is left out, of so many. A name of the header comes first.
    pub(super) fn label_column(
        &self,
        header: Option<&[String]>,
        columns: usize,
    ) -> Result<Option<usize>, Defect> {
        let Some(column) = self.label_column.as_deref().filter(|_| columns > 0) else { return Ok(None) };
        let named = header.and_then(|header| header.iter().position(|name| name == column));
        let found = named.or_else(|| match column {
            "first" => Some(0),
            "last" => Some(columns - 1),
            number => number.parse().ok().filter(|&number| number < columns),
        });
        found.map(Some).ok_or_else(|| Defect::NoColumn { column: column.into(), last: columns - 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_found_by_name_place_or_number() {
        let find = |column: &str, header: Option<&[String]>| {
            let options = ReadOptions { label_column: Some(column.into()), ..ReadOptions::default() };
            options.label_column(header, 3).map_err(|defect| defect.to_string())
        };
        assert_eq!(find("first", None), Ok(Some(0)));
        assert_eq!(find("last", None), Ok(Some(2)));
        assert_eq!(find("1", None), Ok(Some(1)));
        let header = ["2", "last", "y"].map(String::from);
        assert_eq!(find("y", Some(&header)), Ok(Some(2)));
        assert_eq!(find("last", Some(&header)), Ok(Some(1)));
        assert_eq!(find("2", Some(&header)), Ok(Some(0)));
        assert_eq!(
            find("\u{202e}z", Some(&header)).unwrap_err(),
            r"there is no column `\u{202e}z`: give first, last, a number from 0 to 2, or a name of the header line"
        );
        assert!(find("3", None).is_err() && find("-1", None).is_err());
    }
}
