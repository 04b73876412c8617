//! The runs of a study side by side, on all cores.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::{Mutex, OnceLock};
use std::thread;

use super::ledger::Ledger;
use super::measures::Record;
use super::plan::Plan;
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::job::{EngineKind, Job, Trained, UnderWay, train_together};

/// Most runs of a stack, and most entries of their samples together.
const ABREAST: usize = 64;
const ENTRIES: usize = 1 << 24;

/// Runs that one thread takes at a time.
enum Lot {
    /// They were asked to pause.
    Begun(Vec<u64>, UnderWay),
    /// They have not begun: a range of what is pending.
    New(Range<usize>),
}

/// Does all lots, as many at a time as there are cores, until one fails, which is kept. The threads are not those of the pool on which an engine spreads the
/// blocks of a stack: one that waits there would take up another lot, and what it waited for would be kept only when that has ended.
fn side_by_side(
    lots: impl Iterator<Item = Lot> + Send,
    failure: &OnceLock<Error>,
    run: impl Fn(Lot) -> Result<()> + Sync,
) {
    let queue = Mutex::new(lots.fuse());
    let work = || {
        while failure.get().is_none() {
            let Some(lot) = queue.lock().expect("no panic under this lock").next() else { return };
            if let Err(error) = run(lot) {
                let _ = failure.set(error);
            }
        }
    };
    thread::scope(|scope| (0..rayon::current_num_threads()).for_each(|_| drop(scope.spawn(work))));
}

/// What trains the runs of a study.
pub(super) struct Work<'a> {
    plan: &'a Plan,
    ledger: &'a Ledger,
    interrupt: &'a Interrupt,
    /// Why a lot could not be done.
    failure: OnceLock<Error>,
}

impl<'a> Work<'a> {
    /// Nothing is done yet.
    pub fn new(plan: &'a Plan, ledger: &'a Ledger, interrupt: &'a Interrupt) -> Self {
        Self { plan, ledger, interrupt, failure: OnceLock::new() }
    }

    /// Trains runs until all have ended or the process is asked to end; what has ended is on disk then, and so is the state of what was under way.
    ///
    /// # Errors
    /// [`Error::Study`] if a run is refused of a cell of which the first was not; [`Error::Damaged`]; [`Error::Io`].
    pub fn run(self, pending: &[u64]) -> Result<()> {
        let begun = self.ledger.under_way(pending)?;
        let taken: HashSet<u64> = begun.iter().flat_map(|(runs, _)| runs.iter().copied()).collect();
        let others: Vec<u64> = pending.iter().copied().filter(|run| !taken.contains(run)).collect();
        let begun = begun.into_iter().map(|(runs, state)| Lot::Begun(runs, state));
        let lots = begun.chain(self.lots(&others).map(Lot::New));
        side_by_side(lots, &self.failure, |lot| match lot {
            Lot::Begun(runs, state) => self.go_on(&runs, &state),
            Lot::New(runs) => self.train(&others[runs]),
        });
        let kept = self.ledger.flush();
        self.failure.into_inner().map_or(kept, Err)
    }

    /// Lots of runs that may walk in one stack, one after the other.
    fn lots<'b>(&'b self, pending: &'b [u64]) -> impl Iterator<Item = Range<usize>> + 'b {
        let cell = |k: usize| &self.plan.cells[self.plan.place(pending[k]).0];
        let mut first = 0;
        std::iter::from_fn(move || {
            let begin = first;
            let stays = |k: &usize| {
                k - begin < ABREAST
                    && cell(*k).options.engine == EngineKind::Autodiff
                    && cell(*k).stack == cell(begin).stack
            };
            first = (begin + 1..pending.len()).take_while(stays).last().unwrap_or(begin) + 1;
            (begin < pending.len()).then_some(begin..first)
        })
    }

    /// Whether the process is asked to end, cannot keep what it does, or has failed. It is asked now and then while runs are under way: what other threads have
    /// ended is put on disk meanwhile.
    fn stops(&self) -> bool {
        self.ledger.flush_if_due();
        self.interrupt.is_requested() || self.ledger.has_failed() || self.failure.get().is_some()
    }

    fn train(&self, mut runs: &[u64]) -> Result<()> {
        while !runs.is_empty() && !self.stops() {
            let jobs = self.stack(runs)?;
            let (these, rest) = runs.split_at(jobs.len());
            runs = rest;
            self.train_together(these, &jobs, None)?;
        }
        Ok(())
    }

    /// Goes on with runs that were asked to pause.
    fn go_on(&self, runs: &[u64], state: &UnderWay) -> Result<()> {
        let jobs: Vec<Job> = runs.iter().map(|run| self.plan.job_of(*run)).collect::<Result<_>>()?;
        if let Some(flaw) = state.flaw(&jobs) {
            return Err(self.ledger.damaged(runs, flaw));
        }
        self.train_together(runs, &jobs, Some(state))
    }

    fn train_together(&self, runs: &[u64], jobs: &[Job], begun: Option<&UnderWay>) -> Result<()> {
        match train_together(jobs, begun, |_| self.stops())? {
            Trained::Ended(ended) => {
                let records = runs.iter().zip(ended).map(|(run, ended)| Record::new(*run, ended)).collect();
                self.ledger.add(records, begun.map(|_| runs));
                Ok(())
            }
            Trained::Paused(_) if self.ledger.has_failed() => Ok(()),
            Trained::Paused(state) => self.ledger.keep(runs, &state),
        }
    }

    /// The jobs of the first runs that walk in one stack.
    fn stack(&self, runs: &[u64]) -> Result<Vec<Job>> {
        let mut jobs: Vec<Job> = Vec::new();
        let mut entries = 0;
        for run in runs {
            let job = self.plan.job_of(*run)?;
            entries += job.entries();
            if jobs.first().is_some_and(|first| entries > ENTRIES || !first.stacks_with(&job)) {
                break;
            }
            jobs.push(job);
        }
        Ok(jobs)
    }
}
