//! How a run takes its place: what may give way, the renaming of whole directories, and what a killed process began.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use cap_std::fs::Dir;

use super::file::{is_there, open_dir_in, sync_directory};
use super::folder::Folder;
use super::manifest::{MANIFEST, Manifest};
use super::run_dir::{CHECKPOINT, PARTIAL, REPLACED, RunDir};
use crate::error::{Error, Result, io_at};
use crate::table::is_table_name;

/// Names that a run may write besides tables and figures: a file of such a name that no manifest lists is in the way.
const FILES: [&str; 18] = [
    MANIFEST,
    "config.json",
    "summary.json",
    "report.json",
    "sweep.json",
    "study.toml",
    "data.npy",
    "dictionary.npy",
    "w0.npy",
    "w.npy",
    "c0.npy",
    "c.npy",
    "batches.npy",
    "model.safetensors",
    "state.bin",
    "report.html",
    "explorer.html",
    "figures",
];

/// What may give way to a run that is in the place of another.
#[derive(Clone, Copy, Debug)]
pub(super) enum GivesWay {
    No,
    /// All of its files, if none was changed.
    Run,
    /// Those that are made again from the others.
    Made(fn(&str) -> bool),
}

impl RunDir {
    /// Checks that there is room for a run, and that everything the end needs can be done.
    ///
    /// # Errors
    /// [`Error::RunExists`] if the target holds a run that does not give way; [`Error::NotARun`] if it holds anything else;
    /// [`Error::InTheWay`]; [`Error::NotOurs`]; [`Error::Io`].
    pub(super) fn make_room(&mut self, gives_way: GivesWay) -> Result<()> {
        self.gives_way = gives_way;
        let kept = self.room()?;
        self.rehearse(&kept)
    }

    /// Lets what is in the target give way to what was written: what the target holds besides, and why something is left of what gave way.
    ///
    /// # Errors
    /// What [`room`](Self::room) refuses, [`Error::Rename`], [`Error::Io`]: the run is not in its place then.
    pub(super) fn replace(&self, folder: &Folder) -> Result<(Vec<PathBuf>, Option<String>)> {
        let kept = self.room()?;
        let target = self.place.path_of(&self.place.name);
        if let Some(path) = kept.iter().find(|path| folder.dir().symlink_metadata(path).is_ok()) {
            return Err(Error::InTheWay { path: target.join(path) });
        }
        let (partial, replaced) = (self.place.neighbour(PARTIAL), self.place.neighbour(REPLACED));
        let gives_way = self.is_there(&self.place.name)?;
        let permissions = self.place.parent.metadata(&self.place.name).map(|data| data.permissions());
        if gives_way {
            self.rename(&self.place.name, &replaced)?;
        }
        // From here on it is complete, wherever the process ends.
        let sealed = folder.seal().map_err(io_at(folder.path()));
        // A private directory stays private.
        let _ = permissions.and_then(|permissions| folder.dir().set_permissions(".", permissions));
        let placed = sealed.and_then(|()| self.rename(&partial, &self.place.name));
        if gives_way && placed.is_err() {
            let _ = self.rename(&replaced, &self.place.name);
        }
        placed?;
        // It is in its place: what fails now fails to tidy up.
        let tidied = if gives_way { self.clear_away(&replaced) } else { Ok(()) };
        let synced = sync_directory(&self.place.parent).map_err(io_at(&target));
        Ok((kept, tidied.and(synced).err().map(|error| error.to_string())))
    }

    /// What the target holds besides a run that may be replaced.
    ///
    /// # Errors
    /// [`Error::NotARun`], [`Error::RunExists`], [`Error::InTheWay`], [`Error::Io`].
    fn room(&self) -> Result<Vec<PathBuf>> {
        let path = self.place.shown.clone();
        if !self.is_there(&self.place.name)? {
            return Ok(Vec::new());
        }
        let Ok(dir) = open_dir_in(&self.place.parent, &self.place.name) else {
            return Err(Error::NotARun { path });
        };
        if is_empty(&dir).map_err(io_at(&path))? {
            return Ok(Vec::new());
        }
        let Some(manifest) = Manifest::read(&dir) else { return Err(Error::NotARun { path }) };
        let kept = manifest.kept(&dir).map_err(io_at(&path))?;
        let changed = manifest.changed(&dir).next().map(Path::new);
        let named = |taken: fn(&str) -> bool| {
            kept.iter().find(|name| name.to_str().is_some_and(taken)).map(PathBuf::as_path)
        };
        let in_the_way = match self.gives_way {
            GivesWay::No => return Err(Error::RunExists { path }),
            GivesWay::Run => changed.or(named(may_be_written)),
            GivesWay::Made(made_again) => named(made_again),
        };
        match in_the_way {
            Some(name) => Err(Error::InTheWay { path: path.join(name) }),
            None => Ok(kept),
        }
    }

