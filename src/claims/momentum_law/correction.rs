//! The first correction of the odds of two samples, measured by the mean steps of what the odds are linear in.

use super::{Prediction, STUDY};
use crate::error::Result;
use crate::schedule::Schedule;
use crate::stats::{CHECK_LEVEL, Mean, combination};
use crate::study::{Context, Lab, Part};
use crate::update::{Momentum, Rule};
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

/// Walks that a task makes.
const BLOCK: u64 = 500;

/// What the mean steps until `|d| = D` add up to, over `ε` and to leading order in it: `s(θ_0) − E s(θ_D)`, where the odds are `2θ/π + ε s(θ)`. A walk may
/// return from `D`, so that the rest is of relative order `e^{−D}`, although a single mean step out there is of order `e^{−3D}`.
fn until_far(prediction: &Prediction, start: [f64; 2]) -> f64 {
    let slope = |c| (prediction.pair)(c, 1.0, 40.0) - (prediction.pair)(c, 0.0, 40.0);
    let leads = (prediction.pair)(start, 0.0, FAR);
    let (sin, cos) = (-FAR).exp().atan().sin_cos();
    slope(start) - leads * slope([cos, sin]) - (1.0 - leads) * slope([sin, cos])
}

/// `(2/π)` times the angle of the free-flight point is a martingale but for its mean steps, and their sum over a run is the deviation of the odds from the law: its
/// variance is smaller than that of counting by `ε²`.
pub(super) fn slopes(context: &Context, prediction: &Prediction, register: &mut Register) -> Part {
    let walks: u64 = context.effort.pick(6000, 30_000, 72_000);
    let precision = context.effort.pick(0.0042, 0.0017, 0.00113);
    let angle = SHARE * std::f64::consts::FRAC_PI_2;
    let start = [angle.sin(), angle.cos()];
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
    let schedule = Schedule::sgd(2, 1, lab.cell_seed(&STUDY, cell))?;
    let blocks = lab.each((0..walks).step_by(BLOCK as usize), |first| {
        let walk = |replica| sum(momentum, start, effective_step, &schedule, replica) / effective_step;
        Ok((first..walks.min(first + BLOCK)).map(walk).collect::<Vec<f64>>())
    })?;
    Ok(Mean::of(&blocks.concat()))
}

/// Gradient of the loss of one of two orthonormal samples, `c_i² w + (N − 2) c_i e_i`.
fn gradient(w: [f64; 2], sample: usize) -> [f64; 2] {
    let (c, pull) = (w[sample], w[0] * w[0] + w[1] * w[1] - 2.0);
    let mut g = w.map(|w| c * c * w);
    g[sample] += pull * c;
    g
}

/// `(2/π) arctan(|y_1|/|y_2|)`.
fn share(y: [f64; 2]) -> f64 {
    std::f64::consts::FRAC_2_PI * y[0].abs().atan2(y[1].abs())
}

/// `Σ E[h(y_{t+1}) − h(y_t) | past]` along a walk from rest to its end, `h` the share of the angle.
fn sum(momentum: Momentum, start: [f64; 2], effective_step: f64, schedule: &Schedule, replica: u64) -> f64 {
    let Momentum { decay, gradient_weight, velocity_weight } = momentum;
    let step = effective_step * (1.0 - decay);
    let ahead = step * velocity_weight / (1.0 - decay);
    let (mut w, mut v, mut total) = (start, [0.0; 2], 0.0);
    let mut batches = schedule.stream(replica);
    let far = FAR.exp();
    loop {
        let y = [w[0] - ahead * v[0], w[1] - ahead * v[1]];
        if y[0].abs() > far * y[1].abs() || y[1].abs() > far * y[0].abs() {
            return total;
        }
        let there = |g: [f64; 2]| share([y[0] - effective_step * g[0], y[1] - effective_step * g[1]]);
        total += 0.5 * (there(gradient(w, 0)) + there(gradient(w, 1))) - share(y);
        let g = gradient(w, batches.next_batch()[0]);
        for k in 0..2 {
            w[k] -= step * (gradient_weight * g[k] + velocity_weight * v[k]);
            v[k] = decay * v[k] + g[k];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_at_the_end_of_a_walk_is_taken_off() {
        // With p = (θ_0 − θ_D)/(π/2 − 2θ_D) and tan θ_D = e⁻⁴: −(sin 4θ_0 − (1 − 2p) sin 4θ_D)/32π, in Python.
        let angle = std::f64::consts::FRAC_PI_8;
        let seen = until_far(&Prediction::default(), [angle.sin(), angle.cos()]);
        assert!((seen + 0.009_574_5).abs() < 2e-7, "{seen}");
    }
}
