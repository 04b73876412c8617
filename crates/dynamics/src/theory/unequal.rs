//! Orthogonal samples of unequal norms `n_i = ‖x_i‖²`, drawn one a step with unequal probabilities `q_i` (beyond the paper; linear model).
//!
//! With `u_i = ⟨w, x_i⟩/‖x_i‖` and `φ_i² = n_i u_i²` the step of sample `i` is
//!
//! ```text
//! u ← (1 − η n_i u_i²) u + η (2 − N) n_i u_i e_i,    N = ‖w‖².
//! ```
//!
//! **Which samples can be limits.** At `w = x_i/‖x_i‖` the radial multiplier is `1 − 4η n_i`. The step of `i` multiplies a small `u_j` by `1 − η n_i`, that of `j` by
//! `1 + η n_j`, and the others leave it, to first order in `u_j`: `log|u_j|` is a random walk with the drift
//!
//! ```text
//! D_ij = q_j log(1 + η n_j) − q_i log 1/(1 − η n_i),
//! ```
//!
//! so that the linearised run comes to `x_i/‖x_i‖` if `D_ij < 0` for all `j ≠ i`, and leaves its neighbourhood if `D_ij > 0` for one of them, at any `η < ½/max n`. With equal
//! probabilities `D_ij < 0` is `1/n_i − 1/n_j < η`; with equal norms `q_j/q_i < log 1/(1 − ηn)/log(1 + ηn)`.
//!
//! **Two samples.** Let `d = log|u_1/u_2|` and `N = 1`. As `η → 0` with `γ = 2(q_1 n_1 − q_2 n_2)/η` fixed, `n_i → 1` and `q_i → ½`, a step moves `d` by `±η` in the leading order, so in the time
//! `τ = η²t/2` its variance is 2, and in the mean by `η (q_1 n_1 − q_2 n_2) + ½η² (p_1 − p_2)`:
//!
//! ```text
//! dd = (tanh d + γ) dτ + √2 dB.
//! ```
//!
//! The scale function has the density `e^{−γd}/cosh d`; in `p_1 = e^{2d}/(1 + e^{2d})` that is `p^{−(1+γ)/2} (1 − p)^{−(1−γ)/2} dp`. For `|γ| < 1`, where either sample can be a limit,
//!
//! ```text
//! P(i* = 1) = I_{p_1}((1 − γ)/2, (1 + γ)/2),
//! ```
//!
//! the regularised incomplete beta function: the generalised arcsine law, and `(2/π) arctan(|u_1|/|u_2|)` at `γ = 0`.
//!
//! **Full batches.** A step multiplies `u_j` by `1 − μ Σ n_i u_i² + μ (2 − N) n_j`, `μ = η_B`: near the limit the ratio of `u_j` to that of the largest norm is multiplied by
//! `1 − μ (n_max − n_j)`. Gradient descent ends in the sample of the largest norm, and in a mixture among those of the same norm only.
//!
//! **Larger batches.** A batch of `b > 1` without replacement, of a step size `η_B` per sample, holds `j` and not `i`, or `i` and not `j`, each with probability `r = b(m − b)/(m(m − 1))`, and both
//! with `s = b(b − 1)/(m(m − 1))`, whether it is drawn afresh or cut from a permutation. The drift is then `r log(1 + η_B n_j) − r log 1/(1 − η_B n_i) + s log(1 + η_B (n_j − n_i))`.

use statrs::function::beta::beta_reg;

use crate::activation::Activation;
use crate::limit_set::LimitSet;
use crate::schedule::{Schedule, ScheduleKind};

/// A problem: norms squared `n`, probabilities `q` of a draw, and the step size.
#[derive(Clone, Debug, PartialEq)]
pub struct Unequal {
    /// `n_i = ‖x_i‖²`, `[m]`.
    pub norms_sq: Vec<f64>,
    /// `q_i`, `[m]`, which sum to 1.
    pub shares: Vec<f64>,
    /// `η`.
    pub step_size: f64,
}

