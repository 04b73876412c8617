//! The first correction of the odds of two samples, measured by the mean steps of what the odds are linear in.

use super::{Prediction, STUDY};
use crate::error::Result;
use crate::stats::{CHECK_LEVEL, Mean, combination};
use crate::study::mean_steps::MeanSteps;
use crate::study::{Context, Lab, Part};
use crate::theory::selection;
use crate::update::Rule;
use crate::verdict::Register;

const RULES: [Rule; 2] = [Rule::HeavyBall { momentum: 0.5 }, Rule::Nesterov { momentum: 0.5 }];

/// `ε = η/(1 − β)`, each half of the one before, and the weights that take the first two orders of `ε` out. Both are there: at `β = ½` the sums of the heavy ball, over
/// `ε`, are −0.00993, −0.00996 and −0.00983 (± 0.00002), and a line through the last two would miss the limit by 0.0001.
const EFFECTIVE_STEPS: [f64; 3] = [0.2, 0.1, 0.05];
const WEIGHTS: [f64; 3] = [1.0 / 3.0, -2.0, 8.0 / 3.0];

/// Walks at each of them, over those at the last: about as their weights over the square root of what a walk costs.
const WALKS: [f64; 3] = [0.5, 1.5, 1.0];

/// Angle of the start over `π/2`, where `sin 4θ` is 1.
const SHARE: f64 = 0.25;

/// Log-ratio at which a walk ends.
const FAR: f64 = 4.0;

/// What the mean steps until `|d| = D` add up to, over `ε` and to leading order in it: `s(θ_0) − E s(θ_D)`, where the odds are `2θ/π + ε s(θ)`. A walk may
/// return from `D`, so that the rest is of relative order `e^{−D}`, although a single mean step out there is of order `e^{−3D}`.
fn until_far(prediction: &Prediction, start: [f64; 2]) -> f64 {
    let slope = |c| (prediction.pair)(c, 1.0, 40.0) - (prediction.pair)(c, 0.0, 40.0);
    let leads = (prediction.pair)(start, 0.0, FAR);
    let (sin, cos) = (-FAR).exp().atan().sin_cos();
    slope(start) - leads * slope([cos, sin]) - (1.0 - leads) * slope([sin, cos])
}

/// The deviation of the odds from the law, by [`MeanSteps`].
pub(super) fn slopes(context: &Context, prediction: &Prediction, register: &mut Register) -> Part {
    let walks: u64 = context.effort.pick(6000, 30_000, 72_000);
    let precision = context.effort.pick(0.0042, 0.0017, 0.00113);
    let start = selection::direction(SHARE);
    let predicted = until_far(prediction, start);
    let expected = RULES.map(|rule| {
        let name = format!("m = 2, b = 1, {rule}: (P − 2θ/π)/ε at θ = π/8, the part until |d| = 4, η → 0");
        let why = "−sin 4θ/32π, less its mean where walks end; conditional mean steps of the angle, summed, (S(4ε) − 6 S(2ε) + 8 S(ε))/3 at ε = 0.05; what is left is of order ε³";
        register.expect(name, predicted, why).chance(0.2 * CHECK_LEVEL).covered(precision)
    });
    Box::new(move |lab, findings| {
        for (k, (rule, expected)) in (0..).zip(RULES.into_iter().zip(expected)) {
            let mut terms = Vec::new();
            for (l, (effective_step, weight)) in (0..).zip(EFFECTIVE_STEPS.into_iter().zip(WEIGHTS)) {
                let walks = (WALKS[l as usize] * walks as f64) as u64;
                let seen = sums(lab, rule, start, effective_step, walks, 3 << 32 | k << 8 | l)?;
                terms.push((weight, seen.mean, seen.sem));
            }
            let (value, interval) = combination(&terms, CHECK_LEVEL);
            findings.checks.push(expected.estimated(value, interval, 3 * walks));
        }
        findings.protocol.push(format!(
            "The correction of the odds, for two rules with β = 0.5: walks of the recursion of (w, v) in two coordinates, {walks} at ε = 0.05, half as many again at 0.1 and half as many at 0.2, from θ = π/8 until |d| = 4, the mean \
             over both draws of the step of the angle of the free-flight point at every step."
        ));
        Ok(())
    })
}

/// The sums over walks, over `ε`.
fn sums(lab: &Lab, rule: Rule, start: [f64; 2], effective_step: f64, walks: u64, cell: u64) -> Result<Mean> {
    let momentum = rule.momentum().expect("a rule with momentum");
    let sums = MeanSteps { momentum, law: selection::pair, effective_step, far: FAR }
        .sums(lab, &STUDY, start, walks, cell)?;
    Ok(sums.into_iter().map(|sum| sum / effective_step).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_at_the_end_of_a_walk_is_taken_off() {
        // With p = (θ_0 − θ_D)/(π/2 − 2θ_D) and tan θ_D = e⁻⁴: −(sin 4θ_0 − (1 − 2p) sin 4θ_D)/32π, in Python.
        let seen = until_far(&Prediction::default(), selection::direction(0.25));
        assert!((seen + 0.009_574_5).abs() < 2e-7, "{seen}");
    }
}
