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
mod tests {
    use rand::RngExt;

    use super::*;
    use crate::rng::{Purpose, stream};
    use crate::theory::quadrature::simpson;
    use crate::theory::selection::pair;

    /// The step of one sample.
    fn step(u: &mut [f64], n: &[f64], eta: f64, i: usize) {
        let norm_sq: f64 = u.iter().map(|u| u * u).sum();
        let (factor, gain) = (1.0 - eta * n[i] * u[i] * u[i], eta * (2.0 - norm_sq) * n[i] * u[i]);
        u.iter_mut().for_each(|u| *u *= factor);
        u[i] += gain;
    }

    #[test]
    fn the_step_is_that_of_the_gradient() {
        // ∇ℓ by differences, x_i = √n_i e_i.
        let (w, n, eta) = ([0.4f64, -0.7, 0.2], [1.7f64, 0.6, 1.1], 0.13);
        for i in 0..3 {
            let loss = |w: &[f64]| {
                let phi = n[i].sqrt() * w[i];
                let at = |k: usize| if k == i { n[i].sqrt() } else { 0.0 };
                (0..3).map(|k| 0.5 * (at(k) - w[k] * phi).powi(2)).sum::<f64>()
            };
            let mut next = w.to_vec();
            step(&mut next, &n, eta, i);
            for (k, next) in next.iter().enumerate() {
                let shifted = |h: f64| {
                    let mut w = w;
                    w[k] += h;
                    loss(&w)
                };
                let slope = (shifted(1e-5) - shifted(-1e-5)) / 2e-5;
                assert!((next - w[k] + eta * slope).abs() < 1e-9, "{i} {k}");
            }
        }
    }

    #[test]
    fn drifts_are_those_of_steps_near_a_datapoint() {
        let problem = Unequal { norms_sq: vec![1.3, 0.8, 1.0], shares: vec![0.2, 0.5, 0.3], step_size: 0.31 };
        let (mut drift, mut square) = (0.0, 0.0);
        for (k, share) in problem.shares.iter().enumerate() {
            let mut u = [1e-9, 2e-9, 1.0];
            step(&mut u, &problem.norms_sq, 0.31, k);
            let change = (u[1] / 2e-9).ln();
            (drift, square) = (drift + share * change, square + share * change * change);
        }
        assert!((drift - problem.drift(2, 1)).abs() < 1e-12);
        assert!((square - drift * drift - problem.variance(2, 1)).abs() < 1e-12);
    }

    #[test]
    fn thresholds_are_the_closed_forms() {
        // Equal probabilities: n_j below n_i/(1 − ηn_i). Equal norms at η = 0.4: q_j/q_i below 1.518.
        for (n, eta) in [(1.0, 0.2), (0.7, 0.45), (1.6, 0.05)] {
            let at = |factor: f64| {
                let other = factor * n / (1.0 - eta * n);
                Unequal { norms_sq: vec![n, other], shares: vec![0.5; 2], step_size: eta }.can_be_limit(0)
            };
            assert!(at(0.9999) && !at(1.0001), "{n} {eta}");
        }
        let weighted = |ratio: f64| {
            let shares = vec![1.0 / (1.0 + ratio), ratio / (1.0 + ratio)];
            Unequal { norms_sq: vec![1.0; 2], shares, step_size: 0.4 }
        };
        assert!(weighted(1.5181).can_be_limit(0) && !weighted(1.5182).can_be_limit(0));
        assert!(weighted(1.6).can_be_limit(1));
    }

    #[test]
    fn limits_are_where_enumerated_batches_bring_every_rival_down() {
        // Near x_i/‖x_i‖ a batch B multiplies u_j by 1 + η_B (n_j [j ∈ B] − n_i [i ∈ B]).
        let (norms, eta) = ([1.08f64, 1.0, 0.95, 1.05, 0.93], 0.23);
        let c0 = [0.2, -0.3, 0.1, 0.25, 0.0];
        let n = norms.map(|norm| norm * norm);
        for b in 1..5usize {
            let batches: Vec<u32> = (0..1u32 << 5).filter(|set| set.count_ones() as usize == b).collect();
            let is_in = |set: &u32, i: usize| f64::from(set >> i & 1);
            let drift = |i: usize, j: usize| -> f64 {
                batches
                    .iter()
                    .map(|set| (1.0 + eta * (n[j] * is_in(set, j) - n[i] * is_in(set, i))).ln())
                    .sum()
            };
            let bears = |i: usize, rivals: &[usize]| rivals.iter().all(|&j| j == i || drift(i, j) < 0.0);
            let expected: Vec<bool> = (0..5).map(|i| i != 4 && bears(i, &[0, 1, 2, 3])).collect();
            for kind in [ScheduleKind::Sgd, ScheduleKind::Reshuffle] {
                let schedule = Schedule::new(kind, 5, Some(b), 1).unwrap();
                let limit = |activation| predicted_limit(&schedule, &norms, &c0, activation, eta);
                assert_eq!(
                    limit(Activation::Linear),
                    Some(LimitSet::EitherSign(expected.clone())),
                    "b = {b}"
                );
                // Of the second sample, the only one that is inactive, a ReLU sees nothing.
                let positive = [0, 2, 3].map(|i| i8::from(bears(i, &[0, 2, 3])));
                let signs = vec![positive[0], 0, positive[1], positive[2], 0];
                assert_eq!(limit(Activation::Relu), Some(LimitSet::Datapoints(signs)), "b = {b}");
            }
            assert!(expected.contains(&true) && expected[..4].contains(&false), "b = {b}: {expected:?}");
        }
    }

