//! The odds of any start, by a Monte Carlo without time step.
//!
//! Along the diffusion of [`selection`](super) let `A_t = ∫_0^t (1 − Σp²) dτ`. Against a Brownian motion its paths have the density
//! `φ(y_t)/φ(y_0) · exp(−∫ (1 − ½ Σp²))`, and `√p_j = e^{y_j}/φ`, so
//!
//! ```text
//! e^{A_t/2} √p_j(t)/√p_j(0) · φ(y_t)/φ(y_0) · e^{−t + ½∫Σp²} = e^{y_j(t) − y_j(0) − t/2},
//! ```
//!
//! the density of Cameron and Martin for a Brownian motion with the drift `e_j`: `e^{A/2} √p_j` is a martingale, and under the measure `P_j` that it
//! defines `y` is a Brownian motion of which one coordinate, the `j`-th, drifts at speed 1 (an `h`-transform of Doob). Hence
//! `E √p_j(t) = √p_j(0) E_j e^{−A_t/2}`.
//!
//! Almost surely one sample wins: the positive martingales `e^{A/2} √p_j` converge, so does their sum, and this is at least `e^{A/2}`. Hence `A_∞ < ∞`, every
//! `p_j` converges, and the limit has `Σp² = 1`: it is a vertex. So `√p_j(t)` tends to 1 if `j` wins and to 0 if it does not; it is bounded, as `e^{−A/2}`
//! is, and as `t → ∞`
//!
//! ```text
//! P(i* = j) = (c_j/‖c‖) E_j e^{−A/2}.
//! ```
//!
//! **Estimator.** `½(1 − Σp²) ≤ ½`: at the points of a Poisson process of rate ½ the product of `Σp²` has, given the path, the mean
//! `exp(−½∫(1 − Σp²)) = e^{−A/2}`. A Brownian motion is sampled at such points exactly (as in the exact algorithm of Beskos and Roberts, Ann. Appl.
//! Probab. 15, 2005), so nothing is discretised. One motion and one Poisson process serve all `j`, which differ in the drift alone.
//!
//! **End.** A path that goes on from `y`, where `R_j = Σ_{k≠j} c_k/c_j`, has the factor `E_j e^{−A/2} = P(j)/√p_j` before it. This is at most 1, and at least
//! `P(j) = 1 − Σ_{k≠j} P(k) ≥ 1 − R_j`, because `P(k) ≤ √p_k ≤ c_k/c_j`. The path ends when that leaves open less than [`OPEN`] of the tolerance,
//! summed over `j`; the factor is then taken to be `1 − (2/π) R_j`, what it is for a single rival far behind.
//!
//! **Sum.** The estimators are unbiased one by one, and the mean of their sum is 1: the sum is a control variate. With the regression
//! coefficient of each on it the estimates sum to 1 exactly. It leaves a standard deviation below 0.16 a path (measured) where a count has up to ½.

use std::f64::consts::{FRAC_2_PI, FRAC_PI_2};

use chacha20::ChaCha8Rng;
use rand::Rng;
use rand_distr::{Distribution, Exp1, StandardNormal};

use crate::rng::{Purpose, stream};
use crate::vectors::norm;

/// What the ends of the paths may leave open, in units of the tolerance. It bounds the bias: `2/π` of it, and as much times the coefficient of the
/// control variate.
const OPEN: f64 = 0.05;

/// Rate at which points with the factor `Σp²` give `e^{−A/2}`.
const HALF: f64 = 0.5;

/// Paths between looks at the errors, and in the least run.
const BLOCK: u64 = 1024;
const MIN_DRAWS: u64 = 4 * BLOCK;

/// Probabilities with their errors.
#[derive(Clone, Debug, PartialEq)]
pub struct Odds {
    /// `P(i* = j)`, `[m]`.
    pub probabilities: Vec<f64>,
    /// Their standard errors, `[m]`; of a lattice solution its accuracy, of a closed form 0.
    pub errors: Vec<f64>,
    /// Paths behind them; 0 if none.
    pub paths: u64,
}

/// Estimates from correlations none of which is 0, two at least.
pub(super) fn estimate(c: &[f64], tolerance: f64, seed: u64) -> Odds {
    let mut path = Path::new(c, HALF, FRAC_2_PI);
    average(c.len(), tolerance, seed, |moments, rng, open| moments.add(path.follow(rng, open)))
}

/// `(c_j/‖c‖) E_j e^{−A} = E[e^{−A/2}; i* = j]` of the same correlations: points at rate 1, and no control variate. What is left at the end of a path has the slope of
/// `sinh θ/(sinh(π/2) sin θ)` at `θ = π/2`, which the factor of two samples is ([`pair_moment`](super::pair_moment)).
pub(super) fn estimate_damped(c: &[f64], tolerance: f64, seed: u64) -> Odds {
    let mut path = Path::new(c, 1.0, FRAC_PI_2.tanh().recip());
    paths(c.len(), tolerance, seed, Moments::plain, |moments, rng, open| moments.add(path.follow(rng, open)))
}

