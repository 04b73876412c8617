//! How fast the engines are: against their peers in Python, against sizes, and on every device.

mod case;
mod growth;
mod machine;
mod memory;
mod peers;
mod tables;
mod timing;

use std::path::PathBuf;
use std::process::ExitCode;

use serde::Serialize;

pub use self::case::{Case, Variant};
pub use self::growth::{Cell, Exponent, FITTED, Growth};
pub use self::machine::Machine;
pub use self::memory::Counting;
pub use self::peers::Comparison;
use self::peers::Peers;
use self::timing::{Ours, Pace, Subject, take_turns};
pub use self::timing::{Spread, Times};
use crate::cli::{self, DeviceOptions};
use crate::device::{Backend, Compute, Precision};
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::limits;
use crate::persist;

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
    /// Tables to print (default: all).
    #[arg(value_enum)]
    pub tables: Vec<Subjects>,
    /// Sizes to measure instead of the default ones; repeatable; `growth` uses its own.
    #[arg(long = "case", value_name = "m,n,b,R")]
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

/// Everything measured.
#[derive(Clone, Debug, Serialize)]
pub struct Speed<'a> {
    /// Where.
    pub machine: Machine,
    /// How.
    pub options: &'a SpeedOptions,
    /// Backend and precision of our side of the comparison.
    pub backend: String,
    /// Whether it is not finished, or was broken off.
    pub interrupted: bool,
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

/// Most rounds.
const MAX_ROUNDS: u64 = 10_000;

/// Most seconds that one measurement is asked to last.
const MAX_SECONDS: f64 = 3600.0;

/// The peers that came with the source. The working directory is not asked: its programs are run only if they are named.
const PEERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/experiments/peers");

const PRECISIONS: [Precision; 2] = [Precision::F64, Precision::F32];

/// Measures and prints. After Ctrl-C what was measured is in the file that was asked for, and the exit code 130.
///
/// # Errors
/// Bad options: see [`Dataset`](crate::data::Dataset) and [`Schedule`](crate::schedule::Schedule); a peer that
/// stops answering; I/O.
pub fn run(options: &SpeedOptions) -> Result<ExitCode> {
    let &SpeedOptions { rounds, seconds, .. } = options;
    if options.device.list_backends {
        return cli::list_backends(options.json);
    }
    limits::count("the number of rounds", rounds as u64, MAX_ROUNDS)?;
    if !(seconds > 0.0 && seconds <= MAX_SECONDS) {
        let reason = format!("--seconds {seconds:?}: a positive time of at most {MAX_SECONDS} is needed");
        return Err(Error::Usage(reason));
    }
    let compute = options.device.open()?;
    if let Some(variant) = options.cell {
        let case = *options.cases.first().ok_or_else(|| Error::Usage("--cell needs a --case".to_owned()))?;
        cli::print_json(&Cell::measure(variant, case, &compute, rounds, seconds)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    options.out.as_deref().map_or(Ok(()), persist::rehearse)?;
    let interrupt = Interrupt::listen()?;
    let mut speed = Speed::new(options, &compute);
    let measured = speed.measure(&compute, Pace { rounds, seconds, interrupt: &interrupt });
    speed.interrupted = match measured {
        Ok(finished) => !finished,
        // Ctrl-C reaches the processes that were started too, and they break off.
        Err(_) if interrupt.is_requested() => true,
        Err(error) => return Err(error),
    };
    speed.write()?;
    if options.json {
        cli::print_json(&speed)?;
    }
    if speed.interrupted {
        cli::note("interrupted: what is not finished is left out");
        return Ok(interrupt.exit_code());
    }
    Ok(ExitCode::SUCCESS)
}

impl<'a> Speed<'a> {
    fn new(options: &'a SpeedOptions, compute: &Compute) -> Self {
        Self {
            machine: Machine::here(),
            options,
            backend: name(compute),
            interrupted: true,
            alone: None,
            peers: Vec::new(),
            growth: Vec::new(),
            devices: Vec::new(),
        }
    }

    /// Measures the tables that are wanted; whether it came to an end.
    fn measure(&mut self, compute: &Compute, pace: Pace) -> Result<bool> {
        let options = self.options;
        let wanted = |table| options.tables.is_empty() || options.tables.contains(&table);
        let cases =
            |usual: &[Case]| if options.cases.is_empty() { usual.to_vec() } else { options.cases.clone() };
        // Stands above the first table; what is refused before that is refused in silence.
        let mut heading = format!("{}\n", self.machine);
        let mut say = |text: String| {
            if options.json { Ok(()) } else { cli::print(&format!("{}{text}", std::mem::take(&mut heading))) }
        };
        if wanted(Subjects::Peers) {
            let peers = Peers { python: &options.python, scripts: &options.peers };
            self.alone = peers.problem();
            let alone = self.alone.as_ref().map(|why| format!("ours alone: {why}\n")).unwrap_or_default();
            let mut above = format!("\n{}\n{alone}", tables::in_turns(pace.rounds, pace.seconds));
            for case in cases(&COMPARED) {
                let peers = self.alone.is_none().then_some(&peers);
                let Some(comparison) = Comparison::measure(case, peers, compute, pace)? else {
                    return Ok(false);
                };
                let above = std::mem::take(&mut above);
                say(format!("{above}\n{}", tables::comparison(&comparison, &self.backend)))?;
                self.peers.push(comparison);
                self.write()?;
            }
        }
        if wanted(Subjects::Growth) {
            say(format!("\n{}", tables::growth_heading(pace.rounds, pace.seconds)))?;
            let seen = |growth: Growth| {
                say(tables::growth(&growth))?;
                self.growth.push(growth);
                self.write()
            };
            if !Growth::measure(compute, pace, seen)? {
                return Ok(false);
            }
        }
        if wanted(Subjects::Devices) {
            let Some(devices) = on_devices(&cases(&ON_DEVICES), pace)? else { return Ok(false) };
            self.devices = devices;
            let above = tables::in_turns(pace.rounds, pace.seconds);
            say(format!("\n{above}\n{}", tables::devices(&self.devices)))?;
        }
        Ok(true)
    }

    /// Writes what there is to the file that was asked for, in one go.
    fn write(&self) -> Result<()> {
        let Some(path) = &self.options.out else { return Ok(()) };
        let text = serde_json::to_string_pretty(self).map_err(|error| Error::Usage(error.to_string()))?;
        persist::publish(path, (text + "\n").as_bytes())
    }
}

fn name(compute: &Compute) -> String {
    format!("{} {}", compute.backend().name(), compute.precision().name())
}

/// The analytic engine on every device there is; `None` if the process is asked to end meanwhile.
fn on_devices(cases: &[Case], pace: Pace) -> Result<Option<Vec<OnDevice>>> {
    let (mut subjects, mut of) = (Vec::new(), Vec::new());
    for (backend, precision) in Backend::compiled().into_iter().flat_map(|b| PRECISIONS.map(|p| (b, p))) {
        let compute = match Compute::new(backend, Some(precision)) {
            Ok(compute) => compute,
            Err(Error::Precision { .. }) => continue,
            Err(error) => {
                cli::note(&format!("left out: {error}"));
                continue;
            }
        };
        for &case in cases {
            let engine = Ours::new(case.engine(Variant::Analytic, &compute)?, case);
            subjects.push(Subject::new(name(&compute), case.replicas, Box::new(engine), None));
            of.push(case);
        }
    }
    let finished = take_turns(&mut subjects, pace)?;
    let measured =
        of.into_iter().zip(subjects).map(|(case, subject)| OnDevice { case, times: subject.times });
    Ok(finished.then(|| measured.collect()))
}
