//! How fast the engines are: against their peers in Python, against sizes, and on every device.

mod case;
mod clock;
mod growth;
mod machine;
mod peers;
mod tables;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;

pub use self::case::Case;
use self::clock::{Ours, Subject, take_turns};
pub use self::clock::{Spread, Times};
pub use self::growth::{Cell, FITTED, Growth};
pub use self::machine::Machine;
pub use self::peers::Comparison;
use self::peers::Peers;
use crate::cli;
use crate::device::{Backend, Compute, Precision};
use crate::error::{Error, Result};
use crate::job::EngineKind;

/// A table to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Subjects {
    /// The engines and their peers in Python, in turns.
    Peers,
    /// Time and memory of the engines against m, n, b and R.
    Growth,
    /// The analytic engine against R on every backend of this binary that has a device.
    Devices,
}

/// What is measured, and for how long.
#[derive(Clone, Debug, clap::Args, Serialize)]
pub struct SpeedOptions {
    /// Which tables (default: all).
    #[arg(value_enum)]
    pub tables: Vec<Subjects>,
    /// Sizes instead of the usual ones; again for more. `growth` has its own.
    #[arg(long = "case", value_name = "m,n,b,R")]
    pub cases: Vec<Case>,
    /// Rounds, in each of which everything is measured once, in turn.
    #[arg(long, default_value_t = 5)]
    pub rounds: usize,
    /// Seconds that one measurement lasts at least.
    #[arg(long, default_value_t = 0.5)]
    pub seconds: f64,
    /// Python that has the peers' packages.
    #[arg(long, value_name = "PROGRAM", default_value = "python3")]
    #[serde(skip)]
    pub python: PathBuf,
    /// Where the peers are.
    #[arg(long, value_name = "DIR", default_value = "experiments/peers")]
    #[serde(skip)]
    pub peers: PathBuf,
    /// Also write everything measured to this file, as JSON.
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
    pub cell: Option<EngineKind>,
}

/// Everything measured.
#[derive(Clone, Debug, Serialize)]
pub struct Speed<'a> {
    /// Where.
    pub machine: Machine,
    /// How.
    pub options: &'a SpeedOptions,
    /// Backend and precision of our side of the comparison.
    pub backend: String,
    /// Why no peers were asked, if they were not.
    pub alone: Option<String>,
    /// Engines and peers.
    pub peers: Vec<Comparison>,
    /// Time and memory against sizes.
    pub growth: Vec<Growth>,
    /// Devices: the analytic engine.
    pub devices: Vec<OnDevice>,
}

/// The analytic engine on one device.
#[derive(Clone, Debug, Serialize)]
pub struct OnDevice {
    /// Sizes.
    pub case: Case,
    /// Backend and precision, and the times.
    pub times: Times,
}

/// What the promises of the project speak of: one sample and all of them, one replica and many.
const COMPARED: [Case; 5] = [
    Case::new(100, 100, 1, 1),
    Case::new(1000, 1000, 1, 1),
    Case::new(1000, 1000, 1000, 1),
    Case::new(100, 100, 1, 1024),
    Case::new(1000, 1000, 1, 1024),
];

/// Ever more replicas.
const ON_DEVICES: [Case; 4] = [
    Case::new(50, 100, 1, 1),
    Case::new(50, 100, 1, 16),
    Case::new(50, 100, 1, 256),
    Case::new(50, 100, 1, 4096),
];

const PRECISIONS: [Precision; 2] = [Precision::F64, Precision::F32];

/// Measures and prints.
///
/// # Errors
/// Bad options: see [`Dataset`](crate::data::Dataset) and [`Schedule`](crate::schedule::Schedule); a peer that
/// stops answering; I/O.
pub fn run(options: &SpeedOptions) -> Result<ExitCode> {
    let &SpeedOptions { rounds, seconds, .. } = options;
    if rounds == 0 {
        return Err(Error::Empty { what: "the number of rounds", got: 0 });
    }
    if !(seconds > 0.0 && seconds.is_finite()) {
        return Err(Error::Usage(format!("--seconds {seconds}: a positive time is needed")));
    }
    let compute = Compute::default();
    if let Some(kind) = options.cell {
        let case = *options.cases.first().ok_or_else(|| Error::Usage("--cell needs a --case".to_owned()))?;
        cli::print_json(&Cell::measure(kind, case, &compute, rounds, seconds)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let wanted = |table| options.tables.is_empty() || options.tables.contains(&table);
    // Stands above the first table; what is refused before that is refused in silence.
    let mut heading = format!("{}\n{rounds} rounds of {seconds} s each, in turns\n", Machine::here());
    let mut say = |text: String| {
        if !options.json {
            cli::print(&format!("{}{text}", std::mem::take(&mut heading)));
        }
    };
    let cases =
        |usual: &[Case]| if options.cases.is_empty() { usual.to_vec() } else { options.cases.clone() };
    let mut speed = Speed {
        machine: Machine::here(),
        options,
        backend: name(&compute),
        alone: None,
        peers: Vec::new(),
        growth: Vec::new(),
        devices: Vec::new(),
    };
    if wanted(Subjects::Peers) {
        let peers = Peers { python: &options.python, scripts: &options.peers };
        speed.alone = peers.problem();
        let mut alone = speed.alone.as_ref().map(|why| format!("\nours alone: {why}\n")).unwrap_or_default();
        for case in cases(&COMPARED) {
            let peers = speed.alone.is_none().then_some(&peers);
            let comparison = Comparison::measure(case, peers, &compute, rounds, seconds)?;
            let alone = std::mem::take(&mut alone);
            say(format!("{alone}\n{}", tables::comparison(&comparison, &speed.backend)));
            speed.peers.push(comparison);
        }
    }
    if wanted(Subjects::Growth) {
        say(format!("\n{}", tables::GROWTH));
        speed.growth = Growth::measure(rounds, seconds, |growth| say(tables::growth(growth)))?;
    }
    if wanted(Subjects::Devices) {
        speed.devices = on_devices(&cases(&ON_DEVICES), rounds, seconds)?;
        say(format!("\n{}", tables::devices(&speed.devices)));
    }
    if let Some(path) = &options.out {
        write(path, &speed)?;
    }
    if options.json {
        cli::print_json(&speed)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn name(compute: &Compute) -> String {
    format!("{} {}", compute.backend().name(), compute.precision().name())
}

/// The analytic engine on every device there is.
fn on_devices(cases: &[Case], rounds: usize, seconds: f64) -> Result<Vec<OnDevice>> {
    let (mut subjects, mut of) = (Vec::new(), Vec::new());
    for (backend, precision) in Backend::compiled().into_iter().flat_map(|b| PRECISIONS.map(|p| (b, p))) {
        let compute = match Compute::new(backend, Some(precision)) {
            Ok(compute) => compute,
            Err(Error::Precision { .. }) => continue,
            Err(error) => {
                eprintln!("left out: {error}");
                continue;
            }
        };
        for &case in cases {
            let engine = Ours::new(case.engine(EngineKind::Analytic, &compute)?);
            subjects.push(Subject::new(name(&compute), case.replicas, Box::new(engine), None));
            of.push(case);
        }
    }
    take_turns(&mut subjects, rounds, seconds)?;
    Ok(of.into_iter().zip(subjects).map(|(case, subject)| OnDevice { case, times: subject.times }).collect())
}

fn write(path: &Path, speed: &Speed) -> Result<()> {
    let text = serde_json::to_string_pretty(speed).map_err(|error| Error::Usage(error.to_string()))?;
    std::fs::write(path, text + "\n").map_err(|source| Error::Io { path: path.into(), source })
}
