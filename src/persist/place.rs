//! Where a run directory is, and what its hidden neighbours are called.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::Dir;

use crate::error::{Error, Result, io_at};
use crate::text;

/// Most links in a row that are followed.
const MAX_LINKS: usize = 40;

/// The place of a run directory: its parent, held open, and its name there. Links are followed once, when the place is resolved.
#[derive(Debug)]
pub(super) struct Place {
    /// As the user wrote it.
    pub shown: PathBuf,
    /// The parent directory.
    pub parent: Dir,
    /// Its path.
    directory: PathBuf,
    /// Name in it.
    pub name: OsString,
}

impl Place {
    /// Finds where a path leads; parents that are missing are made.
    ///
    /// # Errors
    /// [`Error::Usage`] if the path has no last name or is a circle of links, [`Error::Io`].
    pub fn resolve(shown: &Path) -> Result<Self> {
        // Without a slash at the end, which would stand for what a link leads to.
        let mut path: PathBuf = shown.components().collect();
        for _ in 0..MAX_LINKS {
            let Some(name) = path.file_name() else {
                return Err(Error::Usage(format!(
                    "--out {}: give a directory of its own",
                    text::path(shown)
                )));
            };
            if let Ok(target) = fs::read_link(&path) {
                path.pop();
                path.push(target);
                continue;
            }
            let directory = match path.parent() {
                Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
                _ => PathBuf::from("."),
            };
            let open = || {
                fs::create_dir_all(&directory)?;
                Dir::open_ambient_dir(&directory, ambient_authority())
            };
            let parent = open().map_err(io_at(shown))?;
            return Ok(Self { shown: shown.into(), parent, name: name.into(), directory });
        }
        Err(Error::Usage(format!("--out {}: it is a circle of links", text::path(shown))))
    }

    /// Refuses a name that is one of a hidden neighbour of another run.
    ///
    /// # Errors
    /// [`Error::Usage`].
    pub fn refuse_neighbours(&self) -> Result<()> {
        let name = self.name.as_encoded_bytes();
        let ends = [".lock", ".partial", ".replaced", ".checkpoint"];
        if name.starts_with(b".") && ends.iter().any(|end| name.ends_with(end.as_bytes())) {
            let shown = text::path(&self.shown);
            return Err(Error::Usage(format!(
                "--out {shown}: such a name is that of a hidden neighbour of a run"
            )));
        }
        Ok(())
    }

    /// Name of a hidden neighbour. It keeps every byte of the name of the run.
    pub fn neighbour(&self, suffix: &str) -> OsString {
        let mut name = OsString::from(".");
        name.push(&self.name);
        name.push(".");
        name.push(suffix);
        name
    }

    /// Path of a name in the parent, for messages and for what can only be done by path.
    pub fn path_of(&self, name: &OsStr) -> PathBuf {
        self.directory.join(name)
    }
}
