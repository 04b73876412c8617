//! The analytic engine on every device there is.

use puremix::cli;
use puremix::device::{Backend, Compute, Precision};
use puremix::error::{Error, Result};
use serde::Serialize;

use crate::case::{Case, Variant};
use crate::timing::{Ours, Pace, Subject, Times, take_turns};

const PRECISIONS: [Precision; 2] = [Precision::F64, Precision::F32];

/// The analytic engine on one device.
#[derive(Clone, Debug, Serialize)]
pub struct OnDevice {
    /// Sizes.
    pub case: Case,
    /// Backend and precision, and the times.
    pub times: Times,
}

/// Backend and precision.
pub fn name(compute: &Compute) -> String {
    format!("{} {}", compute.backend().name(), compute.precision().name())
}

/// Measures every case of one neuron on every device; `None` if the process is asked to end meanwhile.
///
/// # Errors
/// Sizes that do not go together.
pub fn measure(cases: &[Case], pace: Pace) -> Result<Option<Vec<OnDevice>>> {
    let (mut subjects, mut of) = (Vec::new(), Vec::new());
    for (backend, precision) in Backend::compiled().into_iter().flat_map(|b| PRECISIONS.map(|p| (b, p))) {
        let compute = match Compute::new(backend, Some(precision)) {
            Ok(compute) => compute,
            Err(Error::Precision { .. }) => continue,
            Err(error) => {
                cli::note(&format!("left out: {error}"));
                continue;
            }
        };
        for &case in cases.iter().filter(|case| case.is_for(Variant::Analytic)) {
            let engine = Ours::new(case.engine(Variant::Analytic, &compute)?, case);
            subjects.push(Subject::new(name(&compute), case.replicas, Box::new(engine), None));
            of.push(case);
        }
    }
    let finished = take_turns(&mut subjects, pace)?;
    let measured =
        of.into_iter().zip(subjects).map(|(case, subject)| OnDevice { case, times: subject.times });
    Ok(finished.then(|| measured.collect()))
}
