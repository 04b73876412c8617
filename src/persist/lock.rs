//! A file that at most one process holds at a time.

use std::ffi::{OsStr, OsString};
use std::fs::{File, TryLockError};
use std::io::{self, Read, Write};

use cap_std::fs::{Dir, OpenOptions};

use super::file::{create_in, is_unsupported, open_with};

/// What the file says, so that no other file of its name is taken for one, or deleted.
const MARK: &[u8] = b"held by a running puremix\n";

/// A lock held on a file of its own. The system releases it however the process ends, `kill -9` included; only
/// a file with the mark is then left, which the next holder takes over.
#[derive(Debug)]
pub(super) struct Lock {
    parent: Dir,
    name: OsString,
    file: File,
    /// Whether this process made the file.
    is_new: bool,
}

impl Lock {
    /// Takes the lock, or `None` if another process holds it. A file system without locks excludes no other process.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] if there is a file of that name that is no lock; whatever the system says.
    pub fn take(parent: &Dir, name: &OsStr) -> io::Result<Option<Self>> {
        loop {
            let (mut file, is_new) = match create_in(parent, name) {
                Ok(file) => (file, true),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    match open(parent, name) {
                        Ok(file) => (file, false),
                        // Its holder deleted it between the two calls.
                        Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                        Err(error) => return Err(error),
                    }
                }
                Err(error) => return Err(error),
            };
            // Before it is locked: one who was quicker to lock it sees by the mark that it may be deleted.
            let marked = if is_new { file.write_all(MARK) } else { Ok(()) };
            match file.try_lock() {
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) if !is_unsupported(&error) => return Err(error),
                _ if !is_at(&file, parent, name) => continue,
                _ => {}
            }
            if let Err(error) = marked {
                let _ = parent.remove_file(name);
                return Err(error);
            }
            return Ok(Some(Self { parent: parent.try_clone()?, name: name.into(), file, is_new }));
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // A mark that was cut short is ours, too, and another process may have written it since this one locked the file.
        let ours = self.is_new || content(&mut self.file).is_ok_and(|content| !content.is_empty());
        // Still locked: a process that has opened it meanwhile finds that it is gone.
        if cfg!(unix) && ours && is_at(&self.file, &self.parent, &self.name) {
            let _ = self.parent.remove_file(&self.name);
        }
    }
}

/// Opens a lock that is there. An empty one was left by a process that was killed as it made it, or belongs to another program: it serves, and stays.
fn open(parent: &Dir, name: &OsStr) -> io::Result<File> {
    let refuse = || io::Error::new(io::ErrorKind::AlreadyExists, "it is in the way of the lock of this run");
    if !parent.symlink_metadata(name)?.is_file() {
        return Err(refuse());
    }
    let mut file = open_with(parent, name, OpenOptions::new().read(true).write(true))?;
    let content = content(&mut file)?;
    if MARK.starts_with(&content) { Ok(file) } else { Err(refuse()) }
}

/// The first bytes, as many as would be the mark and one more.
fn content(file: &mut File) -> io::Result<Vec<u8>> {
    use std::io::Seek;
    let mut content = Vec::new();
    file.rewind()?;
    file.take(MARK.len() as u64 + 1).read_to_end(&mut content)?;
    Ok(content)
}

/// Whether an open file is the one of a name.
#[cfg(unix)]
fn is_at(file: &File, parent: &Dir, name: &OsStr) -> bool {
    use cap_std::fs::MetadataExt as _;
    use std::os::unix::fs::MetadataExt as _;
    let here = file.metadata().ok().map(|data| (data.dev(), data.ino()));
    let there = parent.symlink_metadata(name).ok().map(|data| (data.dev(), data.ino()));
    here.is_some() && here == there
}

/// Elsewhere lock files stay.
#[cfg(not(unix))]
fn is_at(_file: &File, _parent: &Dir, _name: &OsStr) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::atomic::{AtomicU32, Ordering};

    use cap_std::ambient_authority;

    use super::*;

    const NAME: &str = ".x.lock";

    fn opened() -> (tempfile::TempDir, Dir) {
        let directory = tempfile::tempdir().unwrap();
        let dir = Dir::open_ambient_dir(directory.path(), ambient_authority()).unwrap();
        (directory, dir)
    }

    #[test]
    fn one_holds_it_at_a_time_and_nothing_is_left() {
        let (directory, dir) = opened();
        let path = directory.path().join(NAME);
        let held = Lock::take(&dir, NAME.as_ref()).unwrap().unwrap();
        assert!(Lock::take(&dir, NAME.as_ref()).unwrap().is_none());
        drop(held);
        assert!(!cfg!(unix) || !path.exists());
        // What a killed process left.
        fs::write(&path, MARK).unwrap();
        drop(Lock::take(&dir, NAME.as_ref()).unwrap().unwrap());
        assert!(!cfg!(unix) || !path.exists());
    }

    #[test]
    fn a_file_of_others_is_neither_taken_nor_deleted() {
        let (directory, dir) = opened();
        let path = directory.path().join(NAME);
        for content in ["not a lock", "held by a running puremix\nno"] {
            fs::write(&path, content).unwrap();
            let error = Lock::take(&dir, NAME.as_ref()).unwrap_err();
            assert_eq!(error.to_string(), "it is in the way of the lock of this run");
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
        fs::write(&path, "").unwrap();
        drop(Lock::take(&dir, NAME.as_ref()).unwrap().unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "", "an empty file serves, and stays");
    }

    #[test]
    fn one_who_is_quicker_than_its_maker_deletes_it() {
        let (directory, dir) = opened();
        let mut made = create_in(&dir, NAME).unwrap();
        let quicker = Lock::take(&dir, NAME.as_ref()).unwrap().unwrap();
        made.write_all(MARK).unwrap();
        assert!(matches!(made.try_lock(), Err(TryLockError::WouldBlock)));
        drop(quicker);
        assert!(!cfg!(unix) || !directory.path().join(NAME).exists());
    }

    #[test]
    fn of_many_who_come_and_go_never_two_are_inside() {
        let (directory, dir) = opened();
        let inside = AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let mut visits = 0;
                    while visits < 100 {
                        if let Some(lock) = Lock::take(&dir, NAME.as_ref()).unwrap() {
                            assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                            visits += 1;
                            inside.fetch_sub(1, Ordering::SeqCst);
                            drop(lock);
                        }
                    }
                });
            }
        });
        assert!(!cfg!(unix) || !directory.path().join(NAME).exists());
    }
}
