//! The bytes of a file, unpacked on the way if they are gzipped. What is read is counted, and bounded.

use std::io::{self, BufRead, BufReader, Cursor, ErrorKind, Read};

use flate2::read::MultiGzDecoder;

use super::Defect;

/// Most bytes read of a file, unpacked: 32 for each of the most numbers that are taken.
const MAX_BYTES: u64 = 32 * super::MAX_NUMBERS as u64;

/// Most bytes of a line of text.
const MAX_LINE: u64 = 1 << 26;

/// Bytes at the beginning that tell what a file is.
const HEAD: u64 = 8;

/// A file being read from its beginning to its end.
pub(super) struct Input<'a> {
    bytes: Box<dyn BufRead + 'a>,
    head: Vec<u8>,
    gzipped: bool,
    position: u64,
    /// Lines read so far.
    lines: u64,
}

/// Where a line begins, and which one it is, from 1 on.
#[derive(Clone, Copy, Default)]
pub(super) struct Place {
    pub line: u64,
    pub byte: u64,
}

impl<'a> Input<'a> {
    pub fn new(bytes: impl Read + 'a) -> Result<Self, Defect> {
        let (head, bytes) = begin(bytes).map_err(|error| refuse(false, 0, &error))?;
        if !head.starts_with(&[0x1f, 0x8b]) {
            return Ok(Self { bytes: Box::new(bytes), head, gzipped: false, position: 0, lines: 0 });
        }
        let unpacked = MultiGzDecoder::new(bytes);
        let (head, bytes) = begin(unpacked).map_err(|error| refuse(true, 0, &error))?;
        Ok(Self { bytes: Box::new(bytes), head, gzipped: true, position: 0, lines: 0 })
    }

    /// The first eight bytes, unpacked; fewer if there are no more. They are still to be read.
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// Whether it is a gzip stream.
    pub fn is_gzipped(&self) -> bool {
        self.gzipped
    }

    /// Bytes read so far, unpacked.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Fills a buffer; an error if the file ends before `expected` bytes of it have been read in all.
    pub fn fill(&mut self, buffer: &mut [u8], expected: u128) -> Result<(), Defect> {
        let mut filled = 0;
        while filled < buffer.len() {
            let read = match self.bytes.read(&mut buffer[filled..]) {
                Ok(0) => return Err(Defect::Truncated { end: self.position, expected }),
                Err(error) if error.kind() == ErrorKind::Interrupted => 0,
                read => read.map_err(|error| refuse(self.gzipped, self.position, &error))?,
            };
            filled += read;
            self.advance(read)?;
        }
        Ok(())
    }

    /// Reads a line without its end, `\n` or `\r\n`, which the last one may lack; where it begins, or `None` at the end.
    pub fn line(&mut self, line: &mut Vec<u8>) -> Result<Option<Place>, Defect> {
        line.clear();
        self.lines += 1;
        let start = self.position;
        let read = (&mut self.bytes)
            .take(MAX_LINE + 1)
            .read_until(b'\n', line)
            .map_err(|error| refuse(self.gzipped, start + line.len() as u64, &error))?;
        self.advance(read)?;
        if line.pop_if(|last| *last == b'\n').is_some() {
            line.pop_if(|last| *last == b'\r');
        } else if read as u64 > MAX_LINE {
            return Err(Defect::LongLine { line: self.lines, byte: start, max: MAX_LINE });
        }
        Ok((read > 0).then_some(Place { line: self.lines, byte: start }))
    }

    /// Refuses what follows the end of the data.
    pub fn end(&mut self) -> Result<(), Defect> {
        let byte = self.position;
        match self.bytes.fill_buf() {
            Ok([]) => Ok(()),
            Ok(_) => Err(Defect::Trailing { byte }),
            Err(error) => Err(refuse(self.gzipped, byte, &error)),
        }
    }

    fn advance(&mut self, bytes: usize) -> Result<(), Defect> {
        self.position += bytes as u64;
        if self.position > MAX_BYTES { Err(Defect::TooLong { max: MAX_BYTES }) } else { Ok(()) }
    }
}

/// The first bytes, and a reader of all.
fn begin(bytes: impl Read) -> io::Result<(Vec<u8>, impl BufRead)> {
    let (mut head, mut bytes) = (Vec::new(), BufReader::new(bytes));
    (&mut bytes).take(HEAD).read_to_end(&mut head)?;
    Ok((head.clone(), Cursor::new(head).chain(bytes)))
}

fn refuse(gzipped: bool, byte: u64, error: &io::Error) -> Defect {
    let reason = error.to_string();
    if gzipped { Defect::Gzip { reason, unpacked: byte } } else { Defect::Unreadable { byte, reason } }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A reader of eight bytes at a time that is interrupted before each.
    struct Interrupted<R>(R, bool);

    impl<R: Read> Read for Interrupted<R> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            let few = buffer.len().min(8);
            if self.1 { Err(ErrorKind::Interrupted.into()) } else { self.0.read(&mut buffer[..few]) }
        }
    }

    #[test]
    fn an_interrupted_read_is_repeated() {
        let mut input = Input::new(Interrupted(&b"0123456789abcdef"[..], false)).unwrap();
        // Beyond the head, so that the reader is asked again.
        let mut all = [0; 16];
        input.fill(&mut all, 16).unwrap();
        assert_eq!((&all, input.position()), (b"0123456789abcdef", 16));
    }

    #[test]
    fn a_line_may_have_as_many_bytes_as_are_allowed_and_no_more() {
        let line = |bytes: u64| {
            let mut line = Vec::new();
            Input::new(io::repeat(b'7').take(bytes))
                .unwrap()
                .line(&mut line)
                .map(|place| (place.is_some(), line.len()))
        };
        assert_eq!(line(MAX_LINE).ok(), Some((true, MAX_LINE as usize)));
        let refusal = line(MAX_LINE + 1).unwrap_err();
        assert!(matches!(refusal, Defect::LongLine { line: 1, byte: 0, max: MAX_LINE }), "{refusal}");
    }

    #[test]
    fn as_many_bytes_are_read_as_are_allowed_and_no_more() {
        let mut input = Input::new(&b"abcde"[..]).unwrap();
        input.position = MAX_BYTES - 3;
        input.fill(&mut [0; 3], 0).unwrap();
        let refusal = input.fill(&mut [0; 1], 0).unwrap_err();
        assert!(matches!(refusal, Defect::TooLong { max: MAX_BYTES }), "{refusal}");
    }
}
