//! A single file that is complete whenever it is there.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use super::file::{create_in, tolerate};
use super::place::Place;
use crate::error::{Error, Result, io_at};

/// Writes a file beside its place and moves it there. A link is followed; what is there and no regular file is refused.
///
/// # Errors
/// [`Error::InTheWay`], [`Error::Usage`], [`Error::Io`].
pub(crate) fn publish(path: &Path, bytes: &[u8]) -> Result<()> {
    beside(path, |file, place, new| {
        file.write_all(bytes)?;
        tolerate(file.sync_all())?;
        place.parent.rename(new, &place.parent, &place.name)
    })
}

/// Tries, before any work, whether a file can be written beside its place.
///
/// # Errors
/// As [`publish`].
pub(crate) fn rehearse(path: &Path) -> Result<()> {
    beside(path, |_, place, new| place.parent.remove_file(new))
}

/// Creates a hidden file beside a place and does something with it; it does not stay if that fails.
fn beside(path: &Path, act: impl FnOnce(&mut File, &Place, &Path) -> io::Result<()>) -> Result<()> {
    let place = Place::resolve(path)?;
    if place.parent.symlink_metadata(&place.name).is_ok_and(|data| !data.is_file()) {
        return Err(Error::InTheWay { path: path.into() });
    }
    // One of an earlier process with this number may be left.
    let names = (0..100).map(|k| place.neighbour(&format!("{}-{k}.partial", std::process::id())));
    let mut created = names.map(|name| create_in(&place.parent, Path::new(&name)).map(|file| (file, name)));
    let free = created.find(|created| !matches!(created, Err(e) if e.kind() == io::ErrorKind::AlreadyExists));
    let full = || io::Error::from(io::ErrorKind::AlreadyExists);
    let (mut file, name) = free.unwrap_or_else(|| Err(full())).map_err(io_at(path))?;
    let new = Path::new(&name);
    act(&mut file, &place, new).map_err(|error| {
        let _ = place.parent.remove_file(new);
        io_at(path)(error)
    })
}
