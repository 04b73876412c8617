//! What `speed` does: it measures the tables that are wanted, prints them, and writes them to a file.

use std::process::ExitCode;

use puremix::cli;
use puremix::device::Compute;
use puremix::error::{Error, Result};
use puremix::interrupt::Interrupt;
use puremix::limits;
use serde::Serialize;

use crate::case::Case;
use crate::devices::{self, OnDevice};
use crate::growth::{Cell, Growth};
use crate::machine::Machine;
use crate::options::{SpeedOptions, Subjects};
use crate::peers::{Comparison, Peers};
use crate::timing::Pace;
use crate::{output, tables};

/// Everything measured.
#[derive(Clone, Debug, Serialize)]
struct Speed<'a> {
    /// Where.
    machine: Machine,
    /// How.
    options: &'a SpeedOptions,
    /// Backend and precision of our side of the comparison.
    backend: String,
    /// Whether it is not finished, or was broken off.
    interrupted: bool,
    /// Why no peers were asked, if they were not.
    alone: Option<String>,
    /// Engines and peers.
    peers: Vec<Comparison>,
    /// Time and memory against sizes.
    growth: Vec<Growth>,
    /// Devices: the analytic engine.
    devices: Vec<OnDevice>,
}

/// What the promises of the project speak of: one sample and all of them, one replica and many, one neuron and several.
const COMPARED: [Case; 8] = [
    Case::new(100, 100, 1, 1),
    Case::new(1000, 1000, 1, 1),
    Case::new(1000, 1000, 1000, 1),
    Case::new(100, 100, 1, 1024),
    Case::new(1000, 1000, 1, 1024),
    Case::new(100, 100, 1, 64),
    Case::new(64, 64, 4, 1).of_neurons(8),
    Case::new(64, 64, 4, 64).of_neurons(8),
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

/// Measures and prints. After Ctrl-C what was measured is in the file that was asked for, and the exit code 130.
///
/// # Errors
/// Bad options: see [`Dataset`](puremix::data::Dataset) and [`Schedule`](puremix::schedule::Schedule); a peer that
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
    options.out.as_deref().map_or(Ok(()), output::rehearse)?;
    measure(options, &compute)
}

/// The tables, and what is left of them when the process is asked to end.
fn measure(options: &SpeedOptions, compute: &Compute) -> Result<ExitCode> {
    let interrupt = Interrupt::listen()?;
    let mut speed = Speed::new(options, compute);
    let pace = Pace { rounds: options.rounds, seconds: options.seconds, interrupt: &interrupt };
    speed.interrupted = match speed.measure(compute, pace) {
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
            backend: devices::name(compute),
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
        let mut printer = Printer { is_silent: options.json, heading: format!("{}\n", self.machine) };
        Ok((!wanted(Subjects::Peers) || self.compare(compute, pace, &mut printer)?)
            && (!wanted(Subjects::Growth) || self.grow(compute, pace, &mut printer)?)
            && (!wanted(Subjects::Devices) || self.visit_devices(pace, &mut printer)?))
    }

    fn compare(&mut self, compute: &Compute, pace: Pace, printer: &mut Printer) -> Result<bool> {
        let peers = Peers { python: &self.options.python, scripts: &self.options.peers };
        self.alone = peers.problem();
        let alone = self.alone.as_ref().map(|why| format!("ours alone: {why}\n")).unwrap_or_default();
        let mut above = format!("\n{}\n{alone}", tables::in_turns(pace.rounds, pace.seconds));
        for case in self.cases(&COMPARED) {
            let peers = self.alone.is_none().then_some(&peers);
            let Some(comparison) = Comparison::measure(case, peers, compute, pace)? else {
                return Ok(false);
            };
            let above = std::mem::take(&mut above);
            printer.say(&format!("{above}\n{}", tables::comparison(&comparison, &self.backend)))?;
            self.peers.push(comparison);
            self.write()?;
        }
        Ok(true)
    }

    fn grow(&mut self, compute: &Compute, pace: Pace, printer: &mut Printer) -> Result<bool> {
        printer.say(&format!("\n{}", tables::growth_heading(pace.rounds, pace.seconds)))?;
        Growth::measure(compute, pace, |growth| {
            printer.say(&tables::growth(&growth))?;
            self.growth.push(growth);
            self.write()
        })
    }

    fn visit_devices(&mut self, pace: Pace, printer: &mut Printer) -> Result<bool> {
        let Some(devices) = devices::measure(&self.cases(&ON_DEVICES), pace)? else { return Ok(false) };
        self.devices = devices;
        let above = tables::in_turns(pace.rounds, pace.seconds);
        printer.say(&format!("\n{above}\n{}", tables::devices(&self.devices)))?;
        Ok(true)
    }

    /// The cases that were asked for, or else the usual ones.
    fn cases(&self, usual: &[Case]) -> Vec<Case> {
        let asked = &self.options.cases;
        if asked.is_empty() { usual.to_vec() } else { asked.clone() }
    }

    /// Writes what there is to the file that was asked for, in one go.
    fn write(&self) -> Result<()> {
        let Some(path) = &self.options.out else { return Ok(()) };
        let text = serde_json::to_string_pretty(self).map_err(|error| Error::Usage(error.to_string()))?;
        output::publish(path, (text + "\n").as_bytes())
    }
}

/// Prints tables, and above the first of them where they were measured: what is refused before that is refused in silence.
struct Printer {
    is_silent: bool,
    heading: String,
}

impl Printer {
    fn say(&mut self, text: &str) -> Result<()> {
        if self.is_silent {
            return Ok(());
        }
        cli::print(&format!("{}{text}", std::mem::take(&mut self.heading)))
    }
}
