//! Three samples: the exit problem on a lattice.
//!
//! With `u = h φ` the equation `½Δh + ∇log φ · ∇h = 0` becomes `Δu = (Δφ/φ) u`. On the plane of log-ratios take the
//! triangular lattice with steps `δ (e_i − e_j)` and read both Laplacians as sums over the six neighbours:
//!
//! ```text
//! Σ_{z'} u(z') = u(z) Σ_{z'} φ(z')/φ(z)
//! ```
//!
//! the harmonic functions of the chain that jumps from `z` to `z'` at the rate `φ(z')/φ(z)`; the error is of order `δ²`.
//! The matrix is symmetric, positive definite and, since `½Δφ/φ ≥ ½`, well conditioned: conjugate gradients, started
//! from the spherical guess, which is right at the rim, where one of the three is far behind. What a rim at log-ratio
//! `ℓ` cuts off falls like `e^{−2ℓ/3}`.

use std::f64::consts::FRAC_1_PI;

use nalgebra::DVector;

use super::pair;
use crate::vectors::{largest, norm, smallest};

/// Spacing of the coarse lattice; the fine one has half of it.
const SPACING: f64 = 0.4;

/// Log-ratio of the rim.
const REACH: f64 = 13.0;

/// What the probabilities are right to where the lattice [is accurate](is_accurate): half the spacing and a rim at 18 change those of nine
/// starts by less than 7e-6.
pub const ACCURACY: f64 = 1e-5;

/// Whether no ratio of two correlations exceeds `e⁴`.
pub fn is_accurate(c: [f64; 3]) -> bool {
    let sizes = c.map(f64::abs);
    largest(sizes) <= 4f64.exp() * smallest(sizes)
}

/// `P(i* = i)` from the correlations: solved at spacings 0.4 and 0.2 and extrapolated to 0. Right to [`ACCURACY`] where no ratio
/// exceeds `e⁴`; with a zero among them the closed form of the other two, NaN if all are zero.
pub fn solve(c: [f64; 3]) -> [f64; 3] {
    extrapolated(c, SPACING)
}

/// Solves at a spacing and at half of it, and extrapolates.
pub fn extrapolated(c: [f64; 3], spacing: f64) -> [f64; 3] {
    let (coarse, fine) = (on_lattice(c, spacing), on_lattice(c, 0.5 * spacing));
    std::array::from_fn(|i| fine[i] + (fine[i] - coarse[i]) / 3.0)
}

/// Solves on one lattice, laid so that the start is a node.
pub fn on_lattice(c: [f64; 3], spacing: f64) -> [f64; 3] {
    if let Some(zero) = c.iter().position(|&c| c == 0.0) {
        let (next, last) = ((zero + 1) % 3, (zero + 2) % 3);
        let mut law = [0.0; 3];
        (law[next], law[last]) = (pair([c[next], c[last]]), pair([c[last], c[next]]));
        return law;
    }
    let lattice = Lattice::around(c, spacing);
    let first = lattice.probability(0);
    let second = lattice.probability(1);
    [first, second, 1.0 - first - second]
}

const NEIGHBOURS: [(isize, isize); 6] = [(1, 0), (-1, 0), (0, 1), (0, -1), (1, -1), (-1, 1)];

/// The hexagon `|k_1|, |k_2|, |k_1 + k_2| ≤ n` in a square array; node `y + δ (k_1, k_2, −k_1 − k_2)`.
struct Lattice {
    width: usize,
    /// Indices of the inner nodes.
    inner: Vec<usize>,
    cosines: Vec<[f64; 3]>,
    phi: DVector<f64>,
    /// `Σ φ(z')/φ(z)` of the inner nodes.
    diagonal: DVector<f64>,
}

impl Lattice {
    fn around(c: [f64; 3], spacing: f64) -> Self {
        let y = c.map(|c| c.abs().ln());
        let mean = y.iter().sum::<f64>() / 3.0;
        let n = (REACH / spacing).round() as isize;
        let width = (2 * n + 1) as usize;
        let size = width * width;
        let (mut inner, mut cosines, mut phi) = (Vec::new(), vec![[0.0; 3]; size], DVector::zeros(size));
        for (index, cosines) in cosines.iter_mut().enumerate() {
            let (k1, k2) = ((index / width) as isize - n, (index % width) as isize - n);
            let farthest = k1.abs().max(k2.abs()).max((k1 + k2).abs());
            if farthest > n {
                continue;
            }
            let steps = [k1 as f64, k2 as f64, -(k1 + k2) as f64];
            let sizes: [f64; 3] = std::array::from_fn(|i| (y[i] - mean + spacing * steps[i]).exp());
            phi[index] = norm(&sizes);
            *cosines = sizes.map(|c| c / phi[index]);
            if farthest < n {
                inner.push(index);
            }
        }
        let mut lattice = Self { width, inner, cosines, phi, diagonal: DVector::zeros(size) };
        for &k in &lattice.inner {
            lattice.diagonal[k] = lattice.around_node(&lattice.phi, k) / lattice.phi[k];
        }
        lattice
    }

