//! One training run from the command line: raw options → checked job → run directory, by way of a checkpoint.

mod checkpoint;
mod config;
mod extension;
mod forecast;
pub(crate) mod fuzzed;
mod learned;
mod options;
mod origin;
mod outputs;
mod range;
mod reuse;
mod session;
mod stack;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

pub use config::{EngineKind, Job};
pub use options::{Every, Steps, TrainOptions};
pub(crate) use stack::{Ended, MEASURES, Trained, UnderWay, train_together};

use self::checkpoint::{Checkpoint, Part};
use self::session::Session;
use crate::cli;
use crate::data::Source;
use crate::error::Result;
use crate::interrupt::Interrupt;
use crate::measure::neurons::{NeuronGauge, NeuronRow};
use crate::measure::sharpness::SharpnessRow;
use crate::measure::trajectory::{Gauge, Row};
use crate::persist::entry::{Entry, Request, Standing};
use crate::persist::{InPlace, RunDir};
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
    // It is in config.json, too.
    job.warning().iter().for_each(|warning| cli::note(warning));
    let interrupt = Interrupt::listen()?;
    match train_into_place(job, &interrupt, true)? {
        Came::Interrupted => Ok(interrupt.exit_code()),
        Came::Complete(run, target) => outputs::report_complete(&run, &target, options.output.json),
        Came::Finished(written) => outputs::tell(options, &written),
    }
}

/// Leaves the directory of a run without a word, or what it has if the process is asked to end; whether it is complete.
///
/// # Errors
/// As [`run`].
pub(crate) fn leave(job: Job, interrupt: &Interrupt) -> Result<bool> {
    let came = train_into_place(job, interrupt, false)?;
    Ok(!matches!(came, Came::Interrupted))
}

/// How a run in a directory went.
enum Came {
    /// What it has is kept.
    Interrupted,
    /// It was there already.
    Complete(InPlace, PathBuf),
    Finished(Box<outputs::Written>),
}

fn train_into_place(mut job: Job, interrupt: &Interrupt, is_shown: bool) -> Result<Came> {
    let TrainOptions { data, from, resume, output, .. } = &job.options;
    let (request, is_placed) = (Request { resume: *resume, force: output.force }, output.out.is_some());
    let mut run_dir = RunDir::claim(output.out.as_deref(), "train")?;
    let data = if let Source::File(path) = data { Some(path) } else { None };
    data.into_iter().chain(from).try_for_each(|input| run_dir.keep_apart(input))?;
    let there = run_dir.in_place().filter(|_| request.resume);
    let is_longer = there.as_ref().is_some_and(|run| extension::adopt(&mut job, run));
    job.check_rows()?;
    let store = run_dir.store(job.fingerprint())?;
    let (standing, earlier) = match &there {
        Some(run) => extension::standing(&job, store.job(), run, is_longer)?,
        None => (Standing::Nothing, Vec::new()),
    };
    let entry = run_dir.enter(&store, standing, request)?;
    if let (Entry::Complete, Some(run)) = (entry, there) {
        return Ok(Came::Complete(run, run_dir.target().into()));
    }
    let mut checkpoint = Checkpoint::new(store, job.parts(), job.checkpoint_every);
    let running =
        if entry == Entry::GoesOn { checkpoint.resume(&job)? } else { checkpoint.take_over(earlier) };

    let session = Session::new(&job, checkpoint, interrupt.clone(), is_shown);
    let place = (!is_placed).then(|| run_dir.target());
    if !session.train(running, place)? {
        return Ok(Came::Interrupted);
    }
    let (parts, store) = session.checkpoint.into_parts();
    let state = extension::state(&parts);
    let results = job.results(parts, state)?;
    let written = Box::new(outputs::write(&job, run_dir, &results)?);
    store.remove()?;
    Ok(Came::Finished(written))
}

/// What a job came to.
struct Results {
    /// All replicas.
    finished: Vec<Finished>,
    /// Trajectory of the first, to its end.
    trajectory: Vec<Row>,
    /// Correlations of its first neuron along it, `[rows, m]`, of few samples.
    correlations: Vec<f64>,
    /// Its neurons along it.
    neurons: Vec<NeuronRow>,
    /// Curvature along it, if it was asked for, and whether it was read off the whole Hessian.
    sharpness: Option<(Vec<SharpnessRow>, bool)>,
    /// Time of training alone.
    training: Duration,
    /// What a replica that ran out of steps would go on with, encoded.
    state: Option<Vec<u8>>,
}

impl Job {
    fn results(&self, parts: Vec<Part>, state: Option<Vec<u8>>) -> Result<Results> {
        let (mut finished, mut rows, mut neurons) = (Vec::new(), Vec::new(), Vec::new());
        let (mut correlations, mut curvatures) = (Vec::new(), Vec::new());
        let mut training = Duration::ZERO;
        let (dataset, activation) = (self.problem.dataset(), self.problem.activation());
        for part in parts {
            let (runs, spent) = part.training.into_runs();
            training += spent;
            rows.extend(part.rows);
            correlations.extend(part.correlations);
            neurons.extend(part.neurons);
            curvatures.extend(part.curvatures);
            let snapshot = part.engine.filter(|_| self.writes_model());
            let mut parameters = snapshot.and_then(|snapshot| snapshot.replicas.into_iter().next());
            // What stands behind the parameters is the state of the update rule.
            if let Some(parameters) = &mut parameters {
                parameters.truncate(self.options.model.parameters(dataset.dim()));
            }
            for run in runs {
                let gauge = Gauge::new(dataset, activation, &self.starts[finished.len()]);
                let row = gauge.read(run.steps, run.loss, &run.neurons[0]);
                let position = run.weights.clone().unwrap_or_else(|| run.neurons[0].correlations.clone());
                finished.push(Finished { run, row, position, parameters: parameters.take() });
            }
        }
        // The rows of the first replica up to its own end: others in the same engine may have gone on.
        let run = &finished[0].run;
        let starts = neurons.iter().filter(|row| row.step == 0).map(|row| row.norm).collect();
        rows.retain(|row| row.step < run.steps);
        correlations.truncate(rows.len() * self.recorded_samples());
        neurons.retain(|row| row.step < run.steps);
        // What a diverged replica holds means nothing.
        if run.outcome != Outcome::Diverged {
            rows.push(finished[0].row);
            if self.recorded_samples() > 0 {
                correlations.extend(&run.neurons[0].correlations);
            }
            let gauge = NeuronGauge::new(dataset, activation, starts);
            neurons.extend(gauge.read(run.steps, &run.neurons, run.weights.as_deref()));
        }
        let sharpness = self.curvatures(curvatures, &finished[0].run)?;
        Ok(Results { finished, trajectory: rows, correlations, neurons, sharpness, training, state })
    }

    /// The curvatures of the first replica up to its own end, where that is.
    fn curvatures(
        &self,
        mut rows: Vec<SharpnessRow>,
        run: &Run,
    ) -> Result<Option<(Vec<SharpnessRow>, bool)>> {
        let Some(mut along) = self.sharpness_along()? else { return Ok(None) };
        rows.retain(|row| row.step <= run.steps);
        // Others in the same engine may have gone on; there the model is the neuron.
        if rows.last().is_none_or(|row| row.step < run.steps)
            && run.outcome != Outcome::Diverged
            && self.options.model.is_neuron()
            && let Some(weights) = &run.weights
        {
            rows.push(along.look(run.steps, weights.clone()));
        }
        Ok(Some((rows, along.is_dense())))
    }
}
