//! Typed errors that carry the offending values. Misuse only: a run that diverges is an `Outcome`, not an error.
//! Messages escape what a user or a file gave: no control character of it reaches a terminal.

use std::path::PathBuf;

use crate::text::{self, escaped};

/// What a caller of the layer below can get wrong.
pub use puremix_dynamics::Error as Misuse;

/// What a caller can get wrong. The message of each variant is its documentation.
#[allow(missing_docs)]
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Wrong sizes, step sizes, norms or data.
    #[error(transparent)]
    Dynamics(#[from] Misuse),

    #[error("model `{}`: {}", escaped(text), escaped(reason))]
    Model { text: String, reason: String },

    #[error(
        "a row every {every} may come to {rows} rows, more than the {max} that are kept: give a larger --every or --sharpness, or fewer --steps"
    )]
    TooManyRows { rows: u64, max: u64, every: String },

    #[error("{epochs} epochs of {epoch} steps each are more steps than can be counted")]
    TooManyEpochs { epochs: u64, epoch: u64 },

    #[error("the tolerance must be non-negative and finite, got {0:?}")]
    Tolerance(f64),

    #[error("{}: {defect}", text::path(path))]
    Data { path: PathBuf, defect: Box<dyn std::error::Error + Send + Sync> },

    #[error("{}: {}", text::path(path), escaped(reason))]
    File { path: PathBuf, reason: String },

    #[error("{}: {source}", text::path(path))]
    Io { path: PathBuf, source: std::io::Error },

    #[error("{} is {kind}, not a regular file", text::path(path))]
    NotRegular { path: PathBuf, kind: &'static str },

    #[error("{} already holds a run: choose another --out, or --force to replace it", text::path(path))]
    RunExists { path: PathBuf },

    #[error(
        "{} is being written by another process: wait until it has ended, or choose another --out",
        text::path(path)
    )]
    Busy { path: PathBuf },

    #[error(
        "{} keeps a run that is not finished: --resume goes on with it, --force starts anew; or delete it",
        text::path(path)
    )]
    CheckpointExists { path: PathBuf },

    #[error(
        "{} keeps another run ({}): go on with it by its own options, choose another --out, or replace it (--force instead of --resume or --shard)",
        text::path(path),
        escaped(differences)
    )]
    OtherJob { path: PathBuf, differences: String },

    #[error(
        "{} is damaged: {}; start anew with --force instead of --resume, or delete its directory",
        text::path(path),
        escaped(reason)
    )]
    Damaged { path: PathBuf, reason: String },

    #[error(
        "{} is no run directory (it has no manifest of this program): it will not be replaced, not even with --force",
        text::path(path)
    )]
    NotARun { path: PathBuf },

    #[error(
        "{} is in the way: no manifest lists it, or it was changed since it was written; move it away, or choose another --out",
        text::path(path)
    )]
    InTheWay { path: PathBuf },

    #[error(
        "{} holds something that this program did not put there: move it away, or choose another --out",
        text::path(path)
    )]
    NotOurs { path: PathBuf },

    #[error(
        "{} is in use, as a mounted volume is, and cannot be replaced: give a directory in it",
        text::path(path)
    )]
    Mounted { path: PathBuf },

    #[error(
        "{} lies in {}, which this run would replace: choose another --out",
        text::path(input),
        text::path(output)
    )]
    InputInOutput { input: PathBuf, output: PathBuf },

    #[error(
        "{} cannot be renamed to {}, as the end of a run needs it ({source}): choose another --out",
        text::path(from),
        text::path(to)
    )]
    Rename { from: PathBuf, to: PathBuf, source: std::io::Error },

    #[error(
        "the run is finished, but could not be put in its place {} ({}): its files are in {}; rename that",
        text::path(target),
        escaped(reason),
        text::path(staged)
    )]
    Unplaced { staged: PathBuf, target: PathBuf, reason: String },

    #[error(
        "{} holds the run that was in {} when a process was killed there: move one of them away",
        text::path(path),
        text::path(target)
    )]
    Aside { path: PathBuf, target: PathBuf },

    /// Of a study or a configuration: where it stands, as `FILE:LINE:COLUMN` or as the option of the command line, and what is wrong.
    #[error("{}: {}", escaped(at), escaped(reason))]
    Study { at: String, reason: String },

    #[error("`{command}` of Slurm is needed, and is not installed here or not in PATH")]
    NoSlurm { command: &'static str },

    #[error("{command}: {}", escaped(reason))]
    Slurm { command: &'static str, reason: String },

    #[error("standard output cannot be written: {0}")]
    Output(std::io::Error),

    #[error("unknown backend `{}`; known backends: {known}", escaped(name))]
    UnknownBackend { name: String, known: String },

    #[error(
        "backend `{name}` is not compiled in (this binary has: {compiled}); rebuild with `--features {name}`"
    )]
    BackendNotCompiled { name: String, compiled: String },

    #[error("backend `{backend}` finds no device here ({reason}): {hint}, or choose another --backend")]
    NoDevice { backend: String, reason: String, hint: String },

    #[error("backend `{backend}` does not support precision {precision}; it supports: {supported}")]
    Precision { backend: String, precision: String, supported: String },

    #[error("unknown claim `{}`; known claims: {known}", escaped(id))]
    UnknownClaim { id: String, known: String },

    #[error("{}", escaped(.0))]
    Usage(String),

    #[error("model record {}: {}", text::path(path), escaped(reason))]
    Record { path: PathBuf, reason: String },
}

/// Result with this crate's [`enum@Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Attaches a path to an I/O error.
pub(crate) fn io_at(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.into();
    move |source| Error::Io { path, source }
}
