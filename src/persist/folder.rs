//! A directory of the program's own, with a journal of the files that were created in it.
//!
//! A name is entered in the journal before its file is created, so that whatever a killed process left can be told from what others put there.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use cap_std::fs::{Dir, OpenOptions};

use super::file::{create_in, is_there, open_dir_in, open_with, others, read_in, sync_directory, tolerate};
use super::manifest::Manifest;
use super::place::Place;
use crate::error::{Error, Result, io_at};

/// The journal: [`MARK`], then a name a line; that of a directory ends with `/`.
const JOURNAL: &str = ".written";
const MARK: &str = "files that puremix has created in this directory\n";
/// Ends a name of which a disk that was full took a part only, so that it is neither a name nor the beginning of the next.
const NO_NAME: &str = "//\n";
/// Most bytes of a journal: a report has a hundred names, a training two a part.
const MAX_JOURNAL: u64 = 1 << 26;

/// An open directory with a journal.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    dir: Dir,
    /// Names in the journal.
    listed: Mutex<BTreeSet<String>>,
}

impl Folder {
    /// Makes a directory beside a place, or in the place itself.
    ///
    /// # Errors
    /// [`Error::Io`], also if there is something of that name.
    pub fn make(place: &Place, name: &OsStr) -> Result<Self> {
        let path = place.path_of(name);
        let make = || {
            place.parent.create_dir(name)?;
            let dir = open_dir_in(&place.parent, name)?;
            create_in(&dir, JOURNAL)?.write_all(MARK.as_bytes())?;
            Ok(dir)
        };
        let dir = make().map_err(io_at(&path))?;
        Ok(Self { path, dir, listed: Mutex::default() })
    }

    /// Opens what a process left there, if there is anything.
    ///
    /// # Errors
    /// [`Error::NotOurs`] if it has no journal, or holds anything that is not listed there; [`Error::Io`].
    pub fn open(place: &Place, name: &OsStr) -> Result<Option<Self>> {
        let folder = Self::look(place, name)?;
        match folder {
            Some(folder) if folder.holds_others().map_err(io_at(&folder.path))? => {
                Err(Error::NotOurs { path: folder.path })
            }
            folder => Ok(folder),
        }
    }

    /// Opens, if there is one, a directory in which others may have files, too, or that another process may be writing to.
    ///
    /// # Errors
    /// [`Error::NotOurs`] if it has no journal, [`Error::Io`].
    pub fn look(place: &Place, name: &OsStr) -> Result<Option<Self>> {
        let path = place.path_of(name);
        if !is_there(&place.parent, name).map_err(io_at(&path))? {
            return Ok(None);
        }
        let is_gone = || is_there(&place.parent, name).is_ok_and(|there| !there);
        // Another process may remove it meanwhile.
        let dir = match open_dir_in(&place.parent, name) {
            Ok(dir) => dir,
            Err(_) if is_gone() => return Ok(None),
            Err(_) => return Err(Error::NotOurs { path }),
        };
        let listed = match read_journal(&dir) {
            Ok(Some(listed)) => listed,
            _ if is_gone() => return Ok(None),
            Ok(None) => return Err(Error::NotOurs { path }),
            Err(error) => return Err(io_at(&path)(error)),
        };
        Ok(Some(Self { path, dir, listed: Mutex::new(listed) }))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The open directory.
    pub fn dir(&self) -> &Dir {
        &self.dir
    }

    /// Names of the regular files that were created in it.
    pub fn files(&self) -> Vec<String> {
        let listed = self.listed.lock().expect("no panic under this lock");
        listed.iter().filter(|name| self.is_file(name)).cloned().collect()
    }

    /// Whether it has a file of that name.
    pub fn has(&self, name: &str) -> bool {
        self.listed.lock().expect("no panic under this lock").contains(name) && self.is_file(name)
    }

    fn is_file(&self, name: &str) -> bool {
        self.dir.symlink_metadata(name).is_ok_and(|data| data.is_file())
    }

    /// Reads a file of at most so many bytes.
    pub fn read(&self, name: &str, max: u64) -> io::Result<Vec<u8>> {
        read_in(&self.dir, name, max)
    }

    /// Creates a file, or begins one anew.
    pub fn create_file(&self, name: &str) -> io::Result<File> {
        let mut listed = self.listed.lock().expect("no panic under this lock");
        if let Some((folder, _)) = name.split_once('/')
            && self.list(&mut listed, &format!("{folder}/"))?
        {
            self.dir.create_dir(folder)?;
        }
        if !self.list(&mut listed, name)? && self.is_file(name) {
            self.dir.remove_file(name)?;
        }
        create_in(&self.dir, name)
    }

    /// Writes a file that is complete whenever it is there, whatever happens meanwhile.
    pub fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let new = format!("{name}.new");
        let mut file = self.create_file(&new)?;
        file.write_all(bytes)?;
        tolerate(file.sync_all())?;
        let is_new = self.list(&mut self.listed.lock().expect("no panic under this lock"), name)?;
        if is_new && is_there(&self.dir, name)? {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("{name} is in the way")));
        }
        self.dir.rename(&new, &self.dir, name)?;
        sync_directory(&self.dir)
    }

    /// Deletes a file of its own.
    pub fn forget(&self, name: &str) {
        if self.has(name) {
            let _ = self.dir.remove_file(name);
        }
    }

    /// Waits until everything is on disk.
    pub fn sync(&self) -> io::Result<()> {
        for name in self.files() {
            tolerate(self.dir.open(&name)?.into_std().sync_all())?;
        }
        let listed = self.listed.lock().expect("no panic under this lock");
        for name in listed.iter().filter(|name| name.ends_with('/')) {
            sync_directory(&open_dir_in(&self.dir, name.trim_end_matches('/'))?)?;
        }
        sync_directory(&self.dir)
    }

    /// Drops the journal: the directory is complete, and no longer deleted as a left-over.
    pub fn seal(&self) -> io::Result<()> {
        if self.is_open()? {
            self.dir.remove_file(JOURNAL)?;
        }
        sync_directory(&self.dir)
    }

    /// Whether a neighbour was sealed: it has a manifest and no journal.
    pub fn is_sealed(place: &Place, name: &OsStr) -> bool {
        open_dir_in(&place.parent, name).is_ok_and(|dir| {
            Manifest::read(&dir).is_some() && is_there(&dir, JOURNAL).is_ok_and(|there| !there)
        })
    }

    fn holds_others(&self) -> io::Result<bool> {
        let listed = self.listed.lock().expect("no panic under this lock");
        let ours = listed.iter().map(String::as_str).chain([JOURNAL]).map(PathBuf::from).collect();
        Ok(!others(&self.dir, ours)?.is_empty())
    }

    fn is_open(&self) -> io::Result<bool> {
        is_there(&self.dir, JOURNAL)
    }

    /// Deletes what was created in it, then itself; whether it is gone. It stays as it is if it holds anything else, or was sealed.
    pub fn remove(&self, place: &Place) -> io::Result<bool> {
        let is_empty = self.dir.entries()?.next().is_none();
        if self.holds_others()? || !(is_empty || self.is_open()?) {
            return Ok(false);
        }
        let listed = self.listed.lock().expect("no panic under this lock");
        let (folders, files): (Vec<&String>, Vec<&String>) =
            listed.iter().partition(|name| name.ends_with('/'));
        for name in files {
            match self.dir.symlink_metadata(name) {
                Ok(data) if data.is_file() => self.dir.remove_file(name)?,
                Ok(_) => return Ok(false),
                Err(_) => {}
            }
        }
        for name in folders.iter().map(|name| name.trim_end_matches('/')) {
            if is_there(&self.dir, name)? {
                self.dir.remove_dir(name)?;
            }
        }
        if self.is_open()? {
            self.dir.remove_file(JOURNAL)?;
        }
        place.parent.remove_dir(self.path.file_name().unwrap_or(OsStr::new(".")))?;
        Ok(true)
    }

    /// Enters a name; whether it is new.
    fn list(&self, listed: &mut BTreeSet<String>, name: &str) -> io::Result<bool> {
        debug_assert!(!name.contains('\n'));
        if listed.contains(name) {
            return Ok(false);
        }
        let mut journal = open_with(&self.dir, JOURNAL, OpenOptions::new().read(true).append(true))?;
        let end = if is_cut_short(&mut journal)? { NO_NAME } else { "" };
        journal.write_all(format!("{end}{name}\n").as_bytes())?;
        // Before the file: what is not listed is not ours, after a power cut either.
        tolerate(journal.sync_data())?;
        Ok(listed.insert(name.into()))
    }
}

