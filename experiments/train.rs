//! One training run with every option, and its run directory.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use puremix::{cli, commands};

#[global_allocator]
static ALLOCATOR: cli::Allocator = cli::Allocator;

fn main() -> ExitCode {
    commands::TRAIN.main()
}
