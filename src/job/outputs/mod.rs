//! The run directory of `train`, and what it prints.

mod described;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use self::described::describe;
use super::extension::STATE;
use super::learned::Learned;
use super::{Finished, Job, Results, TrainOptions};
use crate::cli;
use crate::device::to_host;
use crate::error::Result;
use crate::limit_set::LimitSet;
use crate::measure::sharpness::SharpnessRow;
use crate::measure::trajectory::Row;
use crate::model::{Autoencoder, flat};
use crate::persist::store::checksum;
use crate::persist::{InPlace, RunDir};
use crate::report::run::Ending;
use crate::report::{render, terminal};
use crate::text;
use crate::text::number;
use crate::train::Outcome;

/// `summary.json`: how the first replica ended, and how many ended how.
#[derive(Serialize)]
struct Summary {
    #[serde(flatten)]
    first: Ending,
    /// Seconds of training alone, over all replicas.
    seconds: f64,
    /// What the distance is measured to: `mixture`, `datapoint`, or `none` for an estimated rest.
    predicted_limit: &'static str,
    #[serde(flatten)]
    learned: Learned,
    replicas: Counts,
    /// Curvature at the end of the first replica, if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    sharpness: Option<Sharpness>,
    directory: String,
}

/// What a run came to, once it is in its place.
pub(super) struct Written {
    summary: Summary,
    /// The same for a terminal.
    text: String,
}

/// Curvature of the training loss at the end.
#[derive(Serialize)]
struct Sharpness {
    #[serde(flatten)]
    row: SharpnessRow,
    /// `dense` by the whole Hessian, `estimated` by Lanczos and Hutch++.
    method: &'static str,
}

impl Sharpness {
    fn new(row: &SharpnessRow, dense: bool) -> Self {
        Self { row: *row, method: if dense { "dense" } else { "estimated" } }
    }

    /// A line for the terminal.
    fn describe(&self) -> String {
        let SharpnessRow { largest, trace, sem, reached, kink, .. } = self.row;
        let error = if sem > 0.0 { format!(" ± {}", number(sem)) } else { String::new() };
        let short = if reached { "" } else { "; less accurate than asked for" };
        let kink =
            if kink { "; a kink lies within the difference step: means of both its sides" } else { "" };
        format!(
            "  sharpness            λ_max {}, trace {}{error}{short}{kink}",
            number(largest),
            number(trace)
        )
    }
}

/// Replicas by outcome.
#[derive(Default, Serialize)]
struct Counts {
    converged: u64,
    dead: u64,
    diverged: u64,
    max_steps: u64,
    stalled: u64,
}

impl Job {
    /// What determines the results, for a checkpoint to be recognised by: the configuration without what it has nothing to do
    /// with.
    pub(crate) fn fingerprint(&self) -> Value {
        let Self { options, layout, compute, problem, origin, schedule, .. } = self;
        let (dataset, update, noise) = (problem.dataset(), problem.update(), problem.noise());
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "git_commit": crate::COMMIT,
            "samples": dataset.samples(),
            "dim": dataset.dim(),
            "data": options.data.name(),
            // How its file was read, if it is one.
            "data_read": layout,
            "normalise": options.normalise,
            // Norms that the samples were brought to, if they were.
            "norms": options.norms,
            // Of the rows, to the bit; null where they are left implicit.
            "data_checksum": dataset.rows().ok().map(checksum),
            "batch": schedule.batch_size(),
            "schedule": schedule.kind().name(),
            // Null where all are the same.
            "weights": options.weights.as_ref().filter(|weights| !weights.are_equal()),
            "step_size": problem.step_size(),
            "reduction": problem.reduction(),
            "update": update.rule,
            "weight_decay": update.weight_decay,
            "step_schedule": update.step_schedule,
            "label_noise": noise.label,
            "gradient_noise": noise.gradient,
            "model": options.model,
            "activation": problem.activation().name(),
            "engine": options.engine,
            // Norm of a random initial point; null with `from`.
            "init_norm": origin.is_none().then_some(options.init_norm),
            // Run or file of weights that the run begins with, and these weights, to the bit.
            "from": options.from.as_deref().map(text::name),
            "from_checksum": origin.as_ref().map(|origin| &origin.checksum),
            "steps": self.budget,
            "tolerance": self.tolerance,
            "seed": options.seed,
            "every": self.every,
            // Steps between looks at the curvature, or `log`; null without.
            "sharpness": self.sharpness,
            "replicas": options.replicas,
            "record_batches": options.record_batches,
            "backend": compute.backend().name(),
            "precision": compute.precision().name(),
            "dtype": super::config::precision(options.engine, compute).name(),
        })
    }
}

