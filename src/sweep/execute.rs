//! The runs of a study side by side, on all cores.

use std::ops::Range;

use rayon::prelude::*;

use super::ledger::Ledger;
use super::measures::Record;
use super::plan::Plan;
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::job::{EngineKind, Job, train_together};

/// Most runs of a stack, and most entries of their samples together.
const ABREAST: usize = 64;
const ENTRIES: usize = 1 << 24;

/// Trains runs until all have ended or the process is asked to end; what has ended is on disk then.
///
/// # Errors
/// [`Error::Study`] if a run of a cell is refused of which another was not; [`Error::Io`].
pub(super) fn run(plan: &Plan, pending: &[u64], ledger: &Ledger, interrupt: &Interrupt) -> Result<()> {
    let lots = lots(plan, pending);
    let trained: Result<()> = lots
        .into_par_iter()
        .with_max_len(1)
        .map(|lot| train(plan, &pending[lot], ledger, interrupt))
        .collect();
    let kept = ledger.flush();
    trained.and(kept)
}

/// Runs that one thread takes at a time: those that may walk in one stack.
fn lots(plan: &Plan, pending: &[u64]) -> Vec<Range<usize>> {
    let (mut lots, mut first) = (Vec::new(), 0);
    let cell = |k: usize| &plan.cells[plan.place(pending[k]).0];
    for k in 1..=pending.len() {
        let stays = k < pending.len()
            && k - first < ABREAST
            && cell(k).options.engine == EngineKind::Autodiff
            && cell(k).stack == cell(first).stack;
        if !stays {
            lots.push(first..k);
            first = k;
        }
    }
    lots
}

fn train(plan: &Plan, mut runs: &[u64], ledger: &Ledger, interrupt: &Interrupt) -> Result<()> {
    let stops = || interrupt.is_requested() || ledger.has_failed();
    while !runs.is_empty() && !stops() {
        let jobs = stack(plan, runs)?;
        let (these, rest) = runs.split_at(jobs.len());
        runs = rest;
        let Some(ended) = train_together(&jobs, |_| stops())? else { return Ok(()) };
        ledger.add(these.iter().zip(ended).map(|(run, ended)| Record::new(*run, ended)).collect())?;
    }
    Ok(())
}

/// The jobs of the first runs that walk in one stack.
fn stack(plan: &Plan, runs: &[u64]) -> Result<Vec<Job>> {
    let mut jobs: Vec<Job> = Vec::new();
    let mut entries = 0;
    for run in runs {
        let job = job(plan, *run)?;
        entries += job.entries();
        if jobs.first().is_some_and(|first| entries > ENTRIES || !first.stacks_with(&job)) {
            break;
        }
        jobs.push(job);
    }
    Ok(jobs)
}

/// The job of a run.
fn job(plan: &Plan, run: u64) -> Result<Job> {
    let (cell, seed) = plan.place(run);
    Job::check(&plan.options(run)).map_err(|error| {
        let at = format!("{}, seed {seed}", plan.study.describe(cell));
        Error::Study { at, reason: error.to_string() }
    })
}