/// Means of estimators whose sum has the mean 1, over as many paths as bring every standard error down to the tolerance. `path` adds one value of each; it may
/// end where the rest could change their sum by less than the number that it is given.
pub(in crate::theory) fn average(
    estimators: usize,
    tolerance: f64,
    seed: u64,
    path: impl FnMut(&mut Moments, &mut ChaCha8Rng, f64),
) -> Odds {
    paths(estimators, tolerance, seed, Moments::controlled, path)
}

/// Paths until the errors are at the tolerance.
fn paths(
    estimators: usize,
    tolerance: f64,
    seed: u64,
    summed: fn(&Moments) -> Odds,
    mut path: impl FnMut(&mut Moments, &mut ChaCha8Rng, f64),
) -> Odds {
    assert!(tolerance > 0.0, "a standard error of {tolerance} is never reached");
    let mut rng = stream(seed, Purpose::Protocol, 0);
    let mut moments = Moments::new(estimators);
    loop {
        for _ in 0..BLOCK {
            path(&mut moments, &mut rng, OPEN * tolerance);
        }
        let odds = summed(&moments);
        if moments.count >= MIN_DRAWS as f64 && odds.errors.iter().all(|error| *error <= tolerance) {
            return odds;
        }
    }
}

/// A Brownian motion from `log|c|`, and the products over its Poisson points.
struct Path {
    /// Points a unit of time.
    rate: f64,
    /// What a path that ends lacks, over `R_j`.
    slope: f64,
    start: Vec<f64>,
    shares: Vec<f64>,
    y: Vec<f64>,
    sizes: Vec<f64>,
    products: Vec<f64>,
}

impl Path {
    fn new(c: &[f64], rate: f64, slope: f64) -> Self {
        let norm = norm(c);
        let shares: Vec<f64> = c.iter().map(|c| c.abs() / norm).collect();
        let start: Vec<f64> = shares.iter().map(|c| c.ln()).collect();
        Self { rate, slope, y: start.clone(), sizes: shares.clone(), products: shares.clone(), start, shares }
    }

    /// One value of every estimator, `[m]`.
    fn follow(&mut self, rng: &mut impl Rng, open: f64) -> &[f64] {
        self.y.copy_from_slice(&self.start);
        self.products.copy_from_slice(&self.shares);
        let mut time = 0.0;
        while !self.ends(time, open) {
            let wait: f64 = Exp1.sample(rng);
            let wait = wait / self.rate;
            let deviation = wait.sqrt();
            time += wait;
            for y in &mut self.y {
                let noise: f64 = StandardNormal.sample(rng);
                *y += deviation * noise;
            }
            self.multiply(time);
        }
        &self.products
    }

    /// Takes in the `Σp²` of every drift: `e^{y_j}` stands for `e^{y_j + time}` in the `j`-th.
    fn multiply(&mut self, time: f64) {
        let top = self.y.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let (mut two, mut four) = (0.0, 0.0);
        for (size, y) in self.sizes.iter_mut().zip(&self.y) {
            *size = (y - top).exp();
            let square = *size * *size;
            (two, four) = (two + square, four + square * square);
        }
        let (gain_two, gain_four) = ((2.0 * time).exp_m1(), (4.0 * time).exp_m1());
        for (product, size) in self.products.iter_mut().zip(&self.sizes) {
            let square = size * size;
            *product *= (four + square * square * gain_four) / (two + square * gain_two).powi(2);
        }
    }

    /// Whether what is to come matters no more; if so, it is estimated.
    fn ends(&mut self, time: f64, open: f64) -> bool {
        let one: f64 = self.sizes.iter().sum();
        let rivals = |size: f64| ((one - size) / size * (-time).exp()).min(1.0);
        let left: f64 = self.products.iter().zip(&self.sizes).map(|(p, &size)| p * rivals(size)).sum();
        let ends = left <= open;
        if ends {
            let sizes = self.sizes.iter();
            self.products.iter_mut().zip(sizes).for_each(|(p, &size)| *p *= 1.0 - self.slope * rivals(size));
        }
        ends
    }
}

/// Sums over paths: of the estimators, their squares, and their products with the sum of all.
pub(in crate::theory) struct Moments {
    count: f64,
    first: Vec<f64>,
    second: Vec<f64>,
    mixed: Vec<f64>,
}

impl Moments {
    fn new(m: usize) -> Self {
        Self { count: 0.0, first: vec![0.0; m], second: vec![0.0; m], mixed: vec![0.0; m] }
    }

    /// Takes in one value of every estimator.
    pub fn add(&mut self, values: &[f64]) {
        self.count += 1.0;
        let sum: f64 = values.iter().sum();
        for (j, value) in values.iter().enumerate() {
            self.first[j] += value;
            self.second[j] += value * value;
            self.mixed[j] += value * sum;
        }
    }

    /// Plain means.
    fn plain(&self) -> Odds {
        let estimate = |j: usize| {
            let mean = self.first[j] / self.count;
            (mean, ((self.second[j] / self.count - mean * mean).max(0.0) / self.count).sqrt())
        };
        let (probabilities, errors) = (0..self.first.len()).map(estimate).unzip();
        Odds { probabilities, errors, paths: self.count as u64 }
    }

