//! What a run leaves on disk, written atomically: a staging directory, renamed when complete.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use npyz::WriterBuilder;
use serde::Serialize;

use crate::error::{Error, Result, io_at};
use crate::report;

/// All that a run consists of, besides the tables that its report names and their figures. A directory that holds
/// anything else is not ours to replace.
const FILES: [&str; 13] = [
    "config.json",
    "summary.json",
    "report.json",
    "trajectory.csv",
    "replicas.csv",
    "data.npy",
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
    let name = target.file_name().map_or("run".into(), |name| name.to_string_lossy().into_owned());
    target.with_file_name(format!(".{name}.checkpoint"))
}

/// A run directory being written. Dropped without [`commit`](RunDir::commit), it leaves nothing.
#[derive(Debug)]
pub struct RunDir {
    target: PathBuf,
    staging: PathBuf,
}

impl RunDir {
    /// Prepares to write to `out`, or to the first free of `runs/NAME`, `runs/NAME-2`, …; one that keeps a run to be
    /// resumed is not free.
    ///
    /// # Errors
    /// [`Error::RunExists`] if `out` holds a run and `force` is not set; [`Error::NotARun`] if it holds
    /// anything else; [`Error::Io`].
    pub fn create(out: Option<&Path>, name: &str, force: bool) -> Result<Self> {
        let target = match out {
            Some(out) => out.to_path_buf(),
            None => (1u64..)
                .map(|k| Path::new("runs").join(if k == 1 { name.into() } else { format!("{name}-{k}") }))
                .find(|path| !path.exists() && !checkpoint_of(path).exists())
                .expect("some number is free"),
        };
        if target.file_name().is_none() {
            return Err(Error::Usage(format!("--out {}: give a directory of its own", target.display())));
        }
        if target.exists() {
            let listing = fs::read_dir(&target).map_err(io_at(&target))?;
            let names: Vec<_> =
                listing.map(|e| Ok(e?.file_name())).collect::<Result<_, _>>().map_err(io_at(&target))?;
            let drawn = report::render::files_of(&target);
            let ours = |name: &OsString| {
                FILES.iter().any(|file| name == *file) || drawn.iter().any(|file| name == file.as_str())
            };
            if !names.iter().all(ours) {
                return Err(Error::NotARun { path: target });
            }
            if !names.is_empty() && !force {
                return Err(Error::RunExists { path: target });
            }
        }
        let staging = sibling(&target, "partial");
        // Tried now and made again when there is something to write: a run that is broken off leaves nothing.
        fs::create_dir_all(&staging).and_then(|()| fs::remove_dir(&staging)).map_err(io_at(&target))?;
        Ok(Self { target, staging })
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

    /// Puts the finished directory in place.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn commit(self) -> Result<PathBuf> {
        let replaced = sibling(&self.target, "replaced");
        let had_target = self.target.exists();
        if had_target {
            fs::rename(&self.target, &replaced).map_err(io_at(&self.target))?;
        }
        fs::rename(&self.staging, &self.target).map_err(io_at(&self.target))?;
        if had_target {
            fs::remove_dir_all(&replaced).map_err(io_at(&replaced))?;
        }
        Ok(self.target.clone())
    }
}

impl Drop for RunDir {
    fn drop(&mut self) {
        // After a commit there is nothing left to remove.
        let _ = fs::remove_dir_all(&self.staging);
    }
}

/// A hidden neighbour of a path, private to this process.
fn sibling(path: &Path, suffix: &str) -> PathBuf {
    let name = path.file_name().map_or("run".into(), |name| name.to_string_lossy().into_owned());
    path.with_file_name(format!(".{name}.{}.{suffix}", std::process::id()))
}
