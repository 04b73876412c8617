//! Findings of the claims that a report has finished, kept until all are: what `--resume` does not examine again.
//!
//! A claim is a function of the seed, so what is kept is what would be found again, to the bit.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::persist::RunDir;
use crate::persist::store::{Store, differences};
use crate::report::Report;
use crate::study::{Context, Findings, Study};

/// Claims and explorations of a report that was read back.
pub(crate) fn entries(report: &Value) -> impl Iterator<Item = &Value> {
    ["claims", "explorations"].into_iter().filter_map(|key| report[key].as_array()).flatten()
}

/// The findings of a report under way, in the hidden neighbour of its directory.
#[derive(Clone, Debug)]
pub(crate) struct FinishedClaims {
    store: Arc<Store>,
    job: Value,
    known: Vec<&'static Study>,
}

impl FinishedClaims {
    /// Of a report with these options; `program` tells `reproduce` from a claim's own binary.
    ///
    /// # Errors
    /// [`Error::NotOurs`] if something else is in its place, [`Error::Io`].
    pub fn new(
        run_dir: &RunDir,
        context: &Context,
        program: &str,
        options: &Value,
        known: Vec<&'static Study>,
    ) -> Result<Self> {
        let job = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "git_commit": crate::COMMIT,
            "seed": context.seed,
            "effort": context.effort.name(),
            "backend": context.compute.backend().name(),
            "precision": context.compute.precision().name(),
            "options": options,
            "program": program,
        });
        Ok(Self { store: Arc::new(run_dir.store(job.clone())?), job, known })
    }

    /// Makes room for the report: what was broken off is gone on with, refused, or thrown away.
    ///
    /// # Errors
    /// [`Error::CheckpointExists`] without `resume` or `force`; [`Error::OtherJob`]; as [`RunDir::prepare`].
    pub fn prepare(&self, run_dir: &mut RunDir, resume: bool, force: bool) -> Result<()> {
        let resumes = resume && self.store.exists();
        if resumes {
            self.store.check_job()?;
        }
        if resume && !force && !self.store.exists() {
            self.check_report(run_dir)?;
        }
        // The report on the claims that were finished gives way to one on more.
        run_dir.prepare(force || (resumes && self.reported(run_dir).is_some()))?;
        if resumes {
            Ok(())
        } else if self.store.exists() && !force {
            Err(Error::CheckpointExists { path: self.store.directory() })
        } else {
            self.store.remove()
        }
    }

    /// Refuses to go on with the report of another job.
    fn check_report(&self, run_dir: &RunDir) -> Result<()> {
        let report = run_dir.in_place().and_then(|run| run.json("report.json"));
        match report.and_then(|report| differences(&report, &self.job)) {
            Some(differences) => Err(Error::OtherJob { path: run_dir.target().into(), differences }),
            None => Ok(()),
        }
    }

    /// The report that the directory holds, if it is one of this job.
    pub fn reported(&self, run_dir: &RunDir) -> Option<Value> {
        let report = run_dir.in_place()?.json("report.json")?;
        (report.is_object() && differences(&report, &self.job).is_none()).then_some(report)
    }

    /// Whether a report that was broken off says more than what the directory holds: something, and no less than an earlier one of this job.
    pub fn is_more(&self, run_dir: &RunDir, report: &Report) -> bool {
        let ids: Vec<&str> = report.entries().map(|entry| entry.id.as_str()).collect();
        if ids.is_empty() || run_dir.in_place().is_none() {
            return !ids.is_empty();
        }
        let Some(then) = self.reported(run_dir).filter(|then| then["interrupted"] == true) else {
            return false;
        };
        entries(&then).all(|entry| entry["id"].as_str().is_some_and(|id| ids.contains(&id)))
    }

    /// What a protocol finds: as it is kept, or by running it, and then it is kept.
    ///
    /// # Errors
    /// Whatever the protocol refuses; [`Error::Damaged`], [`Error::Io`].
    pub fn or_examine(&self, claim: &Study, examine: impl FnOnce() -> Result<Findings>) -> Result<Findings> {
        let name = format!("claim-{}", claim.id);
        if self.store.has(&name) {
            let findings: Findings = self.store.read(&name)?;
            let others =
                || self.known.iter().filter(|study| study.id != claim.id).flat_map(|study| study.figures);
            let is_of_another =
                findings.tables.iter().any(|table| others().any(|figure| figure.table() == table.name));
            let theirs = is_of_another.then(|| "a table has a name that no table has".to_owned());
            return match findings.flaw().or(theirs) {
                Some(reason) => Err(self.store.damaged(&name, &reason)),
                None => Ok(findings),
            };
        }
        let findings = examine()?;
        self.store.begin()?;
        self.store.write(&name, &findings)?;
        Ok(findings)
    }

    /// Throws it away: the report is complete. What belongs to another report stays.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn remove(&self) -> Result<()> {
        if self.store.is_of_this_job() { self.store.remove() } else { Ok(()) }
    }
}