impl Unequal {
    /// Mean change of `log|u_j|` a step near `x_i/‖x_i‖`, `D_ij`.
    pub fn drift(&self, i: usize, j: usize) -> f64 {
        let Self { norms_sq: n, shares: q, step_size: eta } = self;
        q[j] * (eta * n[j]).ln_1p() + q[i] * (-eta * n[i]).ln_1p()
    }

    /// Whether runs can end in `x_i/‖x_i‖`: `D_ij < 0` for every other sample.
    pub fn can_be_limit(&self, i: usize) -> bool {
        (0..self.shares.len()).all(|j| j == i || self.drift(i, j) < 0.0)
    }

    /// Variance of that change.
    pub fn variance(&self, i: usize, j: usize) -> f64 {
        let Self { norms_sq: n, shares: q, step_size: eta } = self;
        let square = q[j] * (eta * n[j]).ln_1p().powi(2) + q[i] * (-eta * n[i]).ln_1p().powi(2);
        square - self.drift(i, j).powi(2)
    }

    /// `γ = 2(q_1 n_1 − q_2 n_2)/η` of two samples.
    pub fn tilt(&self) -> f64 {
        let Self { norms_sq: n, shares: q, step_size } = self;
        2.0 * (q[0] * n[0] - q[1] * n[1]) / step_size
    }
}

/// `η_B n` below which drifts, of the order of its square, are lost in the rounding of the norms; norms closer than this to each other are the same.
const LOST: f64 = 1e-12;

/// The samples `±x_i/‖x_i‖` (ReLU: `x_i/‖x_i‖`) in which a run of plain SGD over orthogonal samples can end, from its initial correlations: of those that are active, the ones with `D_ij < 0` for every other
/// that is, and a radial multiplier `1 − 4η_B n_i` above −1. `None` of full batches, of which [`predicted_full_batch`] speaks, and where the drift has no closed form here: batches of `b > 1` in a cycle or with replacement, other
/// activations than the paper's; and for steps so short that drifts are lost in rounding.
pub fn predicted_limit(
    schedule: &Schedule,
    norms: &[f64],
    c0: &[f64],
    activation: Activation,
    step_per_sample: f64,
) -> Option<LimitSet> {
    let active = |i: &usize| activation.admits(c0[*i]);
    let (m, b) = (schedule.samples() as f64, schedule.batch_size() as f64);
    let has_no_pairs = matches!(schedule.kind(), ScheduleKind::Cyclic | ScheduleKind::Replacement);
    if schedule.is_full_batch()
        || !activation.has_unit_slope()
        || (b > 1.0 && has_no_pairs)
        || !(0..c0.len()).any(|i| active(&i))
    {
        return None;
    }
    let pull = |i: usize| step_per_sample * norms[i] * norms[i];
    if (0..c0.len()).filter(active).all(|i| pull(i) < LOST) {
        return None;
    }
    let (alone, both) = (b * (m - b) / (m * (m - 1.0)), b * (b - 1.0) / (m * (m - 1.0)));
    let share = |i: usize| schedule.sampling_weights().map_or(alone, |q| q[i]);
    let gain = |i: usize| share(i) * pull(i).ln_1p();
    // With b > 1 all shares are the same: D_ij grows with n_j in either case, and the strongest rival decides.
    let mut order: Vec<usize> = (0..c0.len()).filter(active).collect();
    order.sort_by(|&i, &j| gain(j).total_cmp(&gain(i)));
    let can_be_limit = |i: usize| {
        let rival = order.iter().find(|&&j| j != i);
        let drift = |j: usize| gain(j) + share(i) * (-pull(i)).ln_1p() + both * (pull(j) - pull(i)).ln_1p();
        pull(i) < 0.5 && rival.is_none_or(|&j| drift(j) < 0.0)
    };
    let admitted = (0..c0.len()).map(|i| active(&i) && can_be_limit(i));
    Some(match activation {
        Activation::Relu => LimitSet::Datapoints(admitted.map(i8::from).collect()),
        // A long step can turn a sign.
        _ => LimitSet::EitherSign(admitted.collect()),
    })
}

