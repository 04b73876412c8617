//! A single file that is complete whenever it is there.

use std::io::Write;
use std::path::Path;

use super::file::{create_in, tolerate};
use super::place::Place;
use crate::error::{Error, Result, io_at};

/// Writes a file beside its place and moves it there. A link is followed; what is there and no regular file is refused.
///
/// # Errors
/// [`Error::InTheWay`], [`Error::Usage`], [`Error::Io`].
pub(crate) fn publish(path: &Path, bytes: &[u8]) -> Result<()> {
    let place = Place::resolve(path)?;
    if place.parent.symlink_metadata(&place.name).is_ok_and(|data| !data.is_file()) {
        return Err(Error::InTheWay { path: path.into() });
    }
    let new = place.neighbour(&format!("{}.partial", std::process::id()));
    let write = || {
        let mut file = create_in(&place.parent, Path::new(&new))?;
        file.write_all(bytes)?;
        tolerate(file.sync_all())?;
        place.parent.rename(&new, &place.parent, &place.name)
    };
    write().map_err(|error| {
        let _ = place.parent.remove_file(&new);
        io_at(path)(error)
    })
}
