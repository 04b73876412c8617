//! What work that is not finished leaves on disk: a directory of files, each complete or not there, that all name the
//! job they belong to.
//!
//! `job.json` holds the options that determine the results. While it is missing, the rest counts for nothing. Every other file
//! is written under another name, synced and renamed. It ends with a checksum of the job, so that no file of another one can
//! pass for one of this, and with one of all before that.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use crc::{CRC_64_XZ, Crc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::{Error, Result, io_at};
use crate::run_dir::sync_directory;

const CHECKSUM: Crc<u64> = Crc::<u64>::new(&CRC_64_XZ);

const JOB: &str = "job.json";

/// Checksum of numbers, to the bit.
pub(crate) fn checksum(values: &[f64]) -> String {
    let mut digest = CHECKSUM.digest();
    values.iter().for_each(|x| digest.update(&x.to_le_bytes()));
    format!("{:016x}", digest.finalize())
}

/// The directory of one job.
#[derive(Debug)]
pub(crate) struct Store {
    directory: PathBuf,
    job: Value,
    /// Of the job, as every file of it repeats.
    job_sum: [u8; 8],
    /// Whether a name is one of its files.
    ours: fn(&str) -> bool,
}

impl Store {
    /// Of a job with files whose names `ours` knows. Nothing is written yet.
    pub fn new(directory: PathBuf, job: Value, ours: fn(&str) -> bool) -> Self {
        let job_sum = CHECKSUM.checksum(job.to_string().as_bytes()).to_le_bytes();
        Self { directory, job, job_sum, ours }
    }

    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Whether there is something to take up again.
    pub fn exists(&self) -> bool {
        self.directory.join(JOB).exists()
    }

    /// Refuses the work of another job.
    ///
    /// # Errors
    /// [`Error::OtherJob`], [`Error::Damaged`], [`Error::Io`].
    pub fn check_job(&self) -> Result<()> {
        let path = self.directory.join(JOB);
        let text = fs::read_to_string(&path).map_err(io_at(&path))?;
        let then: Value =
            serde_json::from_str(&text).map_err(|e| damaged(&path, &format!("it is no JSON: {e}")))?;
        if then == self.job {
            return Ok(());
        }
        let differences = differences(&then, &self.job).unwrap_or("other options".into());
        Err(Error::OtherJob { path: self.directory.clone(), differences })
    }

    /// Makes the directory, and says whose it is.
    ///
    /// # Errors
    /// As [`check_job`](Self::check_job).
    pub fn begin(&self) -> Result<()> {
        if self.exists() {
            return self.check_job();
        }
        fs::create_dir_all(&self.directory).map_err(io_at(&self.directory))?;
        let mut text = serde_json::to_string_pretty(&self.job).expect("made of strings and numbers");
        text.push('\n');
        self.put(JOB, text.as_bytes())
    }

    /// Names of its files.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn listing(&self) -> Result<Vec<String>> {
        let entries = fs::read_dir(&self.directory).map_err(io_at(&self.directory))?;
        entries
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect::<Result<_, _>>()
            .map_err(io_at(&self.directory))
    }

    /// Writes a value.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::File`].
    pub fn write(&self, name: &str, value: &impl Serialize) -> Result<()> {
        let refuse = |e: postcard::Error| Error::File {
            path: self.directory.join(name),
            reason: format!("it cannot be encoded: {e}"),
        };
        let mut bytes = postcard::to_stdvec(value).map_err(refuse)?;
        bytes.extend(self.job_sum);
        bytes.extend(CHECKSUM.checksum(&bytes).to_le_bytes());
        self.put(name, &bytes)
    }

    /// Reads a value that was written.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Io`].
    pub fn read<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
        let path = self.directory.join(name);
        let bytes = fs::read(&path).map_err(io_at(&path))?;
        let Some((body, sum)) = bytes.split_last_chunk::<8>() else {
            return Err(damaged(&path, "it is cut short"));
        };
        if CHECKSUM.checksum(body).to_le_bytes() != *sum {
            return Err(damaged(&path, "its checksum is wrong"));
        }
        let Some(body) = body.strip_suffix(&self.job_sum) else {
            return Err(damaged(&path, "it belongs to another run"));
        };
        match postcard::take_from_bytes(body) {
            Ok((value, [])) => Ok(value),
            Ok(_) => Err(damaged(&path, "something follows its end")),
            Err(e) => Err(damaged(&path, &e.to_string())),
        }
    }

    /// A file of the job that it cannot have.
    pub fn unexpected(&self, name: &str) -> Error {
        damaged(&self.directory.join(name), "the job has no such part")
    }

    /// Deletes a file; left behind, it would do no harm.
    pub fn forget(&self, name: &str) {
        let _ = fs::remove_file(self.directory.join(name));
    }

    /// Deletes everything; what is in the directory besides stays, and is refused.
    ///
    /// # Errors
    /// [`Error::NotARun`] over foreign files, [`Error::Io`].
    pub fn remove(&self) -> Result<()> {
        let directory = &self.directory;
        if !directory.exists() {
            return Ok(());
        }
        let ours = |name: &str| name == JOB || (self.ours)(name);
        if !self.listing()?.iter().all(|name| ours(name.strip_suffix(".new").unwrap_or(name))) {
            return Err(Error::NotARun { path: directory.clone() });
        }
        // Without its job the rest counts for nothing, should the process end in between.
        let job = directory.join(JOB);
        if job.exists() {
            fs::remove_file(&job).map_err(io_at(&job))?;
        }
        fs::remove_dir_all(directory).map_err(io_at(directory))
    }

    /// Writes a file that is complete whenever it is there, whatever happens meanwhile.
    fn put(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let (path, new) = (self.directory.join(name), self.directory.join(format!("{name}.new")));
        let write = || {
            let mut file = File::create(&new)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&new, &path)?;
            sync_directory(&self.directory)
        };
        write().map_err(io_at(path.clone()))
    }
}

fn damaged(path: &Path, reason: &str) -> Error {
    Error::Damaged { path: path.into(), reason: reason.into() }
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
