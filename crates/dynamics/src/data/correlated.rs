//! Unit vectors that are correlated to order: all pairs equally, or the worst pair by a given amount.

use nalgebra::DMatrix;
use rand_distr::{Distribution, StandardNormal};

use super::{Dataset, check_shape, dot, norm, orthonormal};
use crate::error::{Error, Result};
use crate::limits;
use crate::rng::{Purpose, stream};
use crate::vectors::largest_size;

impl Dataset {
    /// `samples` unit vectors with `⟨x_i, x_j⟩ = rho` for every pair, rotated at random.
    ///
    /// `X = K^{1/2} Q` with `K = (1 − ρ) 1 + ρ 𝟏𝟏ᵀ`, whose root is `√(1−ρ) 1 + β 𝟏𝟏ᵀ`,
    /// `β = (√(1+(m−1)ρ) − √(1−ρ))/m`, and `Q`, `[m, n]`, the rows of [`orthonormal`](Self::orthonormal) of the same
    /// seed. The Gram matrix is `K` to rounding, the law of `X` is invariant under rotations of `R^n`, and ρ = 0 gives
    /// `Q` itself, to the bit.
    ///
    /// # Errors
    /// [`Error::Correlation`] unless `−1/(m−1) ≤ ρ ≤ 1`, where `K` has no negative eigenvalue (one sample: `|ρ| ≤ 1`,
    /// and nothing to correlate); those of [`orthonormal`](Self::orthonormal).
    pub fn equicorrelated(samples: usize, dim: usize, rho: f64, seed: u64) -> Result<Self> {
        orthonormal::check_size(samples, dim)?;
        let m = samples as f64;
        let min = if samples == 1 { -1.0 } else { -1.0 / (m - 1.0) };
        if !(min..=1.0).contains(&rho) {
            return Err(Error::Correlation { rho, samples, min });
        }
        let own = (1.0 - rho).sqrt();
        let shared = ((1.0 + (m - 1.0) * rho).max(0.0).sqrt() - own) / m;
        let mut rows = orthonormal::haar(samples, dim, stream(seed, Purpose::Data, 0))?;
        let mut sum = vec![0.0; dim];
        for row in rows.chunks_exact(dim) {
            sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
        }
        for row in rows.chunks_exact_mut(dim) {
            row.iter_mut().zip(&sum).for_each(|(x, sum)| *x = own * *x + shared * sum);
        }
        Self::from_rows(rows, samples, dim)
    }

    /// `samples` random unit vectors with coherence `max_{i≠j} |⟨x_i, x_j⟩| = mu`.
    ///
    /// Guaranteed: unit norms, and that coherence to some units of rounding. The other pairs are whatever the draw
    /// makes them, at most `mu` each. How: along the path of normalised rows `a_i + t b_i`, `t ∈ [0, ∞)`, coherence
    /// is continuous, and bisection finds a `t` at which it is `mu`. Between 0 and the coherence `μ_G` of Gaussian
    /// directions `g_i/‖g_i‖` (about `√(4 log m / n)`) the path goes from orthonormal `a_i` to them; between `μ_G` and 1
    /// from them to one common direction. With `m > n` no vectors are orthonormal and only the second path is there:
    /// less than `μ_G` cannot be had.
    ///
    /// # Errors
    /// [`Error::Coherence`] unless `μ < 1` and at least what this draw reaches; [`Error::SingleSample`]; [`Error::Empty`]; [`Error::TooLarge`] and [`Error::TooMuchWork`] beyond [`crate::limits`].
    pub fn coherent(samples: usize, dim: usize, mu: f64, seed: u64) -> Result<Self> {
        check_shape(samples, dim)?;
        if samples == 1 {
            return Err(Error::SingleSample);
        }
        limits::entries("three Gram matrices of the data", samples.saturating_mul(3), samples)?;
        limits::work("the Gram matrices of the data", &[3, samples, samples, dim])?;
        let mut rng = stream(seed, Purpose::Dictionary, 0);
        let mut directions = |rows: usize| unit_rows(rows, dim, &mut rng);
        let (gaussian, common) = (directions(samples)?, directions(1)?.repeat(samples));
        let apart = coherence(&gaussian, dim);
        let path = if mu > apart {
            Path::new(gaussian, common, dim)
        } else if samples <= dim {
            let rows = orthonormal::haar(samples, dim, stream(seed, Purpose::Data, 0))?;
            Path::new(rows, gaussian, dim)
        } else {
            Path::new(gaussian.clone(), gaussian, dim)
        };
        let min = if samples <= dim { 0.0 } else { apart };
        if !(mu >= min && mu < 1.0) {
            return Err(Error::Coherence { mu, samples, dim, min });
        }
        Self::from_rows(path.rows(path.find(mu)), samples, dim)
    }
}

