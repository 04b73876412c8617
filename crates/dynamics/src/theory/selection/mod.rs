//! Who wins (beyond the paper): the law of the index `i*` in whose datapoint SGD ends.
//!
//! Let `v = b(m−b)/(m(m−1))`. On the manifold `N = 1` a batch moves `log|c_j|` by `η_B (1[j ∈ B] − C)` to first
//! order, and, up to a shift common to all `j`, the indicators have covariance `v δ_{jk}`. As `η_B → 0`, in the time
//! `τ = κ t`, `κ = η_B² v`, the `y_j = log|c_j|` tend to the diffusion
//!
//! ```text
//! dy_j = p_j dτ + dW_j    (up to a common shift),    p = softmax(2y),  p_j = c_j²/Σ c²
//! ```
//!
//! in which neither `b` nor `η` is left. Its drift is `∇ log φ`, `φ = (Σ e^{2y})^{1/2}`, so it is a Brownian motion
//! transformed by `φ`: `½Δφ/φ = 1 − ½ Σ p²`. The probability `h_i` that `i` wins is the harmonic function with
//! `h_i → 1` where `y_i` runs away.
//!
//! - two samples: closed form, [`pair`], its first correction in `η`, [`pair_slope`], and for `b = 1` the odds at any `η`
//!   from the chain itself, [`Chain`];
//! - three: a lattice solution of the exit problem, [`triangle`];
//! - any number: a Monte Carlo without time step for all odds at once, [`monte_carlo`], and paths of the diffusion without a time step,
//!   [`Diffusion`];
//! - whichever of these is best, with its error: [`probabilities`];
//! - what the odds become under the weight `e^{A/2}`, in closed form for any number of samples: [`weights`].
//!
//! That the law of the chain's winner tends to that of the diffusion's is more than convergence of the paths (for which see Katzenberger, Ann.
//! Probab. 19, 1991): the winner lives at `t = ∞`, and that the limits may be exchanged is not proved here.
//!
//! A sample with `c_j = 0` stays there and takes no part: it has probability 0, and the law is that of the others. Where all are 0 there
//! is no law: functions give NaN, [`Diffusion::new`] panics.

mod chain;
mod diffusion;
mod identity;
mod monte_carlo;
pub mod triangle;

use std::f64::consts::{FRAC_1_PI, FRAC_1_SQRT_2, FRAC_2_PI, FRAC_PI_2};

use statrs::function::erf::erfc;

pub use self::chain::Chain;
pub use self::diffusion::Diffusion;
pub use self::identity::{damped_odds, identity_variance, pair_moment, weights};
pub use self::monte_carlo::Odds;
pub(super) use self::monte_carlo::average;
use super::quadrature::simpson;
use crate::vectors::{largest_size, norm};

/// `κ = η_B² b(m−b)/(m(m−1))`: time of the diffusion a step, batches without replacement.
pub fn diffusion_rate(samples: usize, batch: usize, step_per_sample: f64) -> f64 {
    if batch >= samples {
        return 0.0;
    }
    let (m, b) = (samples as f64, batch as f64);
    step_per_sample * step_per_sample * b * (m - b) / (m * (m - 1.0))
}

/// The same for batches with replacement: the counts of a batch have covariance `(b/m) δ_{jk}` up to a common
/// shift, so `κ = η_B² b/m`.
pub fn diffusion_rate_with_replacement(samples: usize, batch: usize, step_per_sample: f64) -> f64 {
    step_per_sample * step_per_sample * batch as f64 / samples as f64
}

/// `P(i* = 1) = (2/π) arctan(|c_1|/|c_2|)` for two samples as `η → 0`: linear in the angle.
///
/// `d = y_1 − y_2` has drift `tanh d` and variance 2 a unit of time, hence the scale function `∫ sech = gd(d)`.
pub fn pair(c: [f64; 2]) -> f64 {
    FRAC_2_PI * angle(c)
}

/// Correlations `(sin θ, cos θ)` of two samples at the angle `θ = share · π/2`, from which the first wins with probability `share` by the law of [`pair`].
pub fn direction(share: f64) -> [f64; 2] {
    let angle = share * FRAC_PI_2;
    [angle.sin(), angle.cos()]
}

