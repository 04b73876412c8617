//! The exponential identity: what the odds become under the weight `e^{A/2}`.
//!
//! Let `A_t = ∫_0^t (1 − Σp²) dτ` along the diffusion of [`selection`](super), whose generator is `L = ½Δ + Σ_j p_j ∂_j`. Since `L(g/φ) = (½Δg − (1 − ½Σp²) g)/φ`, and
//! `√p_j = e^{y_j}/φ` with `½Δe^{y_j} = ½e^{y_j}`,
//!
//! ```text
//! L √p_j = −½ (1 − Σp²) √p_j :    M_j = e^{A/2} √p_j is a martingale for every j and every m; in vectors, e^{A/2} w/‖w‖ is one.
//! ```
//!
//! (`A_t ≤ t`, so `M_j` is bounded up to any time.) It starts at `c_j/‖c‖`, which is its mean at every bounded time, and at every time at which `A` is stopped at a bound.
//!
//! **End.** Almost surely `√p_j → 1[i* = j]` and `A` converges, so `M_j → e^{A/2} 1[i* = j]`. The mean stays: `M_j/M_j(0)` is the density of the law `P_j` under which `y` is a Brownian motion with the
//! drift `e_j`; there `1 − p_j` falls exponentially, so `A < ∞` and `M_j` has a finite limit almost surely under `P_j`, and this is when a density process is uniformly integrable (Lebesgue's
//! decomposition of `P_j` on the whole path). Hence, for every `m`,
//!
//! ```text
//! E[e^{A/2}; i* = j] = c_j/‖c‖,    E e^{A/2} = ‖c‖_1/‖c‖_2,    E[e^{A/2} w_∞] = w_0/‖w_0‖,    P(i* = j) ≤ c_j/‖c‖.
//! ```
//!
//! The third says that the datapoints in which SGD ends, weighted by `e^{A/2}`, average to the mixture in which gradient descent ends. The last is `e^{A/2} ≥ 1`.
//!
//! **Moments.** For two samples and `d = y_1 − y_2` the generator is `∂² + tanh d ∂`, and `1 − Σp² = ½ sech² d`. In the angle `θ`, `dθ = ½ sech d dd`, the equation
//! `L f + λ (1 − Σp²) f = 0` of `f = E[e^{λA}; i* = 1]` becomes `f_θθ + 2λ f = 0`, `f(0) = 0`, `f(π/2) = 1`:
//!
//! ```text
//! E[e^{λA}; i* = 1] = sin(√(2λ) θ)/sin(√(2λ) π/2),    λ < 2.
//! ```
//!
//! Here `λ = ½` is the identity, `λ → 0` the odds, and `λ < 0` has hyperbolic sines. At `λ = 2` the mean is infinite: the weight `e^{A/2}` has a variance, but no fourth moment, and a normal interval for its
//! mean is not to be trusted far out. Nor is the tail thinner with more samples: for every `λ > 2` runs in which two samples stay comparable while the others fall behind make the mean infinite. A mean
//! over runs should be that of `M_j` stopped at a bound of `A`, which is bounded and has the same mean.

use std::f64::consts::FRAC_PI_2;

use super::{Odds, among_present, angle, monte_carlo};
use crate::vectors::norm;

/// `E[e^{A/2}; i* = j] = |c_j|/‖c‖` as `η → 0`, for every `m` and `b`, `[m]`; and a bound on the probability that `j` wins. It is also the mean of
/// `e^{A/2} |c_j(t)|/‖c(t)‖` at every bounded time. NaN if all are 0.
///
/// `A = ∫(1 − Σp²) dτ` is `κ Σ (1 − Σp²)` over the steps of a run. The source of the module holds the derivation.
pub fn weights(c: &[f64]) -> Vec<f64> {
    let norm = norm(c);
    c.iter().map(|c| c.abs() / norm).collect()
}

