//! Regular files, the only ones that are read: a FIFO would hang, a device would never end.

use std::fs::{self, File, FileType};
use std::io::Read;
use std::path::Path;

use crate::error::{Error, Result, io_at};

/// Opens a regular file, or a link to one, to read.
///
/// # Errors
/// [`Error::NotRegular`] before anything is opened; [`Error::Io`].
pub(crate) fn open(path: &Path) -> Result<File> {
    check(path, fs::metadata(path).map_err(io_at(path))?.file_type())?;
    let file = File::open(path).map_err(io_at(path))?;
    // The name may have passed to something else meanwhile.
    check(path, file.metadata().map_err(io_at(path))?.file_type())?;
    Ok(file)
}

/// Reads a regular file of at most so many bytes.
///
/// # Errors
/// [`Error::NotRegular`], [`Error::File`] if it is larger, [`Error::Io`].
pub(crate) fn read(path: &Path, max: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.take(max + 1).read_to_end(&mut bytes).map_err(io_at(path))?;
    if bytes.len() as u64 > max {
        return Err(Error::File { path: path.into(), reason: format!("it has more than {max} bytes") });
    }
    Ok(bytes)
}

fn check(path: &Path, kind: FileType) -> Result<()> {
    if kind.is_file() { Ok(()) } else { Err(Error::NotRegular { path: path.into(), kind: name(kind) }) }
}

fn name(kind: FileType) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if kind.is_fifo() {
            return "a FIFO or pipe";
        } else if kind.is_socket() {
            return "a socket";
        } else if kind.is_char_device() || kind.is_block_device() {
            return "a device";
        }
    }
    if kind.is_dir() { "a directory" } else { "something else" }
}
