//! Stochastic gradient descent with momentum (beyond the paper): the clock, the odds of two samples, and the stability threshold.
//!
//! Write a step as `v ← β v + g`, `w ← w − η (κ g + κ' v_before)` ([`Momentum`]). The *free-flight point* `y = w − η (κ'/(1 − β)) v`, where the velocity
//! would carry the neuron without gradients, takes the step
//!
//! ```text
//! y ← y − ε g(w),   ε = η/(1 − β),   w − y = η (κ'/(1 − β)) v = O(ε)
//! ```
//!
//! for both momenta: it is SGD of step size `ε`, but for the place at which gradients are taken. Hence, as `η → 0` with `β` fixed, the laws of
//! [`selection`] hold with `ε` for `η`: the same odds, on a clock that is faster by `1/(1 − β)²`.
//!
//! **First correction of the odds, `m = 2`, `b = 1`.** With `w = √N (cos ψ, sin ψ)`, `n = N − 1`, and `ξ = ±1` for the sample that is drawn, the gradient has the
//! components `ξ (1 − n) √N ½ sin 2ψ` along the circle and `2 n √N q` along `w`, `q = (1 + ξ cos 2ψ)/2`. The angle `φ` of `y` is what [`selection::pair`] is
//! linear in, so that its mean step is all that counts. With `ψ = φ + δ`,
//!
//! ```text
//! E Δφ = ε² (¼ sin² 2φ · δ − ¼ n sin 4φ) − ε n δ + O(ε⁴),
//! ```
//!
//! `δ` is a sum over past draws, of mean 0 and correlated with `φ` in the order `ε²/(1 − β)`, and with `n`, which is small itself, in `ε³/(1 − β)`; and `0 = E Δ‖y‖² = −2ε n + ¼ ε² sin² 2φ` leaves
//! `E n = (ε/8) sin² 2φ`. All that is left at the order `ε³` is the term of SGD itself: [`selection::pair_slope`] holds with `ε` for `η`. What is
//! neglected is of the order `ε²/(1 − β)`.

use super::selection;
use crate::limit_set::LimitSet;
use crate::schedule::{Schedule, ScheduleKind};
use crate::update::Momentum;

/// Where a linear neuron is expected to end under momentum and random batches of `b < m`, from its initial correlations: in a datapoint, for
/// which there is no proof here. A velocity may carry a correlation past 0, so the datapoint may be one of either sign.
///
/// `None` under cyclic batches, with unequal sampling weights, and where all correlations are 0. Full batches keep the line of `Πw`, because gradients
/// `(C + N − 2) Πw + C (w − Πw)` and so the velocity do; which of its two ends they come to is not said here either: from `‖w_0‖ = 2`, at `β = 0.9` and
/// `η_B = 0.02`, they cross 0.
pub fn predicted_limit(schedule: &Schedule, c0: &[f64]) -> Option<LimitSet> {
    let is_uniform = !schedule.is_full_batch() && schedule.sampling_weights().is_none();
    let is_random = is_uniform && schedule.kind() != ScheduleKind::Cyclic;
    (is_random && c0.iter().any(|&c| c != 0.0)).then(|| limit_set(c0))
}

/// The datapoints of either sign of samples with a correlation: one that is 0 stays there.
pub fn limit_set(c0: &[f64]) -> LimitSet {
    LimitSet::EitherSign(c0.iter().map(|&c| c != 0.0).collect())
}

/// Time of the diffusion a step, `κ/(1 − β)²`, `κ` that of [`selection::diffusion_rate`].
pub fn diffusion_rate(samples: usize, batch: usize, step_per_sample: f64, decay: f64) -> f64 {
    selection::diffusion_rate(samples, batch, step_per_sample / (1.0 - decay))
}

/// Two samples, `b = 1`, started at rest with `N_0 = 1`: the probability that the log-ratio `d = log|c_1/c_2|` of the correlations reaches `D = far` before
/// `−D`, `½ + gd(d_0)/2 gd(D)`, with the first correction in `ε = η/(1 − β)`, which is taken from `D = ∞`.
pub fn pair(c: [f64; 2], effective_step: f64, far: f64) -> f64 {
    let defect = (-2.0 * far).exp() / (1.0 + (-2.0 * far).exp());
    selection::pair_stopped_early(c, defect) + effective_step * selection::pair_slope(c)
}

/// Largest `η_B` at which a minimum of the full batch is stable: at a minimum the curvature is `4 η_B/η` along `w` and smaller across it, and the largest
/// curvature `h` that the recursion bears has `η h (κ (1 + β) − κ') = 2 (1 + β)`, where an eigenvalue passes −1. For the heavy ball `η_B = (1 + β)/2`, for
/// Nesterov's momentum `(1 + β)/(2 + 4β)`, below that of gradient descent, ½.
pub fn threshold(momentum: Momentum) -> f64 {
    let Momentum { decay, gradient_weight: now, velocity_weight: carried } = momentum;
    0.5 * (1.0 + decay) / (now * (1.0 + decay) - carried)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::update::Rule;

    #[test]
    fn thresholds_are_where_the_recursion_along_the_neuron_stops_contracting() {
        for rule in ["sgd", "heavy-ball:0.5", "heavy-ball:0.9", "nesterov:0.3", "nesterov:0.9"] {
            let momentum = rule.parse::<Rule>().unwrap().momentum().unwrap();
            let end = |share: f64| {
                let curvature = 4.0 * share * threshold(momentum);
                let (mut w, mut v) = (1.0f64, 0.0);
                for _ in 0..20_000 {
                    (w, v) = (
                        w - momentum.gradient_weight * curvature * w - momentum.velocity_weight * v,
                        momentum.decay * v + curvature * w,
                    );
                    if w.abs() > 1e6 {
                        break;
                    }
                }
                w.abs()
            };
            assert!(end(0.995) < 1e-3 && end(1.005) > 1e3, "{rule}: {} {}", end(0.995), end(1.005));
        }
    }

    #[test]
    fn the_odds_are_those_of_the_angle_far_out() {
        let angle = 0.17 * std::f64::consts::FRAC_PI_2;
        let c = [angle.sin(), angle.cos()];
        assert!((pair(c, 0.0, 30.0) - 0.17).abs() < 1e-9);
        // ½ + gd(d_0)/2 gd(2.2), d_0 = log tan θ, in Python.
        assert!((pair(c, 0.0, 2.2) - 0.116053246176).abs() < 1e-11);
        // −sin(4θ)/32π at θ = 0.17 π/2.
        assert!(
            (pair(c, 0.1, 30.0) - 0.17 + 0.1 * 0.876_306_680_043_863_6 / (32.0 * std::f64::consts::PI)).abs()
                < 1e-9
        );
        let (clock, expected) = (diffusion_rate(2, 1, 0.01, 0.9), selection::diffusion_rate(2, 1, 0.1));
        assert!((clock / expected - 1.0).abs() < 1e-14);
    }
}
