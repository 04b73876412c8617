//! Correlated data (beyond the paper): what is left of the pure limit when unit samples have a Gram matrix `K ≠ 1`.
//!
//! Unit norms keep the gradient `∇ℓ_i = φ_i² w + (N − 2) φ_i x_i`, since the norm of `x` drops out anyway. What changes:
//!
//! - **Fixed points of every sample** (exact; [`fixed`]). `∇ℓ_i(w) = 0` iff `φ_i = 0` or `w = ±x_i` (for ReLU `+`). So a point
//!   with `φ ≠ 0` at which *all* sample gradients vanish is a datapoint, and `x_i` is one iff each other sample has
//!   `K_ij ∈ {0, ±1}`, with ReLU `K_ij ≤ 0` or `K_ij = 1`. Equicorrelated data: for no `0 < |ρ| < 1` in the linear model,
//!   for no `0 < ρ < 1` with ReLU. There constant-step SGD converges to no point at which it reconstructs anything.
//! - **Full batches** (exact but for convergence itself; [`descent`]). The loss of the linear model is `½ + (N − 2) wᵀSw/2m` with
//!   `S = AᵀA`; its critical points are `Sw = 0` and the unit eigenvectors of `S`, and all but the top ones are strict saddles.
//!   Gradient descent leaves the mixture of its start for every `ρ ≠ 0`: for the mean of all samples if `ρ > 0`, if `ρ < 0` for
//!   its own contrasts (linear) or for a *single datapoint* (ReLU).
//! - **What SGD does instead** (to leading order; [`spread`]). It stays near a datapoint, with coefficients of the other samples
//!   that have a heavy-tailed stationary law of scale `ρ(m − 1)/(η_B (m − b))`: the noise wins where the correlation is small
//!   against the step size.

pub mod descent;
pub mod fixed;
pub mod spread;

/// Eigenvalues of the Gram matrix `K = (1 − ρ) 1 + ρ 𝟏𝟏ᵀ` of `m` equicorrelated unit vectors: `1 + (m − 1)ρ` for the mean of
/// all (once), `1 − ρ` for contrasts, `Σ α_i = 0` (`m − 1` times).
pub fn eigenvalues(samples: usize, rho: f64) -> (f64, f64) {
    (1.0 + (samples as f64 - 1.0) * rho, 1.0 - rho)
}

#[cfg(test)]
mod tests {
    //! What the unit tests of this room share: vectors, and plain gradient steps on them.

    use crate::activation::Activation;
    use crate::data::dot;

    /// Rows in `R^{m+1}` with inner products ρ: `√(1−ρ) e_i + β 𝟏` on the first m axes.
    pub fn equicorrelated(samples: usize, rho: f64) -> Vec<Vec<f64>> {
        let (mean, contrast) = super::eigenvalues(samples, rho);
        let beta = (mean.max(0.0).sqrt() - contrast.sqrt()) / samples as f64;
        let entry = |i, k| if k == samples { 0.0 } else { beta + if i == k { contrast.sqrt() } else { 0.0 } };
        (0..samples).map(|i| (0..=samples).map(|k| entry(i, k)).collect()).collect()
    }

    /// `w − μ Σ_{i∈B} ∇ℓ_i(w)`.
    pub fn step(rows: &[Vec<f64>], w: &[f64], batch: &[usize], activation: Activation, mu: f64) -> Vec<f64> {
        let norm_sq = dot(w, w);
        let mut next = w.to_vec();
        for x in batch.iter().map(|&i| &rows[i]) {
            let phi = activation.apply(dot(w, x));
            for ((next, w), x) in next.iter_mut().zip(w).zip(x) {
                *next -= mu * (phi * phi * w + (norm_sq - 2.0) * phi * x);
            }
        }
        next
    }

    pub fn correlations(rows: &[Vec<f64>], w: &[f64]) -> Vec<f64> {
        rows.iter().map(|x| dot(x, w)).collect()
    }

    #[test]
    fn eigenvalues_are_those_of_the_matrix() {
        for (m, rho) in [(2, 0.4), (7, -0.11), (5, 0.93)] {
            let gram = nalgebra::DMatrix::from_fn(m, m, |i, j| if i == j { 1.0 } else { rho });
            let mut values = gram.symmetric_eigenvalues().as_slice().to_vec();
            values.sort_by(f64::total_cmp);
            let (mean, contrast) = super::eigenvalues(m, rho);
            let mut expected = vec![contrast; m - 1];
            expected.push(mean);
            expected.sort_by(f64::total_cmp);
            assert!(values.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-14));
            let rows = equicorrelated(m, rho);
            assert!((crate::data::dot(&rows[0], &rows[1]) - rho).abs() < 1e-15);
        }
    }
}
