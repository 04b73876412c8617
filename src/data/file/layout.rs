//! How the numbers of a table stood in their file.

use serde::Serialize;

use super::{Format, Text};

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
