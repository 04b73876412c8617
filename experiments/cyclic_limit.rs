//! The claim `cyclic_limit` on its own, with its own options.

use std::process::ExitCode;

use clap::Parser;
use puremix::claims::cyclic_limit::{CLAIM, Options, Prediction, findings};
use puremix::cli::{self, ClaimOptions};

#[derive(Parser)]
#[command(version, about = CLAIM.title, long_about = CLAIM.statement)]
struct Arguments {
    #[command(flatten)]
    common: ClaimOptions,
    #[command(flatten)]
    own: Options,
}

fn main() -> ExitCode {
    let Arguments { common, own } = Arguments::parse();
    cli::run_claim(&CLAIM, &common, |context| findings(context, &own, &Prediction::default()))
}
