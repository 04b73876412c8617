//! The readers of this room, for [`crate::fuzzed`].

use std::path::Path;

use serde_json::Value;

use super::checkpoint::{Checkpoint, Part};
use super::session::Session;
use super::stack::{UnderWay, train_together};
use super::{Job, TrainOptions, extension, reuse};
use crate::error::Result;
use crate::interrupt::Interrupt;
use crate::persist::RunDir;
use crate::persist::store::decode;

/// The arguments in a file for `--config`, whose name tells the format.
///
/// # Errors
/// As of the file.
pub fn config(bytes: Vec<u8>, name: &Path) -> Result<Vec<String>> {
    reuse::parse(bytes, name, &[])
}

/// A job that goes on from what it is said to have left.
#[derive(Debug)]
pub struct Resumed {
    job: Job,
    run_dir: RunDir,
    interrupt: Interrupt,
}

impl Resumed {
    /// The job of these options, in a directory.
    ///
    /// # Errors
    /// As of a run.
    pub fn new(options: &TrainOptions, directory: &Path) -> Result<Self> {
        let run_dir = RunDir::claim(Some(directory), "train")?;
        Ok(Self { job: Job::check(options)?, run_dir, interrupt: Interrupt::listen()? })
    }

    /// Goes on from `part-0` of a checkpoint.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn part(&self, bytes: &[u8]) -> Result<(), String> {
        let part = decode(bytes, |part| self.job.flaw(0, part, false))?;
        self.go_on(|_| vec![Some(part)])
    }

    /// Goes on from `finished-0` of a checkpoint.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn finished(&self, bytes: &[u8]) -> Result<(), String> {
        let flaw = |(k, part): &(usize, Part)| self.job.flaw(*k, part, true);
        let parts = decode(bytes, |parts: &Vec<(usize, Part)>| parts.iter().find_map(flaw))?;
        self.go_on(|checkpoint| {
            checkpoint.take_over(parts.into_iter().take(1).map(|(_, part)| part).collect())
        })
    }

    /// Goes on from `state.bin` of a run with fewer steps.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn state(&self, bytes: &[u8]) -> Result<(), String> {
        let parts = decode(bytes, |parts: &Vec<Part>| extension::flaw(&self.job, parts))?;
        self.go_on(|checkpoint| checkpoint.take_over(extension::extended(&self.job, parts)))
    }

    /// Goes on from `under-way-0` of a study.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn under_way(&self, bytes: &[u8]) -> Result<(), String> {
        let jobs = std::slice::from_ref(&self.job);
        let flaw = |(runs, state): &(Vec<u64>, UnderWay)| {
            let is_empty = runs.is_empty().then(|| "it is of no run".into());
            is_empty.or_else(|| state.flaw(jobs))
        };
        let (_, state) = decode(bytes, flaw)?;
        train_together(jobs, Some(&state), |_| false).map(drop).map_err(|e| e.to_string())
    }

    fn go_on(&self, running: impl FnOnce(&Checkpoint) -> Vec<Option<Part>>) -> Result<(), String> {
        let go_on = || -> Result<()> {
            let checkpoint = Checkpoint::new(self.run_dir.store(Value::Null)?, self.job.parts(), None);
            let running = running(&checkpoint);
            let session = Session::new(&self.job, checkpoint, self.interrupt.clone(), false);
            if session.train(running, None)? {
                let (parts, _) = session.checkpoint.into_parts();
                let state = extension::state(&parts);
                self.job.results(parts, state)?;
            }
            Ok(())
        };
        go_on().map_err(|e| e.to_string())
    }
}
