//! The header of a `.npy` file: of Python's literals what NumPy writes, read in one pass without recursion.
//!
//! A dictionary with the keys `descr`, `fortran_order` and `shape` in any order, each once; strings without escapes,
//! `True` or `False`, and a tuple of whole numbers, which Python 2 ended with an `L`.

use super::element::{Element, Kind};
use super::{Defect, Format};
use crate::text::shortened;

/// What a header says of its array.
#[derive(Debug)]
pub(super) struct Header {
    pub element: Element,
    pub fortran_order: bool,
    pub shape: Vec<u64>,
}

/// Reads the text of a header that begins at byte `start` of the file.
pub(super) fn parse(text: &[u8], start: usize) -> Result<Header, Defect> {
    let mut cursor = Cursor { text, at: 0, start };
    let (mut element, mut fortran_order, mut shape) = (None, None, None);
    cursor.expect(b'{')?;
    while !cursor.takes(b'}') {
        let (at, key) = (cursor.at, cursor.string()?);
        cursor.expect(b':')?;
        let is_new = match key {
            b"descr" => element.replace(cursor.element()?).is_none(),
            b"fortran_order" => fortran_order.replace(cursor.boolean()?).is_none(),
            b"shape" => shape.replace(cursor.shape()?).is_none(),
            _ => return Err(cursor.refuse_at(at, format!("a key `{}` is not known", shortened(key)))),
        };
        if !is_new {
            return Err(cursor.refuse_at(at, format!("the key `{}` comes twice", shortened(key))));
        }
        if !cursor.takes(b',') {
            cursor.expect(b'}')?;
            break;
        }
    }
    if let Some(&byte) = cursor.next() {
        return Err(cursor.refuse(format!("`{}` follows the dictionary", shortened(&[byte]))));
    }
    let (Some(element), Some(fortran_order), Some(shape)) = (element, fortran_order, shape) else {
        return Err(cursor.refuse("the keys descr, fortran_order and shape are not all there".into()));
    };
    Ok(Header { element, fortran_order, shape })
}

/// A place in the text of a header. White space before a token is passed over.
struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
    start: usize,
}

impl<'a> Cursor<'a> {
    /// The first byte of the token that comes next.
    fn next(&mut self) -> Option<&'a u8> {
        self.at += self.text[self.at..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        self.text.get(self.at)
    }

