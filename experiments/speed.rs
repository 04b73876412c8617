//! How fast the engines go on this machine.

use std::process::ExitCode;

use clap::Parser;
use puremix::{cli, speed};

#[global_allocator]
static ALLOCATOR: cli::Allocator = cli::Allocator;

/// Measures steps a second against the number of replicas, on every backend compiled in.
#[derive(Parser)]
#[command(version)]
struct Options {
    #[command(flatten)]
    own: speed::SpeedOptions,
}

fn main() -> ExitCode {
    let options = Options::parse();
    cli::run(|| speed::run(&options.own))
}
