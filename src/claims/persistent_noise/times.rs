//! Mean times from a datapoint to the even mixture.

use super::plane::Plane;
use super::stationary::Cause;
use super::{Prediction, STUDY};
use crate::error::Result;
use crate::rng::{Purpose, stream};
use crate::stats::{CHECK_LEVEL, LargestDeviation, Mean};
use crate::study::{Context, Part};
use crate::theory::selection::diffusion_rate;
use crate::verdict::{Register, Relation};

const CAUSES: [Cause; 4] =
    [Cause::Labels(0.15), Cause::Labels(0.4), Cause::Correlation(0.15), Cause::Correlation(0.6)];

/// The larger step size.
const STEP_SIZE: f64 = 0.08;

/// What is left of the order `η²`.
const CHANCE: f64 = 1.2 * CHECK_LEVEL;

/// Registers the times and measures them.
pub(super) fn switching(context: &Context, prediction: &Prediction, register: &mut Register) -> Part {
    let runs: u64 = context.effort.pick(600, 4000, 12_000);
    let bound = LargestDeviation::over_means(CAUSES.len(), runs as usize - 1);
    let expected = register
        .expect(
            "mean κT from a datapoint to the even mixture over the law, η → 0, in standard errors: largest deviation of two label noises and two correlations",
            bound.errors,
            "backward equations, by quadrature; 2 f(η/2) − f(η); Student's quantile over four means; differences are relative ones",
        )
        .chance(CHANCE)
        .same_law(Relation::AtMost, context.effort.pick(0.7, 0.26, 0.155));
    let prediction = prediction.clone();
    Box::new(move |lab, findings| {
        let mut seen = Vec::new();
        for (k, cause) in (0..).zip(CAUSES) {
            let law = match cause {
                Cause::Labels(sigma) => (prediction.label_time)(sigma),
                Cause::Correlation(r) => (prediction.correlated_time)(r),
            };
            let at = |l: u64| -> Result<Mean> {
                let (plane, seed) =
                    (cause.plane(STEP_SIZE / (1 << l) as f64), lab.cell_seed(&STUDY, 1 << 32 | k << 8 | l));
                Ok(Mean::of(&lab.each(0..runs, |replica| Ok(time(plane, seed, replica) / law))?))
            };
            let ratio = Mean::extrapolated(at(0)?, at(1)?);
            seen.push((ratio.mean - 1.0, ratio.sem));
        }
        let (worst, detects) = bound.of(&seen);
        findings.checks.push(expected.tested(worst, detects, 2 * runs));
        findings.protocol.push(format!(
            "The same from a datapoint until c_1 = c_2: σ = 0.15, 0.4 and r = 0.15, 0.6, {runs} runs each at η = {STEP_SIZE} and half of it."
        ));
        Ok(())
    })
}

/// Time `κT` until the two coordinates change places.
fn time(plane: Plane, seed: u64, replica: u64) -> f64 {
    let mut rng = stream(seed, Purpose::Protocol, replica);
    let (mut w, mut steps) = (plane.datapoint(), 0u64);
    while w[1].abs() < w[0].abs() {
        w = plane.draw(w, &mut rng);
        steps += 1;
    }
    steps as f64 * diffusion_rate(2, 1, plane.step_size)
}