    #[test]
    fn limits_of_single_draws_are_those_of_the_drift() {
        let (shares, norms, eta) = ([0.3, 0.32, 0.21, 0.17], [1.0f64, 0.98, 1.2, 1.1], 0.17);
        let schedule = Schedule::sgd(4, 1, 1).unwrap().weighted(&shares).unwrap();
        let problem = Unequal {
            norms_sq: norms.iter().map(|norm| norm * norm).collect(),
            shares: shares.to_vec(),
            step_size: eta,
        };
        let limit =
            |schedule: &Schedule, eta| predicted_limit(schedule, &norms, &[0.1; 4], Activation::Linear, eta);
        let expected: Vec<bool> = (0..4).map(|i| problem.can_be_limit(i)).collect();
        assert_eq!(expected, [true, true, true, false]);
        assert_eq!(limit(&schedule, eta), Some(LimitSet::EitherSign(expected)));
        // Beyond ½ along every sample none is stable; nothing is said of full batches and of large batches with replacement.
        assert_eq!(limit(&schedule, 0.6), Some(LimitSet::EitherSign(vec![false; 4])));
        assert_eq!(limit(&Schedule::full_batch(4).unwrap(), eta), None);
        assert_eq!(limit(&schedule, 1e-13), None);
        for kind in [ScheduleKind::Replacement, ScheduleKind::Cyclic] {
            assert_eq!(limit(&Schedule::new(kind, 4, Some(2), 1).unwrap(), eta), None);
            assert!(limit(&Schedule::new(kind, 4, Some(1), 1).unwrap(), eta).is_some());
        }
    }

