//! The main job: every claim, a verdict each. Exits 0 iff all are reproduced.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser;
use puremix::claims;
use puremix::cli::{self, ClaimOptions, Examination};
use serde_json::Value;

#[global_allocator]
static ALLOCATOR: cli::Allocator = cli::Allocator;

/// Reproduces the claims of Ghosh, Frei, Ha and Yu (JMLR 26, 2025) by training, and says which hold.
#[derive(Parser)]
#[command(version)]
struct Options {
    #[command(flatten)]
    common: ClaimOptions,
    /// Only these claims, by id, comma-separated.
    #[arg(long, value_name = "ID,…", value_delimiter = ',')]
    only: Vec<String>,
    /// List the claims and stop.
    #[arg(long)]
    list: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    cli::run(|| {
        if options.list {
            cli::list(&claims::ALL, options.common.output.json)?;
            return Ok(ExitCode::SUCCESS);
        }
        let chosen = if options.only.is_empty() {
            claims::at(options.common.effort)
        } else {
            claims::choose(&options.only)?
        };
        let job =
            Examination { claims: chosen, name: "reproduce", program: cli::cargo_run, own: Value::Null };
        cli::run_claims(job, &options.common, |claim, context| (claim.run)(context))
    })
}
