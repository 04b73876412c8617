//! A text of the user, and where it stands.

use crate::error::{Error, Result};
use crate::text::is_unsafe;

/// A value or a name in a study file or on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Given {
    /// As it was written, numbers without `_`.
    pub text: String,
    /// `FILE:LINE:COLUMN`, or the option of the command line.
    pub at: String,
}

impl Given {
    pub fn new(text: impl Into<String>, at: impl Into<String>) -> Self {
        Self { text: text.into(), at: at.into() }
    }

    /// A text that is shown as it is.
    ///
    /// # Errors
    /// [`Error::Study`] if a terminal would obey characters of it.
    pub fn checked(text: impl Into<String>, at: impl Into<String>) -> Result<Self> {
        let given = Self::new(text, at);
        if given.text.contains(is_unsafe) {
            Err(given.refuse("it has characters that a terminal would obey"))
        } else {
            Ok(given)
        }
    }

    /// An error at this place.
    pub fn refuse(&self, reason: impl Into<String>) -> Error {
        Error::Study { at: self.at.clone(), reason: reason.into() }
    }
}