/// Independent directions, uniform on the sphere: row-major `[rows, dim]`.
///
/// # Errors
/// [`Error::TooLarge`].
pub(super) fn unit_rows(rows: usize, dim: usize, rng: &mut impl rand::Rng) -> Result<Vec<f64>> {
    let count = limits::entries("the unit vectors", rows, dim)?;
    let mut all: Vec<f64> = StandardNormal.sample_iter(rng).take(count).collect();
    for row in all.chunks_exact_mut(dim) {
        let length = norm(row);
        row.iter_mut().for_each(|x| *x /= length);
    }
    Ok(all)
}

/// Largest `|⟨x_i, x_j⟩|`, `i ≠ j`, of unit rows.
fn coherence(rows: &[f64], dim: usize) -> f64 {
    let rows: Vec<&[f64]> = rows.chunks_exact(dim).collect();
    let pairs = (0..rows.len()).flat_map(|i| (0..i).map(move |j| (i, j)));
    largest_size(pairs.map(|(i, j)| dot(rows[i], rows[j])))
}

/// Normalised rows `(1 − s) a_i + s b_i`, `s ∈ [0, 1]`, with what their inner products are made of.
struct Path {
    from: Vec<f64>,
    to: Vec<f64>,
    dim: usize,
    /// `A Aᵀ`, `A Bᵀ + B Aᵀ`, `B Bᵀ`, each `[m, m]`.
    grams: [DMatrix<f64>; 3],
}

impl Path {
    fn new(from: Vec<f64>, to: Vec<f64>, dim: usize) -> Self {
        let columns = |rows: &[f64]| DMatrix::from_column_slice(dim, rows.len() / dim, rows);
        let (a, b) = (columns(&from), columns(&to));
        let cross = a.tr_mul(&b);
        let grams = [a.tr_mul(&a), &cross + cross.transpose(), b.tr_mul(&b)];
        Self { from, to, dim, grams }
    }

    /// Coherence at `s`.
    fn coherence(&self, s: f64) -> f64 {
        let [a, cross, b] = &self.grams;
        let r = 1.0 - s;
        let gram = a * (r * r) + cross * (r * s) + b * (s * s);
        let norms: Vec<f64> = gram.diagonal().iter().map(|square| square.sqrt()).collect();
        let pairs = (0..norms.len()).flat_map(|i| (0..i).map(move |j| (i, j)));
        largest_size(pairs.map(|(i, j)| gram[(i, j)] / (norms[i] * norms[j])))
    }

    /// An `s` with coherence `mu`, which must lie between those of the ends.
    fn find(&self, mu: f64) -> f64 {
        let (mut low, mut high) = (0.0, 1.0);
        if mu <= self.coherence(low) {
            return low;
        }
        // Invariant: coherence(low) < mu ≤ coherence(high). Until no number lies between.
        loop {
            let middle = 0.5 * (low + high);
            if middle <= low || middle >= high {
                return high;
            }
            if self.coherence(middle) < mu { low = middle } else { high = middle }
        }
    }

