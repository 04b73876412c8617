//! `sweep submit`: a study as a job array of Slurm.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use itertools::Itertools;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::done::Done;
use super::options::SubmitOptions;
use super::page::STUDY;
use super::plan::Plan;
use super::script::script;
use super::study::Study;
use super::{planned, shared, slurm, told};
use crate::cli;
use crate::error::{Error, Result};
use crate::persist::Beside;
use crate::persist::shards::Shard;
use crate::program::invocation;
use crate::study::words::count;
use crate::text;

/// The directory beside a study for its script, its logs, and what was submitted.
pub(super) const SLURM: &str = "slurm";
const SCRIPT: &str = "array.sh";
const SUBMITTED: &str = "submitted.json";

/// What was submitted last.
#[derive(Serialize, Deserialize)]
pub(super) struct Submitted {
    /// Of how many parts.
    pub parts: u64,
    /// What determines the results.
    pub job: Value,
}

impl Submitted {
    /// Reads it, if there is any.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::NotOurs`], [`Error::Io`].
    pub fn read(beside: &Beside) -> Result<Option<Self>> {
        let refuse = |reason: String| Error::File { path: Self::file(beside), reason };
        let Some(text) = beside.read(SUBMITTED)? else { return Ok(None) };
        let submitted: Self = serde_json::from_str(&text).map_err(|e| refuse(e.to_string()))?;
        if !(1..=Shard::MAX).contains(&submitted.parts) {
            return Err(refuse(format!(
                "a study of {} parts, where 1 to {} are possible",
                submitted.parts,
                Shard::MAX
            )));
        }
        Ok(Some(submitted))
    }

    /// Where it is.
    pub fn file(beside: &Beside) -> PathBuf {
        beside.path().join(SUBMITTED)
    }
}

/// Submits the parts of a study that are neither done, queued nor running.
///
/// # Errors
/// What is wrong with the study; [`Error::NoSlurm`], [`Error::Slurm`]; [`Error::Usage`] if tasks of another study or of another number of parts are queued or
/// running there; as of the study as a whole.
pub(super) fn submit(options: &SubmitOptions, study: Study, own: Option<&OsString>) -> Result<ExitCode> {
    let out = options.asked.output.out.as_deref().expect("clap asks for it");
    let plan = planned(study, &options.asked)?;
    let (program, beside) = (program(own)?, Beside::of(out, SLURM)?);
    let _lock = if options.dry_run { None } else { Some(slurm::check().and_then(|()| beside.lock())?) };
    let Some(missing) = missing(&plan, out, options.jobs)? else {
        if options.asked.keep.is_some() {
            cli::note("directories of runs that are missing are made by the study without submit");
        }
        return told::complete(out, options.asked.output.json);
    };
    let place = beside.run();
    let tasks = if options.dry_run { slurm::tasks_if_known(place) } else { slurm::tasks(place)? };
    let active = active(&plan, &beside, options.jobs, tasks.unwrap_or_default())?;
    let parts: Vec<Shard> = missing.keys().copied().filter(|part| !active.contains(part)).collect();
    let runs = parts.iter().map(|part| missing[part]).sum();
    let mut submission = Submission { options, out, program: &program, parts: &parts, runs, job: None };
    if !parts.is_empty() {
        let script = script(options, &parts, &beside, (&program, STUDY))?;
        if options.dry_run {
            let json = options.asked.output.json;
            cli::tell(json, &json!({ "script": script }), || script.trim_end().into())?;
            return Ok(ExitCode::SUCCESS);
        }
        submission.job = Some(hand_over(&plan, &beside, options.jobs, &script)?);
    }
    submission.tell(&plan, missing.is_empty())
}

/// The parts with runs that are missing, and how many; none if the tables are written.
fn missing(plan: &Plan, out: &Path, parts: u64) -> Result<Option<BTreeMap<Shard, usize>>> {
    if let Some(there) = shared::complete_at(plan, out)? {
        shared::check_complete(plan, &there, out)?;
        return Ok(None);
    }
    let count = |done: Done| by_part(done.missing(), parts);
    Ok(shared::collected(plan, out, Done::marks)?.map(count))
}

