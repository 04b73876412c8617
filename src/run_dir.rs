//! What a run leaves on disk, written atomically: a staging directory, renamed when complete.
//!
//! Beside the directory `NAME` of a run there may be, hidden, and only while the run is not finished or if its process
//! was killed: `.NAME.lock`, which one process holds at a time; `.NAME.partial/`, files being written;
//! `.NAME.replaced/`, the run that gives way; `.NAME.checkpoint/`, what `--resume` goes on with. Whoever holds the lock next
//! cleans up.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use npyz::WriterBuilder;
use serde::Serialize;

use crate::error::{Error, Result, io_at};
use crate::lock::Lock;
use crate::report;

/// All that a run consists of, besides the tables that its report names and their figures. A directory that holds
/// anything else is not ours to replace.
const FILES: [&str; 15] = [
    "config.json",
    "summary.json",
    "report.json",
    "trajectory.csv",
    "neurons.csv",
    "replicas.csv",
    "data.npy",
    "dictionary.npy",
    "w0.npy",
    "w.npy",
    "c0.npy",
    "c.npy",
    "batches.npy",
    "model.safetensors",
    "report.html",
];

/// Where a run that is not finished is kept: a hidden neighbour of its directory.
pub fn checkpoint_of(target: &Path) -> PathBuf {
    sibling(target, "checkpoint")
}

/// A run directory being written, by nobody else meanwhile. Dropped without [`commit`](RunDir::commit), it leaves
/// nothing.
#[derive(Debug)]
pub struct RunDir {
    target: PathBuf,
    staging: PathBuf,
    /// Whether `staging` is this run's: before that it may hold anything.
    prepared: bool,
    force: bool,
    _lock: Lock,
}

impl RunDir {
    /// Keeps everybody else away from `out`, or from the first free of `runs/NAME`, `runs/NAME-2`, …, until dropped. One
    /// that keeps a run to be resumed is not free. To be [`prepare`](RunDir::prepare)d before it is written to.
    ///
    /// # Errors
    /// [`Error::Busy`] if another process was first, [`Error::Usage`], [`Error::Io`].
    pub fn claim(out: Option<&Path>, name: &str) -> Result<Self> {
        if let Some(out) = out {
            if out.file_name().is_none() {
                return Err(Error::Usage(format!("--out {}: give a directory of its own", out.display())));
            }
            return Self::lock(out.to_path_buf())?.ok_or_else(|| Error::Busy { path: out.to_path_buf() });
        }
        let is_free = |target: &Path| !target.exists() && !checkpoint_of(target).exists();
        for k in 1u64.. {
            let target = Path::new("runs").join(if k == 1 { name.into() } else { format!("{name}-{k}") });
            if is_free(&target)
                && let Some(run_dir) = Self::lock(target)?
                // Another process may just have finished there.
                && is_free(&run_dir.target)
            {
                return Ok(run_dir);
            }
        }
        unreachable!("some number is free")
    }

