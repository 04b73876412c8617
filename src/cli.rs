//! Arguments and conduct shared by the binaries: options, exit codes, what goes to which stream.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use clap::{Args, Command, Id};
use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressState, ProgressStyle};
use serde::Serialize;

use crate::device::{Backend, Compute, Listing, Precision};
use crate::error::{Error, Result};
use crate::persist::run_dir::Committed;
use crate::report::render::{self, Drawn};
use crate::study::{Effort, Study};
use crate::text::{self, escaped};
use crate::threads;

/// The allocator of the binaries: small tensors come and go at every step, and it takes a third off.
pub use mimalloc::MiMalloc as Allocator;

/// Exit code when some claim was not reproduced, or a run diverged.
pub const NOT_REPRODUCED: u8 = 1;
/// Exit code of wrong usage and bad input.
pub const USAGE: u8 = 2;

/// Options of `reproduce` and of every claim's binary.
#[derive(Clone, Debug, Args)]
pub struct ClaimOptions {
    /// How much work to put in.
    #[arg(long, value_enum, default_value = "standard")]
    pub effort: Effort,
    /// Seed of all random numbers.
    #[arg(long, default_value_t = 1, allow_negative_numbers = true, value_parser = seed)]
    pub seed: u64,
    /// Continue the report in --out with the claims it lacks; do nothing if it is complete.
    #[arg(long, requires = "out")]
    pub resume: bool,
    /// Where to compute.
    #[command(flatten)]
    pub device: DeviceOptions,
    /// Draw report.html and figures/ again from the files of a finished run, without training. Takes no other option but --json.
    #[arg(long, value_name = "DIR")]
    pub render: Option<PathBuf>,
    /// Print the table of all checks too, and the notes; they are always in report.json and on the page.
    #[arg(long, conflicts_with = "json")]
    pub verbose: bool,
    /// Where results go.
    #[command(flatten)]
    pub output: OutputOptions,
}

/// Where to compute.
#[derive(Clone, Debug, Args)]
pub struct DeviceOptions {
    /// Burn backend: flex, ndarray, wgpu or cuda, where compiled in (default: the first of these).
    #[arg(long, value_name = "NAME")]
    pub backend: Option<String>,
    /// Precision of tensors (default: f64 on CPU backends, f32 on GPUs).
    #[arg(long, value_enum)]
    pub precision: Option<Precision>,
    /// List the backends, their devices and precisions, and stop.
    #[arg(long)]
    pub list_backends: bool,
}

/// Where results go.
#[derive(Clone, Debug, Args)]
pub struct OutputOptions {
    /// Directory of the run (default: the first free of runs/NAME, runs/NAME-2, …).
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Replace the run that --out already holds.
    #[arg(long)]
    pub force: bool,
    /// Print one JSON document to standard output, and nothing else.
    #[arg(long)]
    pub json: bool,
    /// Leave out report.html and figures/; --render draws them later.
    #[arg(long)]
    pub no_page: bool,
}

impl DeviceOptions {
    /// Opens the device.
    ///
    /// # Errors
    /// [`Error::UnknownBackend`], [`Error::BackendNotCompiled`], [`Error::NoDevice`], [`Error::Precision`].
    pub fn open(&self) -> Result<Compute> {
        let backend = self.backend.as_deref().map_or(Ok(Backend::default()), Backend::parse)?;
        Compute::new(backend, self.precision)
    }
}

/// The exit code of what came to its end: whether all claims were reproduced, no run diverged, nothing is missing.
pub(crate) fn exit_code(is_well: bool) -> ExitCode {
    if is_well { ExitCode::SUCCESS } else { ExitCode::from(NOT_REPRODUCED) }
}

/// Runs a binary's body: errors go to standard error and exit with [`USAGE`].
pub fn run(body: impl FnOnce() -> Result<ExitCode>) -> ExitCode {
    threads::start().and_then(|()| body()).unwrap_or_else(|error| {
        note(&format!("error: {error}"));
        ExitCode::from(USAGE)
    })
}

/// Prints to standard output; a reader that has gone away is no error.
///
/// # Errors
/// [`Error::Output`] if it cannot be written for another reason.
pub fn print(text: &str) -> Result<()> {
    let mut output = anstream::stdout().lock();
    match writeln!(output, "{text}").and_then(|()| output.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Error::Output(error)),
        _ => Ok(()),
    }
}

/// Prints to standard error, as far as that can be written: there is no place to say that it cannot.
pub fn note(text: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

/// Parses a count: digits, with `_` between them at will, or a whole number like `1e6`.
///
/// # Errors
/// What is expected.
pub fn count(text: &str) -> Result<u64, String> {
    const MAX_EXACT: f64 = 9_007_199_254_740_992.0;
    let digits = text.replace('_', "");
    if let Ok(number) = digits.parse() {
        return Ok(number);
    }
    match digits.parse::<f64>() {
        Ok(number) if number >= 0.0 && number.fract() == 0.0 && number <= MAX_EXACT => Ok(number as u64),
        _ => Err("expected a whole number from 0 on, as 400000, 400_000 or 4e5".into()),
    }
}

/// Parses a seed.
///
/// # Errors
/// Its range.
pub fn seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("a seed is a whole number from 0 to {}", u64::MAX))
}

/// Says what is left beside a run that took the place of another.
pub(crate) fn tell_committed(Committed { directory, kept, left }: &Committed) {
    tell_kept(directory, kept);
    if let Some(reason) = left {
        note(&format!(
            "{} is in its place, but not all that gave way is cleared away: {reason}",
            text::path(directory)
        ));
    }
}

