//! Full-batch gradient descent on correlated unit data: critical points, and the trajectory over equicorrelated data.

use nalgebra::{DMatrix, DVector};

use super::eigenvalues;
use crate::activation::Activation;
use crate::data::norm;

/// Loss of the linear model at a unit eigenvector of `S = AᵀA` with eigenvalue `λ`: `½ − λ/(2m)`.
pub fn critical_loss(eigenvalue: f64, samples: usize) -> f64 {
    0.5 - eigenvalue / (2.0 * samples as f64)
}

/// Eigenvalue of the linear model's Hessian at a unit eigenvector `w` of `S` with eigenvalue `λ`, along itself: `4λ/m`.
pub fn radial_curvature(eigenvalue: f64, samples: usize) -> f64 {
    4.0 * eigenvalue / samples as f64
}

/// The same along another eigenvector of `S`, with eigenvalue `λ'` (0 off the span): `(λ − λ')/m`. Negative, and so `w` a strict
/// saddle, unless `λ` is the largest.
///
/// `m H = 4λ w wᵀ + λ 1 − S` on vectors orthogonal to `w` and, along it, `4λ`.
pub fn transverse_curvature(eigenvalue: f64, other: f64, samples: usize) -> f64 {
    (eigenvalue - other) / samples as f64
}

/// Correlations `A w` at the limit of gradient descent on the linear model over unit data with Gram matrix `K`, from
/// correlations `c_0`: `√λ P c_0/‖P c_0‖`, `P` the projection onto the eigenspace of the largest eigenvalue `λ`.
///
/// In eigenvectors of `S` each coefficient is multiplied by a factor of its eigenvalue alone, so the direction within an
/// eigenspace never changes; and no other critical point with `Sw ≠ 0` is stable. `None` if `P c_0 = 0`. Eigenvalues within
/// `tolerance` of the largest count as equal to it.
pub fn linear_limit(gram: &DMatrix<f64>, c0: &[f64], tolerance: f64) -> Option<Vec<f64>> {
    let eigen = gram.clone().symmetric_eigen();
    let largest = eigen.eigenvalues.max();
    let c0 = DVector::from_column_slice(c0);
    let mut projected = DVector::zeros(c0.len());
    for (value, vector) in eigen.eigenvalues.iter().zip(eigen.eigenvectors.column_iter()) {
        if largest - value <= tolerance {
            projected += vector * vector.dot(&c0);
        }
    }
    let length = projected.norm();
    (length > 0.0).then(|| (projected * (largest.sqrt() / length)).as_slice().to_vec())
}

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

/// The trajectory of the linear model over equicorrelated data in three scalars, which close exactly: with
/// `Q = λ_1 p² + λ_2 r²`, `N = p² + r² + s²`, `λ_1 = 1 + (m−1)ρ`, `λ_2 = 1 − ρ`, and `μ` as in [`gd`](crate::theory::gd),
///
/// ```text
/// p ← p (1 − μQ − μ(N − 2) λ_1),   r ← r (1 − μQ − μ(N − 2) λ_2),   s ← s (1 − μQ)
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Equicorrelated {
    /// Component `p` along the mean direction `Σ x_i/‖Σ x_i‖`, with its sign.
    pub mean: f64,
    /// Norm `r` of the component in the contrasts.
    pub contrast: f64,
    /// Residual `s`.
    pub residual: f64,
    samples: usize,
    rho: f64,
}

impl Equicorrelated {
    /// The state at correlations `c_0` and residual `s_0`: `p = Σ c/√(m λ_1)`, `r = ‖c − c̄‖/√λ_2`.
    ///
    /// For `−1/(m−1) < ρ < 1`: at the ends samples are linearly dependent, and an eigenvalue is 0.
    pub fn new(c0: &[f64], residual: f64, rho: f64) -> Self {
        let samples = c0.len();
        let (of_mean, of_contrast) = eigenvalues(samples, rho);
        let sum: f64 = c0.iter().sum();
        let mean = sum / samples as f64;
        let contrast: Vec<f64> = c0.iter().map(|c| c - mean).collect();
        Self {
            mean: sum / (samples as f64 * of_mean).sqrt(),
            contrast: norm(&contrast) / of_contrast.sqrt(),
            residual,
            samples,
            rho,
        }
    }

    /// `N = ‖w‖²`.
    pub fn norm_sq(&self) -> f64 {
        self.mean.powi(2) + self.contrast.powi(2) + self.residual.powi(2)
    }

    /// The state one step of size `μ` later.
    #[must_use]
    pub fn step(self, mu: f64) -> Self {
        let (of_mean, of_contrast) = eigenvalues(self.samples, self.rho);
        let decay = 1.0 - mu * (of_mean * self.mean.powi(2) + of_contrast * self.contrast.powi(2));
        let pull = mu * (2.0 - self.norm_sq());
        Self {
            mean: self.mean * (decay + pull * of_mean),
            contrast: self.contrast * (decay + pull * of_contrast),
            residual: self.residual * decay,
            ..self
        }
    }
}

