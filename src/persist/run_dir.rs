//! The directory of a run, written atomically: files are collected in a hidden neighbour, which is renamed when it is complete.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde::Serialize;
use serde_json::Value;

use super::exchange::GivesWay;
use super::file::{is_there, open_in};
use super::folder::Folder;
use super::in_place::InPlace;
use super::lock::Lock;
use super::manifest::{MANIFEST, Manifest, Stamp};
use super::place::Place;
use super::store::Store;
use crate::data::file::npy;
use crate::error::{Error, Result, io_at};

/// Hidden neighbours, by suffix.
pub(super) const PARTIAL: &str = "partial";
pub(super) const REPLACED: &str = "replaced";
pub(super) const CHECKPOINT: &str = "checkpoint";

/// A run directory being written, by one process at a time. Dropped without [`commit`](RunDir::commit), it leaves
/// nothing.
#[derive(Debug)]
pub(crate) struct RunDir {
    pub(super) place: Place,
    staging: OnceLock<Folder>,
    pub(super) gives_way: GivesWay,
    /// Files of the run in place that were changed, as they were written.
    carried: BTreeMap<String, Stamp>,
    _lock: Lock,
}

/// A run that is in its place.
#[derive(Debug)]
pub(crate) struct Committed {
    /// Its directory, as the user wrote it.
    pub directory: PathBuf,
    /// What the directory held besides the run that was replaced, and still holds.
    pub kept: Vec<PathBuf>,
    /// Why something of the run that was replaced is left, hidden beside it.
    pub left: Option<String>,
}

impl RunDir {
    /// Excludes other processes from `out`, or from the first free of `runs/NAME`, `runs/NAME-2`, …, until dropped. One
    /// that keeps a run to be resumed is not free. What a killed process began there is ended. To be [`enter`](RunDir::enter)ed before it is written to.
    ///
    /// # Errors
    /// [`Error::Busy`] if another process was first; [`Error::NotOurs`] or [`Error::Unplaced`] if something is in the way; [`Error::Usage`];
    /// [`Error::Io`].
    pub fn claim(out: Option<&Path>, name: &str) -> Result<Self> {
        if let Some(out) = out {
            return Self::lock(Place::resolve(out)?)?.ok_or_else(|| Error::Busy { path: out.to_path_buf() });
        }
        let is_free = |place: &Place| {
            let names = [place.name.clone(), place.neighbour(CHECKPOINT)];
            names.iter().all(|name| place.parent.symlink_metadata(name).is_err())
        };
        for k in 1u64.. {
            let target = Path::new("runs").join(if k == 1 { name.into() } else { format!("{name}-{k}") });
            let place = Place::resolve(&target)?;
            if !is_free(&place) {
                continue;
            }
            match Self::lock(place) {
                // Another process may just have finished there.
                Ok(Some(run_dir)) if is_free(&run_dir.place) => return Ok(run_dir),
                Ok(_) | Err(Error::NotOurs { .. } | Error::Unplaced { .. } | Error::Aside { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        unreachable!("some number is free")
    }

    fn lock(place: Place) -> Result<Option<Self>> {
        place.refuse_neighbours()?;
        let name = place.neighbour("lock");
        let lock = Lock::take(&place.parent, &name).map_err(io_at(place.path_of(&name)))?;
        let Some(lock) = lock else { return Ok(None) };
        let run_dir = Self {
            place,
            staging: OnceLock::new(),
            gives_way: GivesWay::No,
            carried: BTreeMap::new(),
            _lock: lock,
        };
        run_dir.recover()?;
        Ok(Some(run_dir))
    }

    /// Refuses an input that the run would replace, or that lies where it will be.
    ///
    /// # Errors
    /// [`Error::InputInOutput`].
    pub fn keep_apart(&self, input: &Path) -> Result<()> {
        let target = self.place.path_of(&self.place.name);
        match (fs::canonicalize(input), fs::canonicalize(&target)) {
            (Ok(real), Ok(target)) if real.starts_with(&target) => {
                Err(Error::InputInOutput { input: input.into(), output: self.place.shown.clone() })
            }
            _ => Ok(()),
        }
    }

    /// The store of a job that ends in this directory.
    ///
    /// # Errors
    /// [`Error::NotOurs`] if something else is in its place, [`Error::Io`].
    pub fn store(&self, job: Value) -> Result<Store> {
        Store::open(Place::resolve(&self.place.path_of(&self.place.name))?, job)
    }

    /// The finished run that the target holds, if it holds one.
    pub fn in_place(&self) -> Option<InPlace> {
        InPlace::of(&self.place)
    }

    /// Where the run will be once committed, as the user wrote it.
    pub fn target(&self) -> &Path {
        &self.place.shown
    }

    /// Where files are collected until then.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn staging(&self) -> Result<&Path> {
        Ok(self.folder()?.path())
    }

    fn folder(&self) -> Result<&Folder> {
        if self.staging.get().is_none() {
            let folder = Folder::make(&self.place, &self.place.neighbour(PARTIAL))?;
            let _ = self.staging.set(folder);
        }
        Ok(self.staging.get().expect("set above, if not before"))
    }

    /// Begins a file of the run.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn create(&self, name: &str) -> Result<BufWriter<File>> {
        let folder = self.folder()?;
        if folder.has(name) {
            return Err(self.refuse(name, "it would be written twice".into()));
        }
        folder.create_file(name).map(BufWriter::new).map_err(io_at(folder.path().join(name)))
    }

    /// Writes a file.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let mut file = self.create(name)?;
        file.write_all(bytes).and_then(|()| file.flush()).map_err(self.at(name))
    }

    /// Writes a JSON document.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::File`].
    pub fn write_json(&self, name: &str, value: &impl Serialize) -> Result<()> {
        let mut text = serde_json::to_string_pretty(value).map_err(|e| self.refuse(name, e.to_string()))?;
        text.push('\n');
        self.write(name, text.as_bytes())
    }

    /// Writes rows as CSV, with a header from their field names.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn write_csv<T: Serialize>(&self, name: &str, rows: &[T]) -> Result<()> {
        let refuse = |e: csv::Error| self.refuse(name, e.to_string());
        let mut writer = csv::Writer::from_writer(self.create(name)?);
        for row in rows {
            writer.serialize(row).map_err(refuse)?;
        }
        writer.flush().map_err(self.at(name))
    }