/// `E[e^{λA}; i* = 1]` of two samples, `sin(√(2λ) θ)/sin(√(2λ) π/2)` with `tan θ = |c_1|/|c_2|`: the odds at `λ = 0`, `|c_1|/‖c‖` at ½, infinite from `λ = 2` on (unless `c_1 = 0`).
pub fn pair_moment(c: [f64; 2], lambda: f64) -> f64 {
    let theta = angle(c);
    let wave = (2.0 * lambda.abs()).sqrt();
    if theta == 0.0 {
        0.0
    } else if lambda == 0.0 {
        theta / FRAC_PI_2
    } else if lambda < 0.0 {
        (wave * theta).sinh() / (wave * FRAC_PI_2).sinh()
    } else if lambda < 2.0 {
        (wave * theta).sin() / (wave * FRAC_PI_2).sin()
    } else {
        f64::INFINITY
    }
}

/// `E[e^{−A/2}; i* = j] = (c_j/‖c‖) E_j e^{−A}`, `[m]`: for two samples [`pair_moment`] at `−½`, else by paths of Brownian motion as [`monte_carlo`](super::monte_carlo()), to a standard error of at
/// most `tolerance` each.
///
/// The estimator `(c_j/‖c‖) e^{−A/2}` of `P(i* = j)`, over motions with the drift `e_j`, has the variance `(c_j/‖c‖) E[e^{−A/2}; i* = j] − P²` ([`identity_variance`]), where counting winners
/// has `P (1 − P)`.
///
/// # Panics
/// If the tolerance is not positive.
pub fn damped_odds(c: &[f64], tolerance: f64, seed: u64) -> Odds {
    among_present(c, |present| match *present {
        [_] => Odds { probabilities: vec![1.0], errors: vec![0.0], paths: 0 },
        [first, second] => Odds {
            probabilities: vec![pair_moment([first, second], -0.5), pair_moment([second, first], -0.5)],
            errors: vec![0.0; 2],
            paths: 0,
        },
        _ => monte_carlo::estimate_damped(present, tolerance, seed),
    })
}

/// Variance of a single path of the estimator `(c_j/‖c‖) e^{−A/2}`, from `c_j/‖c‖`, `E[e^{−A/2}; i* = j]` and `P(i* = j)`.
pub fn identity_variance(cosine: f64, damped: f64, odds: f64) -> f64 {
    cosine * damped - odds * odds
}

#[cfg(test)]
mod tests {
    use super::super::{Diffusion, pair};
    use super::*;
    use crate::activation::Activation;
    use crate::rng::{Purpose, stream};
    use crate::stats::Mean;
    use crate::theory::random_walk::{for_each_subset, step};
    use crate::theory::selection::diffusion_rate;

    #[test]
    fn moments_of_two_samples_solve_their_equation() {
        // f'' + tanh d f' + ½λ sech² d f = 0 on |d| < 14 by finite differences (Thomas), f = 0 and 1 at the ends.
        let solve = |lambda: f64, at: f64| {
            let (n, h) = (28_000usize, 1e-3);
            // f_k = −u_k f_{k+1}, from f_0 = 0 on.
            let mut u = vec![0.0; n];
            for k in 1..n {
                let d = (k as f64 - 14_000.0) * h;
                let (low, high) = (1.0 / (h * h) - 0.5 * d.tanh() / h, 1.0 / (h * h) + 0.5 * d.tanh() / h);
                let middle = -2.0 / (h * h) + 0.5 * lambda / d.cosh().powi(2);
                u[k] = high / (middle - low * u[k - 1]);
            }
            let mut f = 1.0;
            for k in (1..n).rev() {
                f *= -u[k];
                if k as f64 * h - 14.0 <= at {
                    return f;
                }
            }
            f64::NAN
        };
        for (lambda, d) in [(0.5, 0.3), (1.0, -0.7), (1.8, 0.1), (-0.5, 1.2), (-3.0, -0.4), (0.0, 0.9)] {
            let (found, law) = (solve(lambda, d), pair_moment([f64::exp(d), 1.0], lambda));
            assert!((found / law - 1.0).abs() < 2e-3, "λ = {lambda}, d = {d}: {found} {law}");
        }
        let c = [-0.3, 0.8];
        assert!((pair_moment(c, 0.5) - weights(&c)[0]).abs() < 1e-14);
        assert!((pair_moment(c, 1e-12) - pair(c)).abs() < 1e-9 && pair_moment(c, 0.0) == pair(c));
        assert_eq!([pair_moment(c, 2.0), pair_moment([0.0, 1.0], 2.0)], [f64::INFINITY, 0.0]);
    }

