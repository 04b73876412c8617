//! Arguments and conduct shared by the binaries: options, exit codes, what goes to which stream.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use clap::{Args, Command, FromArgMatches, Id};
use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressState, ProgressStyle};
use serde::Serialize;

use crate::claims::finished::{FinishedClaims, entries};
use crate::claims::{Claim, Context, Effort, Findings};
use crate::device::{Backend, Compute, Listing, Precision};
use crate::error::{Error, Result};
use crate::interrupt::{Interrupt, POLL_INTERVAL};
use crate::persist::RunDir;
use crate::persist::run_dir::{Committed, InPlace};
use crate::program;
use crate::report::render::{self, Drawn};
use crate::report::{ClaimReport, Report, tables, terminal};
use crate::text;
use crate::threads;
use crate::verdict::Verdict;

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
    /// Draw report.html and figures/ again from the files of a finished run, without training; of the other options only --json.
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
    for figure in &drawn.failed {
        note(&format!("the figure `{figure}` cannot be drawn; the page says why"));
    }
}

/// Says what a directory held besides the run that was replaced.
fn tell_kept(directory: &Path, kept: &[PathBuf]) {
    if !kept.is_empty() {
        let names = kept.iter().map(|path| text::path(path).to_string()).collect::<Vec<_>>().join(", ");
        note(&format!("kept in {}, as no part of the run: {names}", text::path(directory)));
    }
}

/// Refuses to call a run complete of which a file is missing or changed.
///
/// # Errors
/// [`Error::Damaged`].
pub(crate) fn check_whole(run_dir: &RunDir, run: &InPlace) -> Result<()> {
    run.first_defect().map_or(Ok(()), |name| {
        let reason = "it is missing, or changed since it was written; move it away to replace the run".into();
        Err(Error::Damaged { path: run_dir.target().join(name), reason })
    })
}

/// A command of which `--render` takes no option beside it but `--json`: what is drawn follows from the files of the run.
pub(crate) fn render_alone(command: Command) -> Command {
    let ids = command.get_arguments().map(|argument| argument.get_id().clone());
    let others: Vec<Id> = ids.filter(|id| !["render", "json"].contains(&id.as_str())).collect();
    command.mut_arg("render", |render| render.conflicts_with_all(others))
}

/// How the programs of this crate are called, by their names.
pub type Invocation = fn(&str) -> String;

/// How the programs of this crate are called where one of them was called by the name `own`: by `cargo run`, or as subcommands of the
/// installed `puremix`.
pub fn invocation(own: Option<&OsString>) -> Invocation {
    let is_installed = own.and_then(|own| own.to_str()).is_some_and(|own| own.starts_with("puremix "));
    if is_installed { installed } else { cargo_run }
}

fn installed(name: &str) -> String {
    let is_job = program::JOBS.iter().any(|job| job.name == name);
    if is_job { format!("puremix {name}") } else { format!("puremix claim {name}") }
}

fn cargo_run(id: &str) -> String {
    let features = match Backend::default().name() {
        "flex" => String::new(),
        backend => format!("--no-default-features --features {backend} "),
    };
    format!("cargo run --release {features}--bin {id} --")
}

/// The whole main of a claim that is not of this crate, without options of its own.
pub fn run_own<A: Into<OsString> + Clone>(
    claim: &'static Claim,
    arguments: impl IntoIterator<Item = A>,
) -> ExitCode {
    let command = ClaimOptions::augment_args(Command::new(claim.id));
    let command = command.about(claim.title).long_about(claim.statement);
    let matches = render_alone(command).get_matches_from(arguments);
    let options = ClaimOptions::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let own = serde_json::Value::Null;
    let job = Examination { claims: vec![claim], name: claim.id, program: str::to_owned, own };
    run(|| run_claims(job, &options, |claim, context| (claim.run)(context)))
}

/// What a program examines.
pub struct Examination {
    /// The claims, in order.
    pub claims: Vec<&'static Claim>,
    /// Name of the run directory, if none is chosen.
    pub name: &'static str,
    /// How the program that examines a claim again is called.
    pub program: Invocation,
    /// Options of the claim, as given; null without.
    pub own: serde_json::Value,
}

