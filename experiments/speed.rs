//! How fast the engines go on this machine, and how fast their peers.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser;
use puremix::{cli, speed};

#[global_allocator]
static ALLOCATOR: speed::Counting<cli::Allocator> = speed::Counting(cli::Allocator);

/// Measures the engines against PyTorch, JAX and NumPy, against sizes, and on every device compiled in.
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
