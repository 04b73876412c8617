//! Examines studies one after the other, keeps what is finished, and writes the report.

mod finished;

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use clap::{Args, Command, FromArgMatches};

use self::finished::FinishedClaims;
use crate::cli::{
    ClaimOptions, OutputOptions, exit_code, list_backends, note, print, print_json, progress_bar,
    render_again, render_alone, run, tell, tell_committed, tell_complete, tell_failed,
};
use crate::error::{Error, Result};
use crate::interrupt::{Interrupt, POLL_INTERVAL};
use crate::persist::RunDir;
use crate::persist::entry::{Entry, Request};
use crate::persist::run_dir::Committed;
use crate::report::{Examined, Invocation, Report, render, tables, terminal};
use crate::study::{Context, Effort, Findings, Study, Table};
use crate::text;

/// The whole main of a claim that is not of this crate, without options of its own.
pub fn run_own<A: Into<OsString> + Clone>(
    claim: &'static Study,
    arguments: impl IntoIterator<Item = A>,
) -> ExitCode {
    let command = ClaimOptions::augment_args(Command::new(claim.id));
    let command = command.about(claim.title).long_about(claim.statement);
    let matches = render_alone(command).get_matches_from(arguments);
    let options = ClaimOptions::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let own = serde_json::Value::Null;
    let (claims, known) = (vec![claim], vec![claim]);
    let job = Examination { claims, known, name: claim.id, program: str::to_owned, own };
    run(|| run_claims(job, &options, |claim, context| claim.examine(context)))
}

