//! The commands of Slurm that a study needs: `sbatch` and `squeue`.

use std::env;
use std::io;
use std::path::Path;
use std::process::{Command, Output};

use crate::cli;
use crate::error::{Error, Result};
use crate::persist::shards::Shard;
use crate::persist::store::checksum_of;
use crate::text;

/// States of a task that has ended, as `squeue` tells for some minutes.
const ENDED: [&str; 10] = [
    "BOOT_FAIL",
    "CANCELLED",
    "COMPLETED",
    "DEADLINE",
    "FAILED",
    "NODE_FAIL",
    "OUT_OF_MEMORY",
    "PREEMPTED",
    "REVOKED",
    "TIMEOUT",
];

/// A task of an array that does a part of a study.
#[derive(Debug)]
pub(super) struct Task {
    pub job: String,
    pub shard: Shard,
    pub state: String,
    /// Where it runs; empty of one that is queued.
    pub node: String,
}

impl Task {
    /// Whether it is queued or running.
    pub fn is_active(&self) -> bool {
        !ENDED.contains(&self.state.as_str())
    }

    /// As Slurm names it: `JOB_TASK`.
    pub fn id(&self) -> String {
        format!("{}_{}", self.job, self.shard.number)
    }

    /// A line of `squeue`: job, task, state, node, name.
    fn read(line: &str, place: &str) -> Option<Self> {
        let fields: Vec<&str> = line.trim().splitn(5, '|').collect();
        let [job, task, state, node, name] = fields[..] else { return None };
        let count = name.strip_suffix(place)?.rsplit_once(".of-")?.1;
        let shard = format!("{task}/{count}").parse().ok()?;
        Some(Self { job: job.into(), shard, state: state.into(), node: node.into() })
    }
}

/// How the name of every job ends that works on the study in a place, which is given without links.
fn mark(place: &Path) -> String {
    format!(".{:016x}", checksum_of(&text::path(place).to_string()))
}

/// The name of the job that does so many parts of the study in a place: by it `squeue` finds the job again, whoever has noted its number.
pub(super) fn job_name(place: &Path, parts: u64) -> String {
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    format!("{plain}.of-{parts}{}", mark(place))
}

/// The tasks of the user that work on the study in a place, or did so some minutes ago; none where there is no `squeue`.
///
/// # Errors
/// [`Error::Slurm`] if it does not answer.
pub(super) fn tasks(place: &Path) -> Result<Option<Vec<Task>>> {
    let mut squeue = Command::new("squeue");
    // They would leave tasks out.
    let overriding = env::vars_os().map(|(name, _)| name);
    overriding.filter(|name| name.as_encoded_bytes().starts_with(b"SQUEUE_")).for_each(|name| {
        squeue.env_remove(name);
    });
    squeue.args(["--me", "--noheader", "--array", "--states=all", "--format=%F|%K|%T|%N|%j"]);
    let place = mark(place);
    match run("squeue", &mut squeue) {
        Ok(lines) => Ok(Some(lines.lines().filter_map(|line| Task::read(line, &place)).collect())),
        Err(Error::NoSlurm { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The same where it is no condition: none, and a note, if `squeue` does not answer.
pub(super) fn tasks_if_known(place: &Path) -> Option<Vec<Task>> {
    tasks(place).unwrap_or_else(|error| {
        cli::note(&format!("{error}: which tasks are queued or running is not known"));
        None
    })
}

/// Whether jobs can be submitted from here.
///
/// # Errors
/// [`Error::NoSlurm`].
pub(super) fn check() -> Result<()> {
    run("sbatch", Command::new("sbatch").arg("--version")).map(drop)
}

/// Submits a script; the number of its job.
///
/// # Errors
/// [`Error::NoSlurm`], [`Error::Slurm`] with what `sbatch` says.
pub(super) fn submit(script: &Path) -> Result<String> {
    let mut sbatch = Command::new("sbatch");
    // They would override what the script says.
    for option in ["ARRAY_INX", "JOB_NAME", "OUTPUT", "OPEN_MODE", "NO_REQUEUE", "SIGNAL"] {
        sbatch.env_remove(format!("SBATCH_{option}"));
    }
    let answer = run("sbatch", sbatch.arg("--parsable").arg(script))?;
    // The name of the cluster may follow.
    Ok(answer.trim().split(';').next().unwrap_or_default().into())
}

/// What a command prints.
fn run(name: &'static str, command: &mut Command) -> Result<String> {
    let Output { status, stdout, stderr } = command.output().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Error::NoSlurm { command: name },
        _ => Error::Slurm { command: name, reason: error.to_string() },
    })?;
    if status.success() {
        return Ok(String::from_utf8_lossy(&stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&stderr);
    let lines = said.lines().map(|line| line.trim_start_matches(&format!("{name}: ")).trim());
    let reason = lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ");
    Err(Error::Slurm { command: name, reason: if reason.is_empty() { status.to_string() } else { reason } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_known_by_the_place_of_its_study() {
        let (place, other) = (Path::new("/a/b|c.of-3"), Path::new("/a/d"));
        let name = job_name(place, 16);
        assert!(name.starts_with("b_c_of_3.of-16."), "{name}");
        let read = |line: String| Task::read(&line, &mark(place));
        let task = read(format!("12|7|RUNNING|n01|{name}\n")).unwrap();
        assert_eq!((task.id().as_str(), task.node.as_str(), task.is_active()), ("12_7", "n01", true));
        assert_eq!(task.shard, "7/16".parse().unwrap());
        assert!(!read(format!("12|7|CANCELLED||{name}")).unwrap().is_active());
        assert!(read(format!("12|7|RUNNING|n01|{}", job_name(other, 16))).is_none());
        assert!(read("13|N/A|RUNNING|n01|shell".into()).is_none());
    }
}