/// `config.json`: every option, resolved, one flat key each, and what `data.npy`, `w0.npy` and `w.npy` hold, or why they are not there.
fn config(job: &Job, directory: &str) -> Value {
    let mut config = job.fingerprint();
    config["out"] = directory.into();
    config["force"] = job.options.output.force.into();
    config["json"] = job.options.output.json.into();
    config["files"] = if job.problem.dataset().is_materialised() {
        "data.npy [m, n]; w0.npy and w.npy [n] ([R, n] with R > 1 replicas), of a first layer with k > 1 neurons \
         [k, n] ([R, k, n])"
    } else {
        "m x n orthonormal rows are left implicit: they are never written down, only the correlations \
         c = A w matter; c0.npy and c.npy [m] ([R, m] with R > 1 replicas) stand in for w0.npy and w.npy"
    }
    .into();
    config
}

/// Says that there is nothing left to do. Exits like the run itself.
///
/// # Errors
/// [`Error::Output`](crate::Error::Output).
pub(super) fn report_complete(run: &InPlace, target: &Path, json: bool) -> Result<ExitCode> {
    let summary: Value = run.json("summary.json").unwrap_or_default();
    cli::tell_complete(target, json, &summary)?;
    Ok(cli::exit_code(summary["replicas"]["diverged"].as_u64().unwrap_or_default() == 0))
}

/// Writes the files of a run and puts them in their place.
///
/// # Errors
/// [`Error::Io`](crate::Error::Io), [`Error::File`](crate::Error::File).
pub(super) fn write(job: &Job, run_dir: RunDir, results: &Results) -> Result<Written> {
    let Results { finished, trajectory, neurons, sharpness, training, state, .. } = results;
    let directory = text::path(run_dir.target()).to_string();
    run_dir.write_json("config.json", &config(job, &directory))?;
    write_arrays(job, &run_dir, finished)?;
    run_dir.write_csv("trajectory.csv", trajectory)?;
    write_correlations(job, &run_dir, results)?;
    run_dir.write_csv("neurons.csv", neurons)?;
    if finished.len() > 1 {
        let rows: Vec<Ending> = finished.iter().enumerate().map(ending).collect();
        run_dir.write_csv("replicas.csv", &rows)?;
    }
    if job.options.record_batches {
        write_batches(job, &run_dir, finished[0].run.steps)?;
    }
    if let Some((rows, _)) = sharpness {
        run_dir.write_csv("sharpness.csv", rows)?;
    }
    if let Some(state) = state {
        run_dir.write(STATE, state)?;
    }
    let mut summary = summary(job, finished, *training, directory)?;
    summary.sharpness =
        sharpness.as_ref().and_then(|(rows, dense)| Some(Sharpness::new(rows.last()?, *dense)));
    run_dir.write_json("summary.json", &summary)?;
    if !job.options.output.no_page {
        cli::tell_failed(&render::into(&run_dir, &[])?);
    }
    cli::tell_committed(&run_dir.commit()?);
    let text = describe(job, &summary, finished);
    Ok(Written { summary, text })
}

/// Says what a run came to; exits with 1 if a replica diverged.
///
/// # Errors
/// [`Error::Output`](crate::Error::Output).
pub(super) fn tell(options: &TrainOptions, Written { summary, text }: &Written) -> Result<ExitCode> {
    let page = if options.output.no_page {
        String::new()
    } else {
        format!("\n{}", terminal::page(&format!("{}/report.html", summary.directory)))
    };
    cli::tell(options.output.json, summary, || format!("{text}{page}"))?;
    Ok(cli::exit_code(summary.replicas.diverged == 0))
}

/// The correlations of the first neuron beside the rows of the trajectory, of few samples.
fn write_correlations(job: &Job, run_dir: &RunDir, results: &Results) -> Result<()> {
    let samples = job.recorded_samples();
    if samples == 0 {
        return Ok(());
    }
    let header = std::iter::once("step".into()).chain((0..samples).map(|i| format!("c_{i}")));
    let rows = results.trajectory.iter().zip(results.correlations.chunks_exact(samples));
    let fields = |(row, c): (&Row, &[f64])| {
        std::iter::once(row.step.to_string()).chain(c.iter().map(|c| format!("{c:?}"))).collect()
    };
    run_dir.write_table("correlations.csv", header, rows.map(fields))
}