    #[test]
    fn the_weighted_cosines_keep_their_mean_in_a_step_of_any_batch() {
        // All batches enumerated, near N = 1: E √p_j(t + 1)/√p_j(t) = 1 − ½ κ (1 − Σp²) to leading order.
        let eta = 1e-4;
        for c in [vec![0.9, -0.1, 0.2, 0.3], vec![0.5, 0.5, 0.4, 0.6], vec![0.1, 0.02, 0.03, 0.99]] {
            let c = {
                let norm = norm(&c);
                c.iter().map(|c| c / norm).collect::<Vec<f64>>()
            };
            let left = 1.0 - c.iter().map(|c| c.powi(4)).sum::<f64>();
            for b in 1..4 {
                let (mut sums, mut count) = (vec![0.0; 4], 0.0);
                for_each_subset(4, b, |batch| {
                    let next = weights(&step(&c, 1.0, batch, eta, Activation::Linear));
                    (0..4).for_each(|j| sums[j] += next[j] / c[j].abs() - 1.0);
                    count += 1.0;
                });
                for sum in sums {
                    let rate = sum / count / diffusion_rate(4, b, eta);
                    assert!((rate + 0.5 * left).abs() < 2e-3, "{c:?} b = {b}: {rate} {left}");
                }
            }
        }
    }

    #[test]
    fn exact_paths_of_the_diffusion_keep_the_mean() {
        // Four samples, 6000 paths, positions at steps of 0.02 and A by the trapezoidal rule, which is off by 1e-3 or less; stopped at A ≥ 2 or τ = 2.4.
        let c = [0.5, 0.2, 0.9, 0.3];
        let mut rng = stream(44, Purpose::Protocol, 0);
        let mut seen = vec![Vec::new(); 4];
        for _ in 0..6000 {
            let (mut path, mut area, mut cosines) = (Diffusion::new(&c), 0.0, weights(&c));
            let impurity = |cosines: &[f64]| 1.0 - cosines.iter().map(|c| c.powi(4)).sum::<f64>();
            for _ in 0..120 {
                path.advance(&mut rng, 0.02);
                let next = path.cosines();
                area += 0.01 * (impurity(&cosines) + impurity(&next));
                cosines = next;
                if area >= 2.0 {
                    break;
                }
            }
            (0..4).for_each(|j| seen[j].push((0.5 * area).exp() * cosines[j]));
        }
        for (seen, law) in seen.iter().zip(weights(&c)) {
            let mean = Mean::of(seen);
            assert!((mean.mean - law).abs() < 4.5 * mean.sem + 1e-3, "{mean:?} {law}");
        }
    }

    #[test]
    fn damped_odds_are_those_of_two_samples_and_of_paths() {
        // The Monte Carlo itself where a closed form is known.
        for (k, angle) in [0.2f64, 0.7, 1.3].into_iter().enumerate() {
            let c = [angle.sin(), angle.cos()];
            let odds = monte_carlo::estimate_damped(&c, 1e-3, 50 + k as u64);
            let law = damped_odds(&c, 1.0, 0).probabilities;
            for j in 0..2 {
                assert!((odds.probabilities[j] - law[j]).abs() < 4.5 * odds.errors[j], "{odds:?} {law:?}");
            }
        }
        // Three samples, c ∝ 5, 3, 2: from a direct simulation of SGD at η = 0.05 in another program, 200,000 runs: .4051, .1810, .1004 ± .0009, .0007, .0005.
        let odds = damped_odds(&[5.0, 3.0, 2.0], 5e-4, 3);
        for (j, (seen, error)) in [(0.4051, 9e-4), (0.1810, 7e-4), (0.1004, 5e-4)].into_iter().enumerate() {
            assert!((odds.probabilities[j] - seen).abs() < 4.5 * (error + odds.errors[j]), "{odds:?}");
        }
        // A ninth of the variance of counting, for the leader.
        let ratio =
            0.5464 * 0.4536 / identity_variance(weights(&[5.0, 3.0, 2.0])[0], odds.probabilities[0], 0.5464);
        assert!((7.0..10.0).contains(&ratio), "{ratio}");
    }
}