    fn lock(target: PathBuf) -> Result<Option<Self>> {
        let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty());
        let take = || {
            parent.map_or(Ok(()), fs::create_dir_all)?;
            Lock::take(sibling(&target, "lock"))
        };
        let lock = take().map_err(io_at(&target))?;
        let staging = sibling(&target, "partial");
        Ok(lock.map(|lock| Self { target, staging, prepared: false, force: false, _lock: lock }))
    }

    /// Checks that there is room for a run, and cleans up after processes that were killed.
    ///
    /// # Errors
    /// [`Error::RunExists`] if the target holds a run and `force` is not set; [`Error::NotARun`] if it holds
    /// anything else; [`Error::Io`].
    pub fn prepare(&mut self, force: bool) -> Result<()> {
        self.force = force;
        let replaced = sibling(&self.target, "replaced");
        // Killed between the two renames of a commit: what was there comes back.
        if replaced.exists() && !self.target.exists() {
            fs::rename(&replaced, &self.target).map_err(io_at(&replaced))?;
        }
        self.check_room()?;
        for left_over in [&replaced, &self.staging] {
            if foreign(left_over)? {
                return Err(Error::NotARun { path: left_over.clone() });
            }
            if left_over.exists() {
                fs::remove_dir_all(left_over).map_err(io_at(left_over))?;
            }
        }
        self.prepared = true;
        // Tried now and made again when there is something to write: a run that is broken off leaves nothing.
        fs::create_dir(&self.staging)
            .and_then(|()| fs::remove_dir(&self.staging))
            .map_err(io_at(&self.target))
    }

    /// Whether this run may take the place of what is there.
    fn check_room(&self) -> Result<()> {
        let path = self.target.clone();
        if foreign(&path)? {
            return Err(Error::NotARun { path });
        }
        let holds_a_run = path.exists() && fs::read_dir(&path).map_err(io_at(&path))?.next().is_some();
        if holds_a_run && !self.force { Err(Error::RunExists { path }) } else { Ok(()) }
    }

    /// Collects files in `staging` rather than in a directory private to this process, which would be left behind
    /// if the process were killed meanwhile. It must be on the same file system.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn stage_in(&mut self, staging: PathBuf) -> Result<()> {
        if staging.exists() {
            fs::remove_dir_all(&staging).map_err(io_at(&staging))?;
        }
        self.staging = staging;
        Ok(())
    }

    /// Where a file of this run is to be written for now.
    pub fn path(&self, name: &str) -> PathBuf {
        debug_assert!(
            FILES.contains(&name) || name.ends_with(".csv"),
            "{name} is not listed as a file of a run"
        );
        // A failure shows when the file is written.
        let _ = fs::create_dir_all(&self.staging);
        self.staging.join(name)
    }

    /// Where files are collected until then.
    pub fn staging(&self) -> &Path {
        &self.staging
    }

    /// Where the run will be once committed.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Writes a JSON document.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn write_json(&self, name: &str, value: &impl Serialize) -> Result<()> {
        let path = self.path(name);
        let mut text = serde_json::to_string_pretty(value)
            .map_err(|e| Error::File { path: path.clone(), reason: e.to_string() })?;
        text.push('\n');
        fs::write(&path, text).map_err(io_at(path))
    }

    /// Writes rows as CSV, with a header from their field names.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn write_csv<T: Serialize>(&self, name: &str, rows: &[T]) -> Result<()> {
        let path = self.path(name);
        let refuse = |e: csv::Error| Error::File { path: path.clone(), reason: e.to_string() };
        let mut writer = csv::Writer::from_path(&path).map_err(refuse)?;
        for row in rows {
            writer.serialize(row).map_err(refuse)?;
        }
        writer.flush().map_err(io_at(&path))
    }

    /// Writes a table of fields as CSV.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn write_table(&self, name: &str, header: &[&str], rows: &[Vec<String>]) -> Result<()> {
        let path = self.path(name);
        let refuse = |e: csv::Error| Error::File { path: path.clone(), reason: e.to_string() };
        let mut writer = csv::Writer::from_path(&path).map_err(refuse)?;
        writer.write_record(header).map_err(refuse)?;
        for row in rows {
            writer.write_record(row).map_err(refuse)?;
        }
        writer.flush().map_err(io_at(&path))
    }

    /// Writes an array for NumPy, row-major in the given shape.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn write_npy<T>(&self, name: &str, values: impl IntoIterator<Item = T>, shape: &[u64]) -> Result<()>
    where
        T: npyz::Serialize + npyz::AutoSerialize,
    {
        let path = self.path(name);
        let write = || -> std::io::Result<()> {
            let file = BufWriter::new(File::create(&path)?);
            let options = npyz::WriteOptions::new().default_dtype().shape(shape);
            let mut writer = options.writer(file).begin_nd()?;
            writer.extend(values)?;
            writer.finish()
        };
        write().map_err(io_at(&path))
    }

    /// Puts the finished directory in place, once all of it is safely on disk.
    ///
    /// # Errors
    /// What [`prepare`](RunDir::prepare) refuses, if it has come about meanwhile; [`Error::Io`].
    pub fn commit(self) -> Result<PathBuf> {
        self.check_room()?;
        sync(&self.staging).map_err(io_at(&self.staging))?;
        let replaced = sibling(&self.target, "replaced");
        let had_target = self.target.exists();
        if had_target {
            fs::rename(&self.target, &replaced).map_err(io_at(&self.target))?;
        }
        if let Err(error) = fs::rename(&self.staging, &self.target) {
            if had_target {
                let _ = fs::rename(&replaced, &self.target);
            }
            return Err(io_at(&self.target)(error));
        }
        if had_target {
            fs::remove_dir_all(&replaced).map_err(io_at(&replaced))?;
        }
        let parent = self.target.parent().filter(|parent| !parent.as_os_str().is_empty());
        sync_directory(parent.unwrap_or(Path::new("."))).map_err(io_at(&self.target))?;
        Ok(self.target.clone())
    }
}

impl Drop for RunDir {
    fn drop(&mut self) {
        // After a commit there is nothing left to remove.
        if self.prepared {
            let _ = fs::remove_dir_all(&self.staging);
        }
    }
}

/// Whether a directory, if it is there, holds what no run writes.
fn foreign(directory: &Path) -> Result<bool> {
    if !directory.exists() {
        return Ok(false);
    }
    let listing = fs::read_dir(directory).map_err(io_at(directory))?;
    let names: Vec<_> =
        listing.map(|e| Ok(e?.file_name())).collect::<Result<_, _>>().map_err(io_at(directory))?;
    let drawn = report::render::files_of(directory);
    let ours = |name: &OsString| {
        FILES.iter().any(|file| name == *file) || drawn.iter().any(|file| name == file.as_str())
    };
    Ok(!names.iter().all(ours))
}

/// Waits until the files of a directory are on disk.
fn sync(directory: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            sync(&path)?;
        } else {
            File::options().write(true).open(path)?.sync_all()?;
        }
    }
    sync_directory(directory)
}

/// Waits until the names in a directory are on disk, where a directory can be opened.
pub(crate) fn sync_directory(directory: &Path) -> std::io::Result<()> {
    File::open(directory).map_or(Ok(()), |directory| directory.sync_all())
}

/// A hidden neighbour of a path.
fn sibling(path: &Path, suffix: &str) -> PathBuf {
    let name = path.file_name().map_or("run".into(), |name| name.to_string_lossy().into_owned());
    path.with_file_name(format!(".{name}.{suffix}"))
}
