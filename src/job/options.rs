//! The options of `train`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Parser;
use clap::builder::{OsStringValueParser, TypedValueParser};

use serde::{Deserialize, Serialize};

use super::EngineKind;
use crate::cli::{self, DeviceOptions, OutputOptions, count};
use crate::data::file::ReadOptions;
use crate::data::{Normalisation, Source};
use crate::model::{Activation, Architecture};
use crate::problem::Reduction;
use crate::schedule::{PerSample, ScheduleKind};
use crate::train::Cadence;
use crate::update::{Noise, Rule, StepSchedule, Update};

/// A number of steps, or what theory says is enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steps {
    /// This many.
    Number(u64),
    /// As [`theory::budget`](crate::theory::budget) says.
    Auto,
}

impl FromStr for Steps {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Steps::Auto),
            number => count(number)
                .map(Steps::Number)
                .map_err(|_| "expected a number of steps, as 400000, 400_000 or 4e5, or `auto`".into()),
        }
    }
}

/// Where along a run the rows of a table lie; in `config.json` a number or `"log"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Every {
    /// About a hundred rows a decade of steps, and every step up to the 65th.
    Log,
    /// A row every so many steps.
    #[serde(untagged)]
    Steps(u64),
}

impl Every {
    /// When an observer looks.
    pub fn cadence(self) -> Cadence {
        match self {
            Every::Log => Cadence::Logarithmic { per_decade: 100 },
            Every::Steps(steps) => Cadence::Every(steps),
        }
    }

    /// In words, what lies between two rows.
    pub(super) fn interval(self) -> String {
        match self {
            Every::Log => "hundredth of a decade of steps".into(),
            Every::Steps(steps) => format!("{steps} steps"),
        }
    }
}

impl FromStr for Every {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "log" => Ok(Every::Log),
            number => count(number)
                .map(Every::Steps)
                .map_err(|_| "expected a number of steps, as 500, 10_000 or 1e4, or `log`".into()),
        }
    }
}

