//! The claims of the paper, one file each: hypothesis → protocol → prediction → measurement → verdict.
//!
//! Every file has the same shape. `Options` bend the protocol from the command line; `Prediction`
//! holds the theory as functions, so that a test can plant an error and see the verdict turn;
//! `findings` runs the protocol and judges it.

pub mod alignment_scaling;
pub mod cyclic_basin;
pub mod cyclic_limit;
mod ensemble;
pub mod escape;
pub(crate) mod finished;
pub mod gd_limit;
pub mod hypothesis_map;
pub mod landscape;
pub(crate) mod protocol;
pub mod random_walk;
pub mod rate_law;
mod record;
pub mod rotation_invariance;
pub mod selection_law;
pub mod sgd_limit;
pub mod sharpness;
pub mod vanishing_noise;

use std::collections::HashSet;

use indicatif::ProgressBar;
use rand::Rng;
use serde::{Deserialize, Deserializer, Serialize};

use crate::device::Compute;
use crate::error::{Error, Result};
use crate::program::Program;
use crate::report::figures;
use crate::rng::{Purpose, stream};
use crate::stats::REPORT_LEVEL;
use crate::text::escaped;
use crate::verdict::{Check, Estimate};

/// How much work goes into a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Effort {
    /// Some ten seconds: fewer cases, without the claims that need longer runs.
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
    pub fn cell_seed(&self, claim: &Claim, cell: u64) -> u64 {
        let of_claim = stream(self.seed, Purpose::Protocol, claim.number).next_u64();
        stream(of_claim, Purpose::Protocol, cell).next_u64()
    }
}

/// Numbers behind a claim that do not fit a check, written beside the report as `NAME.csv`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Table {
    /// File name without extension.
    pub name: &'static str,
    /// Column names.
    pub header: Vec<&'static str>,
    /// Rows of fields.
    pub rows: Vec<Vec<String>>,
}

/// A [`Table`] as it is read back.
#[derive(Deserialize)]
struct KeptTable {
    name: String,
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl<'de> Deserialize<'de> for Table {
    /// Names are few and short: they may stay for ever, as those in the sources do.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let KeptTable { name, header, rows } = Deserialize::deserialize(deserializer)?;
        Ok(Self { name: name.leak(), header: header.into_iter().map(|name| &*name.leak()).collect(), rows })
    }
}

/// What a claim's protocol brought to light.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Findings {
    /// What was done, a sentence an entry, built from what ran.
    pub protocol: Vec<String>,
    /// The judged expectations.
    pub checks: Vec<Check>,
    /// What an exploration measured.
    pub estimates: Vec<Estimate>,
    /// What a reader should know besides.
    pub notes: Vec<String>,
    /// Tables for the run directory.
    pub tables: Vec<Table>,
}

/// Whether a word can name a table: it becomes a file name and a link.
pub(crate) fn is_table_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

