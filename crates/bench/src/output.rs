//! The file of `--out`: complete whenever it is there.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use puremix::error::{Error, Result};
use tempfile::NamedTempFile;

/// Most links in a row that are followed.
const MAX_LINKS: usize = 40;

/// Tries, before any work, whether a file can be written beside its place.
///
/// # Errors
/// [`Error::InTheWay`], [`Error::Io`].
pub fn rehearse(path: &Path) -> Result<()> {
    beside(path).map(drop)
}

/// Writes a file beside its place and moves it there. A link is followed; what is there and no regular file is refused.
///
/// # Errors
/// As [`rehearse`].
pub fn publish(path: &Path, bytes: &[u8]) -> Result<()> {
    let (place, mut file) = beside(path)?;
    file.write_all(bytes).and_then(|()| synchronise(file.as_file())).map_err(at(path))?;
    file.persist(place).map_err(|failed| at(path)(failed.error)).map(drop)
}

/// Where a path leads, and a new hidden file beside that, which goes unless it is moved.
fn beside(path: &Path) -> Result<(PathBuf, NamedTempFile)> {
    // Without a slash at the end, which would stand for what a link leads to.
    let mut place: PathBuf = path.components().collect();
    // Links are followed to where there may be nothing yet. One that is left, of a circle, is in the way.
    for _ in 0..MAX_LINKS {
        let Ok(target) = fs::read_link(&place) else { break };
        place.pop();
        place.push(target);
    }
    if place.file_name().is_none() || fs::symlink_metadata(&place).is_ok_and(|there| !there.is_file()) {
        return Err(Error::InTheWay { path: path.into() });
    }
    let directory = match place.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(directory).map_err(at(path))?;
    let mut new = tempfile::Builder::new();
    // With the mode that new files have here, not that of a secret.
    let new = new.prefix(".").suffix(".partial").make_in(directory, |name| File::create_new(name));
    Ok((place, new.map_err(at(path))?))
}

/// Waits until a file is on disk. Some file systems do not know how to.
fn synchronise(file: &File) -> io::Result<()> {
    match file.sync_all() {
        Err(error) if matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::InvalidInput) => {
            Ok(())
        }
        result => result,
    }
}

fn at(path: &Path) -> impl Fn(io::Error) -> Error {
    move |source| Error::Io { path: path.into(), source }
}
