//! Studies of the user: a grid of options of `train` over seeds, run by one process or by many, with tables, paired comparisons, figures and a page.
//!
//! A run is a function of its options and its seed: neither its neighbours in a stack, nor threads, nor shards, nor where work was broken off show in the results. What a
//! study came to is therefore the same, byte for byte, however it came about.

mod directories;
mod done;
mod estimate;
mod execute;
mod figures;
mod file;
pub(crate) mod fuzzed;
mod given;
mod ledger;
mod measures;
mod names;
mod options;
mod own;
mod page;
mod plan;
mod resolved;
mod script;
mod sentences;
mod shared;
mod slurm;
mod status;
mod study;
mod submit;
mod tables;
mod told;

use std::ffi::OsString;
use std::process::ExitCode;

use self::done::Done;
use self::execute::Work;
use self::ledger::Ledger;
use self::options::SubmitOptions;
pub use self::options::{Keep, StudyOptions, SweepOptions, command};
use self::page::{JOB, Told};
use self::plan::Plan;
use self::study::Study;
use self::tables::Results;
use crate::cli;
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::persist::entry::{Entry, Request, Standing};
use crate::persist::shards;
use crate::persist::store::Store;
use crate::persist::{InPlace, RunDir};
use crate::report::render;

/// Runs the program with the arguments of its command line. Exits with 1 if runs are missing that `--merge` asks for, and with 130 if Ctrl-C came first: what has
/// ended is then kept, and the same command goes on.
///
/// # Errors
/// What is wrong with the study; a place that holds something else; [`Error::Io`].
pub fn run(arguments: Vec<OsString>) -> Result<ExitCode> {
    let matches = command().get_matches_from(&arguments);
    match matches.subcommand() {
        Some(("status", matches)) => status::tell(&options::of(matches)),
        Some((_, matches)) => {
            let options: SubmitOptions = options::of(matches);
            let study = options::study(matches, &options.asked)?;
            submit::submit(&options, study, arguments.first())
        }
        None => {
            let options: SweepOptions = options::of(&matches);
            let study = options::study(&matches, &options.asked)?;
            sweep(&options, study)
        }
    }
}

fn sweep(options: &SweepOptions, study: Study) -> Result<ExitCode> {
    let (asked, json) = (&options.asked, options.asked.output.json);
    if let Some(directory) = &options.render {
        let draw = |run_dir: &RunDir| Told::read(directory)?.draw(directory, run_dir);
        return cli::tell_drawn(&render::redrawn(directory, draw)?, directory, json);
    }
    if let Some(directory) = &options.merge {
        return shared::merge(directory, asked);
    }
    let plan = planned(study, asked)?;
    if options.dry_run {
        return told::dry_run(&plan, &estimate::of(&plan)?, json);
    }
    match (options.shard, &asked.output.out) {
        (Some(shard), Some(out)) => shared::part(&plan, shard, out, asked),
        _ => whole(&plan, asked),
    }
}

/// Checks the study that is asked for.
fn planned(study: Study, options: &StudyOptions) -> Result<Plan> {
    if options.study.is_none() && study.axes.is_empty() {
        return Err(Error::Usage("give a STUDY, or what varies as --grid OPTION=VALUES".into()));
    }
    Plan::check(study)
}

