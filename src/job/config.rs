//! The options of `train`, and the job they make once checked.

use std::str::FromStr;
use std::time::Duration;

use clap::Parser;
use serde::Serialize;

use crate::cli::{DeviceOptions, OutputOptions};
use crate::data::{Dataset, Normalisation, Source};
use crate::device::{Compute, Precision};
use crate::engine::CHUNK;
use crate::error::{Error, Result};
use crate::init::Start;
use crate::limit_set::LimitSet;
use crate::model::{Activation, AnyAutoencoder, Architecture};
use crate::problem::{Problem, Reduction};
use crate::schedule::{Schedule, ScheduleKind};
use crate::theory;
use crate::vectors::largest_size;

/// Entries m·n beyond which orthonormal data is left implicit under the reduced engine.
const MOST_MATERIALISED: usize = 1 << 20;

/// Entries of the largest array a run may ask for: 8 GiB of f64.
const MOST_ENTRIES: usize = 1 << 30;

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

/// A number of steps, or what theory says is enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steps {
    /// This many.
    Number(u64),
    /// As [`theory::budget`] says.
    Auto,
}

impl FromStr for Steps {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Steps::Auto),
            number => number.parse().map(Steps::Number).map_err(|_| "expected a number or `auto`".into()),
        }
    }
}

/// Trains once, and leaves a run directory that NumPy can read.
#[derive(Clone, Debug, Parser)]
#[command(version)]
pub struct TrainOptions {
    /// Number of samples m that a generator makes (default: 10).
    #[arg(long)]
    pub samples: Option<usize>,
    /// Dimension n of what a generator makes (default: 3m).
    #[arg(long)]
    pub dim: Option<usize>,
    /// What to train on: orthonormal, equicorrelated:RHO, coherent:MU,
    /// `sparse:ATOMS,NONZEROS[,NOISE]` (generators),
    /// digits (8x8 handwritten digits), or a file of samples (.npy, .csv, .idx, -ubyte, also gzipped).
    #[arg(long, value_name = "SOURCE", default_value = "orthonormal")]
    pub data: Source,
    /// What is done to the samples first.
    #[arg(long, value_enum, default_value = "none")]
    pub normalise: Normalisation,
    /// Batch size b (default: all samples with `--schedule gd`, 1 otherwise).
    #[arg(long)]
    pub batch: Option<usize>,
    /// How batches are chosen.
    #[arg(long, value_enum, default_value = "sgd")]
    pub schedule: ScheduleKind,
    /// Step size η.
    #[arg(long, default_value_t = 0.1, allow_negative_numbers = true)]
    pub step_size: f64,
    /// Mean over the batch (step η/b a sample), or sum (step η a sample).
    #[arg(long, value_enum, default_value = "mean")]
    pub reduction: Reduction,
    /// Model: neuron, shallow:K, deep:K1-K2-…, untied:K1-K2-…; all but the first with +bias if wanted.
    #[arg(long, default_value = "neuron")]
    pub model: Architecture,
    /// Activation φ.
    #[arg(long, value_enum, default_value = "relu")]
    pub activation: Activation,
    /// Engine.
    #[arg(long, value_enum, default_value = "autodiff")]
    pub engine: EngineKind,
    /// Norm ρ of the initial point, of every neuron.
    #[arg(long, default_value_t = 0.5, allow_negative_numbers = true)]
    pub init_norm: f64,
    /// Most steps taken: a number, or `auto` for what the rate law asks.
    #[arg(long, default_value = "auto")]
    pub steps: Steps,
    /// Distance to the predicted limit, or estimated rest of the way, at which to stop; 0 never stops
    /// early (default: 1e-10, in single precision 1e-5, which GD reaches if η_B is above 0.015).
    #[arg(long, allow_negative_numbers = true)]
    pub tolerance: Option<f64>,
    /// Seed of everything random.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Steps between rows of trajectory.csv (default: a thousandth of the most steps, an epoch at least).
    #[arg(long)]
    pub every: Option<u64>,
    /// Independent replicas; the trajectory is that of the first.
    #[arg(long, default_value_t = 1)]
    pub replicas: u64,
    /// Write the batches of the first replica, [T, b].
    #[arg(long)]
    pub record_batches: bool,
    /// Seconds between checkpoints; 0 writes one only when interrupted.
    #[arg(long, value_name = "SECONDS", default_value_t = 30.0, allow_negative_numbers = true)]
    pub checkpoint_every: f64,
    /// Go on with the run that --out keeps; from the beginning if there is none, not at all if it is complete.
    #[arg(long, requires = "out")]
    pub resume: bool,
    /// Where to compute.
    #[command(flatten)]
    pub device: DeviceOptions,
    /// Where results go.
    #[command(flatten)]
    pub output: OutputOptions,
}

