//! `puremix`: every program as a subcommand.

#![forbid(unsafe_code)]

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Arg, ArgAction, Command, value_parser};
use clap_complete::Shell;
use puremix::commands::{REPRODUCE, SWEEP, TRAIN};
use puremix::error::Result;
use puremix::program::Program;
use puremix::{catalogue, cli, runner};
use puremix_bench::{Counting, SPEED};

#[global_allocator]
static ALLOCATOR: Counting<cli::Allocator> = Counting(cli::Allocator);

/// The programs that are not about one claim.
const JOBS: [Program; 4] = [REPRODUCE, TRAIN, SWEEP, SPEED];

const RESULTS: &str = "\
Where results go: every run has a directory of its own, --out DIR or else the first free of runs/NAME, runs/NAME-2, … below
the working directory. It holds the numbers (JSON, CSV, NumPy) and a page to look at: report.html.

Exit codes: 0 all claims reproduced; 1 not all, a run diverged, or runs of a study are missing; 2 wrong usage or bad input; 130 after Ctrl-C.";

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

fn main() -> ExitCode {
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
