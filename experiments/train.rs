//! One training run with every option, and its run directory.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use puremix::{cli, job};

#[global_allocator]
static ALLOCATOR: cli::Allocator = cli::Allocator;

fn main() -> ExitCode {
    cli::run(|| job::run(&job::TrainOptions::from_arguments(std::env::args_os())?))
}