/// A checked job.
#[derive(Clone, Debug)]
pub struct Job {
    pub(super) compute: Compute,
    pub(super) engine: EngineKind,
    pub(super) problem: Problem,
    pub(super) model: Architecture,
    pub(super) init_norm: f64,
    pub(super) seed: u64,
    pub(super) schedule: Schedule,
    pub(super) starts: Vec<Start>,
    pub(super) tolerance: f64,
    pub(super) budget: u64,
    pub(super) every: u64,
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
        if options.replicas == 0 {
            return Err(Error::Empty { what: "the number of replicas", got: 0 });
        }
        let seconds = Duration::try_from_secs_f64(options.checkpoint_every).map_err(|_| {
            Error::Usage(format!("--checkpoint-every {}: give seconds, or 0", options.checkpoint_every))
        })?;
        check_formula(options)?;
        let checkpoint_every = Some(seconds).filter(|seconds| !seconds.is_zero());
        let dataset = dataset(options)?;
        let width = if dataset.is_materialised() { dataset.dim() } else { dataset.samples() };
        fits("the replicas", options.replicas as usize, width)?;
        fits("the models", options.replicas as usize, options.model.parameters(width))?;
        let schedule = Schedule::new(options.schedule, dataset.samples(), options.batch, options.seed)?;
        let problem = Problem::new(dataset, options.activation, options.reduction, options.step_size)?;
        let starts = (0..options.replicas)
            .map(|replica| Start::gaussian(problem.dataset(), options.init_norm, options.seed, replica))
            .collect::<Result<Vec<_>>>()?;
        if precision(options.engine, &compute) == Precision::F32 {
            fits_single(options.init_norm, problem.dataset())?;
        }
        let budget = match options.steps {
            Steps::Number(steps) => steps,
            Steps::Auto => auto_budget(&problem, &options.model, &schedule, &starts, tolerance)?,
        };
        // A row costs about as much as an epoch.
        let epoch = (schedule.samples() / schedule.batch_size()) as u64;
        let every = options.every.unwrap_or((budget / 1000).max(epoch)).max(1);
        Ok(Self {
            compute,
            engine: options.engine,
            problem,
            model: options.model.clone(),
            init_norm: options.init_norm,
            seed: options.seed,
            schedule,
            starts,
            tolerance,
            budget,
            every,
            checkpoint_every,
        })
    }

    /// The model of a replica at its start.
    pub(super) fn initial(&self, replica: usize) -> Result<AnyAutoencoder> {
        let Self { problem, model, init_norm, seed, compute, .. } = self;
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

    /// The predicted limit set of each start, where there is a prediction.
    pub(super) fn limits(&self, starts: &[Start]) -> Option<Vec<LimitSet>> {
        if self.model != Architecture::Neuron || !self.problem.dataset().is_orthonormal() {
            return None;
        }
        let activation = self.problem.activation();
        let of = |start: &Start| theory::predicted_limit(&self.schedule, &start.correlations, activation);
        // A start in the dead region has no limit; it is found dead before the set is asked.
        let empty = || LimitSet::Datapoints(vec![0; self.problem.dataset().samples()]);
        let sets: Vec<Option<LimitSet>> = starts.iter().map(of).collect();
        sets.iter()
            .any(Option::is_some)
            .then(|| sets.into_iter().map(|set| set.unwrap_or_else(empty)).collect())
    }
}

