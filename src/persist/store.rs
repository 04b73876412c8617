//! What work that is not finished leaves on disk: a directory of files, each complete or not there, that all name the
//! job they belong to.
//!
//! `job.json` holds the options that determine the results. While it is missing, the rest counts for nothing. Every other file
//! is written under another name, synced and renamed. It ends with a checksum of the job, so that no file of another one can
//! pass for one of this, and with one of all before that. Checksums find damage, not malice: whoever reads a value checks that it makes sense.

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
const MAX: u64 = 1 << 36;

/// Checksum of numbers, to the bit.
pub(crate) fn checksum(values: &[f64]) -> String {
    let mut digest = CHECKSUM.digest();
    values.iter().for_each(|x| digest.update(&x.to_le_bytes()));
    format!("{:016x}", digest.finalize())
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
        let job_sum = CHECKSUM.checksum(job.to_string().as_bytes()).to_le_bytes();
        let folder = Folder::open(&place, CHECKPOINT)?.map(Arc::new);
        Ok(Self { place, folder: Mutex::new(folder), job, job_sum })
    }

    /// Where it is, or would be.
    pub fn directory(&self) -> PathBuf {
        self.place.path_of(&self.place.neighbour(CHECKPOINT))
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
    pub fn check_job(&self) -> Result<()> {
        let then: Value = serde_json::from_slice(&self.bytes(JOB)?)
            .map_err(|e| self.damaged(JOB, &format!("it is no JSON: {e}")))?;
        if then == self.job {
            return Ok(());
        }
        let differences = differences(&then, &self.job).unwrap_or("other options".into());
        Err(Error::OtherJob { path: self.directory(), differences })
    }

    /// Whether there is something of this job, readable or not.
    pub fn is_of_this_job(&self) -> bool {
        self.exists() && self.check_job().is_ok()
    }

    /// Makes the directory, and says whose it is.
    ///
    /// # Errors
    /// As [`check_job`](Self::check_job).
    pub fn begin(&self) -> Result<()> {
        if self.exists() {
            return self.check_job();
        }
        let mut text = serde_json::to_string_pretty(&self.job).expect("made of strings and numbers");
        text.push('\n');
        self.put(JOB, text.as_bytes())
    }

    /// Names of its files.
    pub fn files(&self) -> Vec<String> {
        self.folder().map(|folder| folder.files()).unwrap_or_default()
    }

    /// Writes a value.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::File`].
    pub fn write(&self, name: &str, value: &impl Serialize) -> Result<()> {
        let refuse = |e: postcard::Error| Error::File {
            path: self.directory().join(name),
            reason: format!("it cannot be encoded: {e}"),
        };
        let mut bytes = postcard::to_stdvec(value).map_err(refuse)?;
        bytes.extend(self.job_sum);
        bytes.extend(CHECKSUM.checksum(&bytes).to_le_bytes());
        self.put(name, &bytes)
    }

    /// Reads a value that was written. Whether it makes sense is not known yet.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Io`].
    pub fn read<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
        let bytes = self.bytes(name)?;
        let Some((body, sum)) = bytes.split_last_chunk::<8>() else {
            return Err(self.damaged(name, "it is cut short"));
        };
        if CHECKSUM.checksum(body).to_le_bytes() != *sum {
            return Err(self.damaged(name, "its checksum is wrong"));
        }
        let Some(body) = body.strip_suffix(&self.job_sum) else {
            return Err(self.damaged(name, "it belongs to another run"));
        };
        match postcard::take_from_bytes(body) {
            Ok((value, [])) => Ok(value),
            Ok(_) => Err(self.damaged(name, "something follows its end")),
            Err(e) => Err(self.damaged(name, &e.to_string())),
        }
    }

    /// A file that does not make sense.
    pub fn damaged(&self, name: &str, reason: &str) -> Error {
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
            *folder = Some(Arc::new(Folder::create(&self.place, CHECKPOINT)?));
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

/// In which keys that both have two jobs differ, in words.
pub(crate) fn differences(then: &Value, now: &Value) -> Option<String> {
    let empty = Map::new();
    let (then, now) = (then.as_object().unwrap_or(&empty), now.as_object().unwrap_or(&empty));
    let of = |(key, now): (&String, &Value)| {
        let then = then.get(key)?;
        (then != now).then(|| format!("{key} was {then}, is {now}"))
    };
    let differences: Vec<String> = now.iter().filter_map(of).collect();
    (!differences.is_empty()).then(|| differences.join("; "))
}
