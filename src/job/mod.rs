//! One training run from the command line: raw options → checked job → run directory.

mod config;
mod outputs;

use std::process::ExitCode;
use std::time::Duration;

use indicatif::ProgressBar;
use rayon::prelude::*;

pub use config::{EngineKind, Job, ModelKind, Steps, TrainOptions};

use crate::cli;
use crate::device::Compute;
use crate::engine::{Analytic, Autodiff, Engine, Reduced};
use crate::error::Result;
use crate::init::Start;
use crate::measure::trajectory::{Gauge, Row, Trajectory};
use crate::problem::Problem;
use crate::run_dir::RunDir;
use crate::schedule::Schedule;
use crate::train::{Cadence, Observer, Outcome, Plan, Run, StopRule, train};

/// What one replica came to.
struct Finished {
    run: Run,
    row: Row,
    /// First-layer weights, `[n]`; correlations over implicit data, `[m]`.
    position: Vec<f64>,
}

/// Runs a job from its options and writes its directory. Exits with 1 if a replica diverged.
///
/// # Errors
/// Bad options, bad input, I/O.
pub fn run(options: &TrainOptions) -> Result<ExitCode> {
    if options.device.list_backends {
        return cli::list_backends(options.output.json);
    }
    let job = Job::check(options)?;
    let run_dir = RunDir::create(options.output.out.as_deref(), "train", options.output.force)?;
    let progress = cli::progress_bar("train");
    progress.set_length(job.budget);
    let (finished, trajectory, training) = job.train(&progress)?;
    progress.finish_and_clear();
    outputs::write(&job, options, run_dir, &finished, &trajectory, training)?;
    let diverged = finished.iter().any(|replica| replica.run.outcome == Outcome::Diverged);
    Ok(if diverged { ExitCode::from(cli::NOT_REPRODUCED) } else { ExitCode::SUCCESS })
}

impl Job {
    /// Trains all replicas; the trajectory is that of the first.
    fn train(&self, progress: &ProgressBar) -> Result<(Vec<Finished>, Vec<Row>, Duration)> {
        let Job { problem, schedule, starts, .. } = self;
        if self.engine == EngineKind::Analytic {
            // All replicas in one engine.
            let mut engine = Analytic::new(problem, schedule, starts, 0, &self.compute)?;
            return self.train_on(&mut engine, 0, progress);
        }
        let alone = (0..starts.len()).into_par_iter().map(|replica| {
            let mut engine = build(self.engine, problem, schedule, &starts[replica], replica, &self.compute)?;
            self.train_on(engine.as_mut(), replica, progress)
        });
        let mut all = alone.collect::<Result<Vec<_>>>()?;
        let trajectory = std::mem::take(&mut all[0].1);
        let training = all.iter().map(|(_, _, training)| *training).sum();
        Ok((all.into_iter().flat_map(|(finished, _, _)| finished).collect(), trajectory, training))
    }

    /// Trains one engine, whose replicas are those from `first` on.
    fn train_on(
        &self,
        engine: &mut dyn Engine,
        first: usize,
        progress: &ProgressBar,
    ) -> Result<(Vec<Finished>, Vec<Row>, Duration)> {
        let starts = &self.starts[first..first + engine.replicas()];
        let gauge = |start: &Start| Gauge::new(self.problem.dataset(), self.problem.activation(), start);
        let plan =
            Plan { budget: self.budget, stop: self.stop_rule(starts), check_every: self.check_every() };
        let mut trajectory = Trajectory::new(gauge(&starts[0]), Cadence::Every(self.every), 0);
        let mut bar = Bar { bar: progress, every: (self.budget / 200).max(1) };
        let mut observers: Vec<&mut dyn Observer> = Vec::new();
        if first == 0 {
            observers.push(&mut trajectory);
            observers.push(&mut bar);
        }
        let (runs, training) = train(engine, &plan, &mut observers);
        let finished: Vec<Finished> = runs
            .into_iter()
            .zip(starts)
            .map(|(run, start)| {
                let row = gauge(start).read(run.steps, run.loss, &run.neurons[0]);
                let position = run.weights.clone().unwrap_or_else(|| run.neurons[0].correlations.clone());
                Finished { run, row, position }
            })
            .collect();
        let rows = until_the_end(trajectory.rows, &finished[0]);
        Ok((finished, rows, training))
    }

    fn stop_rule(&self, starts: &[Start]) -> StopRule {
        let tolerance = self.tolerance;
        match self.limits(starts) {
            Some(sets) => StopRule::Limit { sets, tolerance },
            None => StopRule::Tail { window: 10 * self.epoch(), tolerance },
        }
    }
}

/// The rows of a replica up to its own end: others in the same engine may have gone on.
fn until_the_end(mut rows: Vec<Row>, finished: &Finished) -> Vec<Row> {
    rows.retain(|row| row.step < finished.run.steps);
    // What a diverged replica holds means nothing.
    if finished.run.outcome != Outcome::Diverged {
        rows.push(finished.row);
    }
    rows
}

fn build(
    kind: EngineKind,
    problem: &Problem,
    schedule: &Schedule,
    start: &Start,
    replica: usize,
    compute: &Compute,
) -> Result<Box<dyn Engine>> {
    let (starts, replica) = (std::slice::from_ref(start), replica as u64);
    Ok(match kind {
        EngineKind::Autodiff => {
            Box::new(Autodiff::single_neuron(problem, schedule, start, replica, compute)?)
        }
        EngineKind::Analytic => Box::new(Analytic::new(problem, schedule, starts, replica, compute)?),
        EngineKind::Reduced => Box::new(Reduced::new(problem, schedule, starts, replica)?),
    })
}

/// Moves a progress bar along.
struct Bar<'a> {
    bar: &'a ProgressBar,
    every: u64,
}

impl Observer for Bar<'_> {
    fn cadence(&self) -> Cadence {
        Cadence::Every(self.every)
    }

    fn observe(&mut self, step: u64, _engine: &dyn Engine) {
        self.bar.set_position(step);
    }
}
