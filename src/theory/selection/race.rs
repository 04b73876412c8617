//! A fast approximation of the selection law for any number of samples: a race of independent clocks.

use std::f64::consts::{FRAC_1_PI, FRAC_PI_2};

use super::pair;

/// The law of `argmin_j X_j/|c_j|` for independent, equally distributed `X_j > 0` such that `X_1/X_2` is a half-Cauchy
/// variable: for two samples it is `(2/π) arctan(c_1/c_2)`, exactly the selection law.
///
/// That fixes the modulus of the characteristic function of `log X`, `√sech(πt/2) = |Γ(½ + it/2)|/√π`, and leaves its
/// phase. The family here takes `skewness` times that of `log|G|`, `G` Gaussian: `skewness · arg Γ(½ + it/2)`. At 1
/// it is `|G|` itself and the spherical area, at −1 `1/|G|`, at 0 symmetric.
#[derive(Clone, Debug)]
pub struct Race {
    /// Density and survival function of `log X` at the nodes.
    density: Vec<f64>,
    survival: Vec<f64>,
}

/// Nodes from `−SPAN` to `SPAN`.
const SPAN: f64 = 32.0;
const SPACING: f64 = 0.05;

impl Race {
    /// Tables of density and survival function, by Fourier inversion with the midpoint rule, whose error is below
    /// 1e-12: the integrand is analytic, and `e^{−πt/4}` small.
    pub fn new(skewness: f64) -> Self {
        let (width, terms) = (0.06, 650);
        let waves: Vec<(f64, f64, f64)> = (0..terms)
            .map(|k| width * (f64::from(k) + 0.5))
            .map(|t| {
                (t, width * FRAC_1_PI * (FRAC_PI_2 * t).cosh().powf(-0.5), skewness * gamma_argument(0.5 * t))
            })
            .collect();
        let nodes = (0..=(2.0 * SPAN / SPACING).round() as usize).map(|k| SPACING * k as f64 - SPAN);
        let sums = nodes.map(|x| {
            waves.iter().fold((0.0, 0.5), |(density, survival), (t, size, phase)| {
                let (sin, cos) = (phase - t * x).sin_cos();
                (density + size * cos, survival + size * sin / t)
            })
        });
        let (density, survival) = sums.unzip();
        Self { density, survival }
    }

    /// Probabilities from the correlations, `[m]`; only ratios of sizes matter. They sum to 1 within 1e-6.
    pub fn probabilities(&self, c: &[f64]) -> Vec<f64> {
        let top = c.iter().map(|c| c.abs()).fold(0.0, f64::max);
        let ahead: Vec<f64> = c.iter().map(|c| (c.abs() / top).ln()).collect();
        let mut total = vec![0.0; c.len()];
        let mut at = vec![(0.0, 0.0); c.len()];
        for k in 0..self.density.len() {
            let finish = SPACING * k as f64 - SPAN;
            for (at, y) in at.iter_mut().zip(&ahead) {
                *at = self.at(finish + y);
            }
            let all: f64 = at.iter().map(|(_, survival)| survival).product();
            for (total, (density, survival)) in total.iter_mut().zip(&at) {
                *total += if *survival > 0.0 { SPACING * density * all / survival } else { 0.0 };
            }
        }
        total
    }

    /// Density and survival function anywhere, by cubic interpolation of the latter.
    fn at(&self, x: f64) -> (f64, f64) {
        let place = (x + SPAN) / SPACING;
        // A sample with c = 0, at −∞, never finishes.
        if place <= 0.0 {
            return (0.0, 1.0);
        }
        let (k, f) = (place as usize, place.fract());
        if k + 1 >= self.survival.len() {
            return (0.0, 0.0);
        }
        let (s0, s1) = (self.survival[k], self.survival[k + 1]);
        let (d0, d1) = (-SPACING * self.density[k], -SPACING * self.density[k + 1]);
        let (a, b) = (2.0 * (s0 - s1) + d0 + d1, 3.0 * (s1 - s0) - 2.0 * d0 - d1);
        let survival = s0 + f * (d0 + f * (b + f * a));
        let slope = d0 + f * (2.0 * b + 3.0 * f * a);
        (-slope / SPACING, survival.clamp(0.0, 1.0))
    }
}

