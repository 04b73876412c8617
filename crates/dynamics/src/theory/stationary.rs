//! Noise that does not die out at a datapoint (beyond the paper): two samples, one a step, in a plane.
//!
//! On the manifold `N = 1` let `w = (sin θ, cos θ)` in the basis of two orthonormal samples, `m = n = 2`, `b = 1`. The noise of the draws moves `θ` by `± ½ η sin 2θ`, without a
//! drift ([`selection`](super::selection)): on the clock `τ = κt`, `κ = η²/2`, `dθ = (sin 2θ/√2) dB`. Both datapoints are absorbing, unless something else acts there.
//!
//! **Label noise.** Targets `x_i + σξ`, `ξ ~ N(0, I_2)` fresh at every step, change a step by `ησ (c_i ξ + ⟨w, ξ⟩ a_i)`. Its part along the circle has the variance
//! `η²σ² (c_i² + (1 − c_i²)) = η²σ²` whatever `θ` is, and is uncorrelated with the part along `w` in the mean over the samples, so that there is still no drift as `η → 0`:
//! `dθ = ((sin² 2θ + a)/2)^{1/2} dB`, `a = 4σ²`. The stationary density is `∝ 1/(sin² 2θ + a)`.
//!
//! **Correlation** `ρ = rη` of unit samples: the gradient of the full loss has the part `½ η ρ cos 2θ` along the circle, `r cos 2θ` on the clock `τ`, towards the principal component `θ = π/4`. With the noise above the
//! stationary density of `0 < θ < π/2` is `∝ exp(−2r/sin 2θ)/sin² 2θ`.
//!
//! What is neglected is of order `η` relative to what is kept, for label noise of order `ησ²` as well: it lets the squared norm fluctuate with the variance `2ησ²` around a mean that differs from 1 by that order. The
//! expansions have no bound on the remainder.

use std::f64::consts::{FRAC_PI_4, PI};

use super::quadrature::simpson;

/// Intervals of the integrals.
const INTERVALS: usize = 4000;

/// Label noise `σ`: stationary mean of `sin² 2θ`, `√(a(1 + a)) − a` with `a = 4σ²`.
pub fn label_noise_mixing(sigma: f64) -> f64 {
    let a = 4.0 * sigma * sigma;
    (a * (1.0 + a)).sqrt() - a
}

/// Label noise `σ`: stationary probability that the angle, folded into `[0, π/2]`, is at most `θ`.
pub fn label_noise_law(sigma: f64, angle: f64) -> f64 {
    let a = 4.0 * sigma * sigma;
    // An antiderivative of 1/(a + sin²ψ) is arctan(√((1 + a)/a) tan ψ)/√(a(1 + a)), continued at ψ = π/2.
    let psi = 2.0 * angle;
    ((1.0 + a).sqrt() * psi.sin()).atan2(a.sqrt() * psi.cos()) / PI
}

/// Label noise `σ`: mean time `τ` from a datapoint to the even mixture, `∫_0^{π/4} 4 (π/4 − z)/(sin² 2z + a) dz`.
pub fn label_noise_time(sigma: f64) -> f64 {
    let a = 4.0 * sigma * sigma;
    // Under sin 2z = √a sinh s the peak at 0 is resolved; dz = √a cosh s ds/(2 cos 2z).
    let last = (1.0 / a.sqrt()).asinh();
    let integrand = |s: f64| {
        let rest = FRAC_PI_4 - 0.5 * (a.sqrt() * s.sinh()).min(1.0).asin();
        // (π/4 − z)/cos 2z, with its limit ½ at the mixture.
        let ratio = if rest < 1e-6 { 0.5 } else { rest / (2.0 * rest).sin() };
        2.0 * ratio / (a.sqrt() * s.cosh())
    };
    simpson(integrand, 0.0, last, INTERVALS)
}

/// `∫_y^∞ cosh^ν u · e^{−2r(cosh u − 1)} du`, `ν` = 0 or 1.
fn tail(r: f64, y: f64, power: i32) -> f64 {
    let end = (1.0 + 400.0 / r).acosh().max(y);
    simpson(|u| (-2.0 * r * (u.cosh() - 1.0)).exp() * u.cosh().powi(power), y, end, INTERVALS)
}

/// Correlation `ρ = rη`: stationary mean of `sin 2θ`, `K_0(2r)/K_1(2r)` with the modified Bessel functions `K_ν(x) = ∫_0^∞ e^{−x cosh u} cosh νu du`.
pub fn correlated_mixing(r: f64) -> f64 {
    tail(r, 0.0, 0) / tail(r, 0.0, 1)
}

/// Correlation `ρ = rη`: stationary probability that the angle is at most `θ ≤ π/4`; with `y = log tan θ` the density is `∝ cosh y · e^{−2r cosh y}`.
pub fn correlated_law(r: f64, angle: f64) -> f64 {
    0.5 * tail(r, -angle.tan().ln(), 1) / tail(r, 0.0, 1)
}

