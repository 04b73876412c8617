//! Text of a user or a file, made safe to show on a terminal; numbers as people read them.

use std::borrow::Cow;
use std::fmt::{self, Write};
use std::path::Path;

pub use puremix_dynamics::text::number;

/// Characters that a message repeats of a field, a name or a header.
const REPEATED: usize = 40;

/// Shows text with its control characters, bidirectional marks and line separators as `\u{…}`, and bytes that are not
/// UTF-8 as `\x…`. The text itself is left as it is: two names that differ stay different.
#[derive(Clone, Copy, Debug)]
pub struct Escaped<'a> {
    text: &'a [u8],
    max: usize,
}

/// All of a text, escaped.
pub(crate) fn escaped(text: &(impl AsRef<[u8]> + ?Sized)) -> Escaped<'_> {
    Escaped { text: text.as_ref(), max: usize::MAX }
}

/// The beginning of a text, escaped.
pub(crate) fn shortened(text: &(impl AsRef<[u8]> + ?Sized)) -> Escaped<'_> {
    Escaped { text: text.as_ref(), max: REPEATED }
}

/// A path, escaped.
pub fn path(path: &Path) -> Escaped<'_> {
    escaped(path.as_os_str().as_encoded_bytes())
}

/// A path as it is written into a file to be read back; bytes that are not UTF-8 are escaped, for want of anything better.
pub(crate) fn name(path: &Path) -> String {
    path.to_str().map_or_else(|| self::path(path).to_string(), String::from)
}

/// A word of a command line, in quotes where a shell would take it apart.
pub fn quoted(word: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_alphanumeric() || "_-./:,=+@%^".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.into();
    }
    format!("'{}'", word.replace('\'', r"'\''")).into()
}

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let mut shown = 0;
        for chunk in self.text.utf8_chunks() {
            for character in chunk.valid().chars() {
                if shown == self.max {
                    return f.write_char('…');
                }
                if is_unsafe(character) {
                    write!(f, "{}", character.escape_default())?;
                } else {
                    f.write_char(character)?;
                }
                shown += 1;
            }
            for byte in chunk.invalid() {
                if shown == self.max {
                    return f.write_char('…');
                }
                write!(f, "\\x{byte:02x}")?;
                shown += 1;
            }
        }
        Ok(())
    }
}

/// Whether a character moves the cursor, changes the direction of text, or breaks the line.
pub(crate) fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_spelled_out() {
        assert_eq!(
            escaped("a\u{1b}[2J\r\n\tb\u{9b}0m\u{7f}").to_string(),
            r"a\u{1b}[2J\r\n\tb\u{9b}0m\u{7f}"
        );
        assert_eq!(escaped("gpj\u{202e}\u{2066}\u{200f}").to_string(), r"gpj\u{202e}\u{2066}\u{200f}");
        // Quotes, backslashes, accents and other scripts stay.
        assert_eq!(escaped(r#"C:\"naïve" 数据'"#).to_string(), r#"C:\"naïve" 数据'"#);
        assert_eq!(escaped(b"a\xffb\xc3").to_string(), r"a\xffb\xc3");
    }

    #[test]
    fn words_of_a_command_survive_a_shell() {
        assert_eq!(quoted("runs/a-1_b.npy"), "runs/a-1_b.npy");
        assert_eq!(quoted("equicorrelated:-0.1"), "equicorrelated:-0.1");
        assert_eq!(quoted("sp ace"), "'sp ace'");
        assert_eq!(quoted("it's $x"), r"'it'\''s $x'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn long_text_is_cut() {
        assert_eq!(shortened(&"x".repeat(40)).to_string(), "x".repeat(40));
        assert_eq!(shortened(&"é".repeat(41)).to_string(), format!("{}…", "é".repeat(40)));
        assert_eq!(shortened(&[0xff; 99]).to_string(), format!("{}…", r"\xff".repeat(40)));
    }

    #[test]
    fn numbers_are_short_and_right() {
        for (x, text) in [
            (0.0, "0"),
            (1.0, "1"),
            (-0.5, "-0.5"),
            (0.99771234, "0.99771"),
            (1e-12, "1.00e-12"),
            (12345.6, "12346"),
            (100.0, "100"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(number(x), text);
        }
    }
}
