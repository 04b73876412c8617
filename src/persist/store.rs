//! What work that is not finished leaves on disk: named values in a directory, each complete or not there, that all name the job they
//! belong to.
//!
//! A job is identified by a JSON object with a flat key for the version, the commit, and every option that determines the results; it
//! stands in `job.json`. While that is missing, the rest counts for nothing. Every other file is written under another name, synced and
//! renamed. It ends with a checksum of the job, so that no file of another one can pass for one of this, and with one of all before that.
//! Checksums find damage, not malice: whoever reads a value says how it could make no sense.
//!
//! A store has one writer, the process that holds the lock of its run directory. A value is on disk when [`write`](Store::write) returns,
//! and counts from then on. It names its job and no place: the stores of several processes that share a job could be put together.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use crc::{CRC_64_XZ, Crc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::folder::Folder;
use super::place::Place;
use super::run_dir::CHECKPOINT;
use crate::error::{Error, Result, io_at};

pub(super) const CHECKSUM: Crc<u64> = Crc::<u64>::new(&CRC_64_XZ);

const JOB: &str = "job.json";

/// Most bytes of a file: a state is made of numbers that fit into memory.
pub(super) const MAX: u64 = 1 << 36;

/// Checksum of numbers, to the bit.
pub(crate) fn checksum(values: &[f64]) -> String {
    let mut digest = CHECKSUM.digest();
    values.iter().for_each(|x| digest.update(&x.to_le_bytes()));
    format!("{:016x}", digest.finalize())
}

/// Checksum of a text.
pub(crate) fn checksum_of(text: &str) -> u64 {
    CHECKSUM.checksum(text.as_bytes())
}

/// The directory of one job.
#[derive(Debug)]
pub(crate) struct Store {
    place: Place,
    /// Once there is one.
    folder: Mutex<Option<Arc<Folder>>>,
    job: Value,
    /// Of the job, as every file of it repeats.
    job_sum: [u8; 8],
}

impl Store {
    /// Of a job, at the place of its run directory. Nothing is written yet.
    ///
    /// # Errors
    /// [`Error::NotOurs`] if its place is taken by something else, [`Error::Io`].
    pub(super) fn open(place: Place, job: Value) -> Result<Self> {
        let job_sum = sum_of(&job);
        let folder = Folder::open(&place, &place.neighbour(CHECKPOINT))?.map(Arc::new);
        Ok(Self { place, folder: Mutex::new(folder), job, job_sum })
    }

