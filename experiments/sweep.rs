//! A study: a grid of training runs over seeds, with tables, comparisons and figures.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use puremix::{cli, commands};

#[global_allocator]
static ALLOCATOR: cli::Allocator = cli::Allocator;

fn main() -> ExitCode {
    commands::SWEEP.main()
}
