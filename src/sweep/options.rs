//! The options of `sweep` and its subcommands: their own, and those of `train` that all runs may share.

use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command, CommandFactory, FromArgMatches, Parser, value_parser};
use toml::de::DeValue;

use super::file;
use super::given::Given;
use super::names::Options;
use super::study::{Axis, Column, Study};
use crate::cli::{self, OutputOptions};
use crate::error::{Error, Result};
use crate::persist::shards::Shard;
use crate::text;
use crate::written::{plain, written};

/// Runs a study: a grid of training runs over seeds, with tables, paired comparisons, figures and a page.
#[derive(Clone, Debug, Parser)]
#[command(name = "sweep", version)]
pub struct SweepOptions {
    /// What is asked for.
    #[command(flatten)]
    pub asked: StudyOptions,
    /// Check the study, print its cells and estimate the time, and stop.
    #[arg(long)]
    pub dry_run: bool,
    /// Do the K-th of N parts of the work. Processes with different K may run at the same time, on any machines that share --out; the last
    /// one to end writes the tables.
    #[arg(long, value_name = "K/N", requires = "out", conflicts_with_all = ["force", "dry_run"])]
    pub shard: Option<Shard>,
    /// Write the tables of the study that shards have worked on in DIR; exits with 1 if runs are missing. Takes no other option but --json and --no-page.
    #[arg(long, value_name = "DIR")]
    pub merge: Option<PathBuf>,
    /// Draw report.html and figures/ again from the files of a finished study, without training. Takes no other option but --json.
    #[arg(long, value_name = "DIR")]
    pub render: Option<PathBuf>,
}

/// Submits a study to Slurm as a job array, of which each task does a part, and returns at once. Submitted again, it submits the parts that are neither done,
/// queued nor running.
#[derive(Clone, Debug, Parser)]
#[command(name = "submit")]
pub struct SubmitOptions {
    /// What is asked for.
    #[command(flatten)]
    pub asked: StudyOptions,
    /// Number of parts, each a task of the array.
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..=Shard::MAX))]
    pub jobs: u64,
    /// Run at most so many tasks at a time.
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..=Shard::MAX))]
    pub at_most: Option<u64>,
    /// Options of `sbatch`, as one word: `--sbatch "--partition=long --time=4:00:00"`. May be repeated.
    #[arg(long, value_name = "OPTIONS", allow_hyphen_values = true)]
    pub sbatch: Vec<String>,
    /// Check the study, print the script, and submit nothing.
    #[arg(long)]
    pub dry_run: bool,
}

/// Tells how many runs of a study are done, running, queued, failed and missing; exits with 1 unless all are done.
#[derive(Clone, Debug, Parser)]
#[command(name = "status")]
pub struct StatusOptions {
    /// The directory of the study, as it was given as --out.
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// Print one JSON document to standard output, and nothing else.
    #[arg(long)]
    pub json: bool,
}

/// A study, and where its results go.
#[derive(Clone, Debug, Args)]
pub struct StudyOptions {
    /// The study, as a TOML file; a grid on the command line needs none.
    #[arg(value_name = "STUDY")]
    pub study: Option<PathBuf>,
    /// An option of `train` that varies, crossed with all others: `batch=1,3,12`. May be repeated.
    #[arg(long, value_name = "OPTION=VALUES")]
    pub grid: Vec<String>,
    /// Options of `train` that vary together, position by position: `--zip batch=1,2 --zip step-size=0.1,0.2`.
    #[arg(long, value_name = "OPTION=VALUES")]
    pub zip: Vec<String>,
    /// Overrides what the study says of an option: one value for all runs, or several to vary over. May be repeated.
    #[arg(long, value_name = "OPTION=VALUES")]
    pub set: Vec<String>,
    /// Number of seeds of every cell (default: what the study says, or 1).
    #[arg(long, value_parser = seeds)]
    pub seeds: Option<u64>,
    /// Also leave the directory of every run, as `train --no-page` does, below `OUT-runs/`; this trains each run once more, by itself.
    #[arg(long, value_enum, value_name = "WHAT", requires = "out")]
    pub keep: Option<Keep>,
    /// Where results go.
    #[command(flatten)]
    pub output: OutputOptions,
}

/// What is left besides the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Keep {
    /// The directory of every run.
    Runs,
}

/// The command line of `sweep`.
pub fn command() -> Command {
    let own = cli::alone(SweepOptions::command(), "merge", &["json", "no_page"]);
    let submit = SubmitOptions::command()
        .mut_arg("out", |out| out.required(true).help("Directory of the study"))
        // Parts that are queued would find the results of others gone.
        .mut_arg("force", |force| force.hide(true).conflicts_with("out"));
    cli::render_alone(with_shared(own))
        .args_conflicts_with_subcommands(true)
        .disable_help_subcommand(true)
        .subcommand(with_shared(submit))
        .subcommand(StatusOptions::command())
}