/// Trains a model once, or in many replicas, and writes a run directory that NumPy can read, with a page about the run.
#[derive(Clone, Debug, Parser)]
#[command(name = "train", version)]
pub struct TrainOptions {
    /// Options from a file: the config.json of another run, or the same keys as TOML. Options of the command line override it.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Number of samples m that a generator makes (default: 10).
    #[arg(long, value_parser = size)]
    pub samples: Option<usize>,
    /// Dimension n of what a generator makes (default: 3m).
    #[arg(long, value_parser = size)]
    pub dim: Option<usize>,
    /// What to train on, as [`Source`] is read.
    #[arg(
        long,
        value_name = "SOURCE",
        default_value = "orthonormal",
        value_parser = source(),
        help = format!("What to train on: {} of samples (.npy, .csv, .tsv, .txt, .idx, -ubyte, also gzipped)", Source::GRAMMAR)
    )]
    pub data: Source,
    /// What of a file is left out.
    #[command(flatten)]
    pub reading: ReadOptions,
    /// Normalisation of the samples.
    #[arg(long, value_enum, default_value = "none")]
    pub normalise: Normalisation,
    /// Norms of the samples, one each, after --normalise: `2,1,1` makes the first of three samples twice as long as the others.
    #[arg(long, value_name = "L1,L2,…", allow_hyphen_values = true)]
    pub norms: Option<PerSample>,
    /// Batch size b (default: all samples with `--schedule gd`, 1 otherwise).
    #[arg(long, visible_alias = "batch-size", value_parser = size)]
    pub batch: Option<usize>,
    /// How batches are drawn.
    #[arg(long, value_enum, default_value = "sgd")]
    pub schedule: ScheduleKind,
    /// Sampling weights, one a sample, up to a factor: with 3,2,1 half of the draws take the first of three samples. For
    /// --schedule replacement, and for sgd with batches of 1.
    #[arg(long, value_name = "Q1,Q2,…", allow_hyphen_values = true)]
    pub weights: Option<PerSample>,
    /// Step size η.
    #[arg(long, visible_alias = "lr", default_value_t = 0.1, allow_negative_numbers = true)]
    pub step_size: f64,
    /// Whether the gradients of a batch are averaged (η_B = η/b) or summed (η_B = η).
    #[arg(long, value_enum, default_value = "mean")]
    pub reduction: Reduction,
    /// Update rule: sgd, heavy-ball:BETA, nesterov:BETA, `rmsprop[:ALPHA[,EPS]]`, `adam[:BETA1,BETA2[,EPS]]`, `adamw[:…]`, sign.
    #[arg(long, value_name = "RULE", default_value = "sgd")]
    pub update: Rule,
    /// Weight decay λ: the gradient becomes g + λp; under adamw the parameters become (1 − ηλ)p.
    #[arg(long, value_name = "LAMBDA", default_value_t = 0.0, allow_negative_numbers = true)]
    pub weight_decay: f64,
    /// Step size along the run: constant, or a product of warmup:T, cosine:T and inverse-sqrt:T, as warmup:1000+cosine:100000.
    #[arg(long, value_name = "SCHEDULE", default_value = "constant")]
    pub step_schedule: StepSchedule,
    /// Label noise σ: every step asks for x + σξ instead of x, with fresh normal ξ.
    #[arg(long, value_name = "SIGMA", default_value_t = 0.0, allow_negative_numbers = true)]
    pub label_noise: f64,
    /// Gradient noise s: every step follows g + sζ, with fresh normal ζ in all parameters.
    #[arg(long, value_name = "S", default_value_t = 0.0, allow_negative_numbers = true)]
    pub gradient_noise: f64,
    /// Model, as [`Architecture`] is read.
    #[arg(long, default_value = "neuron", help = format!("Model: {}", Architecture::GRAMMAR))]
    pub model: Architecture,
    /// Activation φ.
    #[arg(long, value_enum, default_value = "relu")]
    pub activation: Activation,
    /// Engine that takes the steps.
    #[arg(long, value_enum, default_value = "autodiff")]
    pub engine: EngineKind,
    /// Norm ρ of the initial point, of every neuron.
    #[arg(long, default_value_t = 0.5, allow_negative_numbers = true)]
    pub init_norm: f64,
    /// Start at the end of another run (its directory), or at the weights in a file (.npy: one vector, or one per replica;
    /// .safetensors).
    #[arg(long, value_name = "RUN|FILE", conflicts_with = "init_norm")]
    pub from: Option<PathBuf>,
    /// Largest number of steps (4e5 is one), or `auto` for what the rate law gives; if --epochs is given too, the last one counts.
    #[arg(long, default_value = "auto", overrides_with = "epochs")]
    pub steps: Steps,
    /// The same in epochs of ⌈m/b⌉ steps.
    #[arg(long, overrides_with = "steps", value_parser = count)]
    pub epochs: Option<u64>,
    /// Stop within this distance of the predicted limit, or when the remaining path is estimated to be shorter; 0 never stops
    /// early (default: 1e-10, in single precision 1e-5, which GD reaches if η_B is above 0.015).
    #[arg(long, allow_negative_numbers = true)]
    pub tolerance: Option<f64>,
    /// Seed of all random numbers.
    #[arg(long, default_value_t = 1, allow_negative_numbers = true, value_parser = cli::seed)]
    pub seed: u64,
    /// Steps between rows of trajectory.csv and neurons.csv, or `log`: every step at first, then a hundred rows a decade of steps
    /// (default: log).
    #[arg(long, value_name = "STEPS|log", value_parser = positive)]
    pub every: Option<Every>,
    /// Measure λ_max and the trace of the Hessian along the run of the first replica, every so many steps, or `log` (default: as
    /// --every).
    #[arg(long, value_name = "STEPS|log", num_args = 0..=1, default_missing_value = "0")]
    pub sharpness: Option<Every>,
    /// Number of independent replicas, at most 1000000; trajectory.csv describes the first.
    #[arg(long, default_value_t = 1, value_parser = count)]
    pub replicas: u64,
    /// Write the batches of the first replica, [T, b].
    #[arg(long)]
    pub record_batches: bool,
    /// Seconds between checkpoints; 0 writes one only when interrupted.
    #[arg(long, value_name = "SECONDS", default_value_t = 30.0, allow_negative_numbers = true)]
    pub checkpoint_every: f64,
    /// Continue the run in --out; start it if there is none; do nothing if it is complete.
    #[arg(long, requires = "out")]
    pub resume: bool,
    /// Draw report.html and figures/ again from the files of a finished run, without training. Takes no other option but --json.
    #[arg(long, value_name = "DIR")]
    pub render: Option<PathBuf>,
    /// Where to compute.
    #[command(flatten)]
    pub device: DeviceOptions,
    /// Where results go.
    #[command(flatten)]
    pub output: OutputOptions,
}

impl TrainOptions {
    /// The update rule with its options.
    pub(super) fn update(&self) -> Update {
        let Self { update: rule, weight_decay, ref step_schedule, .. } = *self;
        Update { rule, weight_decay, step_schedule: step_schedule.clone() }
    }

    /// Whether samples keep the norms that they come with, so that `--normalise unit` would change them.
    pub(super) fn has_own_norms(&self) -> bool {
        self.normalise == Normalisation::None && self.norms.is_none()
    }

    /// The noise of the gradients.
    pub(super) fn noise(&self) -> Noise {
        Noise { label: self.label_noise, gradient: self.gradient_noise }
    }

    /// Where along a run its curvature is measured, if it is: where the rows lie that come `every` so often, unless it is said.
    pub(super) fn curvature(&self, every: Every) -> Option<Every> {
        self.sharpness.map(|given| if given == Every::Steps(0) { every } else { given })
    }
}

fn source() -> impl TypedValueParser<Value = Source> {
    OsStringValueParser::new().try_map(Source::try_from)
}

/// Parses a size.
fn size(text: &str) -> Result<usize, String> {
    count(text)?.try_into().map_err(|_| "this machine has no addresses for so many".into())
}

/// Parses a distance of at least one step.
fn positive(text: &str) -> Result<Every, String> {
    match text.parse()? {
        Every::Steps(0) => Err("it must be at least 1".into()),
        every => Ok(every),
    }
}
