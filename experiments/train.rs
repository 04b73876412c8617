//! One training run with every option, and its run directory.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser;
use puremix::{cli, job};

#[global_allocator]
static ALLOCATOR: cli::Allocator = cli::Allocator;

fn main() -> ExitCode {
    let options = job::TrainOptions::parse();
    cli::run(|| job::run(&options))
}