/// Coefficient of the first correction for `b = 1`: with `tan θ = |c_1|/|c_2|` and a start of squared norm `N_0 < 2`,
///
/// ```text
/// P = 2θ/π + (η/π) sin 4θ [½ log(1/N_0) − ¼(1 − N_0) − 1/32] + O(η²)
/// ```
///
/// From `N_0 = 1` the whole of it is [`Chain`]. Batches of `b` among `m` samples, of which the others are silent, take `η_B (m−b)/(m−1)` for `η`: the noise of
/// a step in units of its growth. With replacement it is `η_B`.
///
/// Samples drawn one at a time keep `N − 1` near `(η/4)(1 − Σp²) = (η/8) sech² d`; drift and variance of `d` a step
/// are then `½η² tanh d` and `η² (1 − 2(N − 1))`, up to `η⁴`, and the scale function has the density
/// `sech d · exp(−(η/8) tanh² d)`: that is the last term. On the way there they are `½η² N(2 − N) tanh d` and `η² (2 − N)²`, so
/// a step changes the mean of `h = 2θ/π` by `η² (2 − N)(1 − N) h''`, `h'' = sin 4θ/2π`, while `N` grows by `2ηN(1 − N)`: over the whole
/// way by `η h'' ∫ (1/N − ½) dN`.
pub fn pair_slope(c: [f64; 2]) -> f64 {
    let norm_sq = c[0] * c[0] + c[1] * c[1];
    FRAC_1_PI * (4.0 * angle(c)).sin() * (-0.5 * norm_sq.ln() - 0.25 * (1.0 - norm_sq) - 1.0 / 32.0)
}

/// `arctan(|c_1|/|c_2|)`, which two zeros do not have.
pub(super) fn angle(c: [f64; 2]) -> f64 {
    if c == [0.0, 0.0] { f64::NAN } else { c[0].abs().atan2(c[1].abs()) }
}

/// What [`pair`] becomes if a run is called won as soon as the leader's `cos²` exceeds `1 − defect`: the exit
/// problem on `|d| < D`, `e^{−D} = √(defect/(1 − defect))`. Off by `(2/π) e^{−D}` at the ends: 0.02 for 0.001.
pub fn pair_stopped_early(c: [f64; 2], defect: f64) -> f64 {
    let gudermann = |d: f64| 2.0 * (0.5 * d).tanh().atan();
    let far = gudermann(0.5 * ((1.0 - defect) / defect).ln());
    0.5 + 0.5 * (gudermann((c[0] / c[1]).abs().ln()) / far).clamp(-1.0, 1.0)
}

/// Probability of each sample to be the one in which SGD ends, as `η → 0`, from the initial correlations of the samples
/// that take part (ReLU: the active ones), `[m]`; only ratios count, signs do not.
///
/// Closed form for one and two samples; for three the lattice of [`triangle`], where it is as good as the `tolerance`; else
/// [`monte_carlo`] to a standard error of at most `tolerance` each, the same for the same `seed`. Samples with `c_j = 0` have probability 0 and
/// leave the law of the others; NaN if all are 0.
///
/// # Panics
/// If the tolerance is not positive, where it is needed.
pub fn probabilities(c: &[f64], tolerance: f64, seed: u64) -> Odds {
    among_present(c, |present| match *present {
        [_] => Odds { probabilities: vec![1.0], errors: vec![0.0], paths: 0 },
        [first, second] => Odds {
            probabilities: vec![pair([first, second]), pair([second, first])],
            errors: vec![0.0; 2],
            paths: 0,
        },
        [first, second, third]
            if tolerance >= triangle::ACCURACY && triangle::is_accurate([first, second, third]) =>
        {
            Odds {
                probabilities: triangle::solve([first, second, third]).to_vec(),
                errors: vec![triangle::ACCURACY; 3],
                paths: 0,
            }
        }
        _ => monte_carlo::estimate(present, tolerance, seed),
    })
}

/// The same for any `m` by `P(i* = j) = (c_j/‖c‖) E_j e^{−A/2}`, `A = ∫(1 − Σp²) dτ`, where `E_j` is the mean over Brownian motions `y` whose
/// `j`-th coordinate drifts at speed 1.
///
/// Nothing is discretised in time. The estimates sum to 1; one of a very small probability can be negative, by its error. The bias is
/// below a tenth of the tolerance. Some `0.025/tolerance²` paths at most at the starts of `selection_law` (measured), at least 4096, of some ten points each; a path costs
/// `O(m)` a point and serves all samples.
///
/// The identity is Doob's `h`-transform by the martingale `e^{A/2} √p_j` (Rogers and Williams, *Diffusions, Markov Processes and Martingales*,
/// vol. 2, IV.39); points of a Poisson process in the place of the integral are those of Beskos and Roberts (Ann. Appl. Probab. 15, 2005). The source
/// of the module holds the derivation.
///
/// # Panics
/// If the tolerance is not positive.
pub fn monte_carlo(c: &[f64], tolerance: f64, seed: u64) -> Odds {
    among_present(c, |present| monte_carlo::estimate(present, tolerance, seed))
}