impl Findings {
    /// Why this cannot be what a protocol found.
    pub(crate) fn flaw(&self, claim: &Claim) -> Option<String> {
        let mut names = HashSet::new();
        let flawed = self.tables.iter().find_map(|Table { name, header, rows }| {
            let is_of_another =
                figures::ALL.iter().any(|figure| figure.table == *name && figure.claim != claim.id);
            if !is_table_name(name) || !names.insert(name) || is_of_another {
                return Some("a table has a name that no table has".to_owned());
            }
            let is_ragged = rows.iter().any(|row| row.len() != header.len());
            is_ragged.then(|| format!("the rows of its table {name} have other lengths than the header"))
        });
        let texts = self.protocol.iter().chain(&self.notes);
        let names = self.checks.iter().flat_map(|check| [&check.name, &check.criterion]);
        let mut texts = texts.chain(names).chain(self.estimates.iter().flat_map(|e| [&e.name, &e.method]));
        let is_unsafe = texts.any(|text| escaped(text).to_string() != *text);
        let flawed =
            flawed.or_else(|| is_unsafe.then(|| "a text has characters that a terminal would obey".into()));
        flawed.or_else(|| {
            self.checks
                .iter()
                .any(|check| !(0.0..=1.0).contains(&check.level))
                .then(|| "a level is no probability".into())
        })
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

/// A claim, and how to examine it.
#[derive(Clone, Debug, Serialize)]
pub struct Claim {
    /// Identifier: name of its binary and of `--only`.
    pub id: &'static str,
    /// Where its prediction comes from.
    pub kind: Kind,
    /// Least effort at which `reproduce` examines it unasked; `--only` always does.
    pub joins: Effort,
    /// Fixed number, part of the random streams.
    pub number: u64,
    /// Upper bound on the probability that this claim, if it is true, comes out as refuted, at every effort and
    /// precision: its share of [`REPORT_LEVEL`]. The levels of its checks add up to less.
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
    /// Runs the default protocol.
    #[serde(skip)]
    pub run: fn(&Context) -> Result<Findings>,
}

macro_rules! list {
    ($($room:ident::$claim:ident),+ $(,)?) => {
        /// All claims and explorations, in the order of the report.
        pub const ALL: [&Claim; [$(stringify!($claim)),+].len()] = [$(&crate::$room::$claim::CLAIM),+];

        /// The program of each, in the same order.
        pub const PROGRAMS: [Program; ALL.len()] = [$(crate::claim_program!($room::$claim)),+];
    };
}

list![
    claims::gd_limit,
    claims::sgd_limit,
    claims::cyclic_limit,
    claims::alignment_scaling,
    claims::sharpness,
    claims::vanishing_noise,
    claims::random_walk,
    claims::rotation_invariance,
    claims::landscape,
    claims::hypothesis_map,
    claims::selection_law,
    claims::rate_law,
    claims::cyclic_basin,
    claims::escape,
    explorations::deeper,
    explorations::correlated,
    explorations::digits,
];

/// The shares of all claims fit into the level of a report, whatever it examines. This is asserted when the crate is compiled.
const _: () = {
    let (mut total, mut k) = (0.0, 0);
    while k < ALL.len() {
        total += ALL[k].level;
        k += 1;
    }
    assert!(total <= REPORT_LEVEL);
};

/// The claims that `reproduce` examines at an effort if none are named.
pub fn at(effort: Effort) -> Vec<&'static Claim> {
    ALL.into_iter().filter(|claim| claim.joins <= effort).collect()
}

/// Finds several claims, each once, in the order asked for.
///
/// # Errors
/// [`Error::UnknownClaim`].
pub fn choose(ids: &[String]) -> Result<Vec<&'static Claim>> {
    let mut chosen: Vec<&'static Claim> = Vec::new();
    for id in ids {
        let claim = find(id.trim())?;
        if chosen.iter().all(|other| other.id != claim.id) {
            chosen.push(claim);
        }
    }
    Ok(chosen)
}

/// Finds a claim.
///
/// # Errors
/// [`Error::UnknownClaim`] listing the known ones.
pub fn find(id: &str) -> Result<&'static Claim> {
    ALL.into_iter()
        .find(|claim| claim.id == id)
        .ok_or_else(|| Error::UnknownClaim { id: id.into(), known: ALL.map(|claim| claim.id).join(", ") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_of_all_claims_draw_from_different_seeds() {
        let context = Context {
            effort: Effort::Quick,
            seed: 1,
            compute: Compute::default(),
            progress: ProgressBar::hidden(),
        };
        // Cells are numbered with all 64 bits; 0, small ones, and the high ones that protocols use.
        let cells: Vec<u64> = (0..12).flat_map(|high| (0..5).map(move |low| high << 32 | low)).collect();
        let seeds: HashSet<u64> =
            ALL.iter().flat_map(|claim| cells.iter().map(|&cell| context.cell_seed(claim, cell))).collect();
        assert_eq!(seeds.len(), ALL.len() * cells.len());
    }
}
