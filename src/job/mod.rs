//! One training run from the command line: raw options → checked job → run directory, by way of a checkpoint.

mod checkpoint;
mod config;
mod outputs;
mod session;

use std::process::ExitCode;
use std::time::Duration;

pub use config::{EngineKind, Job, Steps, TrainOptions};

use self::checkpoint::{Checkpoint, Part};
use self::session::Session;
use crate::cli;
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::measure::trajectory::{Gauge, Row};
use crate::run_dir::{RunDir, checkpoint_of};
use crate::train::{Outcome, Run};

/// What one replica came to.
struct Finished {
    run: Run,
    row: Row,
    /// First-layer weights, `[k, n]`; correlations over implicit data, `[m]`.
    position: Vec<f64>,
    /// All parameters, where they are more than that and will be written.
    parameters: Option<Vec<f64>>,
}

/// Runs a job from its options and writes its directory. Exits with 1 if a replica diverged, with 130 if Ctrl-C came
/// first: what it has is then kept for `--resume`.
///
/// # Errors
/// Bad options, bad input, a checkpoint of another job or in the way, I/O.
pub fn run(options: &TrainOptions) -> Result<ExitCode> {
    if options.device.list_backends {
        return cli::list_backends(options.output.json);
    }
    let job = Job::check(options)?;
    let fingerprint = outputs::fingerprint(&job, options);
    let output = &options.output;
    if options.resume
        && let Some(out) = output.out.as_deref().filter(|out| outputs::is_complete(out, &fingerprint))
    {
        // Ended between the last two things it does, a run leaves its checkpoint behind.
        checkpoint::remove(&checkpoint_of(out))?;
        return outputs::report_complete(out, output.json);
    }
    let mut run_dir = RunDir::create(output.out.as_deref(), "train", output.force)?;
    let directory = checkpoint_of(run_dir.target());
    let mut checkpoint = Checkpoint::new(directory.clone(), fingerprint, job.parts(), job.checkpoint_every);
    let running = match checkpoint::exists(&directory) {
        true if options.resume => checkpoint.resume()?,
        true if !output.force => return Err(Error::CheckpointExists { path: directory }),
        _ => {
            checkpoint::remove(&directory)?;
            Vec::new()
        }
    };

    let session = Session::new(&job, checkpoint, Interrupt::listen()?);
    let place = output.out.is_none().then(|| run_dir.target());
    if !session.train(running, place)? {
        return Ok(session.interrupt.exit_code());
    }
    let checkpoint = session.checkpoint;
    if let Some(staging) = checkpoint.output() {
        run_dir.stage_in(staging)?;
    }
    let (finished, trajectory, training) = job.results(checkpoint.into_parts());
    outputs::write(&job, options, run_dir, &finished, &trajectory, training)?;
    checkpoint::remove(&directory)?;
    let diverged = finished.iter().any(|replica| replica.run.outcome == Outcome::Diverged);
    Ok(if diverged { ExitCode::from(cli::NOT_REPRODUCED) } else { ExitCode::SUCCESS })
}

impl Job {
    /// All replicas, the trajectory of the first, and the time of training, from the finished parts.
    fn results(&self, parts: Vec<Part>) -> (Vec<Finished>, Vec<Row>, Duration) {
        let (mut finished, mut rows, mut training) = (Vec::new(), Vec::new(), Duration::ZERO);
        for part in parts {
            let (runs, spent) = part.training.into_runs();
            training += spent;
            rows.extend(part.rows);
            let mut parameters = part.engine.and_then(|snapshot| snapshot.replicas.into_iter().next());
            for run in runs {
                let start = &self.starts[finished.len()];
                let gauge = Gauge::new(self.problem.dataset(), self.problem.activation(), start);
                let row = gauge.read(run.steps, run.loss, &run.neurons[0]);
                let position = run.weights.clone().unwrap_or_else(|| run.neurons[0].correlations.clone());
                finished.push(Finished { run, row, position, parameters: parameters.take() });
            }
        }
        let rows = until_the_end(rows, &finished[0]);
        (finished, rows, training)
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
