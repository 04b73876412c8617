//! The job that the options of `train` make once they are checked.

use std::time::Duration;

use serde::Serialize;

use super::forecast::Forecast;
use super::origin::Origin;
use super::range::fits;
use super::{Every, Steps, TrainOptions};
use crate::data::file::{self, Layout, ReadOptions};
use crate::data::{Dataset, Normalisation, Source};
use crate::device::{Compute, Precision};
use crate::engine::{CHUNK, Reduced};
use crate::error::{Error, Misuse, Result};
use crate::init::Start;
use crate::limits;
use crate::model::{AnyAutoencoder, Architecture};
use crate::problem::Problem;
use crate::schedule::Schedule;
use crate::theory;
use crate::update::{Rule, Update};

/// Entries m·n beyond which orthonormal data is left implicit under the reduced engine.
const MAX_MATERIALISED: usize = 1 << 20;

/// Most rows of a trajectory, or of the table of neurons: they are held in memory, and written with every checkpoint.
const MAX_ROWS: u64 = 1 << 22;

/// Which engine takes the steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum EngineKind {
    /// Burn differentiates the model.
    Autodiff,
    /// The hand-derived gradient, replicas batched.
    Analytic,
    /// The exact recursion in correlations and residual.
    Reduced,
}

impl EngineKind {
    /// Name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Autodiff => "autodiff",
            Self::Analytic => "analytic",
            Self::Reduced => "reduced",
        }
    }
}

/// A checked job.
#[derive(Clone, Debug)]
pub struct Job {
    pub(crate) options: TrainOptions,
    /// How the file of the data was read, if it is one.
    pub(super) layout: Option<Layout>,
    pub(super) compute: Compute,
    pub(super) problem: Problem,
    /// Where replicas begin, if not at a random point.
    pub(super) origin: Option<Origin>,
    pub(super) schedule: Schedule,
    pub(super) starts: Vec<Start>,
    /// Where theory says that the replicas end, if it does.
    pub(super) forecast: Option<Forecast>,
    pub(super) tolerance: f64,
    pub(super) budget: u64,
    pub(super) every: Every,
    /// Where the curvature is looked at, if it is.
    pub(super) sharpness: Option<Every>,
    /// Time between checkpoints, if there are to be any.
    pub(super) checkpoint_every: Option<Duration>,
}

