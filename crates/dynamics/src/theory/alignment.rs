//! Alignment of the limits with the data and with the initial point, for Gaussian directions
//! (GFHY Corollary 3): exact finite-size expectations and laws, not only their orders.
//!
//! Throughout `w_0 = ρ g/‖g‖` and the data is orthonormal, so that `c_i(0)/‖w_0‖ = g_i/‖g‖`. A
//! direction is independent of its norm, hence `E[h(g)/‖g‖] = E h(g) / E‖g‖` for `h` of degree 1.

use std::sync::LazyLock;

use statrs::distribution::{Binomial, Discrete};
use statrs::function::{beta::beta_reg, erf::erfc, gamma::ln_gamma};

use super::quadrature::simpson;
use crate::activation::Activation;

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

/// Bound on the probability of `max_i cos(w_GD, a_i) ≥ x` where `k` samples are mixed: `k P(Beta(½, (k−1)/2) > x²)`, the square of a
/// coordinate on the sphere, summed over the samples. It is the probability itself for `x² ≥ ½`, and right to its square below. It is δ at
/// `x ≈ √(2 log(k/δ)/k)`: Corollary 3 with high probability.
pub fn gd_max_cos_tail(mixed: usize, x: f64) -> f64 {
    coordinate_tail(mixed, mixed, x)
}

/// Bound on the probability of `cos(w_SGD, w_0) > x`, whoever of `k` active samples wins: `k P(Beta(½, (n−1)/2) > x²)`.
pub fn sgd_cos_init_tail(active: usize, dim: usize, x: f64) -> f64 {
    coordinate_tail(active, dim, x)
}

/// `k P(|u_1| ≥ x)` for a uniform unit vector `u` in `R^n` and `x ≤ 1`, at most 1.
fn coordinate_tail(count: usize, dim: usize, x: f64) -> f64 {
    if dim == 1 {
        // The one coordinate is ±1: nothing is to be said against any x up to 1.
        return 1.0;
    }
    // The upper tail as the lower one of 1 − u_1²: nothing cancels.
    let tail = beta_reg(0.5 * (dim as f64 - 1.0), 0.5, (1.0 - x * x).clamp(0.0, 1.0));
    (count as f64 * tail).min(1.0)
}

/// Distribution function of `cos²(w_GD, w_0)` where `k` of the samples are mixed: `Beta(k/2, (n−k)/2)`. Signs are independent of sizes, so
/// that for ReLU it is the law given `|S⁺| = k`.
///
/// # Panics
/// Unless `0 < k < n`.
pub fn gd_cos_init_law(mixed: usize, dim: usize, x: f64) -> f64 {
    beta_reg(0.5 * mixed as f64, 0.5 * (dim - mixed) as f64, x.clamp(0.0, 1.0))
}

/// Expectation of the participation ratio `(Σ c_i²)²/Σ c_i⁴` of `w_GD`; `m/3` to leading order, for ReLU `m/6`.
///
/// With `φ_k(t) = E g^k e^{−t g⁴}` of a standard Gaussian it is, for `m` samples mixed,
/// `∫_0^∞ E[(Σ g²)² e^{−t Σ g⁴}] dt = ∫_0^∞ [m φ_4 φ_0^{m−1} + m(m−1) φ_2² φ_0^{m−2}] dt`; for ReLU the mean of that over `|S⁺|`.
///
/// # Panics
/// For an activation that is not the paper's.
pub fn gd_participation(samples: usize, activation: Activation) -> f64 {
    activation.require_unit_slope();
    match activation {
        Activation::Relu => over_active_set_sizes(samples, participation),
        _ => participation(samples),
    }
}

/// Step in `s = log t` of the integral over `t`, which the trapezoidal rule gives to rounding: it is analytic for `|Im s| < π/2`.
const LOG_STEP: f64 = 0.25;

/// `t`, `φ_0`, `φ_2` and `φ_4` along the integral.
static MOMENTS: LazyLock<Vec<[f64; 4]>> = LazyLock::new(|| {
    let at = |k: i32| {
        let t = (LOG_STEP * f64::from(k)).exp();
        [t, moment(0, t), moment(2, t), moment(4, t)]
    };
    // For one sample the integrand falls as t^(−1/4).
    (-180..=640).map(at).collect()
});

/// `E g^k e^{−t g⁴}` of a standard Gaussian, in `g = v (1 + t)^{−1/4}`.
fn moment(power: i32, t: f64) -> f64 {
    let scale = (1.0 + t).powf(-0.25);
    let density = |v: f64| {
        let g = scale * v;
        v.powi(power) * (-(t / (1.0 + t)) * v.powi(4) - 0.5 * g * g).exp()
    };
    let half = simpson(density, 0.0, 12.0, 480);
    2.0 * half * scale.powi(power + 1) / std::f64::consts::TAU.sqrt()
}

