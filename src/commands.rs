//! The programs of this crate, and `puremix`, which has them all as subcommands.

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Arg, ArgAction, Command, CommandFactory, FromArgMatches, Parser, value_parser};
use clap_complete::Shell;
use serde_json::Value;

use crate::catalogue;
use crate::cli::{self, ClaimOptions};
use crate::error::Result;
use crate::job::{self, TrainOptions};
use crate::program::{Program, invocation};
use crate::runner::{self, Examination};
use crate::speed::{self, SpeedOptions};

/// The main job: every claim, a verdict each.
pub const REPRODUCE: Program =
    Program { name: "reproduce", command: ReproduceOptions::command, run: reproduce };

/// One training run.
pub const TRAIN: Program = Program {
    name: "train",
    command: TrainOptions::command,
    run: |arguments| {
        cli::run(|| {
            let options = TrainOptions::from_arguments(arguments)?;
            match &options.render {
                Some(directory) => cli::render_again(directory, &catalogue::ALL, options.output.json),
                None => job::run(&options),
            }
        })
    },
};

/// Measures of speed.
pub const SPEED: Program = Program {
    name: "speed",
    command: SpeedProgram::command,
    run: |arguments| {
        let options = SpeedProgram::parse_from(arguments);
        cli::run(|| speed::run(&options.own))
    },
};

/// The programs that are not about one claim.
pub const JOBS: [Program; 3] = [REPRODUCE, TRAIN, SPEED];

/// Reproduces the claims of Ghosh, Frei, Ha and Yu (JMLR 26, 2025) by training, with a verdict for each.
#[derive(Parser)]
#[command(name = "reproduce", version)]
struct ReproduceOptions {
    #[command(flatten)]
    common: ClaimOptions,
    /// Only these claims, by id, comma-separated.
    #[arg(long, value_name = "ID,…", value_delimiter = ',')]
    only: Vec<String>,
    /// List the claims and stop.
    #[arg(long)]
    list: bool,
}

fn reproduce(arguments: Vec<OsString>) -> ExitCode {
    let matches = cli::render_alone(ReproduceOptions::command()).get_matches_from(&arguments);
    let options = ReproduceOptions::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let program = invocation(arguments.first());
    cli::run(|| {
        if options.list {
            runner::list(&catalogue::ALL, options.common.output.json)?;
            return Ok(ExitCode::SUCCESS);
        }
        let chosen = if options.only.is_empty() {
            catalogue::at(options.common.effort)
        } else {
            catalogue::choose(&options.only)?
        };
        let known = catalogue::ALL.to_vec();
        let job = Examination { claims: chosen, known, name: REPRODUCE.name, program, own: Value::Null };
        runner::run_claims(job, &options.common, |claim, context| claim.examine(context))
    })
}

/// Measures the engines against PyTorch, JAX and NumPy, against sizes, and on every device compiled in.
#[derive(Parser)]
#[command(name = "speed", version)]
struct SpeedProgram {
    #[command(flatten)]
    own: SpeedOptions,
}

const RESULTS: &str = "\
Where results go: every run has a directory of its own, --out DIR or else the first free of runs/NAME, runs/NAME-2, … below
the working directory. It holds the numbers (JSON, CSV, NumPy) and a page to look at: report.html.

Exit codes: 0 all claims reproduced; 1 not all, or a run diverged; 2 wrong usage or bad input; 130 after Ctrl-C.";

/// The command line of `puremix`.
fn command() -> Command {
    let subcommands =
        |programs: &[Program]| programs.iter().map(|it| (it.command)().name(it.name)).collect::<Vec<_>>();
    let claim = Command::new("claim")
        .about("Examines one claim or exploration, with options of its own")
        .subcommand_required(true)
        .disable_help_subcommand(true)
        .subcommand_value_name("ID")
        .subcommand_help_heading("Claims and explorations")
        .subcommands(subcommands(&catalogue::PROGRAMS));
    let json = Arg::new("json")
        .long("json")
        .action(ArgAction::SetTrue)
        .help("Print one JSON array, and nothing else");
    let shell = Arg::new("shell").value_name("SHELL").required(true).value_parser(value_parser!(Shell));
    Command::new("puremix")
        .version(env!("CARGO_PKG_VERSION"))
        .about("SGD learns a pure datapoint; full-batch gradient descent learns a mixture: the paper, claim by claim")
        .after_help(RESULTS)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands(subcommands(&JOBS))
        .subcommand(claim)
        .subcommand(Command::new("list").about("Lists claims and explorations").arg(json))
        .subcommand(Command::new("completions").about("Prints the completions for a shell").arg(shell))
}

/// The main of `puremix`.
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = env::args_os().collect();
    let matches = command().get_matches_from(&arguments);
    let (name, chosen) = matches.subcommand().expect("required");
    match name {
        "list" => {
            cli::run(|| runner::list(&catalogue::ALL, chosen.get_flag("json")).map(|()| ExitCode::SUCCESS))
        }
        "completions" => cli::run(|| completions(*chosen.get_one("shell").expect("required"))),
        "claim" => {
            let (id, _) = chosen.subcommand().expect("required");
            run_as(&format!("puremix claim {id}"), find(&catalogue::PROGRAMS, id), &arguments[3..])
        }
        _ => run_as(&format!("puremix {name}"), find(&JOBS, name), &arguments[2..]),
    }
}

fn find(programs: &[Program], name: &str) -> Program {
    *programs.iter().find(|program| program.name == name).expect("a subcommand each")
}

fn run_as(name: &str, program: Program, arguments: &[OsString]) -> ExitCode {
    (program.run)([name.into()].into_iter().chain(arguments.iter().cloned()).collect())
}

fn completions(shell: Shell) -> Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command(), "puremix", &mut script);
    cli::print(String::from_utf8_lossy(&script).trim_end())?;
    Ok(ExitCode::SUCCESS)
}
