//! Where full-batch gradient descent ends on equicorrelated unit data.

use super::eigenvalues;
use crate::activation::Activation;
use crate::data::norm;

/// Correlations `A w` at the limit of gradient descent over equicorrelated data, from correlations `c_0`.
///
/// | | linear | ReLU |
/// |---|---|---|
/// | `ρ > 0` | `±` mean of all samples, by the sign of `Σ c_0` | mean of all samples, inactive ones at the start too |
/// | `ρ = 0` | `c_0/‖c_0‖` (Theorem 1) | `c_0⁺/‖c_0⁺‖` (Theorem 1) |
/// | `ρ < 0` | contrasts `c_0 − c̄_0`, scaled | the datapoint with the largest `c_0` |
///
/// ReLU: the critical points with active set `T` are those of the linear model over `T` whose own correlations are positive
/// and those outside not. A contrast over `T` has correlations of both signs; the mean over `T ≠` all has correlations of
/// the sign of ρ outside. So for `ρ > 0` the mean of all remains, for `ρ < 0` the mean of any `T`, with curvature `|T| ρ/m < 0` along
/// its contrasts: a saddle unless `|T| = 1`. The largest correlation stays the largest: if `p = μ(2 − N) ≥ 0`, differences to it
/// are multiplied by `1 − μC > 0` and gain `p (1 − ρ)` times `φ_i − φ_j ≥ 0`. `None` where nothing selects: dead, `Σ c_0 = 0`,
/// equal `c_0` with `ρ < 0`; and for any other activation.
pub fn equicorrelated_limit(rho: f64, c0: &[f64], activation: Activation) -> Option<Vec<f64>> {
    if !activation.has_unit_slope() {
        return None;
    }
    let samples = c0.len();
    let (of_mean, of_contrast) = eigenvalues(samples, rho);
    if samples == 1 || rho == 0.0 {
        let active: Vec<f64> = c0.iter().map(|&c| if activation.admits(c) { c } else { 0.0 }).collect();
        return scaled(&active, 1.0);
    }
    let mean = c0.iter().sum::<f64>() / samples as f64;
    match (activation, rho > 0.0) {
        (Activation::Linear, true) => {
            let entry = (of_mean / samples as f64).sqrt().copysign(mean);
            (mean != 0.0).then(|| vec![entry; samples])
        }
        (Activation::Linear, false) => {
            let contrast: Vec<f64> = c0.iter().map(|c| c - mean).collect();
            scaled(&contrast, of_contrast.sqrt())
        }
        (_, true) => {
            let alive = c0.iter().any(|&c| c > 0.0);
            alive.then(|| vec![(of_mean / samples as f64).sqrt(); samples])
        }
        (_, false) => {
            let largest = c0.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let mut at = c0.iter().enumerate().filter(|(_, c)| **c == largest).map(|(i, _)| i);
            let (only, tie) = (at.next()?, at.next());
            let limit = (0..samples).map(|j| if j == only { 1.0 } else { rho }).collect();
            (largest > 0.0 && tie.is_none()).then_some(limit)
        }
    }
}

fn scaled(v: &[f64], target: f64) -> Option<Vec<f64>> {
    let length = norm(v);
    (length > 0.0).then(|| v.iter().map(|x| x * target / length).collect())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{correlations, equicorrelated, step};
    use super::*;

    /// A start in `R^{m+1}` of norm about ½ that has some of everything; `k` varies it.
    fn start(dim: usize, k: usize) -> Vec<f64> {
        let w: Vec<f64> = (0..dim).map(|i| ((i * i + 3 * k * i + 2 * k + 1) as f64 * 0.7).sin()).collect();
        w.iter().map(|x| 0.5 * x / norm(&w)).collect()
    }

    fn descend(rows: &[Vec<f64>], w: Vec<f64>, activation: Activation, mu: f64, steps: usize) -> Vec<f64> {
        let all: Vec<usize> = (0..rows.len()).collect();
        (0..steps).fold(w, |w, _| step(rows, &w, &all, activation, mu))
    }

    fn distance(a: &[f64], b: &[f64]) -> f64 {
        a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
    }

    #[test]
    fn limits_are_where_plain_descent_ends() {
        // μ m |ρ| ≥ 0.05 · 4 · 0.1: 4000 steps are 80 times what the slowest part takes.
        for (m, rho) in [(5, 0.2), (4, -0.1), (6, 0.6), (7, -0.12), (5, 0.0)] {
            let rows = equicorrelated(m, rho);
            for (k, activation) in (0..20).flat_map(|k| Activation::PAPER.map(|activation| (k, activation))) {
                let w = start(m + 1, k);
                let c0 = correlations(&rows, &w);
                let Some(limit) = equicorrelated_limit(rho, &c0, activation) else {
                    assert!(activation == Activation::Relu && c0.iter().all(|&c| c <= 0.0));
                    continue;
                };
                let end = correlations(&rows, &descend(&rows, w, activation, 0.05, 4000));
                let d = distance(&end, &limit);
                assert!(d < 1e-12, "m={m} ρ={rho} {activation:?} start {k}: {d:e}, {end:?}, {limit:?}");
            }
        }
    }

    #[test]
    fn nothing_selects_nothing() {
        assert_eq!(equicorrelated_limit(0.2, &[-0.1, -0.2], Activation::Relu), None);
        assert_eq!(equicorrelated_limit(0.2, &[0.2, -0.2], Activation::Linear), None);
        assert_eq!(equicorrelated_limit(-0.2, &[0.3, 0.3], Activation::Relu), None);
        assert_eq!(equicorrelated_limit(-0.2, &[0.3, 0.3], Activation::Linear), None);
        assert_eq!(equicorrelated_limit(0.4, &[-2.0], Activation::Linear), Some(vec![-1.0]));
    }
}