    fn rows(&self, s: f64) -> Vec<f64> {
        let mut rows: Vec<f64> = self.from.iter().zip(&self.to).map(|(a, b)| (1.0 - s) * a + s * b).collect();
        for row in rows.chunks_exact_mut(self.dim) {
            let length = norm(row);
            row.iter_mut().for_each(|x| *x /= length);
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equicorrelated_gram_is_exact() {
        for (m, n) in [(1, 1), (2, 2), (3, 7), (11, 11), (20, 33), (57, 91)] {
            let min = if m == 1 { -1.0 } else { -1.0 / (m as f64 - 1.0) };
            for rho in [min, 0.7 * min, 0.0, 1e-9, 0.137, 0.5, 0.93, 1.0] {
                let data = Dataset::equicorrelated(m, n, rho, 5).unwrap();
                let gram = data.gram().unwrap();
                for (i, j) in (0..m).flat_map(|i| (0..m).map(move |j| (i, j))) {
                    let expected = if i == j { 1.0 } else { rho };
                    let deviation = (gram[(i, j)] - expected).abs();
                    assert!(deviation < 1e-14 * n as f64, "m={m} n={n} ρ={rho} ({i}, {j}): {deviation:e}");
                }
            }
        }
    }

    #[test]
    fn no_correlation_is_the_orthonormal_draw_to_the_bit() {
        let plain = Dataset::orthonormal(6, 11, 4).unwrap();
        let data = Dataset::equicorrelated(6, 11, 0.0, 4).unwrap();
        assert_eq!(data.rows().unwrap(), plain.rows().unwrap());
        assert!(data.is_orthonormal());
        assert!(!Dataset::equicorrelated(6, 11, 1e-9, 4).unwrap().is_orthonormal());
    }

    #[test]
    fn impossible_correlations_are_refused() {
        let refusal = |m, n, rho| Dataset::equicorrelated(m, n, rho, 1).unwrap_err().to_string();
        assert!(
            refusal(5, 9, -0.2500001).contains("5 unit vectors cannot all have inner product -0.2500001")
        );
        assert!(refusal(5, 9, 1.0000001).contains("[-0.25, 1]"));
        assert!(refusal(5, 9, f64::NAN).contains("NaN"));
        assert!(refusal(5, 4, 0.3).contains("5 orthonormal rows do not fit into 4 dimensions"));
    }

    #[test]
    fn the_mean_direction_is_uniform() {
        // E e_1² = 1/n and E e_1⁴ = 3/(n(n+2)) for the first entry of a uniform direction: n = 5, 4000 draws;
        // standard errors 0.0034 and 0.0025, bounds 4.5 of them. Data in a fixed basis would fail by far.
        let draws: Vec<f64> = (0..4000)
            .map(|seed| {
                let data = Dataset::equicorrelated(3, 5, 0.3, seed).unwrap();
                let sum = data.combine(&[1.0; 3]).unwrap();
                sum[0] / norm(&sum)
            })
            .collect();
        let moment = |p: i32| draws.iter().map(|x| x.powi(p)).sum::<f64>() / draws.len() as f64;
        assert!((moment(2) - 0.2).abs() < 0.0153, "{}", moment(2));
        assert!((moment(4) - 3.0 / 35.0).abs() < 0.0113, "{}", moment(4));
    }

    #[test]
    fn coherence_is_as_asked() {
        for (m, n) in [(2, 2), (2, 3), (7, 13), (12, 12), (23, 9)] {
            let apart = coherence(&unit_rows(m, n, &mut stream(3, Purpose::Dictionary, 0)).unwrap(), n);
            for mu in [0.0, 1e-6, 0.1, 0.5 * apart, apart, 0.5 * (1.0 + apart), 0.97, 1.0 - 1e-6] {
                let data = Dataset::coherent(m, n, mu, 3);
                if m > n && mu < apart {
                    let message = data.unwrap_err().to_string();
                    assert!(message.contains("23 unit vectors in 9 dimensions"), "{message}");
                    continue;
                }
                let data = data.unwrap();
                let got = coherence(data.rows().unwrap(), n);
                assert!((got - mu).abs() < 1e-13, "m={m} n={n} μ={mu}: {got}");
                assert!((0..m).all(|i| (data.row_norm(i) - 1.0).abs() < 1e-14));
            }
            for mu in [-0.1, 1.0, f64::NAN] {
                assert!(matches!(Dataset::coherent(m, n, mu, 3), Err(Error::Coherence { .. })), "{mu}");
            }
        }
        assert!(Dataset::coherent(1, 3, 0.2, 1).is_err());
    }

    #[test]
    fn gaussian_directions_have_the_moments_of_the_sphere() {
        // Entry x of a uniform direction in R^4: E x² = 1/4, E x⁴ = 3/24; sd of x² is √(1/8 − 1/16) = 1/4, of x⁴ about
        // √(E x⁸ − 1/64) = √(105/1920 − 1/64) = 0.198. 6000 draws, bounds 4.5 standard errors.
        let rows = unit_rows(6000, 4, &mut stream(8, Purpose::Dictionary, 0)).unwrap();
        let moment = |p: i32| rows.chunks_exact(4).map(|row| row[2].powi(p)).sum::<f64>() / 6000.0;
        assert!((moment(2) - 0.25).abs() < 4.5 * 0.25 / 6000f64.sqrt(), "{}", moment(2));
        assert!((moment(4) - 0.125).abs() < 4.5 * 0.198 / 6000f64.sqrt(), "{}", moment(4));
    }
}