    /// What another process has begun beside a place, to be read; none if that is nothing yet.
    ///
    /// # Errors
    /// [`Error::NotOurs`] if it is something else, [`Error::Damaged`], [`Error::Io`].
    pub(super) fn look(place: Place) -> Result<Option<Self>> {
        let Some(folder) = Folder::look(&place, &place.neighbour(CHECKPOINT))? else { return Ok(None) };
        let folder = Mutex::new(Some(Arc::new(folder)));
        let mut store = Self { place, folder, job: Value::Null, job_sum: [0; 8] };
        if !store.exists() {
            return Ok(None);
        }
        // Another process may be about to remove it.
        store.job = match store.read_job() {
            Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                return Ok(None);
            }
            job => job?,
        };
        store.job_sum = sum_of(&store.job);
        Ok(Some(store))
    }

    /// Where it is, or would be.
    pub fn directory(&self) -> PathBuf {
        self.place.path_of(&self.place.neighbour(CHECKPOINT))
    }

    /// Where it says whose it is.
    pub fn job_file(&self) -> PathBuf {
        self.directory().join(JOB)
    }

    /// The job, as it is identified.
    pub fn job(&self) -> &Value {
        &self.job
    }

    /// Whether there is something to take up again.
    pub fn exists(&self) -> bool {
        self.has(JOB)
    }

    /// Whether it has a file of that name.
    pub fn has(&self, name: &str) -> bool {
        self.folder().is_some_and(|folder| folder.has(name))
    }

    /// Refuses the work of another job.
    ///
    /// # Errors
    /// [`Error::OtherJob`], [`Error::Damaged`], [`Error::Io`].
    pub(super) fn check_job(&self) -> Result<()> {
        self.check_same(&self.read_job()?, &self.job)
    }

    /// Refuses the work of another job than this.
    ///
    /// # Errors
    /// [`Error::OtherJob`].
    pub(crate) fn check_is_of(&self, job: &Value) -> Result<()> {
        self.check_same(&self.job, job)
    }

    fn check_same(&self, then: &Value, now: &Value) -> Result<()> {
        if then == now {
            return Ok(());
        }
        let differences = differences(then, now, &[]).unwrap_or("other options".into());
        Err(Error::OtherJob { path: self.directory(), differences })
    }

    fn read_job(&self) -> Result<Value> {
        serde_json::from_slice(&self.bytes(JOB)?)
            .map_err(|e| self.damaged(JOB, &format!("it is no JSON: {e}")))
    }

    /// Makes the directory, and says whose it is.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn begin(&self) -> Result<()> {
        if self.exists() {
            return Ok(());
        }
        let mut text = serde_json::to_string_pretty(&self.job).expect("made of strings and numbers");
        text.push('\n');
        self.put(JOB, text.as_bytes())
    }

    /// Names of its files.
    pub fn files(&self) -> Vec<String> {
        self.folder().map(|folder| folder.files()).unwrap_or_default()
    }

    /// Writes a value; it is on disk then.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::File`].
    pub fn write(&self, name: &str, value: &impl Serialize) -> Result<()> {
        self.begin()?;
        let refuse = |e: postcard::Error| Error::File {
            path: self.directory().join(name),
            reason: format!("it cannot be encoded: {e}"),
        };
        let mut bytes = postcard::to_stdvec(value).map_err(refuse)?;
        bytes.extend(self.job_sum);
        bytes.extend(CHECKSUM.checksum(&bytes).to_le_bytes());
        self.put(name, &bytes)
    }

    /// Reads a value that was written, and in which there is no `flaw`.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Io`].
    pub fn read<T: DeserializeOwned>(
        &self,
        name: &str,
        flaw: impl FnOnce(&T) -> Option<String>,
    ) -> Result<T> {
        let bytes = self.bytes(name)?;
        let read = body(&bytes, self.job_sum).and_then(|body| decode(body, flaw));
        read.map_err(|reason| self.damaged(name, &reason))
    }

    fn damaged(&self, name: &str, reason: &str) -> Error {
        Error::Damaged { path: self.directory().join(name), reason: reason.into() }
    }

    /// Deletes a file; left behind, it would do no harm.
    pub fn forget(&self, name: &str) {
        if let Some(folder) = self.folder() {
            folder.forget(name);
        }
    }

    /// Deletes its files, and its directory if nothing else is in it.
    ///
    /// # Errors
    /// [`Error::NotOurs`] if something else is, [`Error::Io`].
    pub fn remove(&self) -> Result<()> {
        let Some(folder) = self.folder.lock().expect("no panic under this lock").take() else {
            return Ok(());
        };
        // Without its job the rest counts for nothing, should the process end in between.
        folder.forget(JOB);
        if folder.remove(&self.place).map_err(io_at(folder.path()))? {
            Ok(())
        } else {
            Err(Error::NotOurs { path: self.directory() })
        }
    }

    fn folder(&self) -> Option<Arc<Folder>> {
        self.folder.lock().expect("no panic under this lock").clone()
    }

    /// The folder, made if it is not there yet.
    fn made(&self) -> Result<Arc<Folder>> {
        let mut folder = self.folder.lock().expect("no panic under this lock");
        if folder.is_none() {
            *folder = Some(Arc::new(Folder::make(&self.place, &self.place.neighbour(CHECKPOINT))?));
        }
        Ok(folder.clone().expect("made above"))
    }

    fn bytes(&self, name: &str) -> Result<Vec<u8>> {
        let missing = || std::io::Error::from(std::io::ErrorKind::NotFound);
        let read = self.folder().map_or_else(|| Err(missing()), |folder| folder.read(name, MAX));
        read.map_err(io_at(self.directory().join(name)))
    }

    fn put(&self, name: &str, bytes: &[u8]) -> Result<()> {
        self.made()?.replace(name, bytes).map_err(io_at(self.directory().join(name)))
    }
}

