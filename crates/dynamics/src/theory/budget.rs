//! How many steps a run may need: `--steps auto`.

use statrs::function::erf::erfc;

use super::{cyclic, gd, sgd};
use crate::activation::Activation;
use crate::error::{Error, Result};
use crate::schedule::{Schedule, ScheduleKind};

/// Estimate from above of the probability that a run of SGD has not arrived when the budget of [`steps`] is used up: [`miss`] is below it for
/// tolerances from 1e-5 to 1e-12 and `m ≤ 256`.
pub const MISS: f64 = 1e-10;

/// Estimate from above of the probability that a run of SGD is farther from its datapoint than `distance` at the time `τ = λt`, from an even start:
/// `√m (m − 1) Φ(−(τ − log 1/distance)/√(2τ))`, times a slack of 250.
///
/// As `η → 0`, on the event that sample `j` wins, the log-correlations are in this time Brownian motions of which the `j`-th has
/// drift 1, weighted by a density of at most 1 and a mass of `c_j/‖c‖`: the exponential identity of [`selection`](super::selection).
/// There the log-ratio of a rival is `N(−τ, 2τ)` from an even start; an uneven one does no worse, since to leading order the tail of rival `k` grows by
/// `√(c_k/c_j)` at most and `(c_j/‖c‖) √(c_k/c_j) ≤ (c_j + c_k)/2‖c‖`. It is a bound for the limit diffusion and an estimate for the chain. A `distance` above 1 bounds a return: the probability that a rival
/// has grown by this factor.
pub fn late(samples: usize, time: f64, distance: f64) -> f64 {
    let (m, far) = (samples as f64, -distance.ln());
    // Φ(−x) = ½ erfc(x/√2).
    SLACK * m.sqrt() * (m - 1.0) * 0.5 * erfc((time - far) / (2.0 * time.sqrt()))
}

/// For a distance that `m − 1` rivals share, and for what a finite step size changes. (Measured, for `η_B` up to 0.44, norms from 0.05 to 0.99 and `m` from 5 to 12, where 1e-1 to 1e-5 of the runs are left:
/// the bound without this factor is 5 to 40 times too high.)
const SLACK: f64 = 250.0;

/// [`late`] at the end of the budget that [`steps`] grants.
pub fn miss(samples: usize, tolerance: f64) -> f64 {
    late(samples, granted(samples, tolerance), tolerance)
}

/// Time `τ = λt` that [`steps`] grants a run of SGD once it has grown: `3 (log 1/tolerance + 2 log m + 30)`.
pub fn granted(samples: usize, tolerance: f64) -> f64 {
    3.0 * (-tolerance.ln() + 2.0 * (samples as f64).ln() + 30.0)
}

/// Longest budget that `auto` will hand out.
pub const MAX_STEPS: u64 = 1_000_000_000_000;