/// The participation ratio where `k` samples are mixed.
fn participation(mixed: usize) -> f64 {
    let k = mixed as f64;
    let of = |&[t, zeroth, second, fourth]: &[f64; 4]| {
        let apart = if mixed > 1 { (k - 1.0) * second * second * zeroth.powf(k - 2.0) } else { 0.0 };
        t * k * (fourth * zeroth.powf(k - 1.0) + apart)
    };
    LOG_STEP * MOMENTS.iter().map(of).sum::<f64>()
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
    fn the_bound_for_sgd_is_that_of_the_largest_correlation() {
        // E max(|z_1|, |z_2|)/E‖(z_1, z_2)‖ = (2/√π)/√(π/2); ReLU: (2 E|z| + E max)/3 instead.
        let linear = sgd_cos_init_bound(2, 2, Activation::Linear);
        assert!((linear - 0.900_316_316_157_1).abs() < 1e-10, "{linear}");
        let half_normal = (2.0 / std::f64::consts::PI).sqrt();
        let relu = (2.0 * half_normal / mean_norm(2) + linear) / 3.0;
        assert!((sgd_cos_init_bound(2, 2, Activation::Relu) - relu).abs() < 1e-10);
    }

    #[test]
    fn sizes_of_active_sets_are_binomial() {
        for samples in [1, 7, 900] {
            let seen = over_active_set_sizes(samples, |k| k as f64);
            let expected = 0.5 * samples as f64 / (1.0 - 0.5f64.powi(samples as i32));
            assert!((seen / expected - 1.0).abs() < 1e-12, "{samples}: {seen} {expected}");
        }
    }

    /// Sizes of Gaussians, `k` of them, many times.
    fn draws(k: usize, times: usize) -> Vec<Vec<f64>> {
        use rand_distr::{Distribution, StandardNormal};
        let mut rng = crate::rng::stream(7, crate::rng::Purpose::Protocol, k as u64);
        (0..times).map(|_| StandardNormal.sample_iter(&mut rng).take(k).collect()).collect()
    }

    fn square(g: &[f64]) -> f64 {
        g.iter().map(|x| x * x).sum()
    }

    #[test]
    fn participation_is_known_for_few_and_for_many() {
        assert!((participation(1) - 1.0).abs() < 1e-12, "{}", participation(1));
        // On the circle the mean of 1/(1 − ½ sin² 2θ) is √2.
        assert!((participation(2) - std::f64::consts::SQRT_2).abs() < 1e-12, "{}", participation(2));
        assert!((gd_participation(2, Activation::Relu) - (2.0 + 2f64.sqrt()) / 3.0).abs() < 1e-12);
        let ratio = |m: usize| participation(m) / (m as f64 / 3.0);
        assert!((ratio(100_000) - 1.0).abs() < 1e-3 && ratio(100) > ratio(1000), "{}", ratio(100_000));
        for k in [3, 10, 60] {
            let of = |g: &Vec<f64>| square(g).powi(2) / g.iter().map(|x| x.powi(4)).sum::<f64>();
            let mean = crate::stats::Mean::of(&draws(k, 20_000).iter().map(of).collect::<Vec<_>>());
            assert!(
                (mean.mean - participation(k)).abs() < 4.5 * mean.sem,
                "{k}: {mean:?} {}",
                participation(k)
            );
        }
    }

    #[test]
    fn tails_and_laws_are_those_of_directions() {
        // cos θ > x on the circle: P = (2/π) arccos x for one coordinate of either sign, twice that for two.
        let x: f64 = 0.9;
        let exact = 4.0 / std::f64::consts::PI * x.acos();
        assert!((gd_max_cos_tail(2, x) - exact).abs() < 1e-12);
        assert_eq!((gd_max_cos_tail(1, 1.0), gd_max_cos_tail(40, 1.0)), (1.0, 0.0));
        // Squares of coordinates on the sphere are uniform in three dimensions: P(|u| > x) = 1 − x, and P(u_1² + u_2² ≤ x) = 1 − √(1 − x).
        assert!((sgd_cos_init_tail(2, 3, x) - 0.2).abs() < 1e-12);
        assert!((gd_cos_init_law(2, 3, 0.75) - 0.5).abs() < 1e-12);
        // A sample of 20 coordinates beyond what has probability δ: no more often than δ, and hardly less often.
        let beyond = draws(20, 20_000).into_iter().filter(|g| {
            let largest = g.iter().fold(0.0, |max: f64, x| max.max(x.abs()));
            gd_max_cos_tail(20, largest / square(g).sqrt()) < 0.05
        });
        let share = beyond.count() as f64 / 20_000.0;
        assert!((share - 0.05).abs() < 4.5 * 0.0016, "{share}");
    }

    #[test]
    fn the_order_is_reached_from_below() {
        let ratio = |m: usize| gd_max_cos(m, Activation::Linear) / asymptotic_max_cos(m);
        assert!(ratio(100) < ratio(10_000) && ratio(10_000) < ratio(1_000_000) && ratio(1_000_000) < 1.0);
    }
}