    /// Means with the sum as control variate.
    fn controlled(&self) -> Odds {
        let n = self.count;
        let sum = self.first.iter().sum::<f64>() / n;
        let covariance = |j: usize| self.mixed[j] / n - self.first[j] / n * sum;
        let total: f64 = (0..self.first.len()).map(covariance).sum();
        let estimate = |j: usize| {
            let (mean, covariance) = (self.first[j] / n, covariance(j));
            let slope = if total > 0.0 { covariance / total } else { 0.0 };
            let variance = self.second[j] / n - mean * mean - slope * covariance;
            (mean - slope * (sum - 1.0), (variance.max(0.0) / n).sqrt())
        };
        let (probabilities, errors) = (0..self.first.len()).map(estimate).unzip();
        Odds { probabilities, errors, paths: n as u64 }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{monte_carlo, pair, probabilities, triangle};
    use super::*;

    #[test]
    fn two_samples_are_right_and_their_errors_are_standard_errors() {
        // 60 independent runs over angles: the squares of the deviations in units of the errors have mean 1, deviation 0.18.
        let squares: Vec<f64> = (1..=60)
            .map(|k| {
                let angle = 1.5 * f64::from(k) / 60.0;
                let c = [angle.sin(), angle.cos()];
                let odds = monte_carlo(&c, 2e-3, 90 + k as u64);
                assert!((odds.probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-12);
                ((odds.probabilities[0] - pair(c)) / odds.errors[0]).powi(2)
            })
            .collect();
        let mean = squares.iter().sum::<f64>() / 60.0;
        assert!((0.35..1.9).contains(&mean), "{mean}");
    }

    #[test]
    fn three_samples_are_those_of_the_lattice() {
        for (c, seed) in [([5.0, 3.0, 2.0], 1), ([1.0, 1.0, 0.05], 2), ([0.9, 0.3, 0.1], 3)] {
            let (odds, law) = (monte_carlo(&c, 5e-4, seed), triangle::solve(c));
            for j in 0..3 {
                let error = odds.errors[j];
                assert!(error * error * (odds.paths as f64) < 0.025, "{c:?} {odds:?}");
                assert!(
                    error <= 5e-4 && (odds.probabilities[j] - law[j]).abs() < 4.5 * error,
                    "{c:?} {odds:?} {law:?}"
                );
            }
        }
    }

    #[test]
    fn the_sum_has_mean_one_before_it_is_used() {
        let (c, n) = ([10.0, 3.0, 1.0, 1.0, 1.0, 0.2, 1e-3], 20_000);
        let (mut path, mut rng) = (Path::new(&c, HALF, FRAC_2_PI), stream(5, Purpose::Protocol, 0));
        let sums: Vec<f64> = (0..n).map(|_| path.follow(&mut rng, 5e-5).iter().sum()).collect();
        let mean = crate::stats::Mean::of(&sums);
        assert!((mean.mean - 1.0).abs() < 4.5 * mean.sem, "{mean:?}");
    }

    #[test]
    fn what_an_ended_path_leaves_open_is_bounded() {
        for ratio in [0.9f64, 0.3, 0.01, 1e-5] {
            let factor = pair([1.0, ratio]) * ratio.hypot(1.0);
            assert!(factor >= 1.0 - ratio && factor <= 1.0);
            assert!((factor - (1.0 - FRAC_2_PI * ratio)).abs() < 0.5 * ratio * ratio);
        }
    }

    #[test]
    fn samples_out_of_sight_change_nothing() {
        let law = |c: &[f64]| probabilities(c, 1e-2, 7).probabilities;
        let (with, without) = (law(&[0.5, 0.3, 0.0, 0.2, -0.4]), law(&[0.5, 0.3, 0.2, 0.4]));
        assert_eq!(with, [without[0], without[1], 0.0, without[2], without[3]]);
        assert_eq!(law(&[0.0, 0.4, 0.0, -0.7]), [0.0, pair([0.4, 0.7]), 0.0, pair([0.7, 0.4])]);
        assert_eq!(law(&[0.5, 0.0, -0.3, 0.2])[2], triangle::solve([0.5, 0.3, 0.2])[1]);
        assert_eq!(law(&[0.0, 0.3]), [0.0, 1.0]);
        assert!(law(&[0.0, 0.0]).iter().all(|p| p.is_nan()));
        // Beyond the range of the lattice, and of floating point.
        let faint = probabilities(&[0.5, 0.45, 1e-9], 1e-3, 7);
        assert!(faint.paths > 0 && (faint.probabilities[0] - pair([0.5, 0.45])).abs() < 4.5e-3, "{faint:?}");
        let gone = probabilities(&[0.5, 0.45, 1e-200, 1e-300], 1e-2, 7);
        assert!((gone.probabilities[0] - pair([0.5, 0.45])).abs() < 0.045, "{gone:?}");
    }
}
