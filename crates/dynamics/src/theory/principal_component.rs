//! Where SGD settles over correlated samples, to leading order in the step size (beyond the paper): near the first principal component, as Oja's rule does.
//!
//! Linear neuron, samples `x_i` with the second moment `C = (1/m) Σ x_i x_iᵀ`, eigenvalues `λ_1 > λ_2 ≥ …` and unit eigenvectors `e_k`, mean reduction. A batch takes `w` to
//! `w + (η/b) Σ_{i∈B} c_i ((2 − ‖w‖²) x_i − c_i w)`, `c_i = ⟨w, x_i⟩`. The mean of the step is that of gradient descent, whose minima are `±e_1` (Baldi and Hornik, Neural Networks 2, 1989).
//!
//! Near `e_1` let `δ_k = ⟨w, e_k⟩` for `k ≥ 2`. In the mean a step takes `η (λ_1 − λ_k) δ_k` away from it, and a batch adds the noise `(η/b) Σ_{i∈B} x_{i1} x_{ik}`, `x_{ik} = ⟨x_i, e_k⟩`, whose mean over all samples
//! is 0; of a random batch it has the covariance `η² (m − b)/(b (m − 1)) E[x_1² x_k x_l]`, `E` being the mean over the samples. The linear recursion has the stationary covariance
//!
//! ```text
//! E δ_k δ_l = η_B (m − b)/(m − 1) · E[x_1² x_k x_l]/(2λ_1 − λ_k − λ_l),    η_B = η/b,
//! ```
//!
//! and the angle `θ` between `w` and the first principal component `E sin² θ = η_B (m − b)/(m − 1) K`, `K = Σ_{k≥2} E[x_1² x_k²]/(2 (λ_1 − λ_k))`, up to a factor `1 + O(η)`: derived, without a bound on the remainder.
//!
//! Two unit samples with the inner product `ρ`: `K = (1 − ρ²)/8ρ`, which is what the law of [`stationary`](super::stationary) becomes for `ρ ≫ η`.

use nalgebra::{DMatrix, SymmetricEigen};

use crate::eigen;

/// The first principal component of samples, and what the noise of the batches does about it.
#[derive(Clone, Debug, PartialEq)]
pub struct PrincipalComponent {
    /// `λ_1 > λ_2 ≥ … ≥ λ_n`.
    pub eigenvalues: Vec<f64>,
    /// `e_1`, `[n]`; its sign is free.
    pub direction: Vec<f64>,
    /// `K`: the stationary mean of `sin² θ` in units of `η_B (m − b)/(m − 1)`.
    pub noise: f64,
    samples: usize,
}

impl PrincipalComponent {
    /// Of row-major samples `[m, n]`, at least one and each of length `n ≥ 2`; nothing is centred. `None` if the largest eigenvalue is not simple to rounding, or their
    /// second moment is not finite.
    ///
    /// # Panics
    /// If the rows do not fill a matrix of `n` columns.
    pub fn of(rows: &[f64], dim: usize) -> Option<Self> {
        let samples = rows.len() / dim;
        assert_eq!(rows.len(), samples * dim, "rows of {dim} entries");
        let data = DMatrix::from_row_slice(samples, dim, rows);
        let SymmetricEigen { eigenvectors, eigenvalues } =
            eigen::symmetric(data.tr_mul(&data) / samples as f64)?;
        let mut order: Vec<usize> = (0..dim).collect();
        order.sort_by(|&i, &j| eigenvalues[j].total_cmp(&eigenvalues[i]));
        let values: Vec<f64> = order.iter().map(|&k| eigenvalues[k]).collect();
        if values[0] - values[1] <= 1e-12 * values[0] {
            return None;
        }
        let coordinates = data * eigenvectors.select_columns(&order);
        let first = coordinates.column(0).map(|x| x * x);
        let term = |k: usize| {
            let fourth = first.dot(&coordinates.column(k).map(|x| x * x)) / samples as f64;
            fourth / (2.0 * (values[0] - values[k]))
        };
        Some(Self {
            noise: (1..dim).map(term).sum(),
            direction: eigenvectors.column(order[0]).iter().copied().collect(),
            eigenvalues: values,
            samples,
        })
    }

    /// The spectral gap `λ_1 − λ_2`.
    pub fn gap(&self) -> f64 {
        self.eigenvalues[0] - self.eigenvalues[1]
    }

    /// Stationary mean of `sin² θ` under random batches of `b` samples at the step size per sample `η_B`, to leading order.
    pub fn mean_sine_sq(&self, batch: usize, step_per_sample: f64) -> f64 {
        if self.samples == batch {
            return 0.0;
        }
        step_per_sample * (self.samples - batch) as f64 / (self.samples - 1) as f64 * self.noise
    }

    /// Steps in which a displacement along the second component falls by a factor of `e`, `1/(η (λ_1 − λ_2))` with `η = b η_B`.
    pub fn relaxation(&self, batch: usize, step_per_sample: f64) -> f64 {
        1.0 / (batch as f64 * step_per_sample * self.gap())
    }
}