    /// Writes a table of fields as CSV.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn write_table(
        &self,
        name: &str,
        header: impl IntoIterator<Item = String>,
        rows: impl IntoIterator<Item = Vec<String>>,
    ) -> Result<()> {
        let refuse = |e: csv::Error| self.refuse(name, e.to_string());
        let mut writer = csv::Writer::from_writer(self.create(name)?);
        writer.write_record(header).map_err(refuse)?;
        for row in rows {
            writer.write_record(&row).map_err(refuse)?;
        }
        writer.flush().map_err(self.at(name))
    }

    /// Writes an array for NumPy, row-major in the given shape.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn write_npy<T>(&self, name: &str, values: impl IntoIterator<Item = T>, shape: &[u64]) -> Result<()>
    where
        T: npy::Entry,
    {
        let mut file = self.create(name)?;
        npy::write(&mut file, values, shape).and_then(|()| file.flush()).map_err(self.at(name))
    }

    /// Takes over the files of the run that the target holds, but those that are to be made again from them. One that was changed stays, and
    /// is none of the run any more.
    ///
    /// # Errors
    /// [`Error::NotARun`] if it holds none, [`Error::InTheWay`] if one that is to be made again was changed, [`Error::Io`].
    pub fn take_over(&mut self, made_again: fn(&str) -> bool) -> Result<()> {
        let InPlace { path, dir, manifest } =
            self.in_place().ok_or_else(|| Error::NotARun { path: self.place.shown.clone() })?;
        self.make_room(GivesWay::Made(made_again))?;
        let (whole, changed): (Vec<&str>, Vec<&str>) =
            manifest.files().filter(|name| !made_again(name)).partition(|name| manifest.is_whole(&dir, name));
        self.carried = changed.iter().filter_map(|name| manifest.stamp(name)).collect();
        for name in whole {
            let mut copy = self.create(name)?;
            let mut from = open_in(&dir, name).map_err(io_at(path.join(name)))?;
            io::copy(&mut from, &mut copy).and_then(|_| copy.flush()).map_err(self.at(name))?;
        }
        Ok(())
    }

    /// Puts the finished directory in place, once all of it is safely on disk. What the target held besides a run is kept.
    ///
    /// # Errors
    /// [`Error::Io`] while files are written; from then on [`Error::Unplaced`], which says where they are.
    pub fn commit(mut self) -> Result<Committed> {
        let folder = self.folder()?;
        let gives_way = self.in_place().map(|run| run.manifest);
        let manifest =
            Manifest::of(folder, &self.carried, gives_way.as_ref()).map_err(io_at(folder.path()))?;
        self.write_json(MANIFEST, &manifest)?;
        folder.sync().map_err(io_at(folder.path()))?;
        let directory = self.place.shown.clone();
        match self.replace(folder) {
            Ok((kept, left)) => Ok(Committed { directory, kept, left }),
            Err(error) => {
                let _ = folder.seal();
                let (staged, target) = (folder.path().into(), directory);
                // Sealed or not, it stays.
                drop(self.staging.take());
                Err(Error::Unplaced { staged, target, reason: error.to_string() })
            }
        }
    }

    pub(super) fn is_there(&self, name: &OsStr) -> Result<bool> {
        is_there(&self.place.parent, name).map_err(io_at(self.place.path_of(name)))
    }

    pub(super) fn rename(&self, from: &OsStr, to: &OsStr) -> Result<()> {
        self.place.parent.rename(from, &self.place.parent, to).map_err(|source| Error::Rename {
            from: self.place.path_of(from),
            to: self.place.path_of(to),
            source,
        })
    }

    fn at(&self, name: &str) -> impl FnOnce(io::Error) -> Error {
        io_at(self.place.path_of(&self.place.neighbour(PARTIAL)).join(name))
    }

    fn refuse(&self, name: &str, reason: String) -> Error {
        Error::File { path: self.place.path_of(&self.place.neighbour(PARTIAL)).join(name), reason }
    }
}

impl Drop for RunDir {
    fn drop(&mut self) {
        if let Some(folder) = self.staging.get() {
            // A sealed one is finished, and in its place unless that failed.
            let _ = folder.remove(&self.place);
        }
    }
}