/// Examines claims in order, printing a line as each finishes; writes `report.json`, the tables, the figures and `report.html`. After
/// Ctrl-C the report is on the claims that were finished, and the exit code 130.
///
/// # Errors
/// Bad options; whatever a protocol refuses.
pub fn run_claims(
    job: Examination,
    options: &ClaimOptions,
    findings: impl Fn(&'static Claim, &Context) -> Result<Findings> + Send + 'static,
) -> Result<ExitCode> {
    if options.device.list_backends {
        return list_backends(options.output.json);
    }
    if let Some(directory) = &options.render {
        return render_again(directory, options.output.json);
    }
    let started = Instant::now();
    let compute = options.device.open()?;
    let OutputOptions { out, force, json, no_page } = &options.output;
    let Examination { claims, name, program, own } = job;
    let interrupt = Interrupt::listen()?;
    let mut run_dir = RunDir::claim(out.as_deref(), name)?;
    let progress = progress_bar(name, "runs", "");
    let context = Context { effort: options.effort, seed: options.seed, compute, progress };
    let finished = FinishedClaims::new(&run_dir, &context, name, &own)?;
    if options.resume
        && let Some(code) = already_complete(&finished, &run_dir, &claims, *json)?
    {
        return Ok(code);
    }
    finished.prepare(&mut run_dir, options.resume, *force)?;
    let (examined, interrupted) = {
        let keeping = finished.clone();
        let findings = move |claim, context: &Context| keeping.or_examine(claim, || findings(claim, context));
        let shown = if *json { None } else { Some(terminal::columns()) };
        examine_all(claims, &context, findings, &interrupt, shown)?
    };
    let report = Report::new(&context, program, own, examined, interrupted, started.elapsed().as_secs_f64());
    if interrupted && !finished.is_more(&run_dir, &report) {
        let (count, place) = (report.entries().count(), text::path(run_dir.target()));
        let stays =
            if run_dir.in_place().is_some() { format!(", and {place} is as it was") } else { String::new() };
        note(&format!("interrupted: {count} claims are finished{stays}; --resume goes on with the others"));
        return Ok(interrupt.exit_code());
    }
    let committed = write(&report, run_dir, *no_page)?;
    tell_committed(&committed);
    if !interrupted {
        finished.remove()?;
    }
    if *json {
        print_json(&report)?;
    } else {
        conclude(&report, options, &committed.directory)?;
    }
    Ok(if interrupted {
        interrupt.exit_code()
    } else if report.all_reproduced() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(NOT_REPRODUCED)
    })
}

