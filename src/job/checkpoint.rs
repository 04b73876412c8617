//! What a training that is not finished leaves on disk, and how it is taken up again.
//!
//! The [`Store`] in the hidden neighbour of the run directory, `.NAME.checkpoint/`, holds
//!
//! - `part-K`: the state of part `K` of the job (an engine with its replicas), as of its last checkpoint.
//! - `finished-J`: outcomes of the parts that finished between two checkpoints.
//! - `output/`: the run directory while it is being written.

use std::path::PathBuf;
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::engine::Snapshot;
use crate::error::Result;
use crate::measure::neurons::NeuronRow;
use crate::measure::trajectory::Row;
use crate::store::Store;
use crate::train::{PATIENCE, Training};

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
    store: Store,
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

const OUTPUT: &str = "output";

/// The store of a training.
pub(super) fn store(directory: PathBuf, job: Value) -> Store {
    let ours =
        |name: &str| name == OUTPUT || number(name, "part-").is_some() || number(name, "finished-").is_some();
    Store::new(directory, job, ours)
}

impl Checkpoint {
    /// A job of so many parts that starts from the beginning. Nothing is written yet.
    pub fn new(store: Store, parts: usize, every: Option<Duration>) -> Self {
        let ledger = Ledger { kept: vec![false; parts], files: 0, written: Instant::now() };
        let finished = (0..parts).map(|_| OnceLock::new()).collect();
        Self { store, every, finished, ledger: Mutex::new(ledger) }
    }

    /// Takes up what is on disk: the state of each part that is under way; finished ones are known from then on.
    ///
    /// # Errors
    /// [`Error::OtherJob`](crate::Error::OtherJob) if it is the checkpoint of another job,
    /// [`Error::Damaged`](crate::Error::Damaged), [`Error::Io`](crate::Error::Io).
    pub fn resume(&mut self) -> Result<Vec<Option<Part>>> {
        let store = &self.store;
        store.check_job()?;
        let mut running: Vec<Option<Part>> = (0..self.finished.len()).map(|_| None).collect();
        let mut files = 0;
        for name in store.listing()? {
            if let Some(part) = number(&name, "part-") {
                let slot = running.get_mut(part).ok_or_else(|| store.unexpected(&name))?;
                *slot = Some(store.read(&name)?);
            } else if let Some(file) = number(&name, "finished-") {
                files = files.max(file + 1);
                for (k, part) in store.read::<Vec<(usize, Part)>>(&name)? {
                    let slot = self.finished.get(k).ok_or_else(|| store.unexpected(&name))?;
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

    /// How often to ask whether a checkpoint is due: at least as often as one is, but for those who want them
    /// all the time.
    pub fn patience(&self) -> Duration {
        self.every.map_or(PATIENCE, |every| every.clamp(Duration::from_millis(1), PATIENCE))
    }

    /// Keeps the state of a part that is under way.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn keep(&self, k: usize, part: &Part) -> Result<()> {
        let mut ledger = self.ledger.lock().expect("nobody panics while writing");
        self.write_finished(&mut ledger)?;
        self.store.write(&format!("part-{k}"), part)
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

    /// All parts of a finished job, and the store, which stays on disk until it is removed.
    pub fn into_parts(self) -> (Vec<Part>, Store) {
        let parts = self.finished.into_iter().map(|part| part.into_inner().expect("every part is finished"));
        (parts.collect(), self.store)
    }

    /// Where the run directory is to be written, if there is a checkpoint: killed there, it leaves no other trace.
    pub fn output(&self) -> Option<PathBuf> {
        self.store.exists().then(|| self.store.directory().join(OUTPUT))
    }

    fn write_finished(&self, ledger: &mut Ledger) -> Result<()> {
        self.store.begin()?;
        ledger.written = Instant::now();
        let new: Vec<(usize, &Part)> = (0..self.finished.len())
            .filter(|&k| !ledger.kept[k])
            .filter_map(|k| Some((k, self.finished[k].get()?)))
            .collect();
        if new.is_empty() {
            return Ok(());
        }
        self.store.write(&format!("finished-{}", ledger.files), &new)?;
        ledger.files += 1;
        for (k, _) in new {
            ledger.kept[k] = true;
            // What has finished counts.
            self.store.forget(&format!("part-{k}"));
        }
        Ok(())
    }
}

/// The number in a name that consists of a prefix and a number.
fn number(name: &str, prefix: &str) -> Option<usize> {
    name.strip_prefix(prefix)?.parse().ok()
}