/// What a program examines.
pub struct Examination {
    /// The claims, in order.
    pub claims: Vec<&'static Study>,
    /// All that the program knows: their figures can be drawn, and their tables belong to them.
    pub known: Vec<&'static Study>,
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
    findings: impl Fn(&'static Study, &Context) -> Result<Findings> + Send + 'static,
) -> Result<ExitCode> {
    if options.device.list_backends {
        return list_backends(options.output.json);
    }
    if let Some(directory) = &options.render {
        return render_again(directory, &job.known, options.output.json);
    }
    let started = Instant::now();
    let compute = options.device.open()?;
    let OutputOptions { out, force, json, no_page } = &options.output;
    let Examination { claims, known, name, program, own } = job;
    let interrupt = Interrupt::listen()?;
    let mut run_dir = RunDir::claim(out.as_deref(), name)?;
    let progress = progress_bar(name, "runs", None);
    let context = Context { effort: options.effort, seed: options.seed, compute, progress };
    let store = Arc::new(run_dir.store(finished::job(&context, name, &own))?);
    let finished = FinishedClaims { store, known: known.clone() };
    let (standing, earlier) = finished.standing(&run_dir, &claims);
    let request = Request { resume: options.resume, force: *force };
    let entry = run_dir.enter(&finished.store, standing, request)?;
    if let (Entry::Complete, Some(report)) = (entry, &earlier) {
        tell_complete(run_dir.target(), *json, report)?;
        return Ok(exit_code(report.all_reproduced()));
    }
    let (examined, interrupted) = {
        let keeping = finished.clone();
        let findings = move |claim, context: &Context| keeping.or_examine(claim, || findings(claim, context));
        let shown = if *json { None } else { Some(terminal::columns()) };
        examine_all(claims, &context, findings, &interrupt, shown)?
    };
    let (entries, tables): (Vec<_>, Vec<_>) =
        examined.into_iter().map(|Examined { entry, tables }| (entry, tables)).unzip();
    let tables: Vec<Table> = tables.concat();
    let seconds = started.elapsed().as_secs_f64();
    let report =
        Report { name: name.into(), ..Report::new(&context, program, own, entries, interrupted, seconds) };
    if interrupted && !finished::is_more(&report, &run_dir, earlier.as_ref()) {
        tell_interrupted(&report, &run_dir);
        return Ok(interrupt.exit_code());
    }
    let committed = write(&report, &tables, run_dir, &known, *no_page)?;
    tell_committed(&committed);
    if !interrupted {
        finished.store.remove()?;
    }
    tell(*json, &report, || conclusion(&report, &tables, options, &committed.directory))?;
    Ok(if interrupted { interrupt.exit_code() } else { exit_code(report.all_reproduced()) })
}

/// Says that a report was broken off and is not written, and how to go on.
fn tell_interrupted(report: &Report, run_dir: &RunDir) {
    let (count, place) = (report.entries().count(), text::path(run_dir.target()).to_string());
    let finished = if count == 1 { "1 claim is".into() } else { format!("{count} claims are") };
    let stays =
        if run_dir.in_place().is_some() { format!(", and {place} is as it was") } else { String::new() };
    let out = text::quoted(&place);
    note(&format!(
        "interrupted: {finished} finished{stays}; the same command with --out {out} --resume goes on with what is left"
    ));
}

/// Examines claims on a thread of their own until all are, or the process is asked to end; prints the line of each, if lines are
/// `shown`, at that width. The reports, and whether some are missing.
fn examine_all(
    claims: Vec<&'static Study>,
    context: &Context,
    findings: impl Fn(&'static Study, &Context) -> Result<Findings> + Send + 'static,
    interrupt: &Interrupt,
    shown: Option<Option<usize>>,
) -> Result<(Vec<Examined>, bool)> {
    let (reports, examiner) = examine(claims, context.clone(), findings)?;
    let mut examined: Vec<Examined> = Vec::new();
    loop {
        match reports.recv_timeout(POLL_INTERVAL) {
            Ok(report) => {
                let report = report?;
                if let Some(columns) = shown {
                    let heading = match examined.last() {
                        Some(last) if last.entry.kind == report.entry.kind => String::new(),
                        Some(_) => format!("\n{}\n", terminal::heading(report.entry.kind)),
                        None => format!("{}\n", terminal::heading(report.entry.kind)),
                    };
                    let line = terminal::line(&report.entry, columns);
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
fn write(
    report: &Report,
    tables: &[Table],
    run_dir: RunDir,
    known: &[&'static Study],
    no_page: bool,
) -> Result<Committed> {
    run_dir.write_json("report.json", report)?;
    for table in tables {
        run_dir.write(&format!("{}.csv", table.name), table.csv.as_bytes())?;
    }
    if !no_page {
        tell_failed(&render::into(&run_dir, known)?);
    }
    run_dir.commit()
}

/// What a report came to: what failed in full, all checks if they are asked for or are those of one claim, and what to look at.
fn conclusion(report: &Report, drawn: &[Table], options: &ClaimOptions, directory: &Path) -> String {
    let columns = terminal::columns();
    let mut parts = vec![terminal::failures(report, columns)];
    if options.verbose || report.entries().count() == 1 {
        parts.push(format!("\n{}", tables::all(report)));
    } else {
        parts.push(tables::notes(report.failed(), columns.unwrap_or(terminal::PLAIN_WIDTH)));
    }
    parts.extend(
        columns
            .and_then(|columns| terminal::picture(report, drawn, columns))
            .map(|picture| format!("\n{picture}\n")),
    );
    parts.push(format!("\n{}", terminal::closing(report)));
    parts.push(format!("\n{}", terminal::next(report, directory, !options.output.no_page)));
    parts.concat()
}

/// Examines claims on a thread of its own, which can be left to itself when the process is asked to end.
fn examine(
    claims: Vec<&'static Study>,
    context: Context,
    findings: impl Fn(&'static Study, &Context) -> Result<Findings> + Send + 'static,
) -> Result<(Receiver<Result<Examined>>, JoinHandle<()>)> {
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
            let started = Instant::now();
            let found = findings(claim, &context);
            let report = found.map(|found| Examined::new(claim, found, started.elapsed().as_secs_f64()));
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
pub fn list(claims: &[&Study], json: bool) -> Result<()> {
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