/// Checksum of a job.
pub(super) fn sum_of(job: &Value) -> [u8; 8] {
    checksum_of(&job.to_string()).to_le_bytes()
}

/// A value of a job without its checksums, which are right.
pub(super) fn body(bytes: &[u8], job_sum: [u8; 8]) -> Result<&[u8], String> {
    let (body, sum) = bytes.split_last_chunk::<8>().ok_or("it is cut short")?;
    if CHECKSUM.checksum(body).to_le_bytes() != *sum {
        return Err("its checksum is wrong".into());
    }
    Ok(body.strip_suffix(&job_sum).ok_or("it belongs to another run")?)
}

/// Decodes a value in which there is no `flaw`.
pub(crate) fn decode<T: DeserializeOwned>(
    bytes: &[u8],
    flaw: impl FnOnce(&T) -> Option<String>,
) -> Result<T, String> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => flaw(&value).map_or(Ok(value), Err),
        Ok(_) => Err("something follows its end".into()),
        Err(e) => Err(e.to_string()),
    }
}

/// In which keys that both have two jobs differ, in words, but for those that may.
pub(super) fn differences(then: &Value, now: &Value, may_differ: &[&str]) -> Option<String> {
    let empty = Map::new();
    let (then, now) = (then.as_object().unwrap_or(&empty), now.as_object().unwrap_or(&empty));
    let of = |(key, now): (&String, &Value)| {
        let then = then.get(key).filter(|_| !may_differ.contains(&key.as_str()))?;
        (then != now).then(|| format!("{key} was {then}, is {now}"))
    };
    let differences: Vec<String> = now.iter().filter_map(of).collect();
    (!differences.is_empty()).then(|| differences.join("; "))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::*;

    fn store(directory: &std::path::Path, name: &str, seed: u64) -> Store {
        let place = Place::resolve(&directory.join(name)).unwrap();
        Store::open(place, json!({ "version": "0.0.1", "seed": seed })).unwrap()
    }

    #[test]
    fn a_value_is_read_by_its_job_alone_and_only_if_it_makes_sense() {
        let directory = tempfile::tempdir().unwrap();
        let [first, second] = ["a", "b"].map(|name| store(directory.path(), name, 1));
        first.write("x", &vec![1u64, 2]).unwrap();
        let sense = |_: &Vec<u64>| None;
        assert_eq!(first.read("x", sense).unwrap(), [1, 2]);
        let refused = |result: Result<Vec<u64>>| result.unwrap_err().to_string();
        let flawed =
            refused(first.read("x", |values: &Vec<u64>| Some(format!("{} is too many", values.len()))));
        assert!(flawed.contains("x is damaged: 2 is too many"), "{flawed}");
        assert!(refused(first.read("y", sense)).contains("No such file"));
        // Another process with the same job may read it, at another place; another job may not.
        let copy = |from: &Store, to: &Store| {
            to.write("x", &Vec::<u64>::new()).unwrap();
            fs::copy(from.directory().join("x"), to.directory().join("x")).unwrap();
        };
        copy(&first, &second);
        assert_eq!(second.read("x", sense).unwrap(), [1, 2]);
        let other = store(directory.path(), "c", 2);
        copy(&first, &other);
        assert!(refused(other.read("x", sense)).contains("x is damaged: it belongs to another run"));
        // A new process takes up what is there, and removes it.
        assert_eq!(store(directory.path(), "a", 1).read("x", sense).unwrap(), [1, 2]);
        store(directory.path(), "a", 1).remove().unwrap();
        assert!(!store(directory.path(), "a", 1).exists());
    }

    #[test]
    fn jobs_differ_in_the_keys_that_both_have() {
        let [then, now] = [json!({ "a": 1, "b": 2, "c": 3 }), json!({ "b": 4, "a": 0, "d": 5 })];
        assert_eq!(differences(&then, &now, &[]).unwrap(), "b was 2, is 4; a was 1, is 0");
        assert_eq!(differences(&then, &now, &["b"]).unwrap(), "a was 1, is 0");
        assert_eq!(differences(&then, &now, &["a", "b"]), None);
    }
}