/// Examines claims on a thread of their own until all are, or the process is asked to end; prints the line of each, if lines are
/// `shown`, at that width. The reports, and whether some are missing.
fn examine_all(
    claims: Vec<&'static Claim>,
    context: &Context,
    findings: impl Fn(&'static Claim, &Context) -> Result<Findings> + Send + 'static,
    interrupt: &Interrupt,
    shown: Option<Option<usize>>,
) -> Result<(Vec<ClaimReport>, bool)> {
    let (reports, examiner) = examine(claims, context.clone(), findings)?;
    let mut examined: Vec<ClaimReport> = Vec::new();
    loop {
        match reports.recv_timeout(POLL_INTERVAL) {
            Ok(report) => {
                let report = report?;
                if let Some(columns) = shown {
                    let heading = match examined.last() {
                        Some(last) if last.kind == report.kind => String::new(),
                        Some(_) => format!("\n{}\n", terminal::heading(report.kind)),
                        None => format!("{}\n", terminal::heading(report.kind)),
                    };
                    let line = terminal::line(&report, columns);
                    context.progress.suspend(|| print(&format!("{heading}{line}")))?;
                }
                examined.push(report);
            }
            Err(RecvTimeoutError::Disconnected) => {
                context.progress.finish_and_clear();
                examiner.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                return Ok((examined, false));
            }
            Err(RecvTimeoutError::Timeout) if interrupt.is_requested() => {
                context.progress.finish_and_clear();
                return Ok((examined, true));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

/// Writes the run directory of a report.
fn write(report: &Report, run_dir: RunDir, no_page: bool) -> Result<Committed> {
    run_dir.write_json("report.json", report)?;
    for table in report.entries().flat_map(|claim| &claim.tables) {
        run_dir.write_table(&format!("{}.csv", table.name), &table.header, &table.rows)?;
    }
    if !no_page {
        tell_failed(&render::into(&run_dir)?);
    }
    run_dir.commit()
}

/// Prints what a report came to: what failed in full, all checks if they are asked for or are those of one claim, and what to look at.
fn conclude(report: &Report, options: &ClaimOptions, directory: &Path) -> Result<()> {
    let columns = terminal::columns();
    let mut parts = vec![terminal::failures(report, columns)];
    if options.verbose || report.entries().count() == 1 {
        parts.push(format!("\n{}", tables::all(report)));
    } else {
        let failed = report.claims.iter().filter(|claim| claim.verdict != Some(Verdict::Reproduced));
        parts.push(tables::notes(failed, columns.unwrap_or(terminal::PLAIN_WIDTH)));
    }
    parts.extend(
        columns
            .and_then(|columns| terminal::picture(report, columns))
            .map(|picture| format!("\n{picture}\n")),
    );
    parts.push(format!("\n{}", terminal::closing(report)));
    parts.push(if options.output.no_page {
        format!("\nresults    {}", text::path(directory))
    } else {
        format!("\n{}", terminal::next(report, directory))
    });
    print(&parts.concat())
}

/// Says that a report is complete, if it is, and with which exit code.
fn already_complete(
    kept: &FinishedClaims,
    run_dir: &RunDir,
    claims: &[&'static Claim],
    json: bool,
) -> Result<Option<ExitCode>> {
    let Some(report) = kept.reported(run_dir).filter(|report| report["interrupted"] == false) else {
        return Ok(None);
    };
    if !claims.iter().all(|claim| entries(&report).any(|entry| entry["id"] == claim.id)) {
        return Ok(None);
    }
    if let Some(run) = run_dir.in_place() {
        check_whole(run_dir, &run)?;
    }
    kept.remove()?;
    if json {
        print_json(&report)?;
    } else {
        print(&format!("{} is complete: there is nothing to resume", text::path(run_dir.target())))?;
    }
    let reproduced =
        |entry: &serde_json::Value| matches!(entry["verdict"].as_str(), None | Some("reproduced"));
    Ok(Some(if entries(&report).all(reproduced) {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(NOT_REPRODUCED)
    }))
}

/// Draws the page and the figures of a finished run again.
pub(crate) fn render_again(directory: &Path, json: bool) -> Result<ExitCode> {
    let drawn = render::again(directory)?;
    tell_kept(directory, &drawn.kept);
    if json {
        print_json(&drawn)?;
    } else {
        let count = drawn.figures.len();
        let figures = if count == 1 { "figure" } else { "figures" };
        print(&format!("{count} {figures} drawn again: {}", text::path(&directory.join("report.html"))))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Examines claims on a thread of its own, which can be left to itself when the process is asked to end.
fn examine(
    claims: Vec<&'static Claim>,
    context: Context,
    findings: impl Fn(&'static Claim, &Context) -> Result<Findings> + Send + 'static,
) -> Result<(Receiver<Result<ClaimReport>>, JoinHandle<()>)> {
    let (sender, receiver) = mpsc::channel();
    let examiner = thread::Builder::new().spawn(move || {
        let count = claims.len();
        for (k, claim) in claims.into_iter().enumerate() {
            let progress = &context.progress;
            progress.set_prefix(if count > 1 {
                format!("{} ({} of {count})", claim.id, k + 1)
            } else {
                claim.id.into()
            });
            progress.set_length(0);
            progress.reset();
            let report = ClaimReport::examine(claim, &context, |context| findings(claim, context));
            let is_refused = report.is_err();
            if sender.send(report).is_err() || is_refused {
                return;
            }
        }
    });
    let refuse = |e: io::Error| Error::Usage(format!("no thread can be started: {e}"));
    Ok((receiver, examiner.map_err(refuse)?))
}

/// Lists claims: a line each, or one JSON array.
///
/// # Errors
/// None in practice: strings always serialise.
pub fn list(claims: &[&Claim], json: bool) -> Result<()> {
    if json {
        return print_json(&claims);
    }
    for claim in claims {
        let when = match claim.joins {
            Effort::Quick => String::new(),
            effort => format!(" [from --effort {} on]", effort.name()),
        };
        print(&format!("{:<19} {} ({}){when}", claim.id, claim.title, claim.source))?;
    }
    Ok(())
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

/// A bar on standard error, drawn only if that is a terminal: so many of such `unit`, their rate, and the time that
/// is left, `at_most` or about.
pub fn progress_bar(label: &str, unit: &str, at_most: &str) -> ProgressBar {
    let (unit, at_most) = (unit.to_owned(), at_most.to_owned());
    let counts = move |state: &ProgressState, text: &mut dyn std::fmt::Write| {
        // A claim that has not counted its runs yet has no rate and no end.
        let Some(length @ 1..) = state.len() else { return };
        let (done, rate) = (HumanCount(state.pos()), state.per_sec());
        // Whole numbers where there are many.
        let rate = if rate < 10.0 { format!("{rate:.1}") } else { HumanCount(rate as u64).to_string() };
        let left = HumanDuration(Duration::from_secs(state.eta().as_secs()));
        let _ = write!(text, "  {done}/{} {unit}  {rate}/s, {at_most}{left:#} left", HumanCount(length));
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
