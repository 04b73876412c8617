//! The options of `speed`.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use puremix::cli::DeviceOptions;
use serde::Serialize;

use crate::case::{Case, Variant};

/// The peers that came with the source. The working directory is not asked: its programs are run only if they are named.
const PEERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../experiments/peers");

/// A table to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Subjects {
    /// The engines and their peers in Python, in turns.
    Peers,
    /// Time and memory of the engines against m, n, b and R.
    Growth,
    /// The analytic engine against R on every backend of this binary that has a device.
    Devices,
}

/// Measures the engines against PyTorch, JAX and NumPy, against sizes, and on every device compiled in.
#[derive(Clone, Debug, Parser, Serialize)]
#[command(name = "speed", version)]
pub struct SpeedOptions {
    /// Tables to print (default: all).
    #[arg(value_enum)]
    pub tables: Vec<Subjects>,
    /// Sizes to measure instead of the default ones, of one neuron or of a tied layer of k; repeatable; `growth` uses its own.
    #[arg(long = "case", value_name = "m,n,b,R[,k]")]
    pub cases: Vec<Case>,
    /// Number of rounds; each measures everything once, in turn; at most 10000.
    #[arg(long, default_value_t = 5)]
    pub rounds: usize,
    /// Shortest duration of one measurement, in seconds; at most 3600.
    #[arg(long, default_value_t = 0.5)]
    pub seconds: f64,
    /// Python interpreter with the peers' packages.
    #[arg(long, value_name = "PROGRAM", default_value = "python3")]
    #[serde(skip)]
    pub python: PathBuf,
    /// Directory of the peers (default: experiments/peers of the source that this program was built from).
    #[arg(long, value_name = "DIR", default_value = PEERS, hide_default_value = true)]
    #[serde(skip)]
    pub peers: PathBuf,
    /// Also write everything measured to this file, as JSON, after each table.
    #[arg(long, value_name = "FILE")]
    #[serde(skip)]
    pub out: Option<PathBuf>,
    /// Print one JSON document to standard output, and nothing else.
    #[arg(long)]
    #[serde(skip)]
    pub json: bool,
    /// Measure one case of an engine in this process: a cell of `growth`.
    #[arg(long, value_name = "ENGINE", hide = true)]
    #[serde(skip)]
    pub cell: Option<Variant>,
    /// Where our side computes; `devices` measures them all.
    #[command(flatten)]
    #[serde(skip)]
    pub device: DeviceOptions,
}