/// Whether the last name of a journal lacks its end.
fn is_cut_short(journal: &mut File) -> io::Result<bool> {
    let mut last = [b'\n'];
    if journal.seek(SeekFrom::End(0))? > 0 {
        journal.seek(SeekFrom::End(-1))?;
        journal.read_exact(&mut last)?;
    }
    Ok(last != *b"\n")
}

/// The names in the journal of a directory; none if it has no journal. A process may have been killed before it wrote anything.
fn read_journal(dir: &Dir) -> io::Result<Option<BTreeSet<String>>> {
    let look = || match read_in(dir, JOURNAL, MAX_JOURNAL) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidInput) => {
            Ok(None)
        }
        Err(error) => Err(error),
    };
    let mut journal = look()?;
    if journal.is_none() {
        if dir.entries()?.next().is_none() {
            return Ok(Some(BTreeSet::new()));
        }
        // The process that made the directory may have begun its journal between the two looks: it is the first file.
        journal = look()?;
    }
    Ok(journal.and_then(|journal| names_in(&journal)))
}

/// The names in a journal; none if it is no journal.
pub(super) fn names_in(journal: &[u8]) -> Option<BTreeSet<String>> {
    let journal = String::from_utf8_lossy(journal);
    let Some(names) = journal.strip_prefix(MARK) else {
        return MARK.starts_with(&*journal).then(BTreeSet::new);
    };
    // A name without its end was never created. A path that leads out of the directory was not written here.
    let whole = names.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let is_plain = |name: &&str| {
        let name = name.strip_suffix('/').unwrap_or(name);
        !name.is_empty() && name.split('/').all(|part| !["", ".", ".."].contains(&part))
    };
    Some(whole.split('\n').filter(is_plain).map(String::from).collect())
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;

    use super::*;

    const NAME: &str = ".run.checkpoint";

    fn place() -> (tempfile::TempDir, Place) {
        let directory = tempfile::tempdir().unwrap();
        let place = Place::resolve(&directory.path().join("run")).unwrap();
        (directory, place)
    }

    #[test]
    fn a_name_that_lacks_its_end_is_no_part_of_the_next() {
        let (_directory, place) = place();
        let folder = Folder::make(&place, NAME.as_ref()).unwrap();
        folder.replace("job.json", b"{}").unwrap();
        let mut journal = OpenOptions::new().append(true).open(folder.path().join(JOURNAL)).unwrap();
        // There was no room for more than this.
        journal.write_all(b"par").unwrap();
        folder.replace("part-0", b"x").unwrap();
        let left = Folder::open(&place, NAME.as_ref()).unwrap().unwrap();
        assert_eq!(left.files(), ["job.json", "part-0"]);
        assert!(!left.listed.lock().unwrap().iter().any(|name| name.starts_with("par/") || name == "par"));
        assert!(left.remove(&place).unwrap());
    }
}
