//! Two samples, one a step, at any step size: the odds of the chain itself, without a limit.
//!
//! Let `tan θ = |c_1|/|c_2|`. The probability that sample 1 wins is harmonic in the state `(θ, N)`,
//!
//! ```text
//! h(θ, N) = ½ Σ_i h(step_i(θ, N)),    h → 0, 1 at θ = 0, π/2
//! ```
//!
//! A step commutes with the reflections `c_j → −c_j` and with the exchange of the samples. So `u = h − 2θ/π`, the
//! deviation from the law of small `η`, is odd about `θ = 0` and about `θ = π/4`, hence a series in `sin 4kθ`; and no step
//! leads out of `|N − 1| ≤ η/4`, where polynomials will do:
//!
//! ```text
//! u = Σ_k Σ_j a_kj sin(4kθ) T_j(4(N − 1)/η)
//! ```
//!
//! The equation is asked for at as many points as there are coefficients, equidistant in `θ` and Chebyshev's in `N`. Twice
//! the terms change `h` at `N = 1` by less than 1e-11 for `η = 0.1`, 1e-8 for 0.3, 2e-7 for 0.45.

use std::f64::consts::{FRAC_2_PI, FRAC_PI_4, PI};

use nalgebra::{DMatrix, DVector};

use crate::activation::Activation;
use crate::theory::random_walk::step;

/// Harmonics in the angle.
const HARMONICS: usize = 16;

/// Polynomials in the squared norm.
const DEGREES: usize = 8;

/// The solved chain for one step size.
#[derive(Clone, Debug)]
pub struct Chain {
    basis: Basis,
    coefficients: DVector<f64>,
}

impl Chain {
    /// Solves for a step size, `b = 1`: some hundred linear equations.
    ///
    /// # Panics
    /// Unless `0 < η < ½`, where runs converge.
    pub fn new(step_size: f64) -> Self {
        Self::with_terms(step_size, HARMONICS, DEGREES)
    }

    fn with_terms(step_size: f64, harmonics: usize, degrees: usize) -> Self {
        assert!(step_size > 0.0 && step_size < 0.5, "a step size between 0 and 1/2, not {step_size}");
        let basis = Basis { step_size, harmonics, degrees };
        let terms = harmonics * degrees;
        let (mut matrix, mut gain) = (DMatrix::zeros(terms, terms), DVector::zeros(terms));
        for (row, c) in basis.nodes().enumerate() {
            let mut equation = basis.at(c);
            for next in both(c, step_size) {
                equation.axpy(-0.5, &basis.at(next), 1.0);
                gain[row] += 0.5 * FRAC_2_PI * (angle(next) - angle(c));
            }
            matrix.set_row(row, &equation.transpose());
        }
        let coefficients = matrix.lu().solve(&gain).expect("independent equations");
        Self { basis, coefficients }
    }

    /// `P(i* = 1)` from correlations with `|N − 1| ≤ η/4`; signs do not matter.
    pub fn probability(&self, c: [f64; 2]) -> f64 {
        let c = c.map(f64::abs);
        FRAC_2_PI * angle(c) + self.coefficients.dot(&self.basis.at(c))
    }
}

/// `sin(4kθ) T_j(x)`, `k` from 1, `j` from 0.
#[derive(Clone, Copy, Debug)]
struct Basis {
    step_size: f64,
    harmonics: usize,
    degrees: usize,
}

impl Basis {
    fn nodes(self) -> impl Iterator<Item = [f64; 2]> {
        (0..self.harmonics * self.degrees).map(move |node| {
            let (k, j) = (node / self.degrees, node % self.degrees);
            let angle = FRAC_PI_4 * (k + 1) as f64 / (self.harmonics + 1) as f64;
            let place = (PI * (j as f64 + 0.5) / self.degrees as f64).cos();
            let norm = (1.0 + 0.25 * self.step_size * place).sqrt();
            [norm * angle.sin(), norm * angle.cos()]
        })
    }

    fn at(&self, c: [f64; 2]) -> DVector<f64> {
        let x = 4.0 * (c[0] * c[0] + c[1] * c[1] - 1.0) / self.step_size;
        let mut chebyshev = vec![1.0, x];
        for j in 2..self.degrees {
            chebyshev.push(2.0 * x * chebyshev[j - 1] - chebyshev[j - 2]);
        }
        let angle = angle(c);
        let wave = |k: usize| (4.0 * (k + 1) as f64 * angle).sin();
        let term = |row: usize, _: usize| wave(row / self.degrees) * chebyshev[row % self.degrees];
        DVector::from_fn(self.harmonics * self.degrees, term)
    }
}

fn angle(c: [f64; 2]) -> f64 {
    c[0].atan2(c[1])
}

