//! What a run that is not finished leaves on disk, and how it is taken up again.
//!
//! A hidden neighbour of the run directory, `.NAME.checkpoint/`, holds
//!
//! - `job.json`: the options that determine the results. While it is missing, the rest counts for nothing.
//! - `part-K`: the state of part `K` of the job (an engine with its replicas), as of its last checkpoint.
//! - `finished-J`: outcomes of the parts that finished between two checkpoints.
//! - `output/`: the run directory while it is being written.
//!
//! Each file is complete or not there: it is written under another name, synced and renamed, and ends with a checksum.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use crc::{CRC_64_XZ, Crc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::engine::Snapshot;
use crate::error::{Error, Result, io_at};
use crate::measure::neurons::NeuronRow;
use crate::measure::trajectory::Row;
use crate::train::Training;

const CHECKSUM: Crc<u64> = Crc::<u64>::new(&CRC_64_XZ);

/// Checksum of numbers, to the bit.
pub(super) fn checksum(values: &[f64]) -> String {
    let mut digest = CHECKSUM.digest();
    values.iter().for_each(|x| digest.update(&x.to_le_bytes()));
    format!("{:016x}", digest.finalize())
}

/// An engine with its replicas, between two steps or at the end.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Part {
    pub training: Training,
    /// Trajectory of its first replica, where one is recorded.
    pub rows: Vec<Row>,
    /// What its neurons learned on the way, likewise.
    pub neurons: Vec<NeuronRow>,
    /// State of the engine; of a finished part only where the model is more than its first layer.
    pub engine: Option<Snapshot>,
}

/// The checkpoint of a job under way.
pub(super) struct Checkpoint {
    directory: PathBuf,
    job: Value,
    /// Time between checkpoints; `None` writes one only when asked to end.
    every: Option<Duration>,
    /// Parts that need no more work.
    finished: Vec<OnceLock<Part>>,
    ledger: Mutex<Ledger>,
}

/// Which finished parts are on disk already.
struct Ledger {
    kept: Vec<bool>,
    files: usize,
    written: Instant,
}

/// Whether there is something to take up again.
pub(super) fn exists(directory: &Path) -> bool {
    directory.join(JOB).exists()
}

const JOB: &str = "job.json";
const OUTPUT: &str = "output";

impl Checkpoint {
    /// A job of so many parts that starts from the beginning. Nothing is written yet.
    pub fn new(directory: PathBuf, job: Value, parts: usize, every: Option<Duration>) -> Self {
        let ledger = Ledger { kept: vec![false; parts], files: 0, written: Instant::now() };
        let finished = (0..parts).map(|_| OnceLock::new()).collect();
        Self { directory, job, every, finished, ledger: Mutex::new(ledger) }
    }

    /// Takes up what is on disk: the state of each part that is under way; finished ones are known from then on.
    ///
    /// # Errors
    /// [`Error::OtherJob`] if it is the checkpoint of another job, [`Error::Damaged`], [`Error::Io`].
    pub fn resume(&mut self) -> Result<Vec<Option<Part>>> {
        let path = self.directory.join(JOB);
        let text = fs::read_to_string(&path).map_err(io_at(&path))?;
        let then: Value =
            serde_json::from_str(&text).map_err(|e| self.damaged(&path, &format!("it is no JSON: {e}")))?;
        if then != self.job {
            let differences = differences(&then, &self.job).unwrap_or("other options".into());
            return Err(Error::OtherJob { path: self.directory.clone(), differences });
        }
        let mut running: Vec<Option<Part>> = (0..self.finished.len()).map(|_| None).collect();
        let mut files = 0;
        for name in listing(&self.directory)? {
            let path = self.directory.join(&name);
            let (part, outcomes) = (number(&name, "part-"), number(&name, "finished-"));
            if let Some(part) = part {
                *running.get_mut(part).ok_or_else(|| self.damaged(&path, "the job has no such part"))? =
                    Some(self.read(&path)?);
            } else if let Some(file) = outcomes {
                files = files.max(file + 1);
                for (k, part) in self.read::<Vec<(usize, Part)>>(&path)? {
                    let slot = self.finished.get(k);
                    let slot = slot.ok_or_else(|| self.damaged(&path, "the job has no such part"))?;
                    let _ = slot.set(part);
                }
            }
        }
        let kept = self.finished.iter().map(|part| part.get().is_some()).collect();
        self.ledger = Mutex::new(Ledger { kept, files, written: Instant::now() });
        Ok(running)
    }

    /// A part that needs no more work.
    pub fn finished(&self, part: usize) -> Option<&Part> {
        self.finished[part].get()
    }

    /// Whether a part that was last written `since` then should be written again.
    pub fn is_due(&self, since: Instant) -> bool {
        self.every.is_some_and(|every| since.elapsed() >= every)
    }

