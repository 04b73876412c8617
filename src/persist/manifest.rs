//! The files of a finished run, with their checksums: what may be deleted when another run takes its place.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use cap_std::fs::Dir;
use serde::{Deserialize, Serialize};

use super::file::{open_in, others, read_in};
use super::folder::Folder;
use super::store::CHECKSUM;

/// Its name in the run directory.
pub(super) const MANIFEST: &str = "manifest.json";
/// Most bytes that it may have.
const MAX: u64 = 1 << 24;

/// What a file held when it was written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Stamp {
    bytes: u64,
    /// CRC-64/XZ, in hexadecimal.
    crc64: String,
}

/// `manifest.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// Version of this crate that wrote the run.
    puremix: String,
    /// Checksum of the manifest of the run that gave way to this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    replaces: Option<String>,
    files: BTreeMap<String, Stamp>,
}

impl Manifest {
    /// Of the files that were written in a folder, and of others that keep their place in the list; in place of another run.
    pub fn of(
        folder: &Folder,
        carried: &BTreeMap<String, Stamp>,
        replaced: Option<&Self>,
    ) -> io::Result<Self> {
        let stamped = |name: String| Ok((name.clone(), stamp(folder.dir(), &name)?));
        let mut files = folder.files().into_iter().map(stamped).collect::<io::Result<BTreeMap<_, _>>>()?;
        files.extend(carried.clone());
        Ok(Self { puremix: env!("CARGO_PKG_VERSION").into(), replaces: replaced.map(Self::checksum), files })
    }

    /// What tells this manifest from others.
    fn checksum(&self) -> String {
        let bytes = serde_json::to_vec(self).expect("made of strings and numbers");
        format!("{:016x}", CHECKSUM.checksum(&bytes))
    }

    /// Whether the run of this manifest took the place of that of another.
    pub fn replaces(&self, other: &Self) -> bool {
        self.replaces.as_ref() == Some(&other.checksum())
    }

    /// A file with what it held when it was written.
    pub fn stamp(&self, name: &str) -> Option<(String, Stamp)> {
        self.files.get_key_value(name).map(|(name, stamp)| (name.clone(), stamp.clone()))
    }

    /// Of the finished run in a directory; none if that has no manifest.
    pub fn read(dir: &Dir) -> Option<Self> {
        Self::parse(&read_in(dir, MANIFEST, MAX).ok()?)
    }

    /// From its text; none if that is no manifest, or lists a path that leads out of the directory.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let manifest: Self = serde_json::from_slice(text).ok()?;
        let is_plain = |name: &String| name.split('/').all(|part| !["", ".", ".."].contains(&part));
        manifest.files.keys().all(is_plain).then_some(manifest)
    }

    /// Names of the files, without the manifest itself.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// Whether a file is there as it was written.
    pub fn is_whole(&self, dir: &Dir, name: &str) -> bool {
        self.files.get(name).is_some_and(|then| stamp(dir, name).is_ok_and(|now| now == *then))
    }

    /// Files that hold something else than what was written.
    pub fn changed(&self, dir: &Dir) -> impl Iterator<Item = &str> {
        self.files().filter(|name| dir.symlink_metadata(name).is_ok() && !self.is_whole(dir, name))
    }

    /// The first file that is missing or changed.
    pub fn first_defect(&self, dir: &Dir) -> Option<&str> {
        self.files().find(|name| !self.is_whole(dir, name))
    }

    /// What a directory holds besides its files.
    fn others(&self, dir: &Dir) -> io::Result<Vec<PathBuf>> {
        others(dir, self.files().chain([MANIFEST]).map(PathBuf::from).collect())
    }

    /// What is not the run's in a directory, because no run has written it or because it was changed since.
    pub fn kept(&self, dir: &Dir) -> io::Result<Vec<PathBuf>> {
        Ok(self.changed(dir).map(PathBuf::from).chain(self.others(dir)?).collect())
    }

    /// Deletes the files that are as they were written, and the directories that are empty without them; the manifest last.
    pub fn delete(&self, dir: &Dir) -> io::Result<()> {
        for name in self.files().filter(|name| self.is_whole(dir, name)) {
            dir.remove_file(name)?;
        }
        for folder in self.files().filter_map(|name| Path::new(name).parent()).collect::<BTreeSet<_>>() {
            if folder != Path::new("") {
                // One that holds anything else stays.
                let _ = dir.remove_dir(folder);
            }
        }
        dir.remove_file(MANIFEST)
    }
}

fn stamp(dir: &Dir, name: &str) -> io::Result<Stamp> {
    let mut file = open_in(dir, name)?;
    let (mut digest, mut bytes, mut buffer) = (CHECKSUM.digest(), 0, vec![0; 1 << 16]);
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(Stamp { bytes, crc64: format!("{:016x}", digest.finalize()) });
        }
        digest.update(&buffer[..read]);
        bytes += read as u64;
    }
}