/// The law of the samples whose correlation is not 0; 0 for the others, NaN if there are none.
fn among_present(c: &[f64], law: impl Fn(&[f64]) -> Odds) -> Odds {
    let present: Vec<f64> = c.iter().copied().filter(|&c| c != 0.0).collect();
    if present.is_empty() {
        return Odds { probabilities: vec![f64::NAN; c.len()], errors: vec![f64::NAN; c.len()], paths: 0 };
    }
    let Odds { probabilities, errors, paths } = law(&present);
    let spread = |values: Vec<f64>| {
        let mut values = values.into_iter();
        c.iter().map(|&c| if c == 0.0 { 0.0 } else { values.next().unwrap_or(f64::NAN) }).collect()
    };
    Odds { probabilities: spread(probabilities), errors: spread(errors), paths }
}

/// First guess, wrong for every `m`: `|c_i|/Σ|c|`.
pub fn proportional(c: &[f64]) -> Vec<f64> {
    let total: f64 = c.iter().map(|c| c.abs()).sum();
    c.iter().map(|c| c.abs() / total).collect()
}

/// Second guess, right for two samples only: the share of the orthant's solid angle that is seen through the face
/// opposite to `a_i`, with the apex at `w`.
///
/// A Gaussian vector `G` lies in the cone over `w` and `a_j`, `j ≠ i`, iff `|G_i|/c_i` is the smallest of all
/// `|G_j|/c_j`: `∫ 2c_i φ(c_i x) Π_{j≠i} P(|G| > c_j x) dx`, by Simpson's rule with the largest correlation scaled to 1,
/// to 1e-7.
pub fn spherical(c: &[f64]) -> Vec<f64> {
    let top = largest_size(c.iter().copied());
    let c: Vec<f64> = c.iter().map(|c| c.abs() / top).collect();
    let first = |i: usize, x: f64| {
        let others: f64 =
            c.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, c)| erfc(c * x * FRAC_1_SQRT_2)).product();
        FRAC_2_PI.sqrt() * c[i] * (-0.5 * (c[i] * x).powi(2)).exp() * others
    };
    (0..c.len()).map(|i| simpson(|x| first(i, x), 0.0, 9.0, 200)).collect()
}

/// Upper bound on the probability that the leader of the diffusion does not win in the end.
///
/// With `i` in the lead and `d_j = y_j − y_i`, for `a < 1` each `e^{a d_j}` has the drift
/// `a (a + p_j − p_i) e^{a d_j} ≤ 0` as long as `p_i ≥ (1 + a)/2`. Leaving that region takes
/// `Σ e^{2 d_j} ≥ (1 − a)/(1 + a)`, so `Σ e^{a d_j} ≥ ((1 − a)/(1 + a))^{a/2}`: by the optional stopping of a
/// supermartingale it happens with probability at most `((1 + a)/(1 − a))^{a/2} Σ e^{a d_j}`. The best of a few `a`; 1 where
/// there is no single leader.
pub fn return_bound(c: &[f64]) -> f64 {
    let leader = largest_size(c.iter().copied());
    let at_leader = c.iter().filter(|c| c.abs() == leader).count();
    if at_leader != 1 {
        return 1.0;
    }
    let bound = |a: f64| {
        let rivals: f64 = c.iter().filter(|c| c.abs() < leader).map(|c| (c.abs() / leader).powf(a)).sum();
        ((1.0 + a) / (1.0 - a)).powf(0.5 * a) * rivals
    };
    [0.5, 0.7, 0.8, 0.9, 0.95].into_iter().map(bound).fold(1.0, f64::min)
}

