//! What separates numbers in a line of text.

use serde::Serialize;

/// What separates the fields of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Delimiter {
    /// A comma.
    #[serde(rename = ",")]
    Comma,
    /// A semicolon.
    #[serde(rename = ";")]
    Semicolon,
    /// A tab.
    #[serde(rename = "\t")]
    Tab,
    /// Any number of spaces and tabs.
    #[serde(rename = " ")]
    Spaces,
}

impl Delimiter {
    /// The delimiter of a line: the first of semicolon, comma, tab, space that it contains.
    pub(super) fn of(line: &[u8]) -> Self {
        let candidates =
            [(b';', Self::Semicolon), (b',', Self::Comma), (b'\t', Self::Tab), (b' ', Self::Spaces)];
        let found = candidates.into_iter().find(|(byte, _)| line.trim_ascii().contains(byte));
        found.map_or(Self::Comma, |(_, delimiter)| delimiter)
    }

    /// The fields of a line without the spaces around them, each with its offset.
    pub(super) fn split(self, line: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
        let separates = move |&byte: &u8| match self {
            Self::Comma => byte == b',',
            Self::Semicolon => byte == b';',
            Self::Tab => byte == b'\t',
            Self::Spaces => byte == b' ' || byte == b'\t',
        };
        line.split(separates)
            .scan(0, |next, field| {
                let at = *next;
                *next += field.len() + 1;
                Some((at, field))
            })
            .filter(move |(_, field)| self != Self::Spaces || !field.is_empty())
            .map(|(at, field)| {
                let trimmed = field.trim_ascii_start();
                (at + field.len() - trimmed.len(), trimmed.trim_ascii_end())
            })
    }
}