/// `P(i* = 1) = I_{p_1}((1 − γ)/2, (1 + γ)/2)` of two samples, from `u` and `γ`; 1 from `γ = 1` on, 0 up to −1, where only one sample can be a limit.
pub fn arcsine(u: [f64; 2], tilt: f64) -> f64 {
    if tilt.abs() >= 1.0 {
        return if tilt > 0.0 { 1.0 } else { 0.0 };
    }
    let p = u[0] * u[0] / (u[0] * u[0] + u[1] * u[1]);
    beta_reg(0.5 * (1.0 - tilt), 0.5 * (1.0 + tilt), p)
}

/// Probability that `|u_1/u_2|` comes to `e^D` before `e^{−D}`: [`arcsine`] is harmonic, so this is `(F(u) − F(e^{−D}))/(F(e^D) − F(e^{−D}))`. It differs from [`arcsine`] by the order of
/// `e^{−(1−|γ|)D}`.
pub fn arcsine_stopped(u: [f64; 2], tilt: f64, far: f64) -> f64 {
    let at = |d: f64| arcsine([(0.5 * d).exp(), (-0.5 * d).exp()], tilt);
    let (low, high) = (at(-far), at(far));
    (arcsine(u, tilt) - low) / (high - low)
}

/// Where full batches end, `c_i/‖x_i‖` on the unit sphere, for the starts and steps of which it is proved (§ 14 (c) of the findings): `N_0 ≤ 1` and `η_B n_i ≤ ¼` of every active sample. What is
/// outside the span of the active samples shrinks with every step, and for ReLU the silent ones belong to it. `norms` are `‖x_i‖`, `c0` the correlations at the start, both `[m]`, and `norm_sq` is `N_0`. `None` beyond these
/// hypotheses, for other activations than the paper's, without an active sample, and for steps so short that nothing moves.
pub fn predicted_full_batch(
    norms: &[f64],
    c0: &[f64],
    norm_sq: f64,
    activation: Activation,
    step_per_sample: f64,
) -> Option<LimitSet> {
    let active = |i: usize| activation.admits(c0[i]);
    let norms_sq: Vec<f64> = norms.iter().map(|norm| norm * norm).collect();
    let steepest =
        (0..c0.len()).filter(|&i| active(i)).map(|i| step_per_sample * norms_sq[i]).reduce(f64::max)?;
    // A start of norm 1 has this to rounding; the proof leaves room up to 9/8.
    if !activation.has_unit_slope() || norm_sq > 1.0 + 1e-9 || !(LOST..=0.25).contains(&steepest) {
        return None;
    }
    let along = (0..c0.len()).map(|i| if active(i) { c0[i] / norms[i] } else { 0.0 });
    full_batch_limit(&norms_sq, &along.collect::<Vec<_>>()).map(LimitSet::Point)
}

/// Where full batches end, in coordinates `u` on the unit sphere, from the first `u`: the mixture of the samples of the largest norm among those with `u_i ≠ 0`. `None` if there are none. Norms are the
/// same to rounding.
pub fn full_batch_limit(norms_sq: &[f64], u: &[f64]) -> Option<Vec<f64>> {
    let largest = norms_sq.iter().zip(u).filter(|(_, u)| **u != 0.0).map(|(n, _)| *n).reduce(f64::max)?;
    let is_largest = |n: f64| n >= largest * (1.0 - LOST);
    let kept: Vec<f64> = norms_sq.iter().zip(u).map(|(n, u)| if is_largest(*n) { *u } else { 0.0 }).collect();
    let length = crate::vectors::norm(&kept);
    Some(kept.iter().map(|u| u / length).collect())
}

#[cfg(test)]
mod tests;
