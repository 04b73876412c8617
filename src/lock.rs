//! A file that at most one process holds at a time.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// A lock held on a file of its own. The system lets go of it however the process ends, `kill -9` included; only
/// an empty file is then left, which the next holder takes over.
#[derive(Debug)]
pub(crate) struct Lock {
    path: PathBuf,
    _file: File,
}

impl Lock {
    /// Takes the lock, or `None` if somebody else holds it. Where the file system knows no locks nobody is kept out.
    pub fn take(path: PathBuf) -> io::Result<Option<Self>> {
        loop {
            let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path)?;
            match file.try_lock() {
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) if error.kind() != io::ErrorKind::Unsupported => {
                    return Err(error);
                }
                _ if is_at(&file, &path) => return Ok(Some(Self { path, _file: file })),
                // Its last holder removed the file between the two calls: once more.
                _ => {}
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Still locked: whoever opened it meanwhile finds that it is gone.
        if cfg!(unix) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Whether an open file is the one at a path.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |data: io::Result<fs::Metadata>| data.ok().map(|data| (data.dev(), data.ino()));
    let here = identity(file.metadata());
    here.is_some() && here == identity(fs::metadata(path))
}

/// Elsewhere lock files stay.
#[cfg(not(unix))]
fn is_at(_file: &File, _path: &Path) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holds_it_at_a_time_and_nothing_is_left() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(".x.lock");
        let held = Lock::take(path.clone()).unwrap().unwrap();
        assert!(Lock::take(path.clone()).unwrap().is_none());
        drop(held);
        assert!(!cfg!(unix) || !path.exists());
        // What a killed process left.
        fs::write(&path, "").unwrap();
        drop(Lock::take(path.clone()).unwrap().unwrap());
        assert!(Lock::take(directory.path().join("no/such/place")).is_err());
    }

    #[test]
    fn of_many_who_come_and_go_never_two_are_inside() {
        use std::sync::atomic::{AtomicU32, Ordering};
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(".x.lock");
        let inside = AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let mut visits = 0;
                    while visits < 100 {
                        if let Some(lock) = Lock::take(path.clone()).unwrap() {
                            assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                            visits += 1;
                            inside.fetch_sub(1, Ordering::SeqCst);
                            drop(lock);
                        }
                    }
                });
            }
        });
    }
}
