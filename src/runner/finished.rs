//! Findings of the claims that a report has finished, kept until all are: what `--resume` does not examine again.
//!
//! A claim is a function of the seed, so what is kept is what would be found again, to the bit.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::error::Result;
use crate::persist::RunDir;
use crate::persist::entry::Standing;
use crate::persist::store::Store;
use crate::report::Report;
use crate::study::{Context, Findings, Study};

/// The document that says of which job a run is.
const REPORT: &str = "report.json";

/// What identifies a report; `program` tells `reproduce` from a claim's own binary.
pub(crate) fn job(context: &Context, program: &str, options: &Value) -> Value {
    json!({
        "program": program,
        "version": env!("CARGO_PKG_VERSION"),
        "git_commit": crate::COMMIT,
        "seed": context.seed,
        "effort": context.effort.name(),
        "backend": context.compute.backend().name(),
        "precision": context.compute.precision().name(),
        "options": options,
    })
}

/// The findings of a report under way, in the hidden neighbour of its directory.
#[derive(Clone, Debug)]
pub(crate) struct FinishedClaims {
    pub store: Arc<Store>,
    /// All that the program knows: their tables belong to them.
    pub known: Vec<&'static Study>,
}

impl FinishedClaims {
    /// What the run in the place is to a report on some claims; the report in it, if it is of the same job.
    pub fn standing(&self, run_dir: &RunDir, claims: &[&Study]) -> (Standing, Option<Report>) {
        let Some(run) = run_dir.in_place() else { return (Standing::Nothing, None) };
        let standing = run.standing(REPORT, self.store.job());
        if standing != Standing::Complete {
            return (standing, None);
        }
        let report: Option<Report> = run.json(REPORT);
        let has_all = report.as_ref().is_some_and(|report| {
            !report.interrupted
                && claims.iter().all(|claim| report.entries().any(|entry| entry.id == claim.id))
        });
        // What a report lacks, only its checkpoint holds.
        let less = if self.store.exists() { Standing::Begun } else { Standing::Nothing };
        (if has_all { standing } else { less }, report)
    }

    /// What a protocol finds: as it is kept, or by running it, and then it is kept.
    ///
    /// # Errors
    /// Whatever the protocol refuses; [`Error::Damaged`](crate::Error::Damaged), [`Error::Io`](crate::Error::Io).
    pub fn or_examine(&self, claim: &Study, examine: impl FnOnce() -> Result<Findings>) -> Result<Findings> {
        let name = format!("claim-{}", claim.id);
        if self.store.has(&name) {
            return self.store.read(&name, |found: &Findings| {
                found.flaw().or_else(|| self.table_of_another(claim, found))
            });
        }
        let findings = examine()?;
        self.store.write(&name, &findings)?;
        Ok(findings)
    }

    /// That it has a table of another study.
    fn table_of_another(&self, claim: &Study, findings: &Findings) -> Option<String> {
        let others = self.known.iter().filter(|study| study.id != claim.id);
        let mut figures = others.flat_map(|study| study.figures.iter().map(move |figure| (study, figure)));
        let has = |name: &str| findings.tables.iter().any(|table| table.name == name);
        let (study, figure) = figures.find(|(_, figure)| has(figure.table()))?;
        Some(format!("its table {} belongs to `{}`", figure.table(), study.id))
    }
}

/// Whether a report that was broken off says more than what the directory holds, which is perhaps an `earlier` one of the same job: something, and
/// no less than that.
pub(crate) fn is_more(report: &Report, run_dir: &RunDir, earlier: Option<&Report>) -> bool {
    let has = |id: &str| report.entries().any(|entry| entry.id == id);
    let is_less = |then: &Report| then.interrupted && then.entries().all(|entry| has(&entry.id));
    report.entries().next().is_some() && (run_dir.in_place().is_none() || earlier.is_some_and(is_less))
}
