//! How long SGD stays near the mixture it is started at (beyond the paper).
//!
//! `w_GD` is a fixed point of gradient descent, and of SGD's mean step; what moves SGD away is the noise alone. In
//! the time `τ = κt` of [`selection`](super::selection) the walk is the diffusion from `y_j = log α_j`, `w_GD = Σ α_j a_j`:
//! every time of the escape is `1/κ` times a random number whose law is free of `b` and `η`.

/// Mean squared distance for small `τ`: the walk leaves at once, by diffusion. With `p = α²`, `S = Σ p²`, `T = Σ p³`,
///
/// ```text
/// E‖w − w_GD‖² = (1 − S) τ − (¼(1 − S)² + 2S − 6T + 4S²) τ² + O(τ³)
/// ```
///
/// On the sphere it is `2 − 2f`, `f = ⟨w, w_GD⟩`. With the generator `G = ½Σ ∂_k² + Σ p_k ∂_k` in `y`, `G f = −½(1 − S) f`
/// everywhere, `G S = 4S − 12T + 8S²`, and `f` is stationary at `w_GD`, so that there `G² f = ¼(1 − S)² + ½ G S`.
pub fn early_spread(alpha: &[f64], time: f64) -> f64 {
    let moment = |power: i32| alpha.iter().map(|a| a.powi(2 * power)).sum::<f64>();
    let (s, t) = (moment(2), moment(3));
    let second = 0.25 * (1.0 - s).powi(2) + 2.0 * s - 6.0 * t + 4.0 * s * s;
    (1.0 - s) * time - second * time * time
}

/// Two samples: mean time from `c_0` until the log-ratio `|d|` reaches `far`, `E τ = log(cosh D/cosh d_0)`.
///
/// `d` has the generator `∂² + tanh d ∂`, and `T'' + tanh d T' = −1` with `T(±D) = 0`. For a `D` that is not small,
/// `D − log 2 − log cosh d_0`.
pub fn mean_time(c0: [f64; 2], far: f64) -> f64 {
    let d = (c0[0] / c0[1]).abs().ln();
    (far.cosh() / d.cosh()).ln().max(0.0)
}

/// Two samples, started at the even mixture: `P(τ > t)` of the time `τ` until `|d|` reaches `far`.
#[derive(Clone, Debug)]
pub struct Survival {
    step: f64,
    /// At `0, step, 2 step, …`.
    values: Vec<f64>,
}

impl Survival {
    /// Solves `∂_t S = S'' + tanh d S'`, `S = 1` at first, `S(±D) = 0`, by Crank–Nicolson after two short implicit
    /// steps that smooth the jump at the rim, until `S` is below 1e-9.
    pub fn from_even(far: f64) -> Self {
        // The slowest mode falls at a rate of about π²/4D² at most.
        let (nodes, step) = (600, (far * far / 50.0).min(0.01));
        let h = far / nodes as f64;
        // The half line by symmetry: S'(0) = 0, where S(−h) = S(h).
        let mut s = vec![1.0; nodes];
        for _ in 0..4 {
            s = implicit(&s, h, 0.25 * step, 1.0);
        }
        let mut values = vec![1.0, s[0]];
        while s[0] > 1e-9 {
            s = implicit(&s, h, step, 0.5);
            values.push(s[0]);
        }
        Self { step, values }
    }

    /// `P(τ > t)`.
    pub fn at(&self, t: f64) -> f64 {
        let place = (t / self.step).max(0.0);
        let k = place as usize;
        let value = |k: usize| self.values.get(k).copied().unwrap_or(0.0);
        value(k) + place.fract() * (value(k + 1) - value(k))
    }

    /// `E τ = ∫ P(τ > t) dt`.
    pub fn mean(&self) -> f64 {
        self.step * (self.values.iter().sum::<f64>() - 0.5)
    }
}

