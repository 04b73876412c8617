//! What an experiment is: a [`Study`] has a protocol that a [`Context`] is given to and that brings [`Findings`], and is a claim, with a
//! verdict, or an exploration, with estimates.

pub(crate) mod ensemble;
mod findings;
mod lab;
pub(crate) mod mean_steps;
pub(crate) mod paired;
pub(crate) mod pool;
pub(crate) mod replicas;
pub(crate) mod setting;
mod sweep;
pub(crate) mod trace;
pub(crate) mod trial;
pub(crate) mod words;

use indicatif::ProgressBar;
use rand::Rng;
use serde::{Deserialize, Serialize};

pub use self::findings::Findings;
pub use self::lab::{Lab, Protocol, examine};
pub(crate) use self::lab::{Part, of_parts, told};
pub use self::sweep::{Sweep, Swept};
use crate::device::Compute;
use crate::error::Result;
use crate::plot::Figure;
use crate::rng::{Purpose, stream};
pub use crate::table::{Row, Table};
use crate::verdict::Register;

/// How much work goes into a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Effort {
    /// Some twenty seconds: fewer cases, without the claims that need longer runs.
    Quick,
    /// The reference report.
    Standard,
    /// Minutes: more seeds, larger sizes, and the explorations.
    Full,
}

impl Effort {
    /// Picks the value for this effort.
    pub fn pick<T>(self, quick: T, standard: T, full: T) -> T {
        match self {
            Effort::Quick => quick,
            Effort::Standard => standard,
            Effort::Full => full,
        }
    }

    /// Name on the command line.
    pub fn name(self) -> &'static str {
        self.pick("quick", "standard", "full")
    }
}

/// What a claim runs on.
#[derive(Clone, Debug)]
pub struct Context {
    /// How much work to put in.
    pub effort: Effort,
    /// Seed of the whole report.
    pub seed: u64,
    /// Device and precision of everything that trains through Burn.
    pub compute: Compute,
    /// Counts runs; hidden unless a person is watching.
    pub progress: ProgressBar,
}

impl Context {
    /// Seed of one cell of one claim's protocol: cells and claims are independent of each other.
    pub fn cell_seed(&self, claim: &Study, cell: u64) -> u64 {
        let of_claim = stream(self.seed, Purpose::Protocol, claim.number).next_u64();
        stream(of_claim, Purpose::Protocol, cell).next_u64()
    }
}

/// Where a prediction comes from, and so what an examination of it can end in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A claim of the paper: a verdict.
    Paper,
    /// A law derived here, or a claim of one's own: a verdict.
    Beyond,
    /// No theory predicts anything: estimates with their intervals.
    Exploration,
}

impl Kind {
    /// Whether it ends in a verdict.
    pub fn has_verdict(self) -> bool {
        self != Kind::Exploration
    }

    /// Heading of its group in a report.
    pub fn heading(self) -> &'static str {
        match self {
            Kind::Paper => "the paper",
            Kind::Beyond => "beyond the paper",
            Kind::Exploration => "explorations",
        }
    }
}

/// A claim or an exploration, and how to examine it.
#[derive(Clone, Debug, Serialize)]
pub struct Study {
    /// Identifier: name of its binary and of `--only`.
    pub id: &'static str,
    /// Where its prediction comes from.
    pub kind: Kind,
    /// Least effort at which `reproduce` examines it unasked; `--only` always does.
    pub joins: Effort,
    /// Fixed number, part of the random streams.
    pub number: u64,
    /// Upper bound on the probability that this claim, if it is true, comes out as refuted, at every effort and
    /// precision: its share of [`REPORT_LEVEL`](crate::stats::REPORT_LEVEL). The levels of its checks add up to less.
    pub level: f64,
    /// One line.
    pub title: &'static str,
    /// Theorem, or other part of the paper, that it is or is about.
    pub theorem: &'static str,
    /// Where the claim is made.
    pub source: &'static str,
    /// The claim itself.
    pub statement: &'static str,
    /// The claim as a formula, in LaTeX.
    pub formula: &'static str,
    /// Its figures, in their order on the page.
    #[serde(skip)]
    pub figures: &'static [&'static dyn Figure],
    /// The default protocol: registers what the study is held to, and returns what is left to do, to measure and to judge.
    #[serde(skip)]
    pub protocol: fn(&Context, &mut Register) -> Result<Protocol>,
}

impl Study {
    /// Runs the default protocol.
    ///
    /// # Errors
    /// Whatever the protocol refuses.
    pub fn examine(&self, context: &Context) -> Result<Findings> {
        examine(context, |register| (self.protocol)(context, register))
    }
}
