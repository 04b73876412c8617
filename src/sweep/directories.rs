//! The directories of the runs of a study, as `train` leaves them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::options::{Keep, StudyOptions};
use super::plan::Plan;
use crate::cli;
use crate::error::Result;
use crate::interrupt::Interrupt;
use crate::job::{self, TrainOptions};

/// Leaves the directories of these runs if the options ask for them, and goes on with those that are not complete. Whether all are, or none was asked for.
///
/// # Errors
/// As of `train`; [`Error::OtherJob`](crate::Error::OtherJob) if the directory of a run holds another one, unless it is to be replaced.
pub(super) fn keep(
    plan: &Plan,
    runs: &[u64],
    out: &Path,
    options: &StudyOptions,
    interrupt: &Interrupt,
) -> Result<bool> {
    let Some(Keep::Runs) = options.keep else { return Ok(true) };
    let (folder, force) = (folder(out), options.output.force);
    let progress = cli::progress_bar("keep", "directories", Some(""));
    cli::begin_at(&progress, 0, runs.len() as u64);
    let leave = |run: &u64| {
        if interrupt.is_requested() {
            return Ok(false);
        }
        let ((cell, seed), mut job) = (plan.place(*run), plan.job_of(*run)?);
        let TrainOptions { output, resume, .. } = &mut job.options;
        output.out = Some(folder.join(format!("cell-{cell}-seed-{seed}")));
        (output.no_page, output.force, *resume) = (true, force, !force);
        let is_complete = job::leave(job, interrupt)?;
        progress.inc(u64::from(is_complete));
        Ok(is_complete)
    };
    let complete: Result<Vec<bool>> = runs.par_iter().with_max_len(1).map(leave).collect();
    progress.finish_and_clear();
    complete.map(|complete| complete.into_iter().all(|is_complete| is_complete))
}

fn folder(out: &Path) -> PathBuf {
    let mut name = out.file_name().map(OsString::from).unwrap_or_default();
    name.push("-runs");
    out.with_file_name(name)
}
