//! Alignment of the limits with the data and with the initial point, for Gaussian directions
//! (GFHY Corollary 3): exact finite-size expectations, not only their orders.
//!
//! Throughout `w_0 = ρ g/‖g‖` and the data is orthonormal, so that `c_i(0)/‖w_0‖ = g_i/‖g‖`. A
//! direction is independent of its norm, hence `E[h(g)/‖g‖] = E h(g) / E‖g‖` for `h` of degree 1.

use statrs::distribution::{Binomial, Discrete};
use statrs::function::{erf::erfc, gamma::ln_gamma};

use super::quadrature::simpson;
use crate::model::Activation;

/// `E‖g‖` of a standard Gaussian in `R^k`: `√2 Γ((k+1)/2)/Γ(k/2)`.
pub fn mean_norm(k: usize) -> f64 {
    let half = k as f64 / 2.0;
    std::f64::consts::SQRT_2 * (ln_gamma(half + 0.5) - ln_gamma(half)).exp()
}

/// `E max_i |g_i|` over `k` independent standard Gaussians: `∫_0^∞ 1 − (2Φ(x) − 1)^k dx`.
pub fn mean_max(k: usize) -> f64 {
    // The integrand is below 1e-26 beyond 12 for k ≤ 1e7.
    let integrand = |x: f64| -(k as f64 * (-erfc(x / std::f64::consts::SQRT_2)).ln_1p()).exp_m1();
    simpson(integrand, 0.0, 12.0, 2400)
}

/// Expectation of `max_i cos(w_GD, a_i) = max_i |c_i(0)| / ‖c(0)‖`, for ReLU over `S⁺` (whose size is
/// `Bin(m, 1/2)`), given that `S⁺` is not empty.
///
/// # Panics
/// For an activation that is not the paper's.
pub fn gd_max_cos(samples: usize, activation: Activation) -> f64 {
    activation.require_unit_slope();
    let given_size = |k: usize| mean_max(k) / mean_norm(k);
    match activation {
        Activation::Relu => over_active_set_sizes(samples, given_size),
        _ => given_size(samples),
    }
}

/// Expectation of `cos²(w_GD, w_0) = ‖c⁺(0)‖²/‖w_0‖²`: `m/n`, for ReLU `m/(2n)` over `P(S⁺ ≠ ∅)`.
///
/// # Panics
/// For an activation that is not the paper's.
pub fn gd_cos_init_squared(samples: usize, dim: usize, activation: Activation) -> f64 {
    activation.require_unit_slope();
    let (m, n) = (samples as f64, dim as f64);
    match activation {
        Activation::Relu => m / (2.0 * n) / (1.0 - 0.5f64.powf(m)),
        _ => m / n,
    }
}

/// Upper bound on the expectation of `cos(w_SGD, w_0) = c_{i*}(0)/‖w_0‖`, whoever wins:
/// `E max_i |c_i(0)|/‖w_0‖`, for ReLU over `S⁺`.
///
/// # Panics
/// For an activation that is not the paper's.
pub fn sgd_cos_init_bound(samples: usize, dim: usize, activation: Activation) -> f64 {
    activation.require_unit_slope();
    let largest = match activation {
        Activation::Relu => over_active_set_sizes(samples, mean_max),
        _ => mean_max(samples),
    };
    largest / mean_norm(dim)
}

/// The leading order of `max_i |c_i|/‖c‖` for large `m`: `√(2 log m / m)`.
pub fn asymptotic_max_cos(samples: usize) -> f64 {
    let m = samples as f64;
    (2.0 * m.ln() / m).sqrt()
}

/// Mean of `value(|S⁺|)` over `|S⁺| ~ Bin(m, 1/2)`, given `|S⁺| ≥ 1`.
fn over_active_set_sizes(samples: usize, value: impl Fn(usize) -> f64) -> f64 {
    let sizes = Binomial::new(0.5, samples as u64).expect("a probability of one half");
    // Sizes beyond nine standard deviations carry less than 1e-18 of the mass.
    let (mean, spread) = (samples as f64 / 2.0, 4.5 * (samples as f64).sqrt() + 1.0);
    let first = ((mean - spread).floor() as usize).max(1);
    let last = ((mean + spread).ceil() as usize).min(samples);
    let (mut mass, mut sum) = (0.0, 0.0);
    for k in first..=last {
        let p = sizes.pmf(k as u64);
        mass += p;
        sum += p * value(k);
    }
    sum / mass
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_cases_are_known() {
        let half_normal = (2.0 / std::f64::consts::PI).sqrt();
        assert!((mean_norm(1) - half_normal).abs() < 1e-14);
        assert!((mean_norm(2) - (std::f64::consts::PI / 2.0).sqrt()).abs() < 1e-14);
        assert!((mean_max(1) - half_normal).abs() < 1e-10, "{}", mean_max(1));
        // Two half-normals: E max = 2/√π.
        assert!((mean_max(2) - 2.0 / std::f64::consts::PI.sqrt()).abs() < 1e-10, "{}", mean_max(2));
        // On the circle max(|cos θ|, |sin θ|) averages (4/π) sin(π/4).
        let expected = 4.0 / std::f64::consts::PI * std::f64::consts::FRAC_1_SQRT_2;
        assert!((gd_max_cos(2, Activation::Linear) - expected).abs() < 1e-10);
    }

    #[test]
    fn relu_averages_over_the_size_of_the_active_set() {
        // m = 2: |S⁺| = 1 or 2 with odds 2 : 1.
        let expected = (2.0 + gd_max_cos(2, Activation::Linear)) / 3.0;
        assert!((gd_max_cos(2, Activation::Relu) - expected).abs() < 1e-10);
    }

    #[test]
    fn the_order_is_reached_from_below() {
        let ratio = |m: usize| gd_max_cos(m, Activation::Linear) / asymptotic_max_cos(m);
        assert!(ratio(100) < ratio(10_000) && ratio(10_000) < ratio(1_000_000) && ratio(1_000_000) < 1.0);
    }
}