/// Adds the options that all runs may share.
fn with_shared(own: Command) -> Command {
    let ids: Vec<_> = own.get_arguments().map(|arg| arg.get_id().clone()).collect();
    let heading = "Options of every run, as of `train`";
    let known = Options::new();
    let shared = known.arguments().filter(|arg| !ids.contains(arg.get_id()));
    shared.fold(own, |command, arg| command.arg(arg.clone().help_heading(heading)))
}

/// The options of a command line. Wrong usage ends the process, as [`Parser::parse_from`] does.
pub(super) fn of<T: FromArgMatches>(matches: &ArgMatches) -> T {
    T::from_arg_matches(matches).unwrap_or_else(|error| error.exit())
}

/// The study that a command line makes.
///
/// # Errors
/// What is wrong with the study as it is written.
pub(super) fn study(matches: &ArgMatches, options: &StudyOptions) -> Result<Study> {
    let known = Options::new();
    let mut study = match &options.study {
        Some(path) => file::read(path, &known)?,
        None => Study::new(),
    };
    for (name, value) in shared(matches, &known)? {
        study.set(&name, vec![value], false, &known)?;
    }
    for text in &options.set {
        let (name, values) = assignment("--set", text)?;
        study.set(&name, values, false, &known)?;
    }
    for text in &options.grid {
        let (name, values) = assignment("--grid", text)?;
        study.set(&name, values, true, &known)?;
    }
    zip(&mut study, &options.zip, &known)?;
    study.seeds = options.seeds.unwrap_or(study.seeds);
    Ok(study)
}

/// The options of `train` that were given for all runs.
fn shared(matches: &ArgMatches, known: &Options) -> Result<Vec<(Given, Given)>> {
    let mut given = Vec::new();
    for arg in known.arguments() {
        let (id, name) = (arg.get_id().as_str(), arg.get_long().unwrap_or_default());
        if matches.value_source(id) != Some(ValueSource::CommandLine) {
            continue;
        }
        let at = format!("--{name}");
        let value = match matches.get_raw(id).and_then(|mut values| values.next_back()) {
            Some(value) => value
                .to_str()
                .ok_or_else(|| Error::Study { at: at.clone(), reason: "the value is not UTF-8".into() })?,
            None => "true",
        };
        given.push((Given::new(name, &at), Given::checked(plain(value), &at)?));
    }
    Ok(given)
}

/// The options that vary together, as one axis.
fn zip(study: &mut Study, texts: &[String], known: &Options) -> Result<()> {
    let mut columns: Vec<Column> = Vec::new();
    for text in texts {
        let (name, values) = assignment("--zip", text)?;
        let option = known.find(&name)?;
        let is_set = columns.iter().chain(study.columns()).any(|column| column.option == option);
        if is_set {
            return Err(name.refuse(format!("`{option}` varies already")));
        }
        study.base.retain(|setting| setting.option != option);
        columns.push(Column { option, at: name.at.clone(), values });
    }
    study.axes.extend(Axis::zip(columns)?);
    Ok(())
}

/// `OPTION=VALUE,VALUE,…`, or `OPTION=[…]` with a TOML array of values that contain commas.
fn assignment(flag: &str, text: &str) -> Result<(Given, Vec<Given>)> {
    let at = format!("{flag} {}", text::escaped(text));
    let refuse = |reason: &str| Err(Error::Study { at: at.clone(), reason: reason.into() });
    let Some((name, list)) = text.split_once('=') else {
        return refuse("expected OPTION=VALUE,VALUE,…");
    };
    let values: Vec<String> = if list.starts_with('[') {
        match array(list) {
            Some(values) => values,
            None => {
                return refuse("expected an array of words and numbers, as [\"sparse:12,2\", \"digits\"]");
            }
        }
    } else {
        list.split(',').map(|value| plain(value.trim())).collect()
    };
    if values.is_empty() || values.iter().any(String::is_empty) {
        return refuse("a value is missing");
    }
    let values = values.into_iter().map(|value| Given::checked(value, &at)).collect::<Result<_>>()?;
    Ok((Given::checked(name.trim(), &at)?, values))
}

fn array(text: &str) -> Option<Vec<String>> {
    let parsed = DeValue::parse(text).ok()?;
    parsed.get_ref().as_array()?.iter().map(|item| written(item.get_ref())).collect()
}

fn seeds(text: &str) -> Result<u64, String> {
    match cli::count(text)? {
        0 => Err("it must be at least 1".into()),
        seeds => Ok(seeds),
    }
}