/// How many of some runs each part does.
pub(super) fn by_part(runs: impl Iterator<Item = u64>, parts: u64) -> BTreeMap<Shard, usize> {
    let mut of = BTreeMap::new();
    runs.for_each(|run| *of.entry(Shard::of(run, parts)).or_default() += 1);
    of
}

/// The parts that are queued or running.
fn active(plan: &Plan, beside: &Beside, parts: u64, mut tasks: Vec<slurm::Task>) -> Result<Vec<Shard>> {
    tasks.retain(slurm::Task::is_active);
    let refuse = |what: String| {
        let (place, jobs) = (text::path(beside.run()), tasks.iter().map(|task| &task.job).unique().join(" "));
        Err(Error::Usage(format!("{place}: {what} is queued or running there; scancel {jobs} ends it")))
    };
    if let Some(task) = tasks.iter().find(|task| task.shard.count != parts) {
        return refuse(format!("the study with --jobs {}", task.shard.count));
    }
    if !tasks.is_empty() && beside.read(STUDY)?.is_none_or(|study| study != plan.study.to_toml()) {
        return refuse("another study".into());
    }
    Ok(tasks.iter().map(|task| task.shard).collect())
}

/// The words that start this program.
fn program(own: Option<&OsString>) -> Result<Vec<String>> {
    let path = env::current_exe().map_err(|e| Error::Usage(format!("this program has no path: {e}")))?;
    let shown = text::path(&path).to_string();
    let path = path.into_os_string().into_string().ok().filter(|path| *path == shown);
    let path = path.ok_or_else(|| Error::Usage(format!("{shown}: a script can name no such path")))?;
    let is_subcommand = invocation(own)("sweep").starts_with("puremix ");
    Ok([path].into_iter().chain(is_subcommand.then(|| "sweep".into())).collect())
}

/// Leaves what the tasks need, and submits them; the number of the job.
fn hand_over(plan: &Plan, beside: &Beside, parts: u64, script: &str) -> Result<String> {
    let submitted = Submitted { parts, job: plan.job.clone() };
    let submitted = serde_json::to_string_pretty(&submitted).expect("made of strings and numbers");
    let files = [(STUDY, plan.study.to_toml()), (SUBMITTED, submitted + "\n"), (SCRIPT, script.into())];
    files.iter().try_for_each(|(name, text)| beside.write(name, text.as_bytes()))?;
    slurm::submit(&beside.path().join(SCRIPT))
}

/// What was submitted, to be told.
struct Submission<'a> {
    options: &'a SubmitOptions,
    out: &'a Path,
    /// The words that start `sweep`, as the tasks do.
    program: &'a [String],
    parts: &'a [Shard],
    /// Runs that are missing of these parts.
    runs: usize,
    job: Option<String>,
}

impl Submission<'_> {
    fn tell(&self, plan: &Plan, is_done: bool) -> Result<ExitCode> {
        let directory = text::path(self.out).to_string();
        let program = self.program.iter().map(|word| text::quoted(word)).join(" ");
        let command = |what: &str| format!("{program} {what} {}", text::quoted(&directory));
        let (status, merge) = (command("status"), command("--merge"));
        let document = json!({
            "job": self.job, "tasks": self.parts.iter().map(|part| part.number).collect::<Vec<_>>(),
            "parts": self.options.jobs, "runs": self.runs, "directory": directory, "status": status, "merge": merge,
        });
        let told = match &self.job {
            Some(job) => format!(
                "job {job}: {} of {}, with {} of {}",
                count(self.parts.len(), "task"),
                self.options.jobs,
                self.runs,
                count(plan.runs() as usize, "run")
            ),
            None if is_done => "nothing was submitted: no run is missing".into(),
            None => "nothing was submitted: every part that is not done is queued or running".into(),
        };
        cli::tell(self.options.asked.output.json, &document, || {
            format!(
                "{told}\n`{status}` tells how far it is; the last task writes the tables, and `{merge}` would"
            )
        })?;
        Ok(ExitCode::SUCCESS)
    }
}
