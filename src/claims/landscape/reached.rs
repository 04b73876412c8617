//! GD and SGD from the same starts, by training the Burn model: both reach a global minimum.

use super::{Prediction, STUDY};
use crate::data::Dataset;
use crate::error::Result;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;
use crate::study::trial::{Trial, is_live, start_where};
use crate::study::{Context, Lab, Part};
use crate::theory;
use crate::theory::budget::miss;
use crate::vectors::largest;
use crate::verdict::Register;

/// Trainings from so many starts of each activation.
pub(super) fn by_both(
    context: &Context,
    dataset: &Dataset,
    prediction: &Prediction,
    starts: u64,
    register: &mut Register,
) -> Part {
    let m = dataset.samples();
    let precision = context.compute.precision();
    let (tolerance, target) = (64.0 * precision.unit_roundoff(), precision.pick(1e-9, 1e-5));
    let why = "quadratic in the distance at which training stopped, so rounding is what is left";
    let mut expect =
        |name: &str, missed: f64| register.expect(name, 0.0, why).chance(missed).within(tolerance);
    let missed = (2 * starts) as f64 * miss(m, target);
    let gd = expect("GD on Burn: final loss off (m − 1)/2m", 0.0);
    let sgd = expect("SGD on Burn: final loss off (m − 1)/2m", missed);
    let (dataset, minimum) = (dataset.clone(), (prediction.minimum_loss)(m));
    Box::new(move |lab, findings| {
        let cases =
            Activation::PAPER.into_iter().flat_map(|activation| (0..starts).map(move |k| (activation, k)));
        let losses =
            lab.each(cases, |(activation, replica)| losses(lab, &dataset, activation, replica, target))?;
        for (k, expected) in [gd, sgd].into_iter().enumerate() {
            let off: Vec<f64> = losses.iter().flatten().map(|losses| (losses[k] - minimum).abs()).collect();
            let n = off.len() as u64;
            findings.checks.push(expected.measured(largest(off), n));
        }
        Ok(())
    })
}

/// Final losses of GD and of SGD (`b = 1`) from one start; `None` if there is none with an active sample.
fn losses(
    lab: &Lab,
    dataset: &Dataset,
    activation: Activation,
    replica: u64,
    target: f64,
) -> Result<Option<[f64; 2]>> {
    let problem = Problem::new(dataset.clone(), activation, Reduction::Sum, 0.2)?;
    let seed = lab.cell_seed(&STUDY, 2 << 16 | replica);
    let Some(start) = start_where(dataset, 0.5, seed, replica, |start| is_live(start, activation))? else {
        return Ok(None);
    };
    let loss = |schedule: Schedule| -> Result<f64> {
        let Some(set) = theory::predicted_limit(&schedule, &start.correlations, activation) else {
            return Ok(f64::NAN);
        };
        let case = Trial { problem: &problem, schedule: &schedule, start: &start, replica };
        Ok(case.run_to(&mut case.autodiff(&lab.compute)?, set, target).loss)
    };
    let m = dataset.samples();
    Ok(Some([loss(Schedule::full_batch(m)?)?, loss(Schedule::sgd(m, 1, seed)?)?]))
}
