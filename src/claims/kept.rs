//! Findings of the claims that a report has finished, kept until all are: what `--resume` does not examine again.
//!
//! A claim is a function of the seed, so what is kept is what would be found again, to the bit.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Claim, Context, Findings};
use crate::error::{Error, Result};
use crate::run_dir::{RunDir, checkpoint_of};
use crate::store::{Store, differences};

/// The findings of a report under way, in the hidden neighbour of its directory.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    store: Arc<Store>,
    job: Value,
}

impl Kept {
    /// Of a report with these options; `program` tells `reproduce` from a claim's own binary.
    pub fn new(run_dir: &RunDir, context: &Context, program: &str, options: &Value) -> Self {
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
        let ours = |name: &str| name.starts_with("claim-");
        let store = Store::new(checkpoint_of(run_dir.target()), job.clone(), ours);
        Self { store: Arc::new(store), job }
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
        // The report on the claims that were finished gives way to one on more.
        run_dir.prepare(force || (resumes && self.reported(run_dir).is_some()))?;
        match () {
            () if resumes => Ok(()),
            () if self.store.exists() && !force => {
                Err(Error::CheckpointExists { path: self.store.directory().into() })
            }
            () => self.store.remove(),
        }
    }

    /// The report that the directory holds, if it is one of this job.
    pub fn reported(&self, run_dir: &RunDir) -> Option<Value> {
        let text = std::fs::read_to_string(run_dir.target().join("report.json")).ok()?;
        let report: Value = serde_json::from_str(&text).ok()?;
        (report.is_object() && differences(&report, &self.job).is_none()).then_some(report)
    }

    /// What a protocol finds: as it is kept, or by running it, and then it is kept.
    ///
    /// # Errors
    /// Whatever the protocol refuses; [`Error::Damaged`], [`Error::Io`].
    pub fn or_examine(&self, claim: &Claim, examine: impl FnOnce() -> Result<Findings>) -> Result<Findings> {
        let name = format!("claim-{}", claim.id);
        if self.store.directory().join(&name).exists() {
            return self.store.read(&name);
        }
        let findings = examine()?;
        self.store.begin()?;
        self.store.write(&name, &findings)?;
        Ok(findings)
    }

    /// Throws it away: the report is complete.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn remove(&self) -> Result<()> {
        self.store.remove()
    }
}
