//! What SGD does near a datapoint that correlation has made no fixed point: a stationary spread, to leading order.
//!
//! Write `w = Σ_i α_i x_i + w_⊥`. Near `x_1` (`α_1 ≈ 1`, `N ≈ 1`, other `α_j` and ρ small) one batch without replacement does
//!
//! ```text
//! α_j ← α_j (1 + η_B (1[j∈B] − 1[1∈B])) + η_B ρ 1[j∈B]
//! ```
//!
//! as over orthonormal data, but for the last term: `c_j = α_j + ρ`. The factors have mean 1 and `E log < 0`, so there is a stationary
//! law, and Kesten's exponent is 1: a tail `∝ 1/x`. For small `η_B` it is that of the diffusion with drift `A = η_B ρ b/m` and
//! variance `2D (α + ρ/2)² + O(ρ²)`, `D = η_B² b(m − b)/(m(m − 1))`. In `u = α + ρ/2` its density is `∝ u^{−2} exp(−A/(Du))`: an inverse
//! gamma law of shape 1. Corrections are of relative order `η_B²` in the bulk, and of the order of `α` itself in the tail, where the
//! other coefficients are not small any more. With ReLU and `ρ ≤ 0` there is no spread: `c_j ≤ 0` pushes nothing.

/// Stationary law of the coefficient of another sample near a datapoint: `P(|α_j| ≤ x) ≈ exp(−σ/(x + |ρ|/2))`. The sign of `α_j` is
/// that of `ρ α_1`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// Scale `σ = A/D = |ρ| (m − 1)/(η_B (m − b))`; infinite at `b = m`: full batches have no noise that would hold the others back.
    pub scale: f64,
    /// `|ρ|/2`.
    pub shift: f64,
}

impl Spread {
    /// The law for batches of `batch` of `samples`, without replacement.
    pub fn new(samples: usize, batch: usize, rho: f64, step_per_sample: f64) -> Self {
        let (m, b) = (samples as f64, batch as f64);
        let scale = if batch >= samples {
            f64::INFINITY
        } else {
            rho.abs() * (m - 1.0) / (step_per_sample * (m - b))
        };
        Self { scale, shift: 0.5 * rho.abs() }
    }

    /// `P(|α_j| ≤ x)`.
    pub fn cdf(&self, x: f64) -> f64 {
        if x >= 0.0 { (-self.scale / (x + self.shift)).exp() } else { 0.0 }
    }

    /// The `x` with `P(|α_j| ≤ x) = probability`: `σ/log(1/P) − |ρ|/2`. The median is about `1.44 σ`; there is no mean.
    pub fn quantile(&self, probability: f64) -> f64 {
        self.scale / -probability.ln() - self.shift
    }
}

/// Correlation at which the scales of all `m − 1` other samples add up to 1, so that nothing is left of the pure limit:
/// `ρ_c = η_B (m − b)/(m − 1)²`. It is an order of magnitude and no threshold. For two samples and `b = 1`, where it is `η_B`, the log-ratio
/// `d = log|c_1/c_2|` has, to leading order, the stationary density `∝ cosh d · exp(−2(ρ/η_B) cosh d)`, whose two modes at
/// `cosh d = η_B/2ρ` merge at half of it, `ρ = η_B/2`.
pub fn crossover(samples: usize, batch: usize, step_per_sample: f64) -> f64 {
    let (m, b) = (samples as f64, batch as f64);
    step_per_sample * (m - b) / ((m - 1.0) * (m - 1.0))
}