/// Says which figures could not be drawn.
pub(crate) fn tell_failed(drawn: &Drawn) {
    for (figure, reason) in drawn.failed.iter().zip(&drawn.reasons) {
        note(&format!("the figure `{figure}` cannot be drawn: {}", escaped(reason)));
    }
}

/// Says what a directory held besides the files that were replaced: what no run wrote, and what was changed after one had.
fn tell_kept(directory: &Path, kept: &[PathBuf]) {
    if !kept.is_empty() {
        let names = kept.iter().map(|path| text::path(path).to_string()).collect::<Vec<_>>().join(", ");
        note(&format!("kept in {}, as no part of the run or changed since: {names}", text::path(directory)));
    }
}

/// Says that there is nothing left to do; with `--json`, by what the run came to.
///
/// # Errors
/// As [`print`].
pub(crate) fn tell_complete(target: &Path, json: bool, outcome: &impl Serialize) -> Result<()> {
    tell(json, outcome, || format!("{} is complete: there is nothing to resume", text::path(target)))
}

/// A command of which `--render` takes no option beside it but `--json`: what is drawn follows from the files of the run.
pub(crate) fn render_alone(command: Command) -> Command {
    alone(command, "render", &["json"])
}

/// A command of which an option takes no other beside it but these.
pub(crate) fn alone(command: Command, option: &'static str, beside: &[&str]) -> Command {
    let ids = command.get_arguments().map(|argument| argument.get_id().clone());
    let others: Vec<Id> = ids.filter(|id| *id != option && !beside.contains(&id.as_str())).collect();
    command.mut_arg(option, |argument| argument.conflicts_with_all(others))
}

/// Draws the page and the figures of a finished run again.
pub(crate) fn render_again(directory: &Path, known: &[&'static Study], json: bool) -> Result<ExitCode> {
    tell_drawn(&render::again(directory, known)?, directory, json)
}

/// Says what was drawn again.
pub(crate) fn tell_drawn(drawn: &Drawn, directory: &Path, json: bool) -> Result<ExitCode> {
    tell_kept(directory, &drawn.kept);
    tell_failed(drawn);
    tell(json, drawn, || {
        let count = drawn.figures.len();
        let figures = if count == 1 { "figure" } else { "figures" };
        format!("{count} {figures} drawn again: {}", text::path(&directory.join("report.html")))
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Lists the backends this binary contains, with device and precisions, and how to get the others.
///
/// # Errors
/// None in practice: strings always serialise.
pub fn list_backends(json: bool) -> Result<ExitCode> {
    let listings = Listing::all();
    if json {
        print_json(&listings)?;
    } else {
        for Listing { backend, device, precisions, problem, .. } in listings {
            let state = match device {
                Some(device) => format!("{:<9} {device}", precisions.join(", ")),
                None => format!("{:<9} {}", "-", problem.unwrap_or_default()),
            };
            print(&format!("{backend:<8} {state}"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints one JSON document.
///
/// # Errors
/// [`Error::Usage`] if the value cannot be serialised.
pub fn print_json(value: &impl Serialize) -> Result<()> {
    print(&serde_json::to_string_pretty(value).map_err(|e| Error::Usage(e.to_string()))?)
}

/// Prints one JSON document or, if that is not asked for, words.
///
/// # Errors
/// As [`print`] and [`print_json`].
pub(crate) fn tell(json: bool, document: &impl Serialize, words: impl FnOnce() -> String) -> Result<()> {
    if json { print_json(document) } else { print(&words()) }
}

/// A bar on standard error, drawn only if that is a terminal: so many of such `unit`, their rate, and, where their number is known
/// from the beginning, the time that is `left`, after the words that say how sure it is.
pub fn progress_bar(label: &str, unit: &str, left: Option<&str>) -> ProgressBar {
    let (unit, left) = (unit.to_owned(), left.map(String::from));
    let counts = move |state: &ProgressState, text: &mut dyn std::fmt::Write| {
        // A claim that has not counted its runs yet has no rate and no end.
        let Some(length @ 1..) = state.len() else { return };
        let (done, rate) = (HumanCount(state.pos()), state.per_sec());
        // Whole numbers where there are many.
        let rate = if rate < 10.0 { format!("{rate:.1}") } else { HumanCount(rate as u64).to_string() };
        let _ = write!(text, "  {done}/{} {unit}  {rate}/s", HumanCount(length));
        if let Some(at_most) = &left {
            let left = HumanDuration(Duration::from_secs(state.eta().as_secs()));
            let _ = write!(text, ", {at_most}{left:#} left");
        }
    };
    let style = ProgressStyle::with_template("{spinner} {prefix}  {elapsed}{counts}");
    let style = style.expect("a valid template").with_key("counts", counts);
    let bar = ProgressBar::new(0).with_style(style).with_prefix(label.to_owned());
    // The bar ticks on a thread of its own, and panics where it gets none.
    if !bar.is_hidden() && thread::Builder::new().spawn(|| ()).is_ok() {
        bar.enable_steady_tick(Duration::from_millis(120));
    }
    bar
}

/// Begins a bar of such a length where some are done already: they count, but not for the rate.
pub(crate) fn begin_at(bar: &ProgressBar, done: u64, length: u64) {
    bar.set_position(done);
    // With a length a bar takes note of its position, from which a rate begins anew; of none it shows no counts.
    bar.set_length(0);
    bar.reset_eta();
    bar.set_length(length);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_before_is_no_part_of_the_rate() {
        let bar = ProgressBar::hidden();
        begin_at(&bar, 500, 1000);
        bar.tick();
        assert_eq!((bar.position(), bar.length(), bar.per_sec()), (500, Some(1000), 0.0));
        bar.inc(1);
        bar.tick();
        assert!(bar.per_sec() > 0.0);
    }
}