    /// The bytes that come next for which something holds, without white space before them.
    fn run(&mut self, holds: impl Fn(u8) -> bool) -> &'a [u8] {
        let begin = self.at;
        self.at += self.text[begin..].iter().take_while(|&&byte| holds(byte)).count();
        &self.text[begin..self.at]
    }

    /// Passes over a token of one byte, if it comes next.
    fn takes(&mut self, token: u8) -> bool {
        let is_next = self.next() == Some(&token);
        self.at += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, token: u8) -> Result<(), Defect> {
        if self.takes(token) {
            return Ok(());
        }
        Err(self.refuse(format!("expected `{}`", char::from(token))))
    }

    fn string(&mut self) -> Result<&'a [u8], Defect> {
        let Some(&quote @ (b'\'' | b'"')) = self.next() else {
            return Err(self.refuse("expected a string".into()));
        };
        self.at += 1;
        let string = self.run(|byte| byte != quote && byte != b'\\' && !byte.is_ascii_control());
        if self.text.get(self.at) != Some(&quote) {
            return Err(self.refuse("a string does not end".into()));
        }
        self.at += 1;
        Ok(string)
    }

    fn boolean(&mut self) -> Result<bool, Defect> {
        self.next();
        match self.run(|byte| byte.is_ascii_alphanumeric()) {
            b"True" => Ok(true),
            b"False" => Ok(false),
            _ => Err(self.refuse("expected True or False".into())),
        }
    }

    fn shape(&mut self) -> Result<Vec<u64>, Defect> {
        self.expect(b'(')?;
        let mut shape = Vec::new();
        while !self.takes(b')') {
            self.next();
            let digits = self.run(|byte| byte.is_ascii_digit());
            if digits.is_empty() {
                return Err(self.refuse("expected a whole number".into()));
            }
            // What saturates is more than any file holds.
            let append =
                |number: u64, digit: &u8| number.saturating_mul(10).saturating_add((digit - b'0').into());
            shape.push(digits.iter().fold(0, append));
            self.at += usize::from(self.text.get(self.at) == Some(&b'L'));
            if !self.takes(b',') {
                self.expect(b')')?;
                break;
            }
        }
        Ok(shape)
    }

    /// The type of the elements: byte order, kind, bytes.
    fn element(&mut self) -> Result<Element, Defect> {
        let begin = self.at;
        if let Some(b'[' | b'(') = self.next() {
            let dtype = shortened(&self.text[self.at..]).to_string();
            return Err(Defect::Dtype { dtype });
        }
        let descr = self.string()?;
        let refuse =
            || Defect::Dtype { dtype: shortened(self.text[begin..self.at].trim_ascii()).to_string() };
        let &[order @ (b'<' | b'>' | b'|'), kind, digit] = descr else {
            return Err(refuse());
        };
        let (kind, sizes) = match kind {
            b'b' => (Kind::Boolean, &[1][..]),
            b'u' => (Kind::Unsigned, &[1, 2, 4, 8][..]),
            b'i' => (Kind::Signed, &[1, 2, 4, 8][..]),
            b'f' => (Kind::Float, &[2, 4, 8][..]),
            _ => return Err(refuse()),
        };
        let size = usize::from(digit.wrapping_sub(b'0'));
        // Only single bytes are without an order.
        if !sizes.contains(&size) || (order == b'|' && size > 1) {
            return Err(refuse());
        }
        Ok(Element { kind, size, big_endian: order == b'>' })
    }

    fn refuse(&self, reason: String) -> Defect {
        self.refuse_at(self.at, reason)
    }

    fn refuse_at(&self, at: usize, reason: String) -> Defect {
        Defect::Malformed { format: Format::Npy, byte: self.start + at, reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Header {
        parse(text.as_bytes(), 10).unwrap()
    }

    fn refusal(text: &str) -> String {
        parse(text.as_bytes(), 10).unwrap_err().to_string()
    }

    #[test]
    fn spellings_of_numpy_are_read() {
        let usual = "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }   \n";
        let python2 = "{'descr': '<f8', 'fortran_order': False, 'shape': (3L, 4L), }\n";
        let bare = "{\"shape\":(3,4),\"fortran_order\":False,\"descr\":\"<f8\"}";
        for text in [usual, python2, bare] {
            let header = read(text);
            assert_eq!((header.element.to_string().as_str(), header.fortran_order), ("<f8", false), "{text}");
            assert_eq!(header.shape, [3, 4], "{text}");
        }
        for (shape, values) in [("()", vec![]), ("(7,)", vec![7]), ("( 2 , 3 , 5 , )", vec![2, 3, 5])] {
            let header = read(&format!("{{'descr': '>i2', 'fortran_order': True, 'shape': {shape}}}"));
            assert_eq!((header.shape, header.fortran_order), (values, true), "{shape}");
        }
    }

    #[test]
    fn all_types_of_numbers_and_no_others() {
        let text = |descr: &str| format!("{{'descr': {descr}, 'fortran_order': False, 'shape': (1, 1)}}");
        for descr in ["|b1", "|u1", "|i1", "<u2", ">i4", "<i8", ">u8", "<f2", ">f4", "<f8"] {
            assert_eq!(read(&text(&format!("'{descr}'"))).element.to_string(), descr);
        }
        for descr in
            ["'<c16'", "'<f16'", "'|O'", "'<U3'", "'<M8[ns]'", "'|f8'", "'<i3'", "'<b2'", "'f8'", "''"]
        {
            assert!(
                refusal(&text(descr)).ends_with(&format!("got dtype {descr}")),
                "{}",
                refusal(&text(descr))
            );
        }
        let structured = refusal(&text("[('a', '<f8'), ('b', '<f8'), ('c', '<f8')]"));
        assert!(structured.ends_with("got dtype [('a', '<f8'), ('b', '<f8'), ('c', '<f8'…"), "{structured}");
    }

    #[test]
    fn anything_else_has_a_position() {
        for (text, message) in [
            ("", "(byte 10): expected `{`"),
            ("{", "(byte 11): expected a string"),
            ("{'descr' '<f8'}", "(byte 19): expected `:`"),
            ("{'descr': '<f8}", "(byte 25): a string does not end"),
            ("{'descr': '<f8\\'', }", "(byte 24): a string does not end"),
            ("{'descr': '<f8' 'shape': ()}", "(byte 26): expected `}`"),
            ("{'order': 1}", "(byte 11): a key `order` is not known"),
            ("{'shape': (), 'shape': ()}", "(byte 24): the key `shape` comes twice"),
            ("{'shape': (1 2)}", "(byte 23): expected `)`"),
            ("{'shape': (-1, 2)}", "(byte 21): expected a whole number"),
            ("{'shape': ((1, 2)}", "(byte 21): expected a whole number"),
            ("{'shape': (')',(')',(')',))))}", "(byte 21): expected a whole number"),
            ("{'shape': 3}", "(byte 20): expected `(`"),
            ("{'fortran_order': 0}", "(byte 29): expected True or False"),
            ("{'fortran_order': Falsetto}", "(byte 36): expected True or False"),
            ("{}", "(byte 12): the keys descr, fortran_order and shape are not all there"),
            ("{}\u{1b}", "(byte 12): `\\u{1b}` follows the dictionary"),
        ] {
            assert_eq!(refusal(text), format!("not a .npy file {message}"), "{text}");
        }
        let huge = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({}, 2)}}", "9".repeat(500));
        assert_eq!(read(&huge).shape, [u64::MAX, 2]);
    }
}
