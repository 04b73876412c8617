//! Full batches: the row space that they keep, by the recursion.

use nalgebra::DMatrix;

use super::runs::{Ensemble, gaussian};
use super::{Prediction, STUDY};
use crate::error::Result;
use crate::schedule::Schedule;
use crate::study::{Context, Lab, Part};
use crate::vectors::{largest, largest_size};
use crate::verdict::Register;

/// Samples, neurons, and dimensions outside the span of the samples.
const SIZES: [(usize, usize, usize); 6] = [(4, 2, 0), (6, 3, 0), (9, 4, 0), (5, 2, 2), (7, 3, 2), (4, 3, 1)];

const STEP: f64 = 0.1;
const STEPS: u64 = 2000;

/// Entries at the end: rounding of a step, times the growth of the smallest singular value of the start against it.
const TOLERANCE: f64 = 1e-11;

/// `WᵀW` ends as the projector on the row space; `W` ends as the polar factor if nothing lies outside the span, and does not if something does.
pub(super) fn limits(context: &Context, prediction: &Prediction, register: &mut Register) -> Part {
    let replicas: u64 = context.effort.pick(4, 20, 80);
    let why = "the row space of C is kept; f64, rounding of a step times σ_max/σ_min of the start";
    let projector = register
        .expect("full batch: largest entry of WᵀW less the projector on the row space of W_0Π", 0.0, why)
        .within(TOLERANCE);
    let polar = register
        .expect(
            "… within the span: largest entry of W less the polar factor of W_0",
            0.0,
            "singular vectors are kept",
        )
        .within(TOLERANCE);
    let elsewhere = register
        .expect(
            "… with a part outside the span: largest entry of WΠ less the polar factor of W_0Π",
            prediction.polar_miss,
            "WWᵀ and CCᵀ do not commute, so singular vectors turn",
        )
        .control()
        .at_least();
    let prediction = prediction.clone();
    Box::new(move |lab, findings| {
        let (mut off, mut of_polar, mut outside) = (Vec::new(), Vec::new(), Vec::new());
        for (cell, size) in (0..).zip(SIZES) {
            let seen = ends(lab, &prediction, size, replicas, cell)?;
            off.extend(seen.iter().map(|seen| seen.0));
            let turned = if size.2 == 0 { &mut of_polar } else { &mut outside };
            turned.extend(seen.iter().map(|seen| seen.1));
        }
        findings.checks.push(projector.measured(largest(off.iter().copied()), off.len() as u64));
        findings.checks.push(polar.measured(largest(of_polar.iter().copied()), of_polar.len() as u64));
        findings.checks.push(elsewhere.measured(largest(outside.iter().copied()), outside.len() as u64));
        findings.protocol.push(format!(
            "Full batches by the recursion in C = WXᵀ: {replicas} random starts at each of {} sizes (m, k) from (4, 2) to (9, 4), half of them with one or two dimensions \
             outside the span, η_B = {STEP}, {STEPS} steps.",
            SIZES.len()
        ));
        Ok(())
    })
}

/// Largest entries of `WᵀW` less the projector, and of `C` less the polar factor, at the end of each run.
fn ends(
    lab: &Lab,
    prediction: &Prediction,
    (samples, neurons, outside): (usize, usize, usize),
    replicas: u64,
    cell: u64,
) -> Result<Vec<(f64, f64)>> {
    let seed = lab.cell_seed(&STUDY, 1 << 32 | cell);
    let ensemble = Ensemble {
        schedule: Schedule::full_batch(samples)?,
        step_per_sample: STEP,
        every: STEPS,
        budget: STEPS,
    };
    let start = |replica| gaussian(neurons, samples + outside, seed, replica);
    let seen = ensemble.run(lab, replicas, start, DMatrix::clone, |start, layer| {
        let c = start.columns(0, samples).into_owned();
        let mut expected = DMatrix::zeros(samples + outside, samples + outside);
        expected.view_mut((0, 0), (samples, samples)).copy_from(&(prediction.projector)(&c));
        let off = largest_size((layer.map() - expected).iter().copied());
        let turned = largest_size((layer.correlations() - (prediction.polar_factor)(&c)).iter().copied());
        Some((off, turned))
    })?;
    Ok(seen.into_iter().flatten().collect())
}