/// Does all that is missing, and writes the tables.
fn whole(plan: &Plan, options: &StudyOptions) -> Result<ExitCode> {
    let (output, interrupt) = (&options.output, Interrupt::listen()?);
    let mut run_dir = RunDir::claim(output.out.as_deref(), "sweep")?;
    plan.inputs().try_for_each(|input| run_dir.keep_apart(input))?;
    let store = run_dir.store(plan.job.clone())?;
    let there = run_dir.in_place();
    let standing = there.as_ref().map_or(Standing::Nothing, |run| run.standing(JOB, &plan.job));
    let out = run_dir.target().to_path_buf();
    let shared = if output.force { Vec::new() } else { shards::stores_of(&out, &plan.job)? };
    let entry = run_dir.enter(&store, standing, Request { resume: !output.force, force: output.force })?;
    if let (Entry::Complete, Some(there)) = (entry, &there) {
        shards::remove(&out)?;
        return complete(plan, there, run_dir, &store, options, &interrupt);
    }
    if output.force {
        shards::remove(&out)?;
    }
    let mut done = Done::marks(plan.runs());
    let own = if entry == Entry::GoesOn { Some(&store) } else { None };
    own.into_iter().chain(&shared).try_for_each(|store| done.read(store))?;
    let pending: Vec<u64> = done.missing().collect();
    let ledger = train(plan, &pending, store, &interrupt)?;
    let all: Vec<u64> = (0..plan.runs()).collect();
    if interrupt.is_requested() || !directories::keep(plan, &all, &out, options, &interrupt)? {
        let place = output.out.is_none().then_some(out.as_path());
        return Ok(told::interrupted(pending.len() - ledger.written(), place, &interrupt));
    }
    // What this process has done is read back from the disk, as another would.
    let mut done = Done::results(plan.runs());
    shards::own(&out)?.iter().chain(&shared).try_for_each(|store| done.read(store))?;
    finish(plan, &done, run_dir, options)?;
    ledger.remove()?;
    shards::remove(&out)?;
    Ok(ExitCode::SUCCESS)
}

/// Leaves a complete study as it is, unless other comparisons or figures are asked for: then all but the runs is made anew.
fn complete(
    plan: &Plan,
    there: &InPlace,
    mut run_dir: RunDir,
    store: &Store,
    options: &StudyOptions,
    interrupt: &Interrupt,
) -> Result<ExitCode> {
    let all: Vec<u64> = (0..plan.runs()).collect();
    if !directories::keep(plan, &all, run_dir.target(), options, interrupt)? {
        return Ok(told::interrupted(0, None, interrupt));
    }
    let has_page = options.output.no_page || there.text(render::PAGE).is_some();
    if has_page && there.text(page::STUDY).as_deref() == Some(&plan.study.to_toml()) {
        return told::complete(run_dir.target(), options.output.json);
    }
    let mut done = Done::results(plan.runs());
    let refuse = |reason: String| Error::File { path: run_dir.target().join(tables::RUNS), reason };
    done.read_table(&there.text(tables::RUNS).unwrap_or_default()).map_err(refuse)?;
    run_dir.enter(store, Standing::Complete, Request { resume: false, force: true })?;
    finish(plan, &done, run_dir, options)?;
    Ok(ExitCode::SUCCESS)
}

/// Trains runs into a store.
fn train(plan: &Plan, pending: &[u64], store: Store, interrupt: &Interrupt) -> Result<Ledger> {
    let progress = cli::progress_bar("sweep", "runs", Some(""));
    let (runs, done) = (plan.runs(), plan.runs() - pending.len() as u64);
    let ledger = Ledger::new(store, &plan.study.to_toml(), progress.clone())?;
    cli::begin_at(&progress, done, runs);
    let trained = Work::new(plan, &ledger, interrupt).run(pending);
    progress.finish_and_clear();
    trained.map(|()| ledger)
}

/// Writes tables, figures and page, and puts them in their place.
///
/// # Errors
/// [`Error::File`] if runs are missing: the tables would be short.
fn finish(plan: &Plan, done: &Done, run_dir: RunDir, options: &StudyOptions) -> Result<()> {
    let missing = done.missing().count();
    if missing > 0 {
        let reason = format!(
            "{missing} of {} runs are missing that were there before: another process has removed them",
            plan.runs()
        );
        return Err(Error::File { path: run_dir.target().into(), reason });
    }
    run_dir.write(page::STUDY, plan.study.to_toml().as_bytes())?;
    run_dir.write_json(JOB, &plan.job)?;
    Results::of(plan, done).write(&run_dir)?;
    let staging = run_dir.staging()?.to_path_buf();
    let told = Told::read(&staging)?;
    if !options.output.no_page {
        cli::tell_failed(&told.draw(&staging, &run_dir)?);
    }
    let target = run_dir.target().to_path_buf();
    cli::tell_committed(&run_dir.commit()?);
    told::finished(&told, &target, options)
}
