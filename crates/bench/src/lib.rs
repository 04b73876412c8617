//! How fast the engines of puremix are: against their peers in Python, against sizes, and on every device.
//!
//! The program `speed` ([`SPEED`]) measures all of this and counts memory, if [`Counting`] is its allocator. The package also holds the
//! criterion benches of single steps, and `calibrate`, which counts how often checks err although every claim is true.

#![warn(missing_docs)]
// The one exception counts what the allocator holds, see `Counting`.
#![deny(unsafe_code)]

mod case;
mod devices;
mod growth;
mod machine;
mod memory;
mod options;
mod output;
mod peers;
mod speed;
mod tables;
mod timing;

use clap::{CommandFactory, Parser};
use puremix::cli;
use puremix::program::Program;

pub use self::memory::Counting;
use self::options::SpeedOptions;
pub use self::timing::{Spread, Times};

/// Measures of speed.
pub const SPEED: Program = Program {
    name: "speed",
    command: SpeedOptions::command,
    run: |arguments| {
        let options = SpeedOptions::parse_from(arguments);
        cli::run(|| speed::run(&options))
    },
};