/// `arg Γ(½ + iτ)`, continuous, 0 at 0: Stirling's series after a shift by twelve.
fn gamma_argument(tau: f64) -> f64 {
    let shifted: f64 = (0..12).map(|k| tau.atan2(0.5 + f64::from(k))).sum();
    let (r, angle) = (12.5f64.hypot(tau), tau.atan2(12.5));
    let series = -angle.sin() / (12.0 * r) + (3.0 * angle).sin() / (360.0 * r.powi(3));
    12.0 * angle + tau * r.ln() - tau + series - shifted
}

/// Skewness at which the race comes closest to the diffusion: `0.91 − 0.27 log M`, at least −1, with the
/// number of samples that count `M = (Σ √|c|)²/Σ |c|`. Fitted, not derived.
pub fn skewness(c: &[f64]) -> f64 {
    let root: f64 = c.iter().map(|c| c.abs().sqrt()).sum();
    let count = root * root / c.iter().map(|c| c.abs()).sum::<f64>();
    (0.91 - 0.27 * count.ln()).max(-1.0)
}

/// Largest error of [`probabilities`] in any case of the claim `selection_law`, which tries up to 40 samples; measured, not proved.
pub fn accuracy(samples: usize) -> f64 {
    match samples {
        0..=2 => 0.0,
        3 => 0.003,
        _ => 0.007,
    }
}

/// Probability of each sample to be the one in which SGD ends, as `η → 0`, from the initial correlations of the samples
/// that take part (ReLU: the active ones), `[m]`; signs do not matter.
///
/// Exact for one and two samples; beyond, a [`Race`] whose one free number is fitted, right within [`accuracy`] in every
/// case that was tried, with up to 40 samples. For more samples, or certainty, count the winners of
/// [`Diffusion`](super::Diffusion)s. Samples with `c_j = 0` have probability 0 and leave the law of the others; NaN if all are 0.
pub fn probabilities(c: &[f64]) -> Vec<f64> {
    let present: Vec<f64> = c.iter().copied().filter(|&c| c != 0.0).collect();
    let law = match present[..] {
        [] => return vec![f64::NAN; c.len()],
        [first, second] => vec![pair([first, second]), pair([second, first])],
        _ => {
            let law = Race::new(skewness(&present)).probabilities(&present);
            let total: f64 = law.iter().sum();
            law.into_iter().map(|p| p / total).collect()
        }
    };
    let mut law = law.into_iter();
    c.iter().map(|&c| if c == 0.0 { 0.0 } else { law.next().unwrap_or(f64::NAN) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_race_of_two_is_the_pair_law() {
        for skewness in [1.0, 0.3, -0.8] {
            let race = Race::new(skewness);
            for c in [[0.4, 0.7], [0.02, 0.9], [1.0, 1.0]] {
                let law = race.probabilities(&c);
                assert!((law[0] - pair(c)).abs() < 1e-5, "{skewness} {c:?} {law:?}");
            }
        }
    }

    #[test]
    fn the_argument_of_gamma_is_known() {
        // ψ(½) τ for small τ; arg Γ(½ + i) = −0.9549…, from Γ(½ + i) = 0.300694617 − 0.424967879 i.
        assert!((gamma_argument(1e-6) / 1e-6 + 1.963_510_026).abs() < 1e-6);
        assert!(
            (gamma_argument(1.0) - (-0.424_967_879f64).atan2(0.300_694_617)).abs() < 1e-8,
            "{}",
            gamma_argument(1.0)
        );
    }

    #[test]
    fn samples_out_of_sight_change_nothing() {
        let with = probabilities(&[0.5, 0.3, 0.0, 0.2]);
        let without = probabilities(&[0.5, 0.3, 0.2]);
        assert_eq!(with, [without[0], without[1], 0.0, without[2]]);
        assert_eq!(probabilities(&[0.0, 0.4, 0.0, -0.7]), [0.0, pair([0.4, 0.7]), 0.0, pair([0.7, 0.4])]);
        assert_eq!(probabilities(&[0.0, 0.3]), [0.0, 1.0]);
        assert!(probabilities(&[0.0, 0.0]).iter().all(|p| p.is_nan()));
        assert_eq!(probabilities(&[0.3]), [1.0]);
        assert!((probabilities(&[0.5, -0.3])[0] - pair([0.5, 0.3])).abs() < 1e-15);
        let law = probabilities(&[0.5, 0.45, 1e-9]);
        assert!((law[0] - pair([0.5, 0.45])).abs() < 1e-5, "{law:?}");
    }
}
