//! `--resume` with more steps: a run that ran out of them goes on from its own end, and comes out as if it had had them from the beginning.

use super::checkpoint::Part;
use super::{Every, Job, TrainOptions, outputs};
use crate::error::{Error, Result};
use crate::persist::RunDir;
use crate::persist::run_dir::InPlace;

/// The state of the engines at the end of a run of which a replica ran out of steps.
pub(super) const STATE: &str = "state.bin";

/// Encodes the parts of a job that ended, if any of them could go on.
pub(super) fn state(parts: &[Part]) -> Option<Vec<u8>> {
    let timeless = |part: &Part| part.timeless();
    let goes_on = parts.iter().any(|part| part.training.ran_out());
    goes_on.then(|| {
        postcard::to_stdvec(&parts.iter().map(timeless).collect::<Vec<_>>()).expect("made of numbers")
    })
}

/// Whether a job is that of a finished run, with more steps. Its rows then go on as they began, unless it says otherwise.
pub(super) fn adopt(job: &mut Job, options: &TrainOptions, run: &InPlace) -> bool {
    let mut then = run.json("config.json").unwrap_or_default();
    let every = serde_json::from_value::<Every>(then["every"].clone());
    let (Some(before), Ok(every)) = (then["steps"].as_u64(), every) else { return false };
    then["steps"] = job.budget.into();
    let (own, own_sharpness) = (job.every, job.sharpness);
    if options.every.is_some() {
        // Rows come at another distance from here on.
        then["every"] = serde_json::to_value(job.every).expect("a number or a word");
    } else if every != Every::Steps(0) {
        (job.every, job.sharpness) = (every, options.curvature(every));
    }
    let fingerprint = outputs::fingerprint(job, options);
    let is_same = before <= job.budget && outputs::is_of_job(&then, &fingerprint);
    if !is_same {
        (job.every, job.sharpness) = (own, own_sharpness);
    }
    is_same && before < job.budget
}

/// The parts of a finished run, ready to go on with the steps of a longer job; none if every replica has come to its end.
///
/// # Errors
/// [`Error::Damaged`] if a file of the run is missing or was changed, or makes no sense.
pub(super) fn parts(job: &Job, run_dir: &RunDir, run: &InPlace) -> Result<Option<Vec<Part>>> {
    crate::cli::check_whole(run_dir, run)?;
    let Some(bytes) = run.read(STATE) else { return Ok(None) };
    let damaged = |reason: String| Error::Damaged { path: run_dir.target().join(STATE), reason };
    let mut parts: Vec<Part> = postcard::from_bytes(&bytes).map_err(|e| damaged(e.to_string()))?;
    if parts.len() != job.parts() {
        return Err(damaged("it has another number of parts".into()));
    }
    for (k, part) in parts.iter_mut().enumerate() {
        if let Some(flaw) = part.flaw(&job.shape_of(k), true) {
            return Err(damaged(flaw));
        }
        let Some(taken) = part.engine.as_ref().map(|engine| engine.step) else { continue };
        if part.training.ran_out() {
            part.training.extend(taken, &job.plan(&job.starts[job.replicas_of(k)]));
            // The end of a run is a row; the middle of one only if it is due.
            let is_row = |step: u64, every: Every| step < taken || every.cadence().is_due(step);
            part.rows.retain(|row| is_row(row.step, job.every));
            part.correlations.truncate(part.rows.len() * job.recorded_samples());
            part.neurons.retain(|row| is_row(row.step, job.every));
            let curvature = job.sharpness.unwrap_or(job.every);
            part.curvatures.retain(|row| is_row(row.step, curvature));
        }
    }
    Ok(Some(parts))
}