/// One step of `∂_t S = S'' + tanh d S'` with weight `theta` on the new time: a tridiagonal system, by elimination.
fn implicit(s: &[f64], h: f64, step: f64, theta: f64) -> Vec<f64> {
    let n = s.len();
    let coefficients = |k: usize| {
        let drift = (k as f64 * h).tanh() / (2.0 * h);
        let (low, high) = (1.0 / (h * h) - drift, 1.0 / (h * h) + drift);
        if k == 0 { (0.0, low + high) } else { (low, high) }
    };
    let at = |k: usize| s.get(k).copied().unwrap_or(0.0);
    let explicit = |k: usize| {
        let (low, high) = coefficients(k);
        let before = if k == 0 { 0.0 } else { s[k - 1] };
        low * (before - s[k]) + high * (at(k + 1) - s[k])
    };
    let (mut upper, mut right) = (vec![0.0; n], vec![0.0; n]);
    for k in 0..n {
        let (low, high) = coefficients(k);
        let weight = theta * step;
        let value = s[k] + (1.0 - theta) * step * explicit(k);
        let (before_upper, before_right) = if k == 0 { (0.0, 0.0) } else { (upper[k - 1], right[k - 1]) };
        let pivot = 1.0 + weight * (low + high) - weight * low * before_upper;
        upper[k] = weight * high / pivot;
        right[k] = (value + weight * low * before_right) / pivot;
    }
    for k in (0..n - 1).rev() {
        right[k] += upper[k] * right[k + 1];
    }
    right
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activation::Activation;
    use crate::theory::random_walk::{for_each_subset, step};
    use crate::theory::selection::diffusion_rate;

    #[test]
    fn the_survival_function_has_the_mean_that_is_known() {
        for far in [1.7, 4.6] {
            let survival = Survival::from_even(far);
            let mean = mean_time([0.6, 0.6], far);
            assert!((survival.mean() / mean - 1.0).abs() < 1e-4, "{far}: {} {mean}", survival.mean());
            assert!(survival.at(0.0) == 1.0 && survival.at(1e4) == 0.0);
        }
    }

    #[test]
    fn survival_decays_at_the_rate_of_the_interval_when_the_drift_is_small() {
        // |d| < 0.1: nearly Brownian of variance 2, rate π²/(4 D²).
        let survival = Survival::from_even(0.2);
        let (a, b) = (survival.at(0.02), survival.at(0.04));
        let rate = (a / b).ln() / 0.02;
        let brownian = (std::f64::consts::PI / 0.4).powi(2);
        assert!((rate / brownian - 1.0).abs() < 0.02, "{rate} {brownian}");
    }

    #[test]
    fn the_spread_is_that_of_the_generator() {
        // G by central differences in y, twice, on f = ⟨w, w_GD⟩; the expansion is 2 − 2(1 + τ Gf + ½ τ² G²f).
        fn share(y: &[f64]) -> Vec<f64> {
            let total: f64 = y.iter().map(|y| (2.0 * y).exp()).sum();
            y.iter().map(|y| (2.0 * y).exp() / total).collect()
        }
        fn generator(f: &dyn Fn(&[f64]) -> f64, y: &[f64]) -> f64 {
            let (h, p) = (5e-3, share(y));
            (0..y.len())
                .map(|k| {
                    let at = |t: f64| {
                        let mut moved = y.to_vec();
                        moved[k] += t;
                        f(&moved)
                    };
                    0.5 * (at(h) - 2.0 * at(0.0) + at(-h)) / (h * h) + p[k] * (at(h) - at(-h)) / (2.0 * h)
                })
                .sum()
        }
        let raw = [0.9f64, 0.5, 0.3, 0.7];
        let norm = raw.iter().map(|a| a * a).sum::<f64>().sqrt();
        let alpha = raw.map(|a| a / norm);
        let y = alpha.map(f64::ln);
        let overlap = |y: &[f64]| share(y).iter().zip(&alpha).map(|(p, a)| p.sqrt() * a).sum::<f64>();
        let first = generator(&overlap, &y);
        let second = generator(&|y: &[f64]| generator(&overlap, y), &y);
        for time in [0.02, 0.3] {
            let expected = -2.0 * (time * first + 0.5 * time * time * second);
            let spread = early_spread(&alpha, time);
            assert!((spread - expected).abs() < 1e-4 * time, "{spread} {expected}");
        }
    }

    #[test]
    fn one_step_spreads_as_it_should() {
        let alpha = [0.1, 0.5, 0.3, 0.7, 0.4];
        let norm = alpha.iter().map(|a| a * a).sum::<f64>().sqrt();
        let alpha: Vec<f64> = alpha.iter().map(|a| a / norm).collect();
        let eta = 1e-4;
        for b in 1..5 {
            let (mut sum, mut count) = (0.0, 0.0);
            for_each_subset(5, b, |batch| {
                let next = step(&alpha, 1.0, batch, eta, Activation::Linear);
                sum += next.iter().zip(&alpha).map(|(c, a)| (c - a).powi(2)).sum::<f64>();
                count += 1.0;
            });
            let expected = early_spread(&alpha, diffusion_rate(5, b, eta));
            assert!((sum / count / expected - 1.0).abs() < 1e-3, "b = {b}: {}", sum / count / expected);
        }
    }
}
