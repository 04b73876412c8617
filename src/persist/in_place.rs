//! A finished run in its place, and what it is to a job.

use std::path::{Path, PathBuf};

use cap_std::fs::Dir;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::entry::Standing;
use super::file::{open_dir_in, read_in};
use super::manifest::Manifest;
use super::place::Place;
use super::store::{MAX, decode, differences};
use crate::error::{Error, Result, io_at};

/// Most bytes of a JSON document that is read back.
const MAX_JSON: u64 = 1 << 28;

/// A finished run in its place.
#[derive(Debug)]
pub(crate) struct InPlace {
    /// As the user wrote it.
    pub(super) path: PathBuf,
    pub(super) dir: Dir,
    pub(super) manifest: Manifest,
}

impl InPlace {
    /// What is in a place that another process may be about to fill.
    ///
    /// # Errors
    /// [`Error::Usage`], [`Error::Io`], as far as the path itself is at fault.
    pub fn at(path: &Path) -> Result<Option<Self>> {
        Place::resolve(path).map(|place| Self::of(&place))
    }

    pub(super) fn of(place: &Place) -> Option<Self> {
        let dir = open_dir_in(&place.parent, &place.name).ok()?;
        let manifest = Manifest::read(&dir)?;
        Some(Self { path: place.shown.clone(), dir, manifest })
    }

    /// Reads a JSON document of it, if there is one of that kind.
    pub fn json<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        serde_json::from_slice(&read_in(&self.dir, name, MAX_JSON).ok()?).ok()
    }

    /// Reads a text of it, if there is one.
    pub fn text(&self, name: &str) -> Option<String> {
        String::from_utf8(read_in(&self.dir, name, MAX_JSON).ok()?).ok()
    }

    /// Reads a value that the run has written, if it has, and in which there is no `flaw`.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Io`].
    pub fn read<T: DeserializeOwned>(
        &self,
        name: &str,
        flaw: impl FnOnce(&T) -> Option<String>,
    ) -> Result<Option<T>> {
        if self.manifest.files().all(|file| file != name) {
            return Ok(None);
        }
        let path = self.path.join(name);
        let bytes = read_in(&self.dir, name, MAX).map_err(io_at(&path))?;
        decode(&bytes, flaw).map(Some).map_err(|reason| Error::Damaged { path, reason })
    }

    /// Refuses to call it complete if a file of it is missing or changed.
    ///
    /// # Errors
    /// [`Error::Damaged`].
    pub fn check_whole(&self) -> Result<()> {
        self.manifest.first_defect(&self.dir).map_or(Ok(()), |name| {
            let reason =
                "it is missing, or changed since it was written; move it away to replace the run".into();
            Err(Error::Damaged { path: self.path.join(name), reason })
        })
    }

    /// In what its job, which one of its documents holds beside other things, differs from another; some keys may differ.
    pub fn differences(&self, document: &str, job: &Value, may_differ: &[&str]) -> Option<String> {
        match self.json(document) {
            Some(then @ Value::Object(_)) => differences(&then, job, may_differ),
            _ => Some("it is none of this program".into()),
        }
    }

    /// Whether it is of a job or of another one; if it is, it counts as all of it.
    pub fn standing(&self, document: &str, job: &Value) -> Standing {
        self.differences(document, job, &[]).map_or(Standing::Complete, Standing::Other)
    }
}
