//! `--resume` with more steps: a run that ran out of them goes on from its own end, and comes out as if it had had them from the beginning.

use serde::Deserialize;
use serde_json::Value;

use super::checkpoint::Part;
use super::{Every, Job};
use crate::error::Result;
use crate::persist::InPlace;
use crate::persist::entry::Standing;

/// The state of the engines at the end of a run of which a replica ran out of steps.
pub(super) const STATE: &str = "state.bin";
/// What says of which job a run is.
const CONFIG: &str = "config.json";

/// Options in which a longer run may differ.
#[derive(Deserialize)]
struct Extent {
    steps: u64,
    every: Every,
}

/// Encodes the parts of a job that ended, if any of them could go on.
pub(super) fn state(parts: &[Part]) -> Option<Vec<u8>> {
    let timeless = |part: &Part| part.timeless();
    let goes_on = parts.iter().any(|part| part.training.ran_out());
    goes_on.then(|| {
        postcard::to_stdvec(&parts.iter().map(timeless).collect::<Vec<_>>()).expect("made of numbers")
    })
}

/// Whether a job is that of a finished run, with more steps. Its rows then go on as they began, unless it says otherwise.
pub(super) fn adopt(job: &mut Job, run: &InPlace) -> bool {
    let Some(Extent { steps, every }) = run.json(CONFIG) else { return false };
    let (own, mut may_differ) = ((job.every, job.sharpness), vec!["steps"]);
    if job.options.every.is_some() {
        // Rows come at another distance from here on.
        may_differ.push("every");
    } else if every != Every::Steps(0) {
        (job.every, job.sharpness) = (every, job.options.curvature(every));
    }
    let fingerprint = job.fingerprint();
    if steps > job.budget || run.differences(CONFIG, &fingerprint, &may_differ).is_some() {
        (job.every, job.sharpness) = own;
        return false;
    }
    steps < job.budget
}

/// What a finished run is to a job, and the parts that the job goes on from if it is longer.
///
/// # Errors
/// As [`parts`].
pub(super) fn standing(
    job: &Job,
    fingerprint: &Value,
    run: &InPlace,
    is_longer: bool,
) -> Result<(Standing, Vec<Part>)> {
    if !is_longer {
        return Ok((run.standing(CONFIG, fingerprint), Vec::new()));
    }
    let parts = parts(job, run)?;
    Ok((if parts.is_empty() { Standing::Complete } else { Standing::Begun }, parts))
}

/// The parts of a finished run, ready to go on with the steps of a longer job; none if every replica has come to its end.
///
/// # Errors
/// [`Error::Damaged`](crate::Error::Damaged) if a file of the run is missing or was changed, or makes no sense.
fn parts(job: &Job, run: &InPlace) -> Result<Vec<Part>> {
    run.check_whole()?;
    let parts = run.read(STATE, |parts: &Vec<Part>| flaw(job, parts))?.unwrap_or_default();
    Ok(extended(job, parts))
}

/// Why a job cannot go on from parts that have ended.
pub(super) fn flaw(job: &Job, parts: &[Part]) -> Option<String> {
    if parts.len() != job.parts() {
        return Some("it has another number of parts".into());
    }
    parts.iter().enumerate().find_map(|(k, part)| job.flaw(k, part, true))
}

/// Parts that have ended, ready to go on with the steps of a longer job.
pub(super) fn extended(job: &Job, mut parts: Vec<Part>) -> Vec<Part> {
    for (k, part) in parts.iter_mut().enumerate() {
        let Some(taken) = part.engine.as_ref().map(|engine| engine.step) else { continue };
        if part.training.ran_out() {
            part.training.extend(taken, &job.plan(job.replicas_of(k)));
            // The end of a run is a row; the middle of one only if it is due.
            let is_row = |step: u64, every: Every| step < taken || every.cadence().is_due(step);
            part.rows.retain(|row| is_row(row.step, job.every));
            part.correlations.truncate(part.rows.len() * job.recorded_samples());
            part.neurons.retain(|row| is_row(row.step, job.every));
            let curvature = job.sharpness.unwrap_or(job.every);
            part.curvatures.retain(|row| is_row(row.step, curvature));
        }
    }
    parts
}