impl Job {
    /// Checks options once and for all; nothing later needs to.
    ///
    /// # Errors
    /// Everything a user can get wrong about data, batch, step size, initial norm, tolerance, backend
    /// and precision.
    pub fn check(options: &TrainOptions) -> Result<Self> {
        let compute = options.device.open()?;
        let tolerance = options.tolerance.unwrap_or(match precision(options.engine, &compute) {
            Precision::F64 => 1e-10,
            Precision::F32 => 1e-5,
        });
        if !(tolerance >= 0.0 && tolerance.is_finite()) {
            return Err(Error::Tolerance(tolerance));
        }
        limits::count("the number of replicas", options.replicas, limits::MAX_RUNS)?;
        let seconds = Duration::try_from_secs_f64(options.checkpoint_every).map_err(|_| {
            Error::Usage(format!("--checkpoint-every {}: give seconds, or 0", options.checkpoint_every))
        })?;
        check_formula(options)?;
        let checkpoint_every = Some(seconds).filter(|seconds| !seconds.is_zero());
        let (dataset, layout) = dataset(options)?;
        let width = if dataset.is_materialised() { dataset.dim() } else { dataset.samples() };
        limits::replicas(options.replicas, width)?;
        options.model.check_size(dataset.samples(), width)?;
        limits::entries("the models", options.replicas as usize, options.model.parameters(width))?;
        let mut schedule = Schedule::new(options.schedule, dataset.samples(), options.batch, options.seed)?;
        if let Some(weights) = &options.weights {
            let of_all = weights.of(dataset.samples(), "--weights")?;
            // The same weights are the uniform law.
            if !weights.are_equal() {
                schedule = schedule.weighted(of_all)?;
            }
        }
        let problem = Problem::new(dataset, options.activation, options.reduction, options.step_size)?
            .with_update(options.update())?
            .with_noise(options.noise())?;
        if options.engine == EngineKind::Reduced {
            Reduced::check(&problem)?;
        }
        let origin = match &options.from {
            Some(path) => Some(Origin::read(path, options, &problem, &compute)?),
            None => None,
        };
        let start = |replica| match &origin {
            Some(origin) => origin.start(problem.dataset(), replica as usize),
            None => Ok(Start::gaussian(problem.dataset(), options.init_norm, options.seed, replica)?),
        };
        let starts = (0..options.replicas).map(start).collect::<Result<Vec<_>>>()?;
        fits(precision(options.engine, &compute), options, &problem)?;
        let epoch = schedule.samples().div_ceil(schedule.batch_size()) as u64;
        let budget = match (options.epochs, options.steps) {
            (Some(epochs), _) => epochs.checked_mul(epoch).ok_or(Error::TooManyEpochs { epochs, epoch })?,
            (None, Steps::Number(steps)) => steps,
            (None, Steps::Auto) => auto_budget(&problem, &options.model, &schedule, &starts, tolerance)?,
        };
        // From the first steps, where the neuron grows, to the last, in a thousand rows or fewer.
        let every = options.every.unwrap_or(Every::Log);
        if options.sharpness.is_some() {
            // The curvature of a loss over rows that are not there.
            problem.dataset().rows()?;
        }
        let forecast =
            if options.model.is_neuron() { Forecast::new(&problem, &schedule, &starts) } else { None };
        Ok(Self {
            options: options.clone(),
            layout,
            compute,
            problem,
            origin,
            schedule,
            starts,
            forecast,
            tolerance,
            budget,
            every,
            sharpness: options.curvature(every),
            checkpoint_every,
        })
    }

    /// What a user should know of how the file of the data was read.
    pub(crate) fn warning(&self) -> Option<String> {
        let warning = self.layout.as_ref().and_then(Layout::warning)?;
        Some(format!("warning: {}: {warning}", self.options.data))
    }

    /// Refuses a trajectory, or a table of neurons or curvatures, with more rows than are held in memory.
    ///
    /// # Errors
    /// [`Error::TooManyRows`].
    pub(super) fn check_rows(&self) -> Result<()> {
        let neurons = self.options.model.neurons() as u64;
        for (every, at_once) in [(Some(self.every), neurons), (self.sharpness, 1)] {
            let Some(every) = every else { continue };
            let rows = every.cadence().looks(self.budget).saturating_mul(at_once);
            if rows > MAX_ROWS {
                return Err(Error::TooManyRows { rows, max: MAX_ROWS, every: every.interval() });
            }
        }
        Ok(())
    }

    /// The model of a replica at its start.
    pub(super) fn initial(&self, replica: usize) -> Result<AnyAutoencoder> {
        let Self { options: TrainOptions { model, init_norm, seed, .. }, problem, compute, .. } = self;
        if let Some(origin) = &self.origin {
            return Ok(origin.model(replica));
        }
        let streams = (*seed, replica as u64);
        model.init(problem.activation(), problem.dataset(), *init_norm, streams, compute)
    }

    /// Steps until every sample has been visited about once.
    pub(super) fn epoch(&self) -> u64 {
        self.schedule.samples().div_ceil(self.schedule.batch_size()) as u64
    }

    /// Steps between looks at the stop rule: an epoch, and no less than what a device does at once. The same for
    /// every engine, so that all stop at the same step.
    pub(super) fn check_every(&self) -> u64 {
        self.epoch().max(CHUNK)
    }
}

