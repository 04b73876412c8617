//! The main job: every claim, a verdict each. Exits 0 iff all are reproduced.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use puremix::{cli, commands};

#[global_allocator]
static ALLOCATOR: cli::Allocator = cli::Allocator;

fn main() -> ExitCode {
    commands::REPRODUCE.main()
}