/// Correlation `ρ = rη`: mean time `τ` from a datapoint to the even mixture, near `π/4r` for small `r`.
///
/// With `y = log tan θ` it is `½ ∫_{−∞}^0 G sech y dy`, `G' = 2r G sinh y + 2 cosh y`, where `G → 1/r` as `y → −∞`: `r cos 2θ T' + ¼ sin² 2θ T'' = −1` in first-order form.
pub fn correlated_time(r: f64) -> f64 {
    let steps = 40_000;
    let far = (40.0 / r).asinh();
    let h = far / f64::from(steps);
    let slope = |y: f64, g: f64| 2.0 * r * g * y.sinh() + 2.0 * y.cosh();
    let (mut y, mut g, mut time) = (-far, 1.0 / r, 0.0);
    for _ in 0..steps {
        let before = g / y.cosh();
        let first = slope(y, g);
        let second = slope(y + 0.5 * h, g + 0.5 * h * first);
        let third = slope(y + 0.5 * h, g + 0.5 * h * second);
        let fourth = slope(y + h, g + h * third);
        g += h / 6.0 * (first + 2.0 * second + 2.0 * third + fourth);
        y += h;
        time += 0.25 * h * (before + g / y.cosh());
    }
    // Beyond the first point G is 1/r, and ½ ∫ sech = arctan e^y.
    time + (-far).exp().atan() / r
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_noise_is_that_of_sums_over_angles() {
        for sigma in [0.03, 0.1, 0.4] {
            let variance = |z: f64| 0.5 * ((2.0 * z).sin().powi(2) + 4.0 * sigma * sigma);
            let n = 40_000;
            let h = FRAC_PI_4 / f64::from(n);
            let (mut time, mut sums) = (0.0, (0.0, 0.0));
            for k in 0..n {
                let z = h * (f64::from(k) + 0.5);
                time += 2.0 * (FRAC_PI_4 - z) / variance(z) * h;
                sums = (sums.0 + 1.0 / variance(z), sums.1 + (2.0 * z).sin().powi(2) / variance(z));
            }
            assert!((label_noise_time(sigma) / time - 1.0).abs() < 1e-5, "{sigma} {time}");
            assert!((label_noise_mixing(sigma) / (sums.1 / sums.0) - 1.0).abs() < 1e-6, "{sigma}");
            assert!((label_noise_law(sigma, FRAC_PI_4) - 0.5).abs() < 1e-12);
            let (low, high) = (label_noise_law(sigma, 0.2), label_noise_law(sigma, 0.2 + 1e-6));
            let density = 1.0 / variance(0.2) / (2.0 * sums.0 * h);
            assert!(((high - low) / 1e-6 / density - 1.0).abs() < 1e-4, "{sigma}");
        }
    }

    #[test]
    fn the_time_is_the_double_integral() {
        // G = 2 ∫_v^∞ cosh u e^{−2r(cosh u − cosh v)} du at y = −v solves the equation, so the time is ∫_0^∞ ½ G sech v dv; Simpson's rule twice.
        for r in [0.7f64, 2.0] {
            let inner = |v: f64| {
                let end = (v.cosh() + 20.0 / r).acosh();
                let fall = |u: f64| 4.0 * r * (0.5 * (u + v)).sinh() * (0.5 * (u - v)).sinh();
                simpson(|u| u.cosh() * (-fall(u)).exp(), v, end, 600)
            };
            let time = simpson(|v| inner(v) / v.cosh(), 0.0, 38.0, 800);
            assert!((correlated_time(r) / time - 1.0).abs() < 2e-5, "{r}: {} {time}", correlated_time(r));
        }
        // As § 18 of the findings has them, beside the leading order π/4r.
        for (r, time, leading) in [(0.15, 5.701, 5.236), (0.6, 1.615, 1.309)] {
            assert!(
                (correlated_time(r) - time).abs() < 5e-4 && (FRAC_PI_4 / r - leading).abs() < 5e-4,
                "{r}"
            );
        }
    }

    #[test]
    fn correlation_is_that_of_sums_over_angles_and_known_at_its_ends() {
        for r in [0.05, 0.3, 2.0] {
            let n = 400_000;
            let h = FRAC_PI_4 / f64::from(n);
            let sine = |k: i32| (2.0 * h * (f64::from(k) + 0.5)).sin();
            // e^{2r/sin 2y} times the integral of 4 e^{−2r/sin 2z}/sin² 2z up to y.
            let (mut inner, mut time, mut sums, mut below) = (0.0, 0.0, (0.0, 0.0), 0.0);
            for k in 0..n {
                let (before, here) = (sine(k - 1).abs(), sine(k));
                // 4/sin² 2z is a derivative but for r cos 2z, which changes little from one point to the next.
                let kept = (2.0 * r * (1.0 / here - 1.0 / before)).exp();
                inner = inner * kept + (1.0 - kept) / (r * (1.0 - here * here).sqrt());
                time += inner * h;
                let weight = (2.0 * r * (1.0 - 1.0 / here)).exp() / (here * here);
                sums = (sums.0 + weight, sums.1 + weight * here);
                below += if h * f64::from(k) < 0.2 { weight } else { 0.0 };
            }
            assert!((correlated_time(r) / time - 1.0).abs() < 1e-3, "{r}: {} {time}", correlated_time(r));
            let share = 0.5 * below / sums.0;
            assert!((correlated_law(r, 0.2) - share).abs() < 1e-5, "{r}: {} {share}", correlated_law(r, 0.2));
            let mixing = sums.1 / sums.0;
            assert!(
                (correlated_mixing(r) / mixing - 1.0).abs() < 1e-5,
                "{r}: {} {mixing}",
                correlated_mixing(r)
            );
        }
        // K_0(0.6)/K_1(0.6) = 0.777522/1.302834.
        assert!((correlated_mixing(0.3) - 0.777_522_1 / 1.302_834_9).abs() < 1e-6);
        assert!((correlated_time(1e-3) * 1e-3 / FRAC_PI_4 - 1.0).abs() < 5e-3);
    }
}