fn dataset(options: &TrainOptions) -> Result<(Dataset, Option<Layout>)> {
    let source = &options.data;
    if !source.is_generator() && (options.samples.is_some() || options.dim.is_some()) {
        let reason = format!("--data {source} has samples of its own: leave out --samples and --dim");
        return Err(Error::Usage(reason));
    }
    if !matches!(source, Source::File(_)) && options.reading != ReadOptions::default() {
        let reason = format!("--data {source} is no file: leave out --skip-rows and --label-column");
        return Err(Error::Usage(reason));
    }
    let samples = options.samples.unwrap_or(10);
    let dim = options.dim.unwrap_or(samples.saturating_mul(3));
    let implicit = *source == Source::Orthonormal
        && options.normalise == Normalisation::None
        && options.norms.is_none()
        && options.engine == EngineKind::Reduced
        && samples.saturating_mul(dim) > MAX_MATERIALISED;
    if implicit {
        return Ok((Dataset::implicit_orthonormal(samples, dim)?, None));
    }
    let (dataset, layout) = match source {
        Source::File(path) => {
            file::read(path, &options.reading).map(|(data, layout)| (data, Some(layout)))?
        }
        source => (source.load(samples, dim, options.seed)?, None),
    };
    let mut dataset = dataset.normalised(options.normalise)?;
    if let Some(norms) = &options.norms {
        dataset = dataset.with_norms(norms.of(dataset.samples(), "--norms")?)?;
    }
    if options.engine == EngineKind::Reduced && !dataset.is_orthonormal() {
        // Computed once, and kept.
        dataset.gram()?;
    }
    Ok((dataset, layout))
}

/// Refuses a model or activation of which an engine has no formula.
fn check_formula(options: &TrainOptions) -> Result<()> {
    let TrainOptions { engine, model, activation, .. } = options;
    let what = match engine {
        EngineKind::Autodiff => return Ok(()),
        _ if !model.is_neuron() => format!("model {model}"),
        _ if !activation.has_unit_slope() => format!("activation {}", activation.name()),
        _ => return Ok(()),
    };
    Err(Misuse::NoFormula { engine: engine.name(), what }.into())
}

/// Precision of the arithmetic: the reduced engine computes in f64 whatever the device.
pub(super) fn precision(engine: EngineKind, compute: &Compute) -> Precision {
    if engine == EngineKind::Reduced { Precision::F64 } else { compute.precision() }
}

/// Refuses `--steps auto`.
fn no_number(reason: &str) -> Error {
    Error::Usage(format!("--steps auto, the default: {reason}; give a number of steps, as --steps 20000"))
}

/// What a problem has that no rate law covers.
fn without_rate_law(problem: &Problem) -> Option<String> {
    let (Update { rule, weight_decay, step_schedule }, noise) = (problem.update(), problem.noise());
    let said = [
        (noise.label > 0.0, "label noise, which keeps a run from coming to rest".into()),
        (noise.gradient > 0.0, "gradient noise, which keeps a run from coming to rest".into()),
        (*rule != Rule::Sgd, format!("update {rule}")),
        (*weight_decay > 0.0, "weight decay".into()),
        (!step_schedule.is_constant(), format!("step schedule {step_schedule}")),
    ];
    said.into_iter().find(|(is_there, _)| *is_there).map(|(_, what)| what)
}

/// The longest budget any start asks for.
fn auto_budget(
    problem: &Problem,
    model: &Architecture,
    schedule: &Schedule,
    starts: &[Start],
    tolerance: f64,
) -> Result<u64> {
    if !model.is_neuron() {
        return Err(no_number(&format!("there is no rate law for model {model}")));
    }
    if !problem.dataset().is_orthonormal() {
        let reason = "there is no rate law for data that is not orthonormal";
        return Err(no_number(reason));
    }
    if let Some(what) = without_rate_law(problem) {
        return Err(no_number(&format!("there is no rate law for {what}")));
    }
    let step_per_sample = problem.step_per_sample(schedule.batch_size());
    let budget = |start: &Start| {
        let Start { correlations, residual, .. } = start;
        theory::budget::steps(
            schedule,
            correlations,
            *residual,
            problem.activation(),
            step_per_sample,
            tolerance,
        )
        .map_err(|error| match error {
            Misuse::NoBudget(reason) => no_number(&reason),
            other => other.into(),
        })
    };
    starts.iter().map(budget).try_fold(0, |longest, steps| Ok(longest.max(steps?)))
}
