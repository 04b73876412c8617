//! How long a study may take, from one short run a cell.

use std::time::{Duration, Instant};

use rayon::prelude::*;

use super::plan::Plan;
use crate::error::Result;
use crate::job::{Job, Trained, train_together};

/// Most cells that are tried: each until it is first asked whether to pause.
const MOST: usize = 64;

/// What is expected of a cell.
pub(super) struct Expected {
    pub cell: usize,
    /// Steps of its first run at most.
    pub budget: u64,
    /// Time of its first run, by itself and if it takes all of its steps; `None` of a cell that was not tried.
    pub run: Option<Duration>,
}

/// Tries the first runs of cells, evenly spread over the study.
///
/// # Errors
/// Data that an engine refuses.
pub(super) fn of(plan: &Plan) -> Result<Vec<Expected>> {
    let stride = plan.cells.len().div_ceil(MOST);
    let expect = |cell: usize| {
        let options = plan.options(cell as u64 * plan.study.seeds);
        let job = Job::check(&options)?;
        let budget = job.budget();
        let run = if cell.is_multiple_of(stride) { Some(tried(job)?) } else { None };
        Ok(Expected { cell, budget, run })
    };
    (0..plan.cells.len()).into_par_iter().map(expect).collect()
}

fn tried(job: Job) -> Result<Duration> {
    let (budget, began) = (job.budget(), Instant::now());
    let (mut taken, mut at) = (0, Duration::ZERO);
    let trained = train_together(&[job], None, |steps| {
        (taken, at) = (steps, began.elapsed());
        true
    })?;
    Ok(match trained {
        Trained::Paused(_) if taken > 0 => at.mul_f64(budget as f64 / taken as f64),
        Trained::Paused(_) | Trained::Ended(_) => began.elapsed(),
    })
}

/// Time of the whole study on so many threads, from the mean of the runs that were tried.
pub(super) fn total(plan: &Plan, expected: &[Expected]) -> Duration {
    let tried: Vec<f64> = expected.iter().filter_map(|cell| cell.run).map(|run| run.as_secs_f64()).collect();
    let mean = tried.iter().sum::<f64>() / tried.len().max(1) as f64;
    let seconds = mean * plan.runs() as f64 / rayon::current_num_threads() as f64;
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}