    fn around_node(&self, u: &DVector<f64>, k: usize) -> f64 {
        let width = self.width as isize;
        NEIGHBOURS.iter().map(|(k1, k2)| u[(k as isize + k1 * width + k2) as usize]).sum()
    }

    /// `out = A u` on the inner nodes.
    fn apply(&self, u: &DVector<f64>, out: &mut DVector<f64>) {
        for &k in &self.inner {
            out[k] = self.diagonal[k] * u[k] - self.around_node(u, k);
        }
    }

    fn probability(&self, i: usize) -> f64 {
        // Spherical area: (4/π) arctan(c_i/(1 + c_j + c_k)).
        let guess = |c: &[f64; 3]| 4.0 * FRAC_1_PI * (c[i] / (1.0 + c.iter().sum::<f64>() - c[i])).atan();
        let size = self.phi.len();
        let guess = DVector::from_fn(size, |k, _| guess(&self.cosines[k]) * self.phi[k]);
        let mut residual = DVector::zeros(size);
        self.apply(&guess, &mut residual);
        residual.neg_mut();
        let correction = self.conjugate_gradients(residual);
        let centre = size / 2;
        (guess[centre] + correction[centre]) / self.phi[centre]
    }

    /// `A x = r`, until the residual has fallen by a factor of 10¹⁰, in as many rounds as there are unknowns at most;
    /// nothing beyond the inner nodes.
    fn conjugate_gradients(&self, mut residual: DVector<f64>) -> DVector<f64> {
        let mut x = DVector::zeros(residual.len());
        let (mut direction, mut image) = (residual.clone(), DVector::zeros(residual.len()));
        let mut square = residual.norm_squared();
        let enough = 1e-20 * square;
        for _ in 0..self.inner.len() {
            if square <= enough {
                break;
            }
            self.apply(&direction, &mut image);
            let step = square / direction.dot(&image);
            x.axpy(step, &direction, 1.0);
            residual.axpy(-step, &image, 1.0);
            let before = std::mem::replace(&mut square, residual.norm_squared());
            direction.axpy(1.0, &residual, square / before);
        }
        x
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symmetric_starts_and_faint_thirds_are_known() {
        let even = on_lattice([0.7; 3], 0.4);
        assert!(even.iter().all(|p| (p - 1.0 / 3.0).abs() < 1e-9), "{even:?}");
        // A third that is fainter by e^{-8} changes little: e^{-16/3} < 0.005.
        let faint = on_lattice([0.4, 0.7, 0.7 * (-8.0f64).exp()], 0.2);
        assert!((faint[0] - pair([0.4, 0.7])).abs() < 2e-3 && faint[2] < 1e-3, "{faint:?}");
    }

    #[test]
    fn a_zero_leaves_the_law_of_two() {
        assert_eq!(solve([0.4, 0.0, -0.7]), [pair([0.4, 0.7]), 0.0, pair([0.7, 0.4])]);
        assert_eq!(solve([0.0, 0.0, 0.7]), [0.0, 0.0, 1.0]);
        assert!(solve([0.0; 3]).iter().any(|p| p.is_nan()));
    }

    #[test]
    fn the_error_falls_with_the_square_of_the_spacing() {
        let [coarse, middle, fine] = [0.4, 0.2, 0.1].map(|spacing| on_lattice([0.5, 0.3, 0.2], spacing)[0]);
        let ratio = (coarse - middle) / (middle - fine);
        assert!((ratio - 4.0).abs() < 0.1, "{ratio}");
        // A million paths of the diffusion gave 0.54582 with standard error 0.0005.
        for c in [[0.5, 0.3, 0.2], [0.5, 0.5, 0.02], [0.9, 0.3, 0.1]] {
            let (rough, sharp) = (solve(c), extrapolated(c, 0.5 * SPACING));
            assert!((0..3).all(|i| (rough[i] - sharp[i]).abs() < 1e-5), "{c:?} {rough:?} {sharp:?}");
        }
        assert!((solve([0.5, 0.3, 0.2])[0] - 0.546_348).abs() < 6e-6);
    }
}