    /// Keeps the state of a part that is under way.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn keep(&self, k: usize, part: &Part) -> Result<()> {
        let mut ledger = self.ledger.lock().expect("nobody panics while writing");
        self.write_finished(&mut ledger)?;
        self.write(&format!("part-{k}"), part)
    }

    /// Takes a finished part, and keeps what has finished lately if that is due.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn finish(&self, k: usize, part: Part) -> Result<()> {
        let _ = self.finished[k].set(part);
        match self.ledger.try_lock() {
            Ok(mut ledger) if self.is_due(ledger.written) => self.write_finished(&mut ledger),
            _ => Ok(()),
        }
    }

    /// Keeps what has finished.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn flush(&self) -> Result<()> {
        self.write_finished(&mut self.ledger.lock().expect("nobody panics while writing"))
    }

    /// All parts of a finished job; the checkpoint stays until [`remove`] is called.
    pub fn into_parts(self) -> Vec<Part> {
        self.finished.into_iter().map(|part| part.into_inner().expect("every part is finished")).collect()
    }

    /// Where the run directory is to be written, if there is a checkpoint: killed there, it leaves no other trace.
    pub fn output(&self) -> Option<PathBuf> {
        exists(&self.directory).then(|| self.directory.join(OUTPUT))
    }

    fn write_finished(&self, ledger: &mut Ledger) -> Result<()> {
        self.begin()?;
        ledger.written = Instant::now();
        let new: Vec<(usize, &Part)> = (0..self.finished.len())
            .filter(|&k| !ledger.kept[k])
            .filter_map(|k| Some((k, self.finished[k].get()?)))
            .collect();
        if new.is_empty() {
            return Ok(());
        }
        self.write(&format!("finished-{}", ledger.files), &new)?;
        ledger.files += 1;
        for (k, _) in new {
            ledger.kept[k] = true;
            // Left behind, it would do no harm: what has finished counts.
            let _ = fs::remove_file(self.directory.join(format!("part-{k}")));
        }
        Ok(())
    }

    /// Makes the directory, and says whose it is.
    fn begin(&self) -> Result<()> {
        if exists(&self.directory) {
            return Ok(());
        }
        fs::create_dir_all(&self.directory).map_err(io_at(&self.directory))?;
        let mut text = serde_json::to_string_pretty(&self.job).expect("made of strings and numbers");
        text.push('\n');
        self.put(JOB, text.as_bytes())
    }

    fn write(&self, name: &str, value: &impl Serialize) -> Result<()> {
        let refuse = |e: postcard::Error| Error::File {
            path: self.directory.join(name),
            reason: format!("it cannot be encoded: {e}"),
        };
        let mut bytes = postcard::to_stdvec(value).map_err(refuse)?;
        bytes.extend(CHECKSUM.checksum(&bytes).to_le_bytes());
        self.put(name, &bytes)
    }

    /// Writes a file that is complete whenever it is there, whatever happens meanwhile.
    fn put(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let (path, new) = (self.directory.join(name), self.directory.join(format!("{name}.new")));
        let write = || {
            let mut file = File::create(&new)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&new, &path)?;
            // A directory can be synced where it can be opened.
            File::open(&self.directory).map_or(Ok(()), |directory| directory.sync_all())
        };
        write().map_err(io_at(path.clone()))
    }

    fn read<T: DeserializeOwned>(&self, path: &Path) -> Result<T> {
        let bytes = fs::read(path).map_err(io_at(path))?;
        let Some((body, sum)) = bytes.split_last_chunk::<8>() else {
            return Err(self.damaged(path, "it is cut short"));
        };
        if CHECKSUM.checksum(body).to_le_bytes() != *sum {
            return Err(self.damaged(path, "its checksum is wrong"));
        }
        match postcard::take_from_bytes(body) {
            Ok((value, [])) => Ok(value),
            Ok(_) => Err(self.damaged(path, "something follows its end")),
            Err(e) => Err(self.damaged(path, &e.to_string())),
        }
    }

    fn damaged(&self, path: &Path, reason: &str) -> Error {
        Error::Damaged { path: path.into(), reason: reason.into() }
    }
}

/// Deletes a checkpoint; what is in its directory besides stays, and is refused.
///
/// # Errors
/// [`Error::NotARun`] over foreign files, [`Error::Io`].
pub(super) fn remove(directory: &Path) -> Result<()> {
    if !directory.exists() {
        return Ok(());
    }
    let names = listing(directory)?;
    let ours = |name: &str| {
        let name = name.strip_suffix(".new").unwrap_or(name);
        [JOB, OUTPUT].contains(&name)
            || number(name, "part-").is_some()
            || number(name, "finished-").is_some()
    };
    if !names.iter().all(|name| ours(name)) {
        return Err(Error::NotARun { path: directory.into() });
    }
    // Without its job the rest counts for nothing, should the process end in between.
    let job = directory.join(JOB);
    if job.exists() {
        fs::remove_file(&job).map_err(io_at(&job))?;
    }
    fs::remove_dir_all(directory).map_err(io_at(directory))
}

fn listing(directory: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(directory).map_err(io_at(directory))?;
    entries
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<Result<_, _>>()
        .map_err(io_at(directory))
}

/// The number in a name that consists of a prefix and a number.
fn number(name: &str, prefix: &str) -> Option<usize> {
    name.strip_prefix(prefix)?.parse().ok()
}

/// In which keys that both have two jobs differ, in words.
pub(super) fn differences(then: &Value, now: &Value) -> Option<String> {
    let empty = Map::new();
    let (then, now) = (then.as_object().unwrap_or(&empty), now.as_object().unwrap_or(&empty));
    let of = |(key, now): (&String, &Value)| {
        let then = then.get(key)?;
        (then != now).then(|| format!("{key} was {then}, is {now}"))
    };
    let differences: Vec<String> = now.iter().filter_map(of).collect();
    (!differences.is_empty()).then(|| differences.join("; "))
}
