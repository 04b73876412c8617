//! Files in open directories: read only if they are regular, created only anew, synced where the file system can.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use cap_fs_ext::{DirExt, FollowSymlinks, OpenOptionsFollowExt};
use cap_std::fs::{Dir, OpenOptions};

/// Reads a regular file of at most so many bytes in an open directory.
pub(super) fn read_in(directory: &Dir, name: impl AsRef<Path>, max: u64) -> io::Result<Vec<u8>> {
    let file = open_in(directory, name)?;
    if !file.metadata()?.is_file() {
        return Err(not_regular());
    }
    let mut bytes = Vec::new();
    if file.take(max + 1).read_to_end(&mut bytes)? as u64 > max {
        let reason = format!("it has more than {max} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
    }
    Ok(bytes)
}

/// Opens a regular file in an open directory.
pub(super) fn open_in(directory: &Dir, name: impl AsRef<Path>) -> io::Result<File> {
    if !directory.symlink_metadata(&name)?.is_file() {
        return Err(not_regular());
    }
    open_with(directory, name, OpenOptions::new().read(true))
}

/// Creates a file in an open directory, where there must be nothing of that name.
pub(super) fn create_in(directory: &Dir, name: impl AsRef<Path>) -> io::Result<File> {
    open_with(directory, name, OpenOptions::new().write(true).create_new(true))
}

/// Opens a file in an open directory, where links are not followed.
pub(super) fn open_with(dir: &Dir, name: impl AsRef<Path>, options: &mut OpenOptions) -> io::Result<File> {
    Ok(dir.open_with(name, options.follow(FollowSymlinks::No))?.into_std())
}

/// Opens a directory in an open directory, unless it is a link.
pub(super) fn open_dir_in(directory: &Dir, name: impl AsRef<Path>) -> io::Result<Dir> {
    directory.open_dir_nofollow(name)
}

/// Whether there is anything of that name.
pub(super) fn is_there(directory: &Dir, name: impl AsRef<Path>) -> io::Result<bool> {
    match directory.symlink_metadata(name) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Paths in a directory that are not `listed`, in order; a directory that holds nothing that is counts as a whole.
pub(super) fn others(dir: &Dir, listed: BTreeSet<PathBuf>) -> io::Result<Vec<PathBuf>> {
    let mut others = Vec::new();
    collect(dir, Path::new(""), &listed, &mut others)?;
    others.sort();
    Ok(others)
}

fn collect(
    dir: &Dir,
    inside: &Path,
    listed: &BTreeSet<PathBuf>,
    others: &mut Vec<PathBuf>,
) -> io::Result<()> {
    for entry in dir.entries()? {
        let name = entry?.file_name();
        let path = inside.join(&name);
        let holds_listed = listed.iter().any(|file| file != &path && file.starts_with(&path));
        if holds_listed && let Ok(folder) = open_dir_in(dir, &name) {
            collect(&folder, &path, listed, others)?;
        } else if !listed.contains(&path) {
            others.push(path);
        }
    }
    Ok(())
}

/// Waits until the names in a directory are on disk.
pub(super) fn sync_directory(directory: &Dir) -> io::Result<()> {
    // The handle itself may be one that only stands for a path.
    tolerate(directory.open(".")?.into_std().sync_all())
}

/// Takes "not supported" for done: some file systems cannot sync a directory.
pub(super) fn tolerate(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if is_unsupported(&error) => Ok(()),
        result => result,
    }
}

/// Whether a file system says that it lacks a service (`EINVAL`, `ENOSYS`, `EOPNOTSUPP`, `ENOLCK`), not that the service failed.
pub(super) fn is_unsupported(error: &io::Error) -> bool {
    const ENOLCK: i32 = if cfg!(target_os = "linux") { 37 } else { 77 };
    matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::InvalidInput)
        || (cfg!(unix) && error.raw_os_error() == Some(ENOLCK))
}

fn not_regular() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_service_is_no_failure() {
        for code in [22, 38, 95, 37] {
            assert!(
                cfg!(not(target_os = "linux")) || tolerate(Err(io::Error::from_raw_os_error(code))).is_ok(),
                "{code}"
            );
        }
        for code in [5, 28, 13] {
            assert!(tolerate(Err(io::Error::from_raw_os_error(code))).is_err(), "{code}");
        }
    }
}
