//! A study that several processes share, on any machines that see one file system.

use std::path::Path;
use std::process::ExitCode;

use serde_json::Value;

use super::done::Done;
use super::ledger;
use super::options::StudyOptions;
use super::page::{CHECKSUM, JOB, STUDY};
use super::plan::Plan;
use super::{directories, file, finish, names, told, train};
use crate::cli;
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::persist::entry::{Entry, Request, Standing};
use crate::persist::shards::{self, Shard};
use crate::persist::{InPlace, RunDir};
use crate::text;

/// Does the share of one of several processes; the last one to end writes the tables.
///
/// # Errors
/// [`Error::Busy`] if another process does the same share; [`Error::OtherJob`]; as of the study as a whole.
pub(super) fn part(plan: &Plan, shard: Shard, out: &Path, options: &StudyOptions) -> Result<ExitCode> {
    let interrupt = Interrupt::listen()?;
    let own: Vec<u64> = (0..plan.runs()).filter(|run| shard.does(*run)).collect();
    if let Some(there) = complete_at(plan, out)? {
        check_complete(plan, &there, out)?;
        if !directories::keep(plan, &own, out, options, &interrupt)? {
            return Ok(told::interrupted(0, None, &interrupt));
        }
        return told::complete(out, options.output.json);
    }
    let run_dir = RunDir::claim(Some(&shard.place(out)?), "shard")?;
    let Some(done) = collected(plan, out, Done::marks)? else {
        return told::complete(out, options.output.json);
    };
    let pending: Vec<u64> = done.missing().filter(|run| shard.does(*run)).collect();
    let store = run_dir.store(plan.job.clone())?;
    if !store.exists() {
        // What a kill left while it was removed counts for nothing.
        store.remove()?;
    }
    let ledger = train(plan, &pending, store, &interrupt)?;
    if interrupt.is_requested() || !directories::keep(plan, &own, out, options, &interrupt)? {
        return Ok(told::interrupted(pending.len() - ledger.written(), None, &interrupt));
    }
    drop(ledger);
    drop(run_dir);
    merge_if_last(plan, shard, out, options)
}

/// Checks that the tables in a place are whole, and says so if they are of another title.
pub(super) fn check_complete(plan: &Plan, there: &InPlace, out: &Path) -> Result<()> {
    there.check_whole()?;
    if there.text(STUDY).as_deref() != Some(&plan.study.to_toml()) {
        cli::note(&format!(
            "{} has another title, other comparisons or other figures; the study without --shard makes them anew",
            text::path(out)
        ));
    }
    Ok(())
}

/// Writes the tables if no run is missing; another process may be about to.
fn merge_if_last(plan: &Plan, shard: Shard, out: &Path, options: &StudyOptions) -> Result<ExitCode> {
    let missing = collected(plan, out, Done::marks)?.map_or(0, |done| done.missing().count());
    let written = missing == 0
        && match write(plan, out, options) {
            // Whoever holds the place saw the same runs.
            Err(Error::Busy { .. }) => false,
            result => result?,
        };
    if complete_at(plan, out)?.is_some() {
        return merged(out, written, options);
    }
    told::waiting(shard, missing, options.output.json)?;
    Ok(ExitCode::SUCCESS)
}

/// Writes the tables of a study that shards have worked on. Exits with 1 if runs are missing.
///
/// # Errors
/// [`Error::Usage`] if there is nothing; as of the study as a whole.
pub(super) fn merge(out: &Path, options: &StudyOptions) -> Result<ExitCode> {
    let nothing = || Error::Usage(format!("--merge {}: no shard has begun there", text::path(out)));
    if !has_parent(out) {
        return Err(nothing());
    }
    let known = names::Options::new();
    let Some(study) = ledger::study_of(out)? else {
        job_in(out)?.ok_or_else(nothing)?;
        return told::complete(out, options.output.json);
    };
    let plan = Plan::check(file::parse(&study, "the study of the shards", &known)?)?;
    let marks = collected(&plan, out, Done::marks)?;
    let missing: Vec<u64> = marks.iter().flat_map(Done::missing).collect();
    if !missing.is_empty() {
        told::missing(&plan, &missing, options.output.json)?;
        return Ok(cli::exit_code(false));
    }
    let written = write(&plan, out, options)?;
    merged(out, written, options)
}

/// Removes what shards have left of a study that is complete, and says that it is unless this process has told what came out.
fn merged(out: &Path, is_told: bool, options: &StudyOptions) -> Result<ExitCode> {
    shards::remove(out)?;
    if is_told { Ok(ExitCode::SUCCESS) } else { told::complete(out, options.output.json) }
}

/// Whether a place can hold anything: nothing is made on the way to one that was mistyped.
pub(super) fn has_parent(out: &Path) -> bool {
    out.parent().is_none_or(|parent| parent.as_os_str().is_empty() || parent.is_dir())
}

/// The job of the study of which the tables are in a place, all of them, if they are.
///
/// # Errors
/// [`Error::Damaged`] if one of them is missing or was changed.
pub(super) fn job_in(out: &Path) -> Result<Option<Value>> {
    let Some(there) = InPlace::at(out)? else { return Ok(None) };
    let job = there.json::<Value>(JOB).filter(|job| job.get(CHECKSUM).is_some());
    job.map(|job| there.check_whole().map(|()| job)).transpose()
}

/// What all processes have done that have worked on a study; none if its tables are there. Whoever writes those removes the results.
pub(super) fn collected(plan: &Plan, out: &Path, none: fn(u64) -> Done) -> Result<Option<Done>> {
    let read = || {
        let mut done = none(plan.runs());
        let shared = shards::stores_of(out, &plan.job)?;
        let whole = shards::own(out)?;
        whole.iter().try_for_each(|store| store.check_is_of(&plan.job))?;
        shared.iter().chain(&whole).try_for_each(|store| done.read(store))?;
        Ok(done)
    };
    let read = read();
    if complete_at(plan, out)?.is_some() { Ok(None) } else { read.map(Some) }
}

/// Claims the place of a study and writes its tables there, unless they are; whether it did.
fn write(plan: &Plan, out: &Path, options: &StudyOptions) -> Result<bool> {
    let Some(done) = collected(plan, out, Done::results)? else { return Ok(false) };
    let mut run_dir = RunDir::claim(Some(out), "sweep")?;
    let store = run_dir.store(plan.job.clone())?;
    let there = run_dir.in_place();
    let standing = there.as_ref().map_or(Standing::Nothing, |run| run.standing(JOB, &plan.job));
    let is_missing =
        run_dir.enter(&store, standing, Request { resume: true, force: false })? != Entry::Complete;
    if is_missing {
        finish(plan, &done, run_dir, options)?;
    }
    store.remove().map(|()| is_missing)
}

/// The tables of a study if they are in their place.
///
/// # Errors
/// [`Error::OtherJob`] if they are those of another one.
pub(super) fn complete_at(plan: &Plan, out: &Path) -> Result<Option<InPlace>> {
    let Some(run) = InPlace::at(out)? else { return Ok(None) };
    match run.standing(JOB, &plan.job) {
        Standing::Other(differences) => Err(Error::OtherJob { path: out.into(), differences }),
        standing => Ok((standing == Standing::Complete).then_some(run)),
    }
}
