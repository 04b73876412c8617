//! `sweep status`: how far a study is that several processes share.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;
use serde_json::{Value, json};

use super::done::Done;
use super::options::StatusOptions;
use super::page::JOB;
use super::script::log;
use super::shared::{has_parent, job_in};
use super::slurm::{Task, tasks_if_known};
use super::submit::{SLURM, Submitted, by_part};
use crate::cli;
use crate::error::{Error, Result};
use crate::limits::MAX_RUNS;
use crate::persist::Beside;
use crate::persist::shards::{self, Shard};
use crate::study::words::count;
use crate::text;

/// Parts that are told one by one of each state.
const PARTS: usize = 24;

/// Of a part that is not done.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Running,
    Queued,
    /// A task has begun it, and has ended before its runs.
    Failed,
    /// Nobody does it, as far as is known.
    Missing,
}

const STATES: [(State, &str); 4] = [
    (State::Running, "running"),
    (State::Queued, "queued"),
    (State::Failed, "failed"),
    (State::Missing, "missing"),
];

/// A part that is not done.
#[derive(Serialize)]
struct Part {
    part: String,
    state: State,
    /// Runs of it that are missing.
    runs: usize,
    task: Option<String>,
    node: Option<String>,
    /// What Slurm says of it.
    slurm: Option<String>,
    log: Option<String>,
}

/// How far a study is.
pub(super) struct Progress {
    runs: u64,
    missing: usize,
    /// Whether its tables are written.
    is_complete: bool,
    /// The parts that are not done, if it was submitted.
    parts: Vec<Part>,
}

/// Tells how far a study is. Exits with 1 if runs are missing.
///
/// # Errors
/// [`Error::Usage`] if there is no study; [`Error::OtherJob`] if processes work on different ones; [`Error::Damaged`]; [`Error::Io`].
pub(super) fn tell(options: &StatusOptions) -> Result<ExitCode> {
    let out = &options.directory;
    let nothing = || Error::Usage(format!("{} holds no study, and none is under way there", text::path(out)));
    let progress = if has_parent(out) { progress(out)? } else { None }.ok_or_else(nothing)?;
    cli::tell(options.json, &progress.document(out), || progress.lines(out).join("\n"))?;
    Ok(cli::exit_code(progress.missing == 0))
}

pub(super) fn progress(out: &Path) -> Result<Option<Progress>> {
    let beside = Beside::of(out, SLURM)?;
    let submitted = Submitted::read(&beside)?;
    let begun = begun(&beside, out, submitted.as_ref())?;
    // Whoever writes the tables removes what was begun.
    if let Some(job) = job_in(out)? {
        let runs = runs(&job, || out.join(JOB))?;
        return Ok(Some(Progress { runs, missing: 0, is_complete: true, parts: Vec::new() }));
    }
    let Some((runs, done)) = begun else { return Ok(None) };
    let parts = submitted.map(|submitted| parts(&beside, &done, submitted.parts));
    let missing = done.missing().count();
    Ok(Some(Progress { runs, missing, is_complete: false, parts: parts.unwrap_or_default() }))
}

/// Number of runs of a study, which the file says that it was read from.
///
/// # Errors
/// [`Error::File`] if no study has so many.
fn runs(job: &Value, file: impl FnOnce() -> PathBuf) -> Result<u64> {
    let [cells, seeds] = ["cells", "seeds"].map(|key| job[key].as_u64());
    let runs = cells.zip(seeds).and_then(|(cells, seeds)| cells.checked_mul(seeds));
    runs.filter(|runs| *runs <= MAX_RUNS).ok_or_else(|| {
        let [cells, seeds] = [&job["cells"], &job["seeds"]];
        let reason =
            format!("it is of no study: {cells} cells × {seeds} seeds, where {MAX_RUNS} runs are the most");
        Error::File { path: file(), reason }
    })
}

