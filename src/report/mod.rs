//! The report: verdicts with their checks, as a structure, as JSON, on the terminal, and as a page with figures.

pub mod chart;
pub(crate) mod fuzzed;
mod page;
mod prose;
pub mod render;
pub mod run;
mod saved;
pub mod tables;
pub mod terminal;

pub use self::page::SweepPage;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::study::{Context, Findings, Kind, Study, Table};
use crate::text;
use crate::verdict::{Check, Estimate, Verdict};

/// How the programs of a crate are called, by their names.
pub type Invocation = fn(&str) -> String;

/// What `reproduce` and the claims' own binaries write as `report.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    /// The program that wrote it: `reproduce`, or the claim. Reports of earlier versions do not say it.
    #[serde(rename = "program", default)]
    pub name: String,
    /// Version of this crate.
    pub version: String,
    /// Seed everything was drawn from.
    pub seed: u64,
    /// Effort.
    pub effort: String,
    /// Backend of everything that trained through Burn.
    pub backend: String,
    /// Commit of the source, if it was built from a checkout.
    pub git_commit: Option<String>,
    /// The claim's own options as given (null where left to the protocol); null for `reproduce`.
    #[serde(default)]
    pub options: Value,
    /// Its precision.
    pub precision: String,
    /// Wall-clock time.
    pub seconds: f64,
    /// Whether it was broken off, so that claims are missing.
    pub interrupted: bool,
    /// Upper bound on the probability that a check refutes a claim although all are true: the sum of the levels of all claims, below
    /// [`REPORT_LEVEL`](crate::stats::REPORT_LEVEL).
    pub level: f64,
    /// One entry a claim.
    pub claims: Vec<ClaimReport>,
    /// One entry an exploration: estimates, no verdict.
    pub explorations: Vec<ClaimReport>,
    /// How the programs are called.
    #[serde(skip, default = "unknown")]
    pub program: Invocation,
}

/// The entry of one claim or exploration.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ClaimReport {
    /// Identifier.
    pub id: String,
    /// One line.
    pub title: String,
    /// Where its prediction comes from. Reports of earlier versions do not say it.
    #[serde(default = "paper")]
    pub kind: Kind,
    /// Theorem that it is or is about.
    #[serde(default)]
    pub theorem: String,
    /// Where the claim is made.
    pub source: String,
    /// The claim.
    pub statement: String,
    /// The claim as a formula, in LaTeX.
    #[serde(default)]
    pub formula: String,
    /// Command that examines it again as it was.
    #[serde(default)]
    pub command: String,
    /// How it was examined.
    pub protocol: String,
    /// What came of it; an exploration has no verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// Upper bound on the probability that a check refutes it although it is true, counted before anything ran.
    #[serde(default)]
    pub level: f64,
    /// The judged expectations, controls included.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
    /// What an exploration measured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub estimates: Vec<Estimate>,
    /// What a reader should know besides.
    pub notes: Vec<String>,
    /// Names of the tables that are written as files of their own, `NAME.csv`.
    pub tables: Vec<String>,
    /// Wall-clock time.
    pub seconds: f64,
}

impl ClaimReport {
    /// Checks that came out as predicted.
    pub fn passed(&self) -> usize {
        self.checks.iter().filter(|check| check.ok == Some(true)).count()
    }
}

/// What came of one claim or exploration: its entry in the report, and the tables beside it.
#[derive(Clone, Debug)]
pub struct Examined {
    /// The entry.
    pub entry: ClaimReport,
    /// Its tables.
    pub tables: Vec<Table>,
}

impl Examined {
    /// Judges what a study found in so many seconds.
    pub fn new(study: &Study, findings: Findings, seconds: f64) -> Self {
        let Findings { protocol, checks, estimates, mut notes, tables, level, .. } = findings;
        let mut verdict = Verdict::over(&checks);
        if level > study.level && verdict == Verdict::Reproduced {
            verdict = Verdict::Inconclusive;
            notes.push(format!(
                "The checks of these options refute a true claim with a probability of up to {level:.1e} together, and this claim's share of the \
                 report's level is {:.1e}: the verdict is left open.",
                study.level
            ));
        }
        let entry = ClaimReport {
            id: study.id.into(),
            title: study.title.into(),
            kind: study.kind,
            theorem: study.theorem.into(),
            source: study.source.into(),
            statement: study.statement.into(),
            formula: study.formula.into(),
            command: String::new(),
            protocol: protocol.join(" "),
            verdict: study.kind.has_verdict().then_some(verdict),
            level,
            checks,
            estimates,
            notes,
            tables: tables.iter().map(|table| table.name.clone()).collect(),
            seconds,
        };
        Self { entry, tables }
    }
}

impl Report {
    /// Puts claims and explorations together; `program` says how the program of a claim is called, and `options` what it was told.
    pub fn new(
        context: &Context,
        program: Invocation,
        options: Value,
        mut examined: Vec<ClaimReport>,
        interrupted: bool,
        seconds: f64,
    ) -> Self {
        for entry in &mut examined {
            entry.command = command(&program(&entry.id), context, &options);
        }
        let (claims, explorations): (Vec<_>, Vec<_>) =
            examined.into_iter().partition(|entry| entry.verdict.is_some());
        Self {
            name: String::new(),
            version: env!("CARGO_PKG_VERSION").into(),
            seed: context.seed,
            effort: context.effort.name().into(),
            backend: context.compute.backend().name().into(),
            git_commit: crate::COMMIT.map(String::from),
            options,
            precision: context.compute.precision().name().into(),
            seconds,
            interrupted,
            level: claims.iter().map(|claim| claim.level).sum(),
            claims,
            explorations,
            program,
        }
    }

    /// Claims, then explorations.
    pub fn entries(&self) -> impl Iterator<Item = &ClaimReport> {
        self.claims.iter().chain(&self.explorations)
    }

    /// The claims that were not reproduced.
    pub(crate) fn failed(&self) -> impl Iterator<Item = &ClaimReport> {
        self.claims.iter().filter(|claim| claim.verdict != Some(Verdict::Reproduced))
    }

    /// Whether every claim was reproduced.
    pub fn all_reproduced(&self) -> bool {
        self.failed().next().is_none()
    }
}

fn paper() -> Kind {
    Kind::Paper
}

/// A report that is read back holds its commands as they were.
fn unknown() -> Invocation {
    str::to_owned
}

/// The command that examines a claim again: its cells draw from the seed and the claim alone, so its own program sees what
/// `reproduce` saw.
fn command(program: &str, Context { effort, seed, compute, .. }: &Context, options: &Value) -> String {
    let (backend, precision) = (compute.backend().name(), compute.precision().name());
    let mut command = format!(
        "{program} --effort {} --seed {seed} --backend {backend} --precision {precision}",
        effort.name()
    );
    for (key, value) in options.as_object().into_iter().flatten() {
        let value = match value {
            Value::Null | Value::Bool(false) => continue,
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        command.push_str(&format!(" --{} {}", key.replace('_', "-"), text::quoted(&value)));
    }
    command
}