/// Factor by which the slowest part of the way to the limit, between mean and contrasts, shrinks per step: `1 − μ m |ρ|` (linear
/// model, and ReLU with `ρ > 0`). With `μ = η/m` that takes `1/(η |ρ|)` steps: before that, GD seems to stay at its mixture.
pub fn selection_rate(samples: usize, rho: f64, mu: f64) -> f64 {
    1.0 - mu * samples as f64 * rho.abs()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{correlations, equicorrelated, step};
    use super::*;
    use crate::data::dot;

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
    fn the_recursion_follows_plain_descent() {
        for (m, rho) in [(5, 0.23), (4, -0.19), (7, 0.0), (3, 0.88)] {
            let (rows, mut w, mu) = (equicorrelated(m, rho), start(m + 1, 2), 0.041);
            let residual = |w: &[f64]| w[m].abs();
            let mut state = Equicorrelated::new(&correlations(&rows, &w), residual(&w), rho);
            for _ in 0..400 {
                w = descend(&rows, w, Activation::Linear, mu, 1);
                state = state.step(mu);
                let told = Equicorrelated::new(&correlations(&rows, &w), residual(&w), rho);
                for (a, b) in [
                    (state.mean, told.mean),
                    (state.contrast, told.contrast),
                    (state.residual, told.residual),
                ] {
                    assert!((a - b).abs() < 1e-13, "m={m} ρ={rho}: {a} {b}");
                }
                assert!((state.norm_sq() - dot(&w, &w)).abs() < 1e-13);
            }
        }
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
                if activation == Activation::Linear {
                    let gram = DMatrix::from_fn(m, m, |i, j| dot(&rows[i], &rows[j]));
                    assert!(distance(&linear_limit(&gram, &c0, 1e-12).unwrap(), &limit) < 1e-12);
                }
            }
        }
    }

    #[test]
    fn a_general_gram_matrix_ends_in_its_top_eigenvector() {
        let rows: Vec<Vec<f64>> = [[1.0, 0.2, -0.3, 0.0], [-0.4, 1.0, 0.5, 0.2], [0.3, 0.6, 1.0, -0.9]]
            .iter()
            .map(|row| row.iter().map(|x| x / norm(row)).collect())
            .collect();
        let gram = DMatrix::from_fn(3, 3, |i, j| dot(&rows[i], &rows[j]));
        let w = start(4, 1);
        let limit = linear_limit(&gram, &correlations(&rows, &w), 1e-12).unwrap();
        let end = descend(&rows, w, Activation::Linear, 0.07, 3000);
        assert!(distance(&correlations(&rows, &end), &limit) < 1e-12);
        assert!((norm(&end) - 1.0).abs() < 1e-12);
        // Its loss is that of the largest eigenvalue, from the residuals themselves.
        let loss: f64 = rows
            .iter()
            .map(|x| {
                let c = dot(x, &end);
                x.iter().zip(&end).map(|(x, w)| (x - c * w).powi(2)).sum::<f64>() / 6.0
            })
            .sum();
        assert!((loss - critical_loss(gram.symmetric_eigenvalues().max(), 3)).abs() < 1e-12);
    }

    #[test]
    fn curvatures_are_differences_of_the_gradient() {
        // At the mean, a contrast, along itself, the others, and off the span.
        let (m, rho, h) = (5, 0.3, 1e-5);
        let rows = equicorrelated(m, rho);
        let all: Vec<usize> = (0..m).collect();
        let unit = |v: Vec<f64>| -> Vec<f64> {
            let length = norm(&v);
            v.iter().map(|x| x / length).collect()
        };
        let mean = unit(vec![1.0, 1.0, 1.0, 1.0, 1.0, 0.0]);
        let first = unit(vec![1.0, -1.0, 0.0, 0.0, 0.0, 0.0]);
        let second = unit(vec![1.0, 1.0, -2.0, 0.0, 0.0, 0.0]);
        let off = vec![0.0, 0.0, 0.0, 0.0, 0.0, 1.0];
        let (l1, l2) = eigenvalues(m, rho);
        for (w, v, expected) in [
            (&mean, &mean, radial_curvature(l1, m)),
            (&mean, &first, transverse_curvature(l1, l2, m)),
            (&mean, &off, transverse_curvature(l1, 0.0, m)),
            (&first, &first, radial_curvature(l2, m)),
            (&first, &mean, transverse_curvature(l2, l1, m)),
            (&first, &second, 0.0),
        ] {
            // A step with μ = 1/m is minus the gradient of the loss.
            let gradient = |sign: f64| {
                let at: Vec<f64> = w.iter().zip(v).map(|(w, v)| w + sign * h * v).collect();
                let next = step(&rows, &at, &all, Activation::Linear, 1.0 / m as f64);
                dot(&at.iter().zip(&next).map(|(a, b)| a - b).collect::<Vec<_>>(), v)
            };
            let difference = (gradient(1.0) - gradient(-1.0)) / (2.0 * h);
            assert!((difference - expected).abs() < 1e-9, "{difference} {expected}");
        }
    }

    #[test]
    fn the_last_part_of_the_way_shrinks_at_the_selection_rate() {
        for (m, rho) in [(6, 0.07), (5, -0.04)] {
            let mu = 0.03;
            let rows = equicorrelated(m, rho);
            let mut state = Equicorrelated::new(&correlations(&rows, &start(m + 1, 3)), 0.1, rho);
            let far = |state: &Equicorrelated| if rho > 0.0 { state.contrast } else { state.mean.abs() };
            (0..2500).for_each(|_| state = state.step(mu));
            let next = state.step(mu);
            assert!(
                far(&state) > 1e-200 && (far(&next) / far(&state) - selection_rate(m, rho, mu)).abs() < 1e-9
            );
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
