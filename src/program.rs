//! What a program is: a subcommand of `puremix`, and a binary of its own (`experiments/`).

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

use clap::{ArgMatches, Args, Command, FromArgMatches};
use serde::Serialize;

use crate::cli::{self, ClaimOptions};
use crate::device::Backend;
use crate::error::{Error, Result};
use crate::report::Invocation;
use crate::runner::{Examination, run_claims};
use crate::study::{self, Context, Protocol, Study};
use crate::verdict::Register;

/// How the programs of this crate are called where one of them was called by the name `own`: by `cargo run`, or as subcommands of the
/// installed `puremix`.
pub fn invocation(own: Option<&OsString>) -> Invocation {
    let is_installed = own.and_then(|own| own.to_str()).is_some_and(|own| own.starts_with("puremix "));
    if is_installed { installed } else { cargo_run }
}

/// Names of the programs that are not about one claim.
const JOBS: [&str; 3] = ["reproduce", "train", "sweep"];

fn installed(name: &str) -> String {
    if JOBS.contains(&name) { format!("puremix {name}") } else { format!("puremix claim {name}") }
}

fn cargo_run(id: &str) -> String {
    let features = match Backend::default().name() {
        "flex" => String::new(),
        backend => format!("--no-default-features --features {backend} "),
    };
    format!("cargo run --release {features}--bin {id} --")
}

/// What a subcommand of `puremix` and the binary of the same name do.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// Name of the subcommand and of the binary.
    pub name: &'static str,
    /// Describes the options.
    pub command: fn() -> Command,
    /// Does the work. The first argument is the name under which usage and errors speak of the program.
    pub run: fn(Vec<OsString>) -> ExitCode,
}

impl Program {
    /// The main of the program's own binary.
    pub fn main(self) -> ExitCode {
        (self.run)(env::args_os().collect())
    }
}

/// The options of a claim's program: those of every claim, and its own.
pub fn claim_command<O: Args>(claim: &Study) -> Command {
    let command = O::augment_args(ClaimOptions::augment_args(Command::new(claim.id)));
    // Said last: with the options came what their type says of itself.
    command.version(env!("CARGO_PKG_VERSION")).about(claim.title).long_about(claim.statement)
}

/// The work of a claim's program, which can draw the figures of all the `known` studies.
pub fn run_claim<O: Args + Serialize + Send + 'static>(
    claim: &'static Study,
    known: &'static [&'static Study],
    arguments: Vec<OsString>,
    protocol: fn(&Context, &O, &mut Register) -> Result<Protocol>,
) -> ExitCode {
    let read =
        |matches: &ArgMatches| Ok((ClaimOptions::from_arg_matches(matches)?, O::from_arg_matches(matches)?));
    let program = invocation(arguments.first());
    let matches = cli::render_alone(claim_command::<O>(claim)).get_matches_from(arguments);
    let (common, own) = read(&matches).unwrap_or_else(|error: clap::Error| error.exit());
    cli::run(|| {
        let shown = serde_json::to_value(&own).map_err(|e| Error::Usage(e.to_string()))?;
        let job =
            Examination { claims: vec![claim], known: known.to_vec(), name: claim.id, program, own: shown };
        run_claims(job, &common, move |_, context| {
            study::examine(context, |register| protocol(context, &own, register))
        })
    })
}