#[cfg(test)]
mod tests {
    use itertools::Itertools;
    use nalgebra::DVector;
    use rand_distr::{Distribution, StandardNormal};

    use super::*;
    use crate::rng::{Purpose, stream};
    use crate::theory::stationary::correlated_mixing;

    fn samples(m: usize, n: usize, seed: u64) -> Vec<f64> {
        StandardNormal.sample_iter(&mut stream(seed, Purpose::Protocol, 0)).take(m * n).collect()
    }

    /// A step of the mean loss of a batch.
    fn step(rows: &DMatrix<f64>, w: &DVector<f64>, batch: &[usize], eta: f64) -> DVector<f64> {
        let mut next = w.clone();
        for &i in batch {
            let x = rows.row(i).transpose();
            let c = w.dot(&x);
            next += (x * (2.0 - w.norm_squared()) - w * c) * (c * eta / batch.len() as f64);
        }
        next
    }

    /// The stationary covariance of the recursion linearised at `e_1`, over all batches one by one and with differences for derivatives.
    #[test]
    fn it_is_the_stationary_state_of_the_step_itself() {
        let eta = 1e-4;
        for (m, n, b, seed) in [(5, 3, 2, 1), (6, 4, 1, 2), (7, 3, 5, 3), (4, 3, 4, 4)] {
            let rows = samples(m, n, seed);
            let theory = PrincipalComponent::of(&rows, n).unwrap();
            let data = DMatrix::from_row_slice(m, n, &rows);
            let fixed = DVector::from_column_slice(&theory.direction);
            let batches: Vec<Vec<usize>> = (0..m).combinations(b).collect();
            let of_all = |w: &DVector<f64>| step(&data, w, &(0..m).collect::<Vec<_>>(), eta) - w;
            assert!(of_all(&fixed).norm() < 1e-15);
            let h = 1e-5;
            let mut drift = DMatrix::zeros(n, n);
            for k in 0..n {
                let e = DVector::from_fn(n, |i, _| if i == k { h } else { 0.0 });
                drift.set_column(k, &((of_all(&(&fixed + &e)) - of_all(&(&fixed - &e))) / (2.0 * h)));
            }
            let slowest = -((&drift + drift.transpose()) * 0.5).symmetric_eigenvalues().max();
            let falls = slowest * theory.relaxation(b, eta / b as f64);
            assert!((falls - 1.0).abs() < 1e-6, "m = {m}: {falls}");
            let mut noise = DMatrix::zeros(n, n);
            for batch in &batches {
                let moved = step(&data, &fixed, batch, eta) - &fixed;
                noise += &moved * moved.transpose() / batches.len() as f64;
            }
            // Doubling: the covariance after 2t steps is that after t, and what t steps leave of it.
            let (mut after, mut covariance) = (DMatrix::identity(n, n) + &drift, noise);
            for _ in 0..40 {
                covariance = &covariance + &after * &covariance * after.transpose();
                after = &after * &after;
            }
            let across = covariance.trace() - (fixed.transpose() * &covariance * &fixed)[(0, 0)];
            let law = theory.mean_sine_sq(b, eta / b as f64);
            assert!((across - law).abs() <= 2e-3 * law + 1e-18, "m = {m}, b = {b}: {across:e} {law:e}");
            assert!(b == m || law > 1e-6);
        }
    }

    #[test]
    fn two_samples_have_the_law_of_the_plane_far_from_a_datapoint() {
        for rho in [0.02, 0.1, 0.5f64] {
            let (cos, sin) = ((1.0 + rho) / 2.0, (1.0 - rho) / 2.0);
            let rows = [cos.sqrt(), sin.sqrt(), cos.sqrt(), -sin.sqrt()];
            let theory = PrincipalComponent::of(&rows, 2).unwrap();
            assert!((theory.noise - (1.0 - rho * rho) / (8.0 * rho)).abs() < 1e-12);
            assert!((theory.gap() - rho).abs() < 1e-15);
        }
        // sin 2θ = 1 − 2 sin² of the angle to the diagonal, up to its fourth power; at r = ρ/η = 200 that is a share of 2e-3.
        let (rho, eta) = (0.02, 1e-4);
        let (cos, sin) = ((1.0 + rho) / 2.0, (1.0 - rho) / 2.0);
        let rows = [f64::sqrt(cos), f64::sqrt(sin), f64::sqrt(cos), -f64::sqrt(sin)];
        let law = PrincipalComponent::of(&rows, 2).unwrap().mean_sine_sq(1, eta);
        let exact = 0.5 * (1.0 - correlated_mixing(rho / eta));
        assert!((law / exact - 1.0).abs() < 4e-3, "{law:e} {exact:e}");
    }

    #[test]
    fn there_is_none_of_orthonormal_samples() {
        assert_eq!(PrincipalComponent::of(&[1.0, 0.0, 0.0, 0.0, 1.0, 0.0], 3), None);
    }
}