    /// Does what the end will do, as far as that can be undone.
    ///
    /// # Errors
    /// [`Error::Mounted`], [`Error::Rename`], [`Error::Io`].
    fn rehearse(&self, kept: &[PathBuf]) -> Result<()> {
        let parent = &self.place.parent;
        let (replaced, partial) = (self.place.neighbour(REPLACED), self.place.neighbour(PARTIAL));
        if self.is_there(&self.place.name)? {
            self.rename(&self.place.name, &replaced).map_err(|error| match error {
                Error::Rename { source, .. } if source.kind() == io::ErrorKind::ResourceBusy => {
                    Error::Mounted { path: self.place.shown.clone() }
                }
                error => error,
            })?;
            self.rename(&replaced, &self.place.name)?;
            // What gives way is deleted in it.
            let within = Path::new(&self.place.name).join(".rehearsal");
            let make = || match parent.create_dir(&within) {
                // Left behind, empty, by a process that was killed between the two.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
                made => made,
            };
            make().and_then(|()| parent.remove_dir(&within)).map_err(io_at(&self.place.shown))?;
        }
        // The longest names of all.
        for suffix in [PARTIAL, CHECKPOINT] {
            let name = self.place.neighbour(suffix);
            if !self.is_there(&name)? {
                let make = || parent.create_dir(&name).and_then(|()| parent.remove_dir(&name));
                make().map_err(io_at(self.place.path_of(&name)))?;
            }
        }
        // A directory moves only if it may be written to.
        for folder in kept.iter().map(|path| Path::new(&self.place.name).join(path)) {
            if parent.symlink_metadata(&folder).is_ok_and(|data| data.is_dir()) {
                self.rename(folder.as_os_str(), &partial)?;
                self.rename(&partial, folder.as_os_str())?;
            }
        }
        Ok(())
    }

    /// Ends what a killed process began.
    ///
    /// # Errors
    /// [`Error::Unplaced`] and [`Error::Aside`] if a finished run stands beside its place, which is taken; [`Error::NotOurs`], [`Error::Io`].
    pub(super) fn recover(&self) -> Result<()> {
        let (name, partial, replaced) =
            (&self.place.name, self.place.neighbour(PARTIAL), self.place.neighbour(REPLACED));
        if Folder::is_sealed(&self.place, &partial) {
            if self.is_there(name)? {
                let (staged, target) = (self.place.path_of(&partial), self.place.shown.clone());
                return Err(Error::Unplaced { staged, target, reason: "the place is taken".into() });
            }
            self.rename(&partial, name)?;
        } else if let Some(folder) = Folder::open(&self.place, &partial)?
            && !folder.remove(&self.place).map_err(io_at(folder.path()))?
        {
            return Err(Error::NotOurs { path: folder.path().into() });
        }
        if !self.is_there(&replaced)? {
            return Ok(());
        }
        let path = self.place.path_of(&replaced);
        let not_ours = || Error::NotOurs { path: path.clone() };
        let old = open_dir_in(&self.place.parent, &replaced).map_err(|_| not_ours())?;
        let then = Manifest::read(&old);
        if then.is_none() && !is_empty(&old).map_err(io_at(&path))? {
            return Err(not_ours());
        }
        if !self.is_there(name)? {
            return self.rename(&replaced, name);
        }
        // A run goes only if that in place is the one that it gave way to.
        let gave_way = |then: &Manifest| self.in_place().is_some_and(|run| run.manifest.replaces(then));
        if then.as_ref().is_none_or(gave_way) {
            self.clear_away(&replaced)
        } else {
            Err(Error::Aside { path, target: self.place.shown.clone() })
        }
    }

    /// Deletes a run that was replaced; what was beside its files moves into the target.
    fn clear_away(&self, replaced: &OsStr) -> Result<()> {
        let path = self.place.path_of(replaced);
        let not_ours = || Error::NotOurs { path: path.clone() };
        let old = open_dir_in(&self.place.parent, replaced).map_err(|_| not_ours())?;
        let clear = || {
            if let Some(manifest) = Manifest::read(&old) {
                let target = open_dir_in(&self.place.parent, &self.place.name)?;
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
}

fn is_empty(dir: &Dir) -> io::Result<bool> {
    Ok(dir.entries()?.next().is_none())
}

/// Whether some run may write a file of that name: one of [`FILES`], a table, or a figure.
fn may_be_written(name: &str) -> bool {
    let is_figure = name.strip_prefix("figures/").is_some_and(|figure| {
        [".svg", ".png"].into_iter().filter_map(|end| figure.strip_suffix(end)).any(is_table_name)
    });
    FILES.contains(&name) || name.strip_suffix(".csv").is_some_and(is_table_name) || is_figure
}
