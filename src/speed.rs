//! How fast it goes: steps a second of the engines, measured in turns.

use std::process::ExitCode;
use std::time::Instant;

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Cell, CellAlignment, Table};
use serde::Serialize;

use crate::cli;
use crate::data::Dataset;
use crate::device::{Backend, Compute, Precision};
use crate::engine::{Analytic, Engine};
use crate::error::{Error, Result};
use crate::init::Start;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;

/// What is measured.
#[derive(Clone, Debug, clap::Args)]
pub struct SpeedOptions {
    /// Number of samples m.
    #[arg(long, default_value_t = 50)]
    pub samples: usize,
    /// Dimension n.
    #[arg(long, default_value_t = 100)]
    pub dim: usize,
    /// Batch size b.
    #[arg(long, default_value_t = 1)]
    pub batch: usize,
    /// Numbers of replicas R.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 16, 256, 4096])]
    pub replicas: Vec<u64>,
    /// Rounds, in each of which everything is measured once, in turn.
    #[arg(long, default_value_t = 5)]
    pub rounds: usize,
    /// Seconds that one measurement lasts at least.
    #[arg(long, default_value_t = 0.5)]
    pub seconds: f64,
    /// Print one JSON document to standard output, and nothing else.
    #[arg(long)]
    pub json: bool,
}

/// One row of the table: an engine on a device, and its rate over the rounds.
#[derive(Clone, Debug, Serialize)]
pub struct Speed {
    /// Backend and precision.
    pub backend: String,
    /// Replicas side by side.
    pub replicas: u64,
    /// Steps a second and replica: the smallest, (upper) median and largest of the rounds.
    pub steps_per_second: [f64; 3],
}

const PRECISIONS: [Precision; 2] = [Precision::F64, Precision::F32];

struct Subject {
    backend: String,
    replicas: u64,
    engine: Analytic,
    rates: Vec<f64>,
}

/// Measures the analytic engine against the number of replicas on every backend that has a device, and prints
/// the table.
///
/// # Errors
/// Bad options: see [`Dataset`] and [`Schedule`].
pub fn run(options: &SpeedOptions) -> Result<ExitCode> {
    if options.rounds == 0 {
        return Err(Error::Empty { what: "the number of rounds", got: 0 });
    }
    if !(options.seconds > 0.0 && options.seconds.is_finite()) {
        return Err(Error::Usage(format!("--seconds {}: a positive time is needed", options.seconds)));
    }
    let mut subjects = Vec::new();
    for (backend, precision) in Backend::compiled().into_iter().flat_map(|b| PRECISIONS.map(|p| (b, p))) {
        let compute = match Compute::new(backend, Some(precision)) {
            Ok(compute) => compute,
            Err(Error::Precision { .. }) => continue,
            Err(error) => {
                eprintln!("left out: {error}");
                continue;
            }
        };
        for &replicas in &options.replicas {
            subjects.push(Subject::new(options, &compute, replicas)?);
        }
    }
    for _ in 0..options.rounds {
        subjects.iter_mut().for_each(|subject| subject.measure(options.seconds));
    }
    let speeds: Vec<Speed> = subjects.into_iter().map(Subject::summary).collect();
    if options.json {
        cli::print_json(&speeds)?;
    } else {
        cli::print(&table(&speeds));
    }
    Ok(ExitCode::SUCCESS)
}

impl Subject {
    fn new(options: &SpeedOptions, compute: &Compute, replicas: u64) -> Result<Self> {
        let data = Dataset::orthonormal(options.samples, options.dim, 1)?;
        let starts: Vec<Start> =
            (0..replicas).map(|r| Start::gaussian(&data, 0.5, 1, r)).collect::<Result<_>>()?;
        let schedule = Schedule::sgd(options.samples, options.batch, 1)?;
        let problem = Problem::new(data, Activation::Relu, Reduction::Mean, 0.01)?;
        let mut engine = Analytic::new(&problem, &schedule, &starts, 0, compute)?;
        // Kernels are compiled and memory is found once.
        engine.advance(STEPS);
        let backend = format!("{} {}", compute.backend().name(), compute.precision().name());
        Ok(Self { backend, replicas, engine, rates: Vec::new() })
    }

    fn measure(&mut self, seconds: f64) {
        let (clock, mut steps) = (Instant::now(), 0);
        while clock.elapsed().as_secs_f64() < seconds {
            self.engine.advance(STEPS);
            steps += STEPS;
        }
        self.rates.push(steps as f64 / clock.elapsed().as_secs_f64());
    }

    fn summary(mut self) -> Speed {
        self.rates.sort_by(f64::total_cmp);
        let at = |k: usize| self.rates[k];
        let steps_per_second = [at(0), at(self.rates.len() / 2), at(self.rates.len() - 1)];
        Speed { backend: self.backend, replicas: self.replicas, steps_per_second }
    }
}

/// Steps between looks at the clock: a chunk of the engine, which ends by reading back from the device.
const STEPS: u64 = 64;

fn table(speeds: &[Speed]) -> String {
    let mut table = Table::new();
    let header = ["backend", "replicas", "steps/s/replica", "min", "max", "µs a step and replica"];
    table.load_style(UTF8_FULL_CONDENSED).set_header(header);
    let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
    for Speed { backend, replicas, steps_per_second: [least, median, most] } in speeds {
        table.add_row([
            Cell::new(backend),
            right(replicas.to_string()),
            right(format!("{median:.0}")),
            right(format!("{least:.0}")),
            right(format!("{most:.0}")),
            right(format!("{:.3}", 1e6 / median / *replicas as f64)),
        ]);
    }
    table.to_string()
}
