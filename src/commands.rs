//! The programs of this crate that are not about one claim.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser};
use serde_json::Value;

use crate::catalogue;
use crate::cli::{self, ClaimOptions};
use crate::job::{self, TrainOptions};
use crate::program::{Program, invocation};
use crate::runner::{self, Examination};
use crate::sweep;

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

/// A study of the user: a grid of training runs.
pub const SWEEP: Program =
    Program { name: "sweep", command: sweep::command, run: |arguments| cli::run(|| sweep::run(arguments)) };

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
