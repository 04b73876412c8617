//! The directory of a run, written atomically: files are collected in a hidden neighbour, which is renamed when it is complete.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use cap_std::fs::Dir;
use serde::Serialize;
use serde_json::Value;

use super::file::{is_there, open_dir_in, open_in, read_in, sync_directory};
use super::folder::Folder;
use super::lock::Lock;
use super::manifest::{MANIFEST, Manifest};
use super::place::Place;
use super::store::Store;
use crate::data::file::npy;
use crate::error::{Error, Result, io_at};

/// Names that a run may write besides tables and figures: a file of such a name that no manifest lists is in the way.
const FILES: [&str; 18] = [
    "sharpness.csv",
    "state.bin",
    MANIFEST,
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

/// Most bytes of a JSON document that is read back.
const MOST_JSON: u64 = 1 << 28;

/// Hidden neighbours, by suffix.
const PARTIAL: &str = "partial";
const REPLACED: &str = "replaced";
pub(super) const CHECKPOINT: &str = "checkpoint";

/// A run directory being written, by one process at a time. Dropped without [`commit`](RunDir::commit), it leaves
/// nothing.
#[derive(Debug)]
pub(crate) struct RunDir {
    place: Place,
    staging: OnceLock<Folder>,
    gives_way: GivesWay,
    _lock: Lock,
}

/// What may give way to a run that is in the place of another.
#[derive(Clone, Copy, Debug)]
enum GivesWay {
    No,
    /// All of its files, if none was changed.
    Run,
    /// Those that are made again from the others.
    Made(fn(&str) -> bool),
}

/// A run that is in its place.
#[derive(Debug)]
pub(crate) struct Committed {
    /// Its directory, as the user wrote it.
    pub directory: PathBuf,
    /// What the directory held besides the run that was replaced, and still holds.
    pub kept: Vec<PathBuf>,
}

impl RunDir {
    /// Excludes other processes from `out`, or from the first free of `runs/NAME`, `runs/NAME-2`, …, until dropped. One
    /// that keeps a run to be resumed is not free. What a killed process began there is ended. To be [`prepare`](RunDir::prepare)d before it is written to.
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
            if is_free(&place)
                && let Some(run_dir) = Self::lock(place)?
                // Another process may just have finished there.
                && is_free(&run_dir.place)
            {
                return Ok(run_dir);
            }
        }
        unreachable!("some number is free")
    }

    fn lock(place: Place) -> Result<Option<Self>> {
        let name = place.neighbour("lock");
        let lock = Lock::take(&place.parent, Path::new(&name)).map_err(io_at(place.path_of(&name)))?;
        let Some(lock) = lock else { return Ok(None) };
        let run_dir = Self { place, staging: OnceLock::new(), gives_way: GivesWay::No, _lock: lock };
        run_dir.recover()?;
        Ok(Some(run_dir))
    }

    /// Checks that there is room for a run, and that everything the end needs can be done.
    ///
    /// # Errors
    /// [`Error::RunExists`] if the target holds a run and `force` is not set; [`Error::NotARun`] if it holds anything
    /// else; [`Error::InTheWay`]; [`Error::NotOurs`]; [`Error::Io`].
    pub fn prepare(&mut self, force: bool) -> Result<()> {
        self.gives_way = if force { GivesWay::Run } else { GivesWay::No };
        self.room()?;
        self.rehearse()
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
        self.run_in(&self.place.name)
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
            let folder = Folder::create(&self.place, PARTIAL)?;
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
    pub fn write_table(&self, name: &str, header: &[&str], rows: &[Vec<String>]) -> Result<()> {
        let refuse = |e: csv::Error| self.refuse(name, e.to_string());
        let mut writer = csv::Writer::from_writer(self.create(name)?);
        writer.write_record(header).map_err(refuse)?;
        for row in rows {
            writer.write_record(row).map_err(refuse)?;
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
        self.gives_way = GivesWay::Made(made_again);
        let path = &self.place.shown;
        let InPlace { dir, manifest } =
            self.in_place().ok_or_else(|| Error::NotARun { path: path.clone() })?;
        self.room()?;
        self.rehearse()?;
        for name in manifest.files().filter(|name| !made_again(name) && manifest.is_whole(&dir, name)) {
            let mut copy = self.create(name)?;
            let mut from = open_in(&dir, Path::new(name)).map_err(io_at(path.join(name)))?;
            io::copy(&mut from, &mut copy).and_then(|_| copy.flush()).map_err(self.at(name))?;
        }
        Ok(())
    }

    /// Puts the finished directory in place, once all of it is safely on disk. What the target held besides a run is kept.
    ///
    /// # Errors
    /// [`Error::Io`] while files are written; from then on [`Error::Unplaced`], which says where they are.
    pub fn commit(self) -> Result<Committed> {
        let folder = self.folder()?;
        let manifest = Manifest::of(folder).map_err(io_at(folder.path()))?;
        self.write_json(MANIFEST, &manifest)?;
        folder.sync().map_err(io_at(folder.path()))?;
        let directory = self.place.shown.clone();
        self.replace(folder).map(|kept| Committed { directory, kept }).map_err(|error| {
            let _ = folder.seal();
            let (staged, target) = (folder.path().into(), self.place.shown.clone());
            Error::Unplaced { staged, target, reason: error.to_string() }
        })
    }

    /// Lets what is in the target give way to what was written.
    fn replace(&self, folder: &Folder) -> Result<Vec<PathBuf>> {
        let kept = self.room()?;
        let target = self.place.path_of(&self.place.name);
        if let Some(path) = kept.iter().find(|path| folder.dir().symlink_metadata(path).is_ok()) {
            return Err(Error::InTheWay { path: target.join(path) });
        }
        let (partial, replaced) = (self.place.neighbour(PARTIAL), self.place.neighbour(REPLACED));
        let gives_way = self.in_place().is_some();
        if gives_way {
            self.rename(&self.place.name, &replaced)?;
        } else if self.is_there(&self.place.name)? {
            self.place.parent.remove_dir(&self.place.name).map_err(io_at(&target))?;
        }
        // From here on it is complete, wherever the process ends.
        let placed = folder
            .seal()
            .map_err(io_at(folder.path()))
            .and_then(|()| self.rename(&partial, &self.place.name));
        if gives_way && placed.is_err() {
            let _ = self.rename(&replaced, &self.place.name);
        }
        placed?;
        if gives_way {
            self.clear_away(&replaced)?;
        }
        sync_directory(&self.place.parent).map_err(io_at(&target))?;
        Ok(kept)
    }

    /// What the target holds besides a run that may be replaced.
    fn room(&self) -> Result<Vec<PathBuf>> {
        let path = self.place.shown.clone();
        if !self.is_there(&self.place.name)? {
            return Ok(Vec::new());
        }
        let Ok(dir) = open_dir_in(&self.place.parent, Path::new(&self.place.name)) else {
            return Err(Error::NotARun { path });
        };
        if dir.entries().map_err(io_at(&path))?.next().is_none() {
            return Ok(Vec::new());
        }
        let Some(manifest) = Manifest::read(&dir) else { return Err(Error::NotARun { path }) };
        let kept = manifest.kept(&dir).map_err(io_at(&path))?;
        let is_a_file = |name: &&PathBuf| FILES.iter().any(|file| name == &Path::new(file));
        let is_in_the_way: Option<&Path> = match self.gives_way {
            GivesWay::No => return Err(Error::RunExists { path }),
            GivesWay::Run => manifest
                .changed(&dir)
                .next()
                .map(Path::new)
                .or(kept.iter().find(is_a_file).map(PathBuf::as_path)),
            GivesWay::Made(made_again) => {
                kept.iter().find(|name| name.to_str().is_some_and(made_again)).map(PathBuf::as_path)
            }
        };
        match is_in_the_way {
            Some(name) => Err(Error::InTheWay { path: path.join(name) }),
            None => Ok(kept),
        }
    }

    /// Does what the end will do, as far as that can be undone.
    fn rehearse(&self) -> Result<()> {
        let parent = &self.place.parent;
        let replaced = self.place.neighbour(REPLACED);
        if self.in_place().is_some() {
            self.rename(&self.place.name, &replaced)?;
            self.rename(&replaced, &self.place.name)?;
        } else if self.is_there(&self.place.name)? {
            let again =
                || parent.remove_dir(&self.place.name).and_then(|()| parent.create_dir(&self.place.name));
            again().map_err(|source| match source.kind() {
                io::ErrorKind::ResourceBusy => Error::Mounted { path: self.place.shown.clone() },
                _ => io_at(&self.place.shown)(source),
            })?;
        }
        // The longest names of all.
        for suffix in [PARTIAL, CHECKPOINT] {
            let name = self.place.neighbour(suffix);
            if !self.is_there(&name)? {
                let make = || parent.create_dir(&name).and_then(|()| parent.remove_dir(&name));
                make().map_err(io_at(self.place.path_of(&name)))?;
            }
        }
        Ok(())
    }

    /// Ends what a killed process began.
    fn recover(&self) -> Result<()> {
        let (name, partial, replaced) =
            (&self.place.name, self.place.neighbour(PARTIAL), self.place.neighbour(REPLACED));
        if Folder::is_sealed(&self.place, PARTIAL) {
            if self.is_there(name)? {
                let (staged, target) = (self.place.path_of(&partial), self.place.shown.clone());
                return Err(Error::Unplaced { staged, target, reason: "the place is taken".into() });
            }
            self.rename(&partial, name)?;
        } else if let Some(folder) = Folder::open(&self.place, PARTIAL)?
            && !folder.remove(&self.place).map_err(io_at(folder.path()))?
        {
            return Err(Error::NotOurs { path: folder.path().into() });
        }
        if !self.is_there(&replaced)? {
            Ok(())
        } else if self.is_there(name)? {
            self.clear_away(&replaced)
        } else if self.run_in(&replaced).is_some() {
            self.rename(&replaced, name)
        } else {
            Err(Error::NotOurs { path: self.place.path_of(&replaced) })
        }
    }

    /// Deletes a run that was replaced; what was beside its files moves into the target.
    fn clear_away(&self, replaced: &OsStr) -> Result<()> {
        let path = self.place.path_of(replaced);
        let not_ours = || Error::NotOurs { path: path.clone() };
        let old = open_dir_in(&self.place.parent, Path::new(replaced)).map_err(|_| not_ours())?;
        let clear = || {
            if let Some(manifest) = Manifest::read(&old) {
                let target = open_dir_in(&self.place.parent, Path::new(&self.place.name))?;
                for other in manifest.kept(&old)? {
                    if let Some(folder) = other.parent() {
                        target.create_dir_all(folder)?;
                    }
                    if !is_there(&target, &other)? {
                        old.rename(&other, &target, &other)?;
                    }
                }
                manifest.delete(&old)?;
            }
            self.place.parent.remove_dir(replaced)
        };
        clear().map_err(|error| match error.kind() {
            io::ErrorKind::DirectoryNotEmpty => not_ours(),
            _ => io_at(&path)(error),
        })
    }

    fn run_in(&self, name: &OsStr) -> Option<InPlace> {
        let dir = open_dir_in(&self.place.parent, Path::new(name)).ok()?;
        let manifest = Manifest::read(&dir)?;
        Some(InPlace { dir, manifest })
    }

    fn is_there(&self, name: &OsStr) -> Result<bool> {
        is_there(&self.place.parent, Path::new(name)).map_err(io_at(self.place.path_of(name)))
    }

    fn rename(&self, from: &OsStr, to: &OsStr) -> Result<()> {
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

/// A finished run in its place.
#[derive(Debug)]
pub(crate) struct InPlace {
    dir: Dir,
    manifest: Manifest,
}

impl InPlace {
    /// Reads a JSON document of it.
    pub fn json(&self, name: &str) -> Option<Value> {
        serde_json::from_slice(&read_in(&self.dir, Path::new(name), MOST_JSON).ok()?).ok()
    }

    /// Reads a file that the run has written.
    pub fn read(&self, name: &str) -> Option<Vec<u8>> {
        self.manifest.files().find(|file| *file == name)?;
        read_in(&self.dir, Path::new(name), u64::MAX - 1).ok()
    }

    /// A file that is missing or not as it was written.
    pub fn first_defect(&self) -> Option<&str> {
        self.manifest.first_defect(&self.dir)
    }
}
