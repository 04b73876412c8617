//! A directory that goes with a run and stays when that is finished: `NAME-ENDING`, beside `NAME`.
//!
//! What this program writes there is in its journal, and nothing else is ever replaced. Others may put files there, too.

use std::fs;
use std::path::{Path, PathBuf};

use super::folder::Folder;
use super::place::Place;
use super::run_dir::RunDir;
use crate::error::{Error, Result, io_at};

/// Most bytes of a file that is read back.
const MAX: u64 = 1 << 24;

/// The directory, made once something is written.
#[derive(Debug)]
pub(crate) struct Beside {
    place: Place,
    /// The path of the run, without links.
    run: PathBuf,
}

impl Beside {
    /// The directory that goes with the run in `out`.
    ///
    /// # Errors
    /// As of the place of any run.
    pub fn of(out: &Path, ending: &str) -> Result<Self> {
        let run = Place::resolve(out)?;
        let parent = run.path_of(".".as_ref());
        let parent = fs::canonicalize(&parent).map_err(io_at(parent))?;
        let mut name = run.name.clone();
        name.push(format!("-{ending}"));
        Ok(Self { place: Place::resolve(&parent.join(name))?, run: parent.join(run.name) })
    }

    /// Its path, without links.
    pub fn path(&self) -> &Path {
        &self.place.shown
    }

    /// The path of the run, without links.
    pub fn run(&self) -> &Path {
        &self.run
    }

    /// Excludes other processes that would write there, until dropped.
    ///
    /// # Errors
    /// [`Error::Busy`] if another process was first; as of the place of any run.
    pub fn lock(&self) -> Result<RunDir> {
        RunDir::claim(Some(self.path()), "")
    }

    /// Writes a file, which is as it was or as it will be, whatever happens meanwhile.
    ///
    /// # Errors
    /// [`Error::NotOurs`] if the directory is none of this program; [`Error::Io`], also if a file of that name is none of its own.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let made = || Folder::make(&self.place, &self.place.name);
        let folder = self.folder()?.map_or_else(made, Ok)?;
        folder.replace(name, bytes).map_err(io_at(self.path().join(name)))
    }

    /// Reads a text that was written there, if it was.
    ///
    /// # Errors
    /// [`Error::NotOurs`] if the directory is none of this program; [`Error::Io`].
    pub fn read(&self, name: &str) -> Result<Option<String>> {
        let path = self.path().join(name);
        let Some(folder) = self.folder()?.filter(|folder| folder.has(name)) else { return Ok(None) };
        let bytes = folder.read(name, MAX).map_err(io_at(&path))?;
        String::from_utf8(bytes).map(Some).map_err(|e| Error::File { path, reason: e.to_string() })
    }

    fn folder(&self) -> Result<Option<Folder>> {
        Folder::look(&self.place, &self.place.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_files_are_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let out = directory.path().join("run");
        let beside = Beside::of(&out, "x").unwrap();
        assert!(beside.read("a").unwrap().is_none() && !beside.path().exists());
        beside.write("a", b"1").unwrap();
        fs::write(directory.path().join("run-x/log"), "of others").unwrap();
        beside.write("a", b"2").unwrap();
        assert_eq!(beside.read("a").unwrap().as_deref(), Some("2"));
        let error = beside.write("log", b"3").unwrap_err().to_string();
        assert!(error.contains("log is in the way"), "{error}");
        assert_eq!(fs::read_to_string(directory.path().join("run-x/log")).unwrap(), "of others");
        fs::create_dir(directory.path().join("other-x")).unwrap();
        fs::write(directory.path().join("other-x/a"), "of others").unwrap();
        let other = Beside::of(&directory.path().join("other"), "x").unwrap();
        assert!(matches!(other.write("a", b"4"), Err(Error::NotOurs { .. })));
    }
}