/// Where either sample leads.
fn both(c: [f64; 2], step_size: f64) -> [[f64; 2]; 2] {
    let norm_sq = c[0] * c[0] + c[1] * c[1];
    [0, 1].map(|i| {
        let next = step(&c, norm_sq, &[i], step_size, Activation::Linear);
        [next[0], next[1]]
    })
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::super::{pair, pair_slope};
    use super::*;
    use crate::rng::{Purpose, stream};

    fn start(angle: f64, norm_sq: f64) -> [f64; 2] {
        [angle.sin(), angle.cos()].map(|c| c * norm_sq.sqrt())
    }

    #[test]
    fn more_terms_change_nothing_and_the_law_is_harmonic_between_the_nodes() {
        for (eta, tolerance) in [(0.01, 1e-11), (0.1, 1e-11), (0.3, 1e-8), (0.45, 2e-7)] {
            let (chain, finer) = (Chain::new(eta), Chain::with_terms(eta, 2 * HARMONICS, 2 * DEGREES));
            for theta in (1..40).map(|k| 0.0391 * f64::from(k)) {
                let change = chain.probability(start(theta, 1.0)) - finer.probability(start(theta, 1.0));
                assert!(change.abs() < tolerance, "η = {eta}, θ = {theta}: {change:e}");
                for norm_sq in [1.0, 1.0 + 0.11 * eta, 1.0 + 0.21 * eta] {
                    let c = start(theta, norm_sq);
                    let mean: f64 = both(c, eta).into_iter().map(|next| 0.5 * chain.probability(next)).sum();
                    let residual = mean - chain.probability(c);
                    assert!(
                        residual.abs() < 100.0 * tolerance,
                        "η = {eta}, θ = {theta}, N = {norm_sq}: {residual:e}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_step_stays_where_the_polynomials_are_good() {
        for eta in [0.05, 0.2, 0.3, 0.45] {
            for k in 0..=200 {
                for place in [-1.0, -0.6, -0.1, 0.3, 0.8, 1.0] {
                    let c =
                        start(std::f64::consts::FRAC_PI_2 * f64::from(k) / 200.0, 1.0 + 0.25 * eta * place);
                    for next in both(c, eta) {
                        let away = (next[0] * next[0] + next[1] * next[1] - 1.0).abs();
                        assert!(away < 0.25 * eta + 1e-12, "η = {eta}, {c:?} to {next:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_samples_share_one_certainty() {
        let chain = Chain::new(0.37);
        for (theta, norm_sq) in [(0.1, 1.0), (0.6, 1.05), (1.3, 0.98)] {
            let (c, swapped) = (start(theta, norm_sq), start(std::f64::consts::FRAC_PI_2 - theta, norm_sq));
            assert!((chain.probability(c) + chain.probability(swapped) - 1.0).abs() < 1e-14);
            assert_eq!(chain.probability([-c[0], c[1]]), chain.probability(c));
        }
        assert!(chain.probability([0.0, 1.0]).abs() < 1e-15 && chain.probability([0.0, 1.02]).abs() < 1e-15);
    }

    #[test]
    fn the_first_order_in_the_step_size_is_the_derived_one() {
        for theta in [0.2, 0.5, 1.0, 1.4] {
            let c = start(theta, 1.0);
            let slope = |eta: f64| (Chain::new(eta).probability(c) - pair(c)) / eta;
            let [coarse, middle, fine] = [0.04, 0.02, 0.01].map(slope);
            let (rough, sharp) = (2.0 * middle - coarse, 2.0 * fine - middle);
            assert!((sharp - pair_slope(c)).abs() < 3e-6, "{theta}: {sharp} {}", pair_slope(c));
            assert!(
                (sharp - pair_slope(c)).abs() < 0.4 * (rough - pair_slope(c)).abs() + 1e-7,
                "{theta}: {rough} {sharp}"
            );
        }
    }

    #[test]
    fn the_numbers_of_the_findings() {
        let c = start(std::f64::consts::FRAC_PI_8, 1.0);
        for (eta, slope) in
            [(0.05, -0.00968), (0.1, -0.00943), (0.2, -0.00897), (0.3, -0.00855), (0.45, -0.00797)]
        {
            let found = (Chain::new(eta).probability(c) - pair(c)) / eta;
            assert!((found - slope).abs() < 5.5e-6, "η = {eta}: {found}");
        }
    }

    #[test]
    fn runs_of_the_chain_are_won_as_often() {
        let (eta, theta, runs) = (0.45, 0.393, 200_000);
        let mut rng = stream(43, Purpose::Protocol, 0);
        let mut wins = 0;
        for _ in 0..runs {
            let mut c = start(theta, 1.0);
            while c[0].min(c[1]) > 1e-5 * c[0].max(c[1]) {
                let drawn = usize::from(rng.random::<bool>());
                let (pull, push) = (1.0 - eta * c[drawn] * c[drawn], 2.0 - c[0] * c[0] - c[1] * c[1]);
                let gain = eta * push * c[drawn];
                c = c.map(|c| c * pull);
                c[drawn] += gain;
            }
            wins += u32::from(c[0] > c[1]);
        }
        let (measured, expected) =
            (f64::from(wins) / f64::from(runs), Chain::new(eta).probability(start(theta, 1.0)));
        let error = (expected * (1.0 - expected) / f64::from(runs)).sqrt();
        assert!((measured - expected).abs() < 4.0 * error, "{measured} {expected}");
    }
}