fn write_arrays(job: &Job, run_dir: &RunDir, finished: &[Finished]) -> Result<()> {
    let dataset = job.problem.dataset();
    let materialised = dataset.is_materialised();
    let (width, first, last) = if materialised {
        (dataset.dim(), "w0.npy", "w.npy")
    } else {
        (dataset.samples(), "c0.npy", "c.npy")
    };
    // Of replicas and neurons only as many as there are make a dimension.
    let (replicas, neurons) = (finished.len() as u64, (finished[0].position.len() / width) as u64);
    let mut shape: Vec<u64> = [replicas, neurons].into_iter().filter(|&count| count > 1).collect();
    shape.push(width as u64);
    run_dir.write_npy(first, initial_positions(job)?, &shape)?;
    run_dir.write_npy(last, finished.iter().flat_map(|replica| replica.position.iter().copied()), &shape)?;
    if materialised {
        let shape = [dataset.samples() as u64, dataset.dim() as u64];
        run_dir.write_npy("data.npy", dataset.rows()?.iter().copied(), &shape)?;
        if let Some(dictionary) = dataset.dictionary() {
            let shape = [dictionary.len() as u64, dictionary.dim() as u64];
            run_dir.write_npy("dictionary.npy", dictionary.atoms().flatten().copied(), &shape)?;
        }
        if let [only] = finished {
            let parameters = only.parameters.as_ref().unwrap_or(&only.position);
            let model = flat::at(job.initial(0)?, parameters, &job.compute);
            run_dir.write("model.safetensors", &model.to_safetensors()?)?;
        }
    }
    Ok(())
}

/// First-layer weights of all replicas at the start; correlations over implicit data.
fn initial_positions(job: &Job) -> Result<Vec<f64>> {
    let mut positions = Vec::new();
    for (replica, start) in job.starts.iter().enumerate() {
        if job.options.model.is_neuron() {
            positions.extend(start.weights.as_ref().unwrap_or(&start.correlations));
        } else {
            positions.extend(to_host(job.initial(replica)?.neurons()));
        }
    }
    Ok(positions)
}

/// The schedule is a pure function, so the batches are replayed rather than kept.
fn write_batches(job: &Job, run_dir: &RunDir, steps: u64) -> Result<()> {
    let mut stream = job.schedule.stream(0);
    let batches = (0..steps).flat_map(|_| stream.next_batch().iter().map(|&i| i as i64).collect::<Vec<_>>());
    run_dir.write_npy("batches.npy", batches, &[steps, job.schedule.batch_size() as u64])
}

fn ending((replica, Finished { run, row, .. }): (usize, &Finished)) -> Ending {
    // What a diverged replica holds means nothing.
    let measured = |x: f64| if run.outcome == Outcome::Diverged { f64::NAN } else { x };
    Ending {
        replica,
        outcome: run.outcome,
        steps: run.steps,
        distance: measured(run.distance),
        loss: measured(row.loss),
        norm: measured(row.norm),
        max_cos: measured(row.max_cos),
        argmax: row.argmax,
        cos_init: measured(row.cos_init),
        participation_ratio: measured(row.participation_ratio),
        residual: measured(row.residual),
        log_ratio: measured(row.log_ratio),
    }
}

fn summary(job: &Job, finished: &[Finished], training: Duration, directory: String) -> Result<Summary> {
    let mut replicas = Counts::default();
    for replica in finished {
        *match replica.run.outcome {
            Outcome::Converged => &mut replicas.converged,
            Outcome::Dead => &mut replicas.dead,
            Outcome::Diverged => &mut replicas.diverged,
            Outcome::MaxSteps => &mut replicas.max_steps,
            Outcome::Stalled => &mut replicas.stalled,
        } += 1;
    }
    let predicted_limit = match job.limits(0..1).map(|mut sets| sets.remove(0).set) {
        Some(LimitSet::Point(mixed)) if mixed.iter().filter(|x| **x != 0.0).count() > 1 => "mixture",
        Some(_) => "datapoint",
        None => "none",
    };
    Ok(Summary {
        first: ending((0, &finished[0])),
        seconds: training.as_secs_f64(),
        predicted_limit,
        learned: Learned::new(job, &finished[0])?,
        replicas,
        sharpness: None,
        directory,
    })
}