/// How many runs the study has that was begun or submitted, and the results so far.
fn begun(beside: &Beside, out: &Path, submitted: Option<&Submitted>) -> Result<Option<(u64, Done)>> {
    let stores: Vec<_> = shards::own(out)?.into_iter().chain(shards::stores(out)?).collect();
    let (job, runs) = match (stores.first(), submitted) {
        (Some(store), _) => (store.job(), runs(store.job(), || store.job_file())?),
        (None, Some(submitted)) => (&submitted.job, runs(&submitted.job, || Submitted::file(beside))?),
        (None, None) => return Ok(None),
    };
    let mut done = Done::marks(runs);
    stores.iter().try_for_each(|store| store.check_is_of(job).and_then(|()| done.read(store)))?;
    Ok(Some((runs, done)))
}

/// The parts of a study that are not done.
fn parts(beside: &Beside, done: &Done, count: u64) -> Vec<Part> {
    let tasks = tasks_if_known(beside.run());
    let part = |(shard, runs)| part(shard, runs, tasks.as_deref(), &beside.path().join(log(shard)));
    by_part(done.missing(), count).into_iter().map(part).collect()
}

/// A part, from what Slurm knows of all tasks, where there is Slurm.
fn part(shard: Shard, runs: usize, tasks: Option<&[Task]>, log: &Path) -> Part {
    let these = tasks.into_iter().flatten().filter(|task| task.shard == shard);
    // Of several the one that is active, or else the last.
    let task = these.max_by_key(|task| (task.is_active(), task.job.parse::<u64>().ok()));
    let has_begun = log.exists();
    let state = match task {
        Some(task) if task.is_active() && task.node.is_empty() => State::Queued,
        Some(task) if task.is_active() => State::Running,
        _ if has_begun && tasks.is_some() => State::Failed,
        // Where there is no Slurm it may run.
        _ => State::Missing,
    };
    Part {
        part: shard.to_string(),
        state,
        runs,
        task: task.map(Task::id),
        node: task.map(|task| task.node.clone()).filter(|node| !node.is_empty()),
        slurm: task.map(|task| task.state.clone()),
        log: has_begun.then(|| text::path(log).to_string()),
    }
}

impl Progress {
    fn of(&self, state: State) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(move |part| part.state == state)
    }

    /// Runs that are missing of parts in a state; those of no part count as if nobody did them.
    fn count(&self, state: State) -> usize {
        let runs = |state: State| self.of(state).map(|part| part.runs).sum::<usize>();
        match state {
            State::Missing => {
                self.missing - [State::Running, State::Queued, State::Failed].map(runs).iter().sum::<usize>()
            }
            state => runs(state),
        }
    }

    fn done(&self) -> u64 {
        self.runs - self.missing as u64
    }

    pub fn document(&self, out: &Path) -> Value {
        let counts = STATES.map(|(state, word)| (word.to_string(), json!(self.count(state))));
        let mut document = json!({
            "directory": text::path(out).to_string(), "complete": self.is_complete, "runs": self.runs, "done": self.done(),
        });
        let fields = document.as_object_mut().expect("made above");
        fields.extend(counts);
        fields.insert("parts".into(), json!(self.parts));
        document
    }

    pub fn lines(&self, out: &Path) -> Vec<String> {
        let runs = count(self.runs as usize, "run");
        let mut lines = vec![format!("{}: {} of {runs} are done", text::path(out), self.done())];
        if self.missing == 0 && !self.is_complete {
            lines.push("no process has written the tables: `sweep --merge` does".into());
        }
        for (state, word) in STATES {
            let (runs, parts) = (self.count(state), self.of(state).count());
            if runs > 0 {
                lines.push(format!("{word}: {}", count(runs, "run")));
            }
            lines.extend(self.of(state).take(PARTS).map(Part::line));
            if parts > PARTS {
                lines.push(format!("  and {}", count(parts - PARTS, "more part")));
            }
        }
        lines
    }
}

impl Part {
    /// A part in words, as `  part 3/16, 4 runs: RUNNING as 12_3 on n01`.
    fn line(&self) -> String {
        let mut line = format!("  part {}, {}", self.part, count(self.runs, "run"));
        if let (Some(task), Some(state)) = (&self.task, &self.slurm) {
            line += &format!(": {state} as {task}");
        }
        line.extend(self.node.iter().map(|node| format!(" on {node}")));
        line.extend(
            self.log.iter().filter(|_| self.state == State::Failed).map(|log| format!("; see {log}")),
        );
        line
    }
}