    #[test]
    fn full_batches_end_in_the_longest_active_sample_where_that_is_proved() {
        // η_B max n = 0.2288 < ¼ over the first four; the fifth, the longest, is silent.
        let (norms, eta) = ([1.3f64, 1.0, 1.3 * (1.0 + 1e-15), 0.7, 1.6], 0.1354);
        let c0 = [0.2, 0.5, -0.3, 0.1, 0.0];
        let limit =
            |c0: &[f64], norm_sq, activation, eta| predicted_full_batch(&norms, c0, norm_sq, activation, eta);
        let u = [c0[0] / norms[0], c0[2] / norms[2]];
        let length = u[0].hypot(u[1]);
        let Some(LimitSet::Point(mixed)) = limit(&c0, 0.5, Activation::Linear, eta) else {
            panic!("a point")
        };
        let expected = [u[0] / length, 0.0, u[1] / length, 0.0, 0.0];
        assert!(mixed.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-15), "{mixed:?}");
        let alone = Some(LimitSet::Point(vec![1.0, 0.0, 0.0, 0.0, 0.0]));
        assert_eq!(limit(&c0, 0.5, Activation::Relu, eta), alone);
        // Iterated: ReLU sees the first, second and fourth, and the third shrinks with what is outside the span.
        let mut u: Vec<f64> = c0.iter().zip(norms).map(|(c, norm)| c / norm).collect();
        let mut rest = 0.3f64;
        for _ in 0..2000 {
            let norm_sq = u.iter().map(|u| u * u).sum::<f64>() + rest * rest;
            let is_active: Vec<f64> = u.iter().map(|&u| f64::from(u8::from(u > 0.0))).collect();
            let energy: f64 = (0..5).map(|j| is_active[j] * (norms[j] * u[j]).powi(2)).sum();
            for j in 0..5 {
                u[j] *= 1.0 - eta * energy + is_active[j] * eta * (2.0 - norm_sq) * norms[j] * norms[j];
            }
            rest *= 1.0 - eta * energy;
        }
        assert!((u[0] - 1.0).abs() < 1e-12 && u[1..].iter().all(|u| u.abs() < 1e-12), "{u:?}");
        // Beyond the hypotheses nothing is said.
        for (c0, norm_sq, activation, eta) in [
            (c0, 1.01, Activation::Linear, eta),
            (c0, 0.5, Activation::Linear, 0.149),
            (c0, 0.5, Activation::Tanh, eta),
            (c0, 0.5, Activation::Linear, 1e-13),
            ([-0.2, -0.5, -0.3, 0.0, 0.0], 0.5, Activation::Relu, eta),
        ] {
            assert_eq!(limit(&c0, norm_sq, activation, eta), None, "{norm_sq} {activation:?} {eta}");
        }
    }

    #[test]
    fn the_arcsine_law_is_the_exit_problem() {
        // ∫ e^{−γd}/cosh d by Simpson's rule.
        let cases: [([f64; 2], f64); 4] =
            [([0.4, 0.9], 0.5), ([-1.0, 0.2], -0.7), ([0.3, 0.3], 0.2), ([1e-3, 1.0], 0.6)];
        for (u, tilt) in cases {
            let density = |d: f64| (-tilt * d).exp() / d.cosh();
            let d = (u[0] / u[1]).abs().ln();
            let far = 30.0 / (1.0 - tilt.abs());
            let (below, above) = (simpson(density, -far, d, 200_000), simpson(density, d, far, 200_000));
            let law = arcsine(u, tilt);
            assert!((law - below / (below + above)).abs() < 1e-8, "{u:?} {tilt}: {law}");
        }
        assert!((arcsine([0.4, -0.7], 0.0) - pair([0.4, 0.7])).abs() < 1e-12);
        assert_eq!([arcsine([0.1, 1.0], 1.0), arcsine([1.0, 0.1], -1.3)], [1.0, 0.0]);
    }

    #[test]
    fn the_stopped_law_is_the_exit_from_an_interval() {
        // ∫ e^{−γd}/cosh d over [−D, d] and [−D, D] by Simpson's rule, at a D that cuts off a good part.
        for (u, tilt, far) in
            [([0.4f64, 0.9f64], 0.5f64, 1.3f64), ([-1.0, 0.2], -0.7, 2.1), ([0.3, 0.5], 0.0, 0.9)]
        {
            let density = |d: f64| (-tilt * d).exp() / d.cosh();
            let d = (u[0] / u[1]).abs().ln();
            let share = simpson(density, -far, d, 2000) / simpson(density, -far, far, 2000);
            let law = arcsine_stopped(u, tilt, far);
            assert!((law - share).abs() < 1e-9, "{u:?} {tilt} {far}: {law} {share}");
            assert!((law - arcsine(u, tilt)).abs() > 0.01);
        }
    }

    #[test]
    fn the_chain_follows_the_arcsine_law() {
        // γ = 0.5 by weights and norms together, η = 0.1, 20,000 runs: standard error 0.0035, and a bias below that.
        let problem = Unequal { norms_sq: vec![1.01, 0.99], shares: vec![0.507_5, 0.492_5], step_size: 0.1 };
        let start = [0.6, 1.4];
        let mut rng = stream(71, Purpose::Protocol, 0);
        let runs = 20_000;
        let wins = (0..runs).filter(|_| {
            let mut u = start.map(|u| u / 0.6f64.hypot(1.4));
            while u[0].abs().min(u[1].abs()) > 1e-4 * u[0].abs().max(u[1].abs()) {
                let drawn = usize::from(rng.random::<f64>() >= problem.shares[0]);
                step(&mut u, &problem.norms_sq, problem.step_size, drawn);
            }
            u[0].abs() > u[1].abs()
        });
        let (measured, law) = (wins.count() as f64 / f64::from(runs), arcsine(start, problem.tilt()));
        assert!((measured - law).abs() < 0.0035 * 5.0, "{measured} {law}");
        assert!((law - pair(start)).abs() > 0.2);
    }

    #[test]
    fn full_batches_take_the_largest_norm() {
        let n = [1.0, 1.3, 0.9, 1.3];
        let mut u = vec![0.8, 0.1, 0.3, -0.2];
        let limit = full_batch_limit(&n, &u).unwrap();
        for _ in 0..4000 {
            let norm_sq: f64 = u.iter().map(|u| u * u).sum();
            let energy: f64 = u.iter().zip(&n).map(|(u, n)| n * u * u).sum();
            for (u, n) in u.iter_mut().zip(&n) {
                *u *= 1.0 - 0.05 * energy + 0.05 * (2.0 - norm_sq) * n;
            }
        }
        assert!(u.iter().zip(&limit).all(|(a, b)| (a - b).abs() < 1e-12), "{u:?} {limit:?}");
        assert_eq!(full_batch_limit(&n, &[0.0; 4]), None);
        assert_eq!(full_batch_limit(&n, &[0.5, 0.0, 0.1, 0.0]), Some(vec![1.0, 0.0, 0.0, 0.0]));
    }
}
