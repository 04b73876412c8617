//! `puremix`: every program of this crate as a subcommand.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use puremix::{cli, commands, speed};

#[global_allocator]
static ALLOCATOR: speed::Counting<cli::Allocator> = speed::Counting(cli::Allocator);

fn main() -> ExitCode {
    commands::main()
}
