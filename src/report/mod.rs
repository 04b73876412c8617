//! The report: verdicts with their checks, as a structure, as JSON, on the terminal, and as a page with figures.

pub mod chart;
pub mod figures;
mod page;
mod prose;
pub mod render;
mod saved;
pub mod tables;
pub mod terminal;

use std::time::Instant;

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::claims::{Claim, Context, Findings, Kind, Table};
use crate::cli::Invocation;
use crate::error::Result;
use crate::text;
use crate::verdict::{Check, Estimate, Verdict};

/// What `reproduce` and the claims' own binaries write as `report.json`.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Version of this crate.
    pub version: &'static str,
    /// Seed everything was drawn from.
    pub seed: u64,
    /// Effort.
    pub effort: &'static str,
    /// Backend of everything that trained through Burn.
    pub backend: &'static str,
    /// Commit of the source, if it was built from a checkout.
    pub git_commit: Option<&'static str>,
    /// The claim's own options as given (null where left to the protocol); null for `reproduce`.
    pub options: Value,
    /// Its precision.
    pub precision: &'static str,
    /// Wall-clock time.
    pub seconds: f64,
    /// Whether it was broken off, so that claims are missing.
    pub interrupted: bool,
    /// Upper bound on the probability that a check refutes a claim although all are true: the sum of the levels of all checks, below
    /// [`REPORT_LEVEL`](crate::stats::REPORT_LEVEL).
    pub level: f64,
    /// One entry a claim.
    pub claims: Vec<ClaimReport>,
    /// One entry an exploration: estimates, no verdict.
    pub explorations: Vec<ClaimReport>,
    /// How the programs are called.
    #[serde(skip)]
    pub program: Invocation,
}

/// The entry of one claim or exploration.
#[derive(Clone, Debug, Serialize)]
pub struct ClaimReport {
    /// Identifier.
    pub id: &'static str,
    /// One line.
    pub title: &'static str,
    /// Where its prediction comes from.
    pub kind: Kind,
    /// Theorem that it is or is about.
    pub theorem: &'static str,
    /// Where the claim is made.
    pub source: &'static str,
    /// The claim.
    pub statement: &'static str,
    /// The claim as a formula, in LaTeX.
    pub formula: &'static str,
    /// Command that examines it again as it was.
    pub command: String,
    /// How it was examined.
    pub protocol: String,
    /// What came of it; an exploration has no verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// The judged expectations, controls included.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
    /// What an exploration measured.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub estimates: Vec<Estimate>,
    /// What a reader should know besides.
    pub notes: Vec<String>,
    /// Tables, written as files of their own, `NAME.csv`; here by name.
    #[serde(serialize_with = "names")]
    pub tables: Vec<Table>,
    /// Wall-clock time.
    pub seconds: f64,
}

fn names<S: Serializer>(tables: &[Table], serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.collect_seq(tables.iter().map(|table| table.name))
}

impl ClaimReport {
    /// Checks that came out as predicted.
    pub fn passed(&self) -> usize {
        self.checks.iter().filter(|check| check.ok == Some(true)).count()
    }

    /// Examines a claim by `run`, which brings the findings.
    ///
    /// # Errors
    /// Whatever the protocol refuses.
    pub fn examine(
        claim: &Claim,
        context: &Context,
        run: impl FnOnce(&Context) -> Result<Findings>,
    ) -> Result<Self> {
        let started = Instant::now();
        let Findings { protocol, checks, estimates, mut notes, tables } = run(context)?;
        let mut verdict = Verdict::over(&checks);
        let level: f64 = checks.iter().map(|check| check.level).sum();
        if level > claim.level && verdict == Verdict::Reproduced {
            verdict = Verdict::Inconclusive;
            notes.push(format!(
                "The checks of these options refute a true claim with a probability of up to {level:.1e} together, and this claim's share of the \
                 report's level is {:.1e}: the verdict is left open.",
                claim.level
            ));
        }
        Ok(Self {
            id: claim.id,
            title: claim.title,
            kind: claim.kind,
            theorem: claim.theorem,
            source: claim.source,
            statement: claim.statement,
            formula: claim.formula,
            command: String::new(),
            protocol: protocol.join(" "),
            verdict: claim.kind.has_verdict().then_some(verdict),
            checks,
            estimates,
            notes,
            tables,
            seconds: started.elapsed().as_secs_f64(),
        })
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
            entry.command = command(&program(entry.id), context, &options);
        }
        let (claims, explorations): (Vec<_>, Vec<_>) =
            examined.into_iter().partition(|entry| entry.verdict.is_some());
        Self {
            version: env!("CARGO_PKG_VERSION"),
            seed: context.seed,
            effort: context.effort.name(),
            backend: context.compute.backend().name(),
            git_commit: crate::COMMIT,
            options,
            precision: context.compute.precision().name(),
            seconds,
            interrupted,
            level: claims.iter().flat_map(|claim| &claim.checks).map(|check| check.level).sum(),
            claims,
            explorations,
            program,
        }
    }

    /// Claims, then explorations.
    pub fn entries(&self) -> impl Iterator<Item = &ClaimReport> {
        self.claims.iter().chain(&self.explorations)
    }

    /// Whether every claim was reproduced.
    pub fn all_reproduced(&self) -> bool {
        self.claims.iter().all(|claim| claim.verdict == Some(Verdict::Reproduced))
    }
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
