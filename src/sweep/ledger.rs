//! The results of a study on disk while it is not finished.
//!
//! A process has a store of its own, to which it adds files `runs-J`, each with the runs that ended since the last. A file is complete, with a checksum, or not
//! there; a run counts once its file is on disk. All processes may read all stores. Runs that were under way when the process was asked to end are in files
//! `under-way-RUN`, by the first of a stack, for the process itself to go on with.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::ProgressBar;

use super::measures::Record;
use crate::error::{Error, Result};
use crate::job::UnderWay;
use crate::persist::shards;
use crate::persist::store::Store;
use crate::text;

const RUNS: &str = "runs-";
const UNDER_WAY: &str = "under-way-";
/// The study, as `study.toml` will be.
const STUDY: &str = "study";

/// Time between two files: at first so much, later a sixty-fourth of the time that has gone by, and never more than that.
const SOONEST: Duration = Duration::from_millis(100);
const LATEST: Duration = Duration::from_secs(30);

/// The results of a process, as they come.
pub(super) struct Ledger {
    store: Store,
    began: Instant,
    open: Mutex<Open>,
    written: Mutex<Written>,
    /// Whether something could not be written: there is no point in going on.
    has_failed: AtomicBool,
    /// Counts the runs that are on disk.
    progress: ProgressBar,
}

/// What has ended and is not on disk.
#[derive(Default)]
struct Open {
    records: Vec<Record>,
    /// Files of runs that were under way, and have ended.
    ended: Vec<String>,
}

struct Written {
    files: usize,
    runs: usize,
    last: Instant,
    /// Why something could not be written, until someone is told.
    failure: Option<Error>,
}

impl Ledger {
    /// Goes on with a store of the same study, or begins it.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn new(store: Store, study: &str, progress: ProgressBar) -> Result<Self> {
        // Title, comparisons and figures may have changed.
        if !store.has(STUDY) || store.read(STUDY, |_: &String| None)? != study {
            store.write(STUDY, &study)?;
        }
        let files = store.files().iter().filter_map(|name| number(name)).max().map_or(0, |last| last + 1);
        let began = Instant::now();
        Ok(Self {
            store,
            began,
            open: Mutex::default(),
            written: Mutex::new(Written { files, runs: 0, last: began, failure: None }),
            has_failed: AtomicBool::new(false),
            progress,
        })
    }

    /// Whether results cannot be kept any more.
    pub fn has_failed(&self) -> bool {
        self.has_failed.load(Ordering::Relaxed)
    }

    /// Takes runs that have ended; `begun` are those of them that were under way, as they were kept.
    pub fn add(&self, records: Vec<Record>, begun: Option<&[u64]>) {
        let mut open = self.open.lock().expect("no panic under this lock");
        open.records.extend(records);
        open.ended.extend(begun.map(under_way));
        drop(open);
        self.flush_if_due();
    }

    /// Puts what has ended on disk if that is due. Whether it failed is told by [`flush`](Self::flush).
    pub fn flush_if_due(&self) {
        if let Ok(mut written) = self.written.try_lock()
            && written.last.elapsed() >= self.interval()
            && let Err(failure) = self.write(&mut written)
        {
            written.failure.get_or_insert(failure);
        }
    }

    /// Puts everything on disk.
    ///
    /// # Errors
    /// [`Error::Io`], also of what could not be written before.
    pub fn flush(&self) -> Result<()> {
        let mut written = self.written.lock().expect("no panic under this lock");
        let kept = self.write(&mut written);
        written.failure.take().map_or(kept, Err)
    }

    /// Number of runs that are on disk since this process began.
    pub fn written(&self) -> usize {
        self.written.lock().expect("no panic under this lock").runs
    }

    fn interval(&self) -> Duration {
        (self.began.elapsed() / 64).clamp(SOONEST, LATEST)
    }

    fn write(&self, written: &mut Written) -> Result<()> {
        written.last = Instant::now();
        let Open { records, ended } =
            std::mem::take(&mut *self.open.lock().expect("no panic under this lock"));
        if records.is_empty() {
            return Ok(());
        }
        let kept = self.store.write(&format!("{RUNS}{}", written.files), &records);
        self.has_failed.fetch_or(kept.is_err(), Ordering::Relaxed);
        kept?;
        // Only now is what they would go on from of no more use.
        ended.iter().for_each(|name| self.store.forget(name));
        (written.files, written.runs) = (written.files + 1, written.runs + records.len());
        self.progress.inc(records.len() as u64);
        Ok(())
    }

    /// Keeps the state of runs that were asked to pause.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn keep(&self, runs: &[u64], state: &UnderWay) -> Result<()> {
        self.store.write(&under_way(runs), &(runs, state))
    }

    /// The runs that were asked to pause, with their states, as far as none of a stack has ended since.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Io`].
    pub fn under_way(&self, pending: &[u64]) -> Result<Vec<(Vec<u64>, UnderWay)>> {
        let names = self.store.files();
        let read = |name: &String| {
            let flaw = |(runs, _): &(Vec<u64>, UnderWay)| runs.is_empty().then(|| "it is of no run".into());
            self.store.read(name, flaw)
        };
        let kept = names.iter().filter(|name| name.starts_with(UNDER_WAY)).map(read);
        let are_open = |runs: &[u64]| runs.iter().all(|run| pending.binary_search(run).is_ok());
        let mut open = kept.collect::<Result<Vec<_>>>()?;
        open.retain(|(runs, _)| are_open(runs));
        Ok(open)
    }

    /// What is said of a state that makes no sense.
    pub fn damaged(&self, runs: &[u64], reason: String) -> Error {
        let path = self.store.directory().join(under_way(runs));
        Error::Damaged { path, reason }
    }

    /// Removes the store: the results are elsewhere.
    ///
    /// # Errors
    /// [`Error::NotOurs`], [`Error::Io`].
    pub fn remove(self) -> Result<()> {
        self.store.remove()
    }
}

/// The study that all processes which have worked on a place were last started with, if any was.
///
/// # Errors
/// [`Error::Study`] if they were started with different titles, comparisons or figures; [`Error::Damaged`], [`Error::Io`].
pub(super) fn study_of(out: &Path) -> Result<Option<String>> {
    let mut first: Option<(Store, String)> = None;
    for store in shards::own(out)?.into_iter().chain(shards::stores(out)?) {
        let study = match store.read(STUDY, |_: &String| None) {
            Ok(study) => study,
            Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        match &first {
            Some((other, study_then)) if *study_then != study && other.check_is_of(store.job()).is_ok() => {
                let at = text::path(&store.directory()).to_string();
                let other = text::path(&other.directory()).to_string();
                let reason = format!(
                    "it was started with another title, other comparisons or other figures than {other}; start the shards again with one study"
                );
                return Err(Error::Study { at, reason });
            }
            Some(_) => {}
            None => first = Some((store, study)),
        }
    }
    Ok(first.map(|(_, study)| study))
}

/// The file with the state of runs that are under way.
fn under_way(runs: &[u64]) -> String {
    format!("{UNDER_WAY}{}", runs[0])
}

/// The number of a file of results.
pub(super) fn number(name: &str) -> Option<usize> {
    name.strip_prefix(RUNS)?.parse().ok()
}
