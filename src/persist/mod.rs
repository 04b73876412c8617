//! What the program leaves on disk, and what it deletes there.
//!
//! Beside the directory `NAME` of a run there are, hidden, and only while the run is not finished or if its process was killed:
//!
//! - `.NAME.lock`, held by one process at a time ([`lock`]);
//! - `.NAME.partial/`, the files of the run while they are written;
//! - `.NAME.replaced/`, the run that gives way to it;
//! - `.NAME.checkpoint/`, what `--resume` goes on with ([`store`]).
//!
//! Several processes may share a job: each has a place of its own beside that where the job ends, with its lock and its store ([`shards`]). What a scheduler
//! needs of a job is in a directory beside it that stays ([`beside`]).
//!
//! What is there decides whether a job begins, goes on, or is complete ([`entry`]).
//!
//! A name makes nothing ours. A hidden directory carries a journal of the files that were created in it ([`folder`]), a finished run a
//! manifest of its files with their checksums ([`manifest`]), and only a regular file that is listed there, and in a finished run only if it
//! is unchanged, is ever deleted or replaced. Directories are held open while they are written to, and files are created anew, never
//! opened through a link.

mod beside;
pub(crate) mod entry;
mod exchange;
mod file;
mod folder;
pub(crate) mod fuzzed;
mod in_place;
mod lock;
mod manifest;
mod place;
pub(crate) mod run_dir;
pub(crate) mod shards;
pub(crate) mod store;

pub(crate) use beside::Beside;
pub(crate) use in_place::InPlace;
pub(crate) use run_dir::RunDir;