fn dataset(options: &TrainOptions) -> Result<Dataset> {
    let source = &options.data;
    if !source.is_generator() && (options.samples.is_some() || options.dim.is_some()) {
        let reason = format!("--data {source} has samples of its own: leave out --samples and --dim");
        return Err(Error::Usage(reason));
    }
    let samples = options.samples.unwrap_or(10);
    let dim = options.dim.unwrap_or(samples.saturating_mul(3));
    let implicit = *source == Source::Orthonormal
        && options.normalise == Normalisation::None
        && options.engine == EngineKind::Reduced
        && samples.saturating_mul(dim) > MOST_MATERIALISED;
    if implicit {
        fits("the samples", samples, 1)?;
        return Dataset::implicit_orthonormal(samples, dim);
    }
    match source {
        Source::Orthonormal => fits("the data matrix (--engine reduced needs none)", samples, dim)?,
        generator if generator.is_generator() => fits("the data matrix", samples, dim)?,
        _ => {}
    }
    let dataset = source.load(samples, dim, options.seed)?.normalised(options.normalise)?;
    if options.engine == EngineKind::Reduced && !dataset.is_orthonormal() {
        fits("the Gram matrix (the other engines need none)", dataset.samples(), dataset.samples())?;
    }
    Ok(dataset)
}

/// Refuses an engine that has no formula for what is asked.
fn check_formula(options: &TrainOptions) -> Result<()> {
    let TrainOptions { engine, model, activation, .. } = options;
    let what = match engine {
        EngineKind::Autodiff => return Ok(()),
        _ if *model != Architecture::Neuron => format!("model {model}"),
        _ if !activation.has_unit_slope() => format!("activation {}", activation.name()),
        _ => return Ok(()),
    };
    Err(Error::NoFormula { engine: engine.name(), what })
}

/// Refuses what would not fit into memory anyway.
fn fits(what: &'static str, rows: usize, columns: usize) -> Result<()> {
    if rows.saturating_mul(columns) > MOST_ENTRIES {
        return Err(Error::TooLarge { what, rows, columns, most: MOST_ENTRIES });
    }
    Ok(())
}

/// Refuses numbers of which single precision has no squares: they would turn into 0 or infinity without a word.
fn fits_single(init_norm: f64, dataset: &Dataset) -> Result<()> {
    let largest = dataset.rows().map_or(1.0, |rows| largest_size(rows.iter().copied()));
    for (what, size) in [("--init-norm", init_norm), ("the largest entry of the samples", largest)] {
        if size != 0.0 && !(1e-18..=1e18).contains(&size) {
            let reason =
                "single precision has squares of 1e-18 to 1e18; take --precision f64, or --normalise unit";
            return Err(Error::Usage(format!("{what} is {size:?}: {reason}")));
        }
    }
    Ok(())
}

/// Precision of the arithmetic: the reduced engine computes in f64 whatever the device.
pub(super) fn precision(engine: EngineKind, compute: &Compute) -> Precision {
    if engine == EngineKind::Reduced { Precision::F64 } else { compute.precision() }
}

/// The longest budget any start asks for.
fn auto_budget(
    problem: &Problem,
    model: &Architecture,
    schedule: &Schedule,
    starts: &[Start],
    tolerance: f64,
) -> Result<u64> {
    if *model != Architecture::Neuron {
        let reason = format!("--steps auto: there is no rate law for model {model}; give a number of steps");
        return Err(Error::Usage(reason));
    }
    if !problem.dataset().is_orthonormal() {
        let reason =
            "--steps auto: there is no rate law for data that is not orthonormal; give a number of steps";
        return Err(Error::Usage(reason.into()));
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
    };
    starts.iter().map(budget).try_fold(0, |longest, steps| Ok(longest.max(steps?)))
}