/// Steps within which a run from `(c_0, s_0)` should come within `tolerance` of its limit.
///
/// - Full batch: the exact number from the scalar recursion of [`gd::Radial`], and a tenth more.
/// - Otherwise three times `(log 1/tolerance + 2 log m + 30)/λ` plus the time to grow from a small
///   start, with the rate `λ`. After selection the log-correlations are random walks of
///   drift `−λ` and variance `≈ 2λ` per step, so the time to the tolerance has a relative deviation
///   of about `√(2/log(1/tolerance))`: three means and the constant leave misses far below one in a
///   million.
///
/// # Errors
/// [`Error::NoBudget`] if the tolerance is 0, or the activation not the paper's, or the step size beyond the threshold where no
/// run converges, or if more than [`MAX_STEPS`] steps come out.
pub fn steps(
    schedule: &Schedule,
    c0: &[f64],
    residual: f64,
    activation: Activation,
    step_per_sample: f64,
    tolerance: f64,
) -> Result<u64> {
    let refuse = |reason: &str| Err(Error::NoBudget(reason.into()));
    if tolerance <= 0.0 {
        return refuse("a tolerance of 0 is never reached");
    }
    if !activation.has_unit_slope() {
        return refuse(&format!("there is no rate law for activation {}", activation.name()));
    }
    if schedule.sampling_weights().is_some() {
        return refuse("there is no rate law for unequal sampling weights");
    }
    let start = gd::Radial::new(c0, residual, activation);
    if start.active == 0.0 {
        return Ok(0);
    }
    if step_per_sample >= 0.5 {
        return refuse("at or beyond a step size of 1/2 per sample no run converges geometrically");
    }
    if schedule.is_full_batch() {
        // Rounding keeps the last bits out of reach: a radial error below u/4μ no longer moves r.
        let reachable = tolerance.max(1e-14).max(0.5 * f64::EPSILON / step_per_sample);
        return match start.steps_to(reachable, step_per_sample, 100_000_000) {
            Some(steps) => Ok(steps + steps / 10 + 100),
            None => refuse("gradient descent does not reach the tolerance within 1e8 steps"),
        };
    }
    let (samples, batch) = (schedule.samples(), schedule.batch_size());
    let rate = match schedule.kind() {
        // For b > 1 samples are visited more often: a lower bound on the rate.
        ScheduleKind::Cyclic => cyclic::rate(samples, step_per_sample),
        ScheduleKind::Replacement => sgd::rate_with_replacement(samples, batch, step_per_sample),
        _ => sgd::rate(samples, batch, step_per_sample),
    };
    if rate <= 0.0 {
        return refuse("the rate law predicts no convergence");
    }
    let growth = 2.0 * (1.0 / start.active).ln().max(0.0) * samples as f64
        / (step_per_sample * batch as f64 * (2.0 - start.norm_sq()).max(0.1));
    let steps = granted(samples, tolerance) / rate + 3.0 * growth;
    if steps > MAX_STEPS as f64 {
        return refuse(&format!("the rate law predicts about {steps:.0e} steps"));
    }
    Ok(steps.ceil() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_granted_is_three_mean_times_and_the_growth() {
        // 3 (log 1e9 + 2 log 5 + 30)/λ, λ = −0.3 log(1 − 0.13²), in Python; from N = 1 there is no growth.
        let schedule = Schedule::sgd(5, 2, 1).unwrap();
        let of = |c0: &[f64]| steps(&schedule, c0, 0.0, Activation::Linear, 0.13, 1e-9).unwrap();
        assert_eq!(of(&[0.6, 0.0, -0.8, 0.0, 0.0]), 31_648);
        // 3 · 2 log(1/0.1) · 5/(2 · 0.13 (2 − 0.01)) more from a norm of 0.1.
        let growth = 6.0 * 10f64.ln() * 5.0 / (0.13 * 2.0 * 1.99);
        let more = of(&[0.06, 0.0, -0.08, 0.0, 0.0]) - 31_648;
        assert!((more as f64 - growth).abs() < 1.0, "{more} {growth}");
    }

    #[test]
    fn misses_are_as_rare_as_the_constant_says() {
        for samples in [2, 3, 8, 30, 100, 256] {
            for tolerance in [1e-5, 1e-6, 1e-8, 1e-10, 1e-12] {
                let bound = miss(samples, tolerance);
                assert!(0.0 < bound && bound <= MISS, "m = {samples}, {tolerance:e}: {bound:e}");
            }
        }
        // Φ(−6) = 9.866e-10: at τ = 18 a rival has not fallen, τ/√(2τ) = 3; a standard deviation more, 4, 5, 6.
        let tail = |time: f64, distance: f64| late(4, time, distance) / (SLACK * 6.0);
        assert!((tail(18.0, 1.0) / 1.349_898e-3 - 1.0).abs() < 1e-6);
        assert!((tail(18.0, 18f64.exp()) / 9.865_876e-10 - 1.0).abs() < 1e-6);
    }
}