/// Logarithms of the direction cosines within the span, `ŷ_j = log(|c_j|/√Σc²)`, summed.
///
/// `log φ` has drift 1 and `y_j` has `p_j`, so `Σ_j ŷ_j + (m − 1) τ` is a martingale: of the diffusion's time,
/// `E τ = E[Σ ŷ(0) − Σ ŷ(τ)]/(m − 1)` for every stopping time of finite mean. `−∞` with a zero among the `c_j`.
pub fn log_cosines(c: &[f64]) -> f64 {
    let norm = norm(c);
    c.iter().map(|c| (c.abs() / norm).ln()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activation::Activation;
    use crate::theory::random_walk::{for_each_subset, step};

    #[test]
    fn the_pair_law_is_harmonic_for_the_enumerated_drift_and_variance() {
        assert!((pair(direction(0.37)) - 0.37).abs() < 1e-15);
        // At d, on N = 1 + r (η/8) sech² d, r = (m−b)/(m−1), all batches enumerated: h'' (variance) + 2 h' (drift) is of order η⁴.
        let residual = |d: f64, eta: f64, m: usize, b: usize| {
            let spread = (m - b) as f64 / (m - 1) as f64;
            let norm_sq = 1.0 + spread * eta / 8.0 / d.cosh().powi(2);
            let share = 1.0 / (1.0 + (-2.0 * d).exp());
            let mut c = vec![0.0; m];
            (c[0], c[1]) = ((norm_sq * share).sqrt(), (norm_sq * (1.0 - share)).sqrt());
            let (mut drift, mut variance, mut change, mut count) = (0.0, 0.0, 0.0, 0.0);
            for_each_subset(m, b, |batch| {
                let next = step(&c, norm_sq, batch, eta, Activation::Linear);
                let jump = (next[0] / next[1]).ln() - d;
                (drift, variance, count) = (drift + jump, variance + jump * jump, count + 1.0);
                change += next[0] * next[0] + next[1] * next[1] - norm_sq;
            });
            (drift, variance, change) = (drift / count, variance / count, change / count);
            assert!(change.abs() < eta.powi(3), "the norm stays: {change}");
            let unit = |d: f64| [0.5 + 0.5 * d.tanh(), 0.5 - 0.5 * d.tanh()].map(f64::sqrt);
            let law = |d: f64| pair(unit(d)) + eta * spread * pair_slope(unit(d));
            let h = 1e-3;
            let (low, at, high) = (law(d - h), law(d), law(d + h));
            (variance * (high - 2.0 * at + low) / (h * h) + drift * (high - low) / h) / (eta * eta)
        };
        for d in [-2.3, -0.4, 0.3, 0.9, 3.1] {
            for (m, b) in [(2, 1), (4, 1), (4, 2), (4, 3), (5, 2)] {
                let [coarse, fine] = [0.04, 0.02].map(|eta| residual(d, eta, m, b));
                assert!(fine.abs() < 2e-4 && coarse.abs() < 8e-4, "{d}, m = {m}, b = {b}: {coarse} {fine}");
            }
            let (there, back) = ([0.3 * d.exp(), 0.3], [0.3, 0.3 * d.exp()]);
            assert!((pair_slope(there) + pair_slope(back)).abs() < 1e-14);
        }
    }

    #[test]
    fn on_the_way_to_the_manifold_the_odds_move_with_the_norm() {
        // Both batches enumerated: the mean change of 2θ/π over that of N is η h'' (1/N − ½), and `pair_slope` its integral.
        let eta = 1e-4;
        for (theta, norm_sq) in [(0.3f64, 0.04f64), (0.5, 0.5), (1.2, 0.83), (1.1, 1.6)] {
            let c = [theta.sin(), theta.cos()].map(|c| c * norm_sq.sqrt());
            let (mut odds, mut norm) = (0.0, 0.0);
            for i in 0..2 {
                let next = step(&c, norm_sq, &[i], eta, Activation::Linear);
                odds += 0.5 * (pair([next[0], next[1]]) - pair(c));
                norm += 0.5 * (next[0] * next[0] + next[1] * next[1] - norm_sq);
            }
            let ends = [0.999, 1.001].map(|scale| pair_slope(c.map(|c| c * f64::sqrt(scale))));
            let slope = (ends[1] - ends[0]) / (0.002 * norm_sq);
            assert!(
                (odds / norm / eta + slope).abs() < 2e-3 * slope.abs(),
                "{theta} {norm_sq}: {} {slope}",
                odds / norm / eta
            );
        }
    }

    #[test]
    fn an_early_stop_moves_the_ends_by_two_hundredths() {
        let c = [0.031_623, 1.0];
        assert!((pair(c) - pair_stopped_early(c, 1e-3) - 0.02).abs() < 2e-4);
        assert!((pair([0.3, 1.0]) - pair_stopped_early([0.3, 1.0], 1e-16)).abs() < 1e-7);
        assert_eq!(pair_stopped_early([0.01, 1.0], 1e-3), 0.0);
    }

    #[test]
    fn clocks_are_the_variances_of_log_ratios() {
        // Enumerated at small η: Var Δ(y_1 − y_2) = 2κ, without and with replacement.
        let (m, eta) = (5, 1e-4f64);
        let c = [0.5, 0.2, 0.6, 0.3, 0.4];
        let unit: Vec<f64> = c.iter().map(|x| x / c.iter().map(|c| c * c).sum::<f64>().sqrt()).collect();
        let change = |batch: &[usize]| {
            let next = step(&unit, 1.0, batch, eta, Activation::Linear);
            (next[1] / next[3] / (unit[1] / unit[3])).ln()
        };
        for b in 1..m {
            let (mut sum, mut count) = (0.0, 0.0);
            for_each_subset(m, b, |batch| (sum, count) = (sum + change(batch).powi(2), count + 1.0));
            assert!((sum / count / (2.0 * diffusion_rate(m, b, eta)) - 1.0).abs() < 1e-3, "b = {b}");
        }
        let pairs = (0..m * m).map(|k| change(&[k / m, k % m]).powi(2)).sum::<f64>() / (m * m) as f64;
        assert!((pairs / (2.0 * diffusion_rate_with_replacement(m, 2, eta)) - 1.0).abs() < 1e-3);
        assert_eq!(diffusion_rate(4, 4, 0.1), 0.0);
    }

    #[test]
    fn the_sum_of_log_cosines_falls_at_a_constant_mean_rate() {
        // One step from any point of the manifold, all batches enumerated: −(m − 1) κ to leading order.
        let (m, eta) = (5, 1e-4f64);
        for c in [[0.9, 0.1, 0.2, 0.3, 0.15], [0.5, 0.5, 0.5, 0.4, 0.4], [0.01, 0.02, 0.99, 0.05, 0.03]] {
            let norm = c.iter().map(|c| c * c).sum::<f64>().sqrt();
            let unit: Vec<f64> = c.iter().map(|x| x / norm).collect();
            for b in [1, 3] {
                let (mut sum, mut count) = (0.0, 0.0);
                for_each_subset(m, b, |batch| {
                    let next = step(&unit, 1.0, batch, eta, Activation::Linear);
                    (sum, count) = (sum + log_cosines(&next) - log_cosines(&unit), count + 1.0);
                });
                let rate = -sum / count / diffusion_rate(m, b, eta);
                assert!((rate / (m as f64 - 1.0) - 1.0).abs() < 2e-3, "{c:?} b = {b}: {rate}");
            }
        }
    }

    #[test]
    fn the_return_bound_holds_for_two() {
        for ratio in [0.3f64, 0.1, 1e-3, 1e-7] {
            let exact = 1.0 - pair([1.0, ratio]);
            assert!(return_bound(&[ratio, 1.0]) >= exact, "{ratio}");
        }
        assert!(return_bound(&[1e-8, 1e-8, -1.0]) < 1e-6);
        assert_eq!(return_bound(&[0.5, 0.5]), 1.0);
    }

    #[test]
    fn guesses_are_laws() {
        let c = [0.5, -0.3, 0.2];
        let norm = c.iter().map(|c| c * c).sum::<f64>().sqrt();
        // Van Oosterom and Strackee for a trihedral angle with two right edges.
        let exact = |i: usize| {
            let rest: f64 = c.iter().map(|c| c.abs()).sum::<f64>() - c[i].abs();
            4.0 * FRAC_1_PI * (c[i].abs() / (norm + rest)).atan()
        };
        let shares = spherical(&c);
        assert_eq!(shares.len(), 3);
        for (i, share) in shares.into_iter().enumerate() {
            assert!((share - exact(i)).abs() < 1e-7, "{i}: {share} {}", exact(i));
        }
        let guess = proportional(&c);
        assert!(guess.len() == 3 && guess.iter().zip([0.5, 0.3, 0.2]).all(|(a, b)| (a - b).abs() < 1e-15));
    }
}