/// Steps in which what is not stationary falls by `1/e`: `4/D`, the inverse of the gap below the spectrum of the diffusion (`log α`
/// has drift `−D` and variance `2D`).
pub fn relaxation(samples: usize, batch: usize, step_per_sample: f64) -> f64 {
    let (m, b) = (samples as f64, batch as f64);
    4.0 * m * (m - 1.0) / (step_per_sample * step_per_sample * b * (m - b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Purpose, below, stream};
    use crate::stats::Mean;
    use crate::theory::quadrature::simpson;

    /// `w ← w − η_B Σ_{i∈B} ∇ℓ_i(w)` in the coefficients α of `w = Σ α_i x_i`, all of it: nothing small is left out.
    fn step(alpha: &mut [f64], batch: &[usize], rho: f64, eta: f64) {
        let sum: f64 = alpha.iter().sum();
        let c: Vec<f64> = alpha.iter().map(|a| (1.0 - rho) * a + rho * sum).collect();
        let norm_sq: f64 = alpha.iter().zip(&c).map(|(a, c)| a * c).sum();
        let factor = 1.0 - eta * batch.iter().map(|&i| c[i] * c[i]).sum::<f64>();
        alpha.iter_mut().for_each(|a| *a *= factor);
        batch.iter().for_each(|&i| alpha[i] += eta * (2.0 - norm_sq) * c[i]);
    }

    /// `|α_j|` of one of the others at the end of independent runs from a datapoint. Which one goes round with the runs.
    fn simulate(samples: usize, batch: usize, rho: f64, eta: f64, runs: u64, steps: u64) -> Vec<f64> {
        let end = |run: u64| {
            let mut rng = stream(21, Purpose::Protocol, run);
            let mut alpha = vec![0.0; samples];
            alpha[0] = 1.0;
            let mut deck: Vec<usize> = (0..samples).collect();
            for _ in 0..steps {
                for k in 0..batch {
                    let other = k + below(&mut rng, samples - k);
                    deck.swap(k, other);
                }
                step(&mut alpha, &deck[..batch], rho, eta);
            }
            // Rarely, another datapoint has taken over: the largest is the one it is near.
            let size = |i: &usize| alpha[*i].abs();
            let near = (0..samples).max_by(|i, j| size(i).total_cmp(&size(j))).expect("not empty");
            let others: Vec<usize> = (0..samples).filter(|&i| i != near).collect();
            size(&others[run as usize % others.len()])
        };
        (0..runs).map(end).collect()
    }

    #[test]
    fn the_stationary_law_is_that_of_the_simulated_descent() {
        // Runs are independent: fractions below the predicted quantiles within 4.5 standard errors, plus η_B² for the
        // corrections of that order. Ten relaxation times from the datapoint itself.
        for (m, b, rho, eta, runs) in
            [(2, 1, 2e-5, 0.1, 1200), (4, 1, 1e-5, 0.12, 600), (5, 3, -1e-5, 0.1, 600)]
        {
            let steps = (10.0 * relaxation(m, b, eta)) as u64;
            let ends = simulate(m, b, rho, eta, runs, steps);
            let spread = Spread::new(m, b, rho, eta);
            for probability in [0.15, 0.5, 0.85] {
                let x = spread.quantile(probability);
                assert!((spread.cdf(x) - probability).abs() < 1e-14);
                let fraction = ends.iter().filter(|size| **size <= x).count() as f64 / runs as f64;
                let error = (probability * (1.0 - probability) / runs as f64).sqrt();
                let deviation = (fraction - probability).abs();
                assert!(
                    deviation < 4.5 * error + eta * eta,
                    "m={m} b={b} ρ={rho}: {fraction} at {probability}"
                );
            }
        }
    }

    #[test]
    fn two_correlated_samples_share_the_stationary_law_of_the_log_ratio() {
        // cosh d exp(−2(ρ/η) cosh d): two modes at ρ = 0.15 η, one at 0.8 η. Share of the steps with |d| < 1, 40 stretches.
        let eta = 0.05;
        for ratio in [0.15, 0.8] {
            let density = |d: f64| d.cosh() * (-2.0 * ratio * d.cosh()).exp();
            let mass = |end: f64| simpson(density, 0.0, end, 4000);
            let (law, rho) = (mass(1.0) / mass(12.0), ratio * eta);
            let mut rng = stream(22, Purpose::Protocol, 0);
            let mut alpha = vec![0.8, 0.6];
            let mut stretch = || {
                let steps = 100_000;
                let inside = (0..steps).filter(|_| {
                    step(&mut alpha, &[below(&mut rng, 2)], rho, eta);
                    (alpha[0] / alpha[1]).abs().ln().abs() < 1.0
                });
                inside.count() as f64 / f64::from(steps)
            };
            stretch();
            let share = Mean::of(&(0..40).map(|_| stretch()).collect::<Vec<_>>());
            assert!((share.mean - law).abs() < 4.0 * share.sem + 0.3 * eta, "{ratio}: {share:?} {law}");
            assert!(share.sem < 0.02);
            // At the mode of the two, not in the middle, iff ρ < η/2.
            let middle_is_a_mode = density(0.0) > density(0.2);
            assert_eq!(middle_is_a_mode, ratio > 0.5);
        }
    }

    #[test]
    fn scales_are_consistent() {
        for (m, b, eta) in [(2, 1, 0.1), (9, 4, 0.03)] {
            let rho = crossover(m, b, eta);
            assert!((Spread::new(m, b, rho, eta).scale * (m as f64 - 1.0) - 1.0).abs() < 1e-14);
        }
        assert_eq!(Spread::new(5, 5, 0.1, 0.1).scale, f64::INFINITY);
        assert_eq!(Spread::new(5, 2, 0.0, 0.1).cdf(1e-300), 1.0);
    }
}
