//! How fast the engines go on this machine, and how fast their peers.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use puremix::cli::Allocator;
use puremix_bench::{Counting, SPEED};

#[global_allocator]
static ALLOCATOR: Counting<Allocator> = Counting(Allocator);

fn main() -> ExitCode {
    SPEED.main()
}
