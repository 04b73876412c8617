//! Curvature at the minima in closed form (GFHY Theorem 13).

use crate::activation::Activation;

/// Eigenvalues with their multiplicities.
pub type Spectrum = Vec<(f64, usize)>;

/// Eigenvalues of the Hessian at a global minimum, with multiplicities.
///
/// Linear model, at any `w` in the span with `‖w‖ = 1`: `H = (1/m)(4 w wᵀ − Π + 1)`.
/// ReLU, at `w = Σ_{i∈S} α_i a_i` with `α > 0`: a direction `a_i`, `i ∉ S`, sits on a kink, whose
/// averaged one-sided second derivative is `1/(2m)`.
///
/// Returns `(value, multiplicity)` in descending order of value; multiplicities add up to `n`.
///
/// # Panics
/// For an activation that is not the paper's.
pub fn spectrum(samples: usize, dim: usize, support: usize, activation: Activation) -> Spectrum {
    activation.require_unit_slope();
    let m = samples as f64;
    let kinks = if activation == Activation::Relu { samples - support } else { 0 };
    vec![(4.0 / m, 1), (1.0 / m, dim - samples), (0.5 / m, kinks), (0.0, samples - 1 - kinks)]
}

/// `λ_max = 4/m`, at every global minimum of either model.
pub fn largest_eigenvalue(samples: usize) -> f64 {
    4.0 / samples as f64
}

/// `Tr H` at a minimum with support `|S|`: `4/m + (n − m)/m`, for ReLU `+ (m − |S|)/(2m)`.
///
/// With `|S| = |S⁺|` that is Theorem 13's `(2n + 8 − m − |S⁺|)/(2m)` for GD, with `|S| = 1` its
/// `(2n + 7 − m)/(2m)` for SGD: SGD's minimum is the sharper by `(|S⁺| − 1)/(2m)`.
///
/// # Panics
/// For an activation that is not the paper's.
pub fn trace(samples: usize, dim: usize, support: usize, activation: Activation) -> f64 {
    spectrum(samples, dim, support, activation).iter().map(|(value, count)| value * *count as f64).sum()
}

/// Mean over Gaussian starts of the gap `Tr H(w_SGD) − Tr H(w_GD) = (|S⁺| − 1)/(2m)` between the traces with ReLU, given that `S⁺` is
/// not empty: `(½m/(1 − 2^−m) − 1)/(2m)`, since `|S⁺|` is binomial. It tends to ¼, with a deviation of `1/(4√m)` from start to start.
pub fn mean_gap(samples: usize) -> f64 {
    let m = samples as f64;
    (0.5 * m / (1.0 - 0.5f64.powf(m)) - 1.0) / (2.0 * m)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traces_are_theorem_13() {
        for (m, n, active) in [(5usize, 9usize, 3usize), (12, 12, 7), (4, 31, 1)] {
            let (mf, nf, sf) = (m as f64, n as f64, active as f64);
            let gd = trace(m, n, active, Activation::Relu);
            assert!((gd - (2.0 * nf + 8.0 - mf - sf) / (2.0 * mf)).abs() < 1e-14);
            let sgd = trace(m, n, 1, Activation::Relu);
            assert!((sgd - (2.0 * nf + 7.0 - mf) / (2.0 * mf)).abs() < 1e-14);
            assert!((trace(m, n, active, Activation::Linear) - (4.0 + nf - mf) / mf).abs() < 1e-14);
        }
    }

    #[test]
    fn the_mean_gap_is_the_sum_over_sizes_of_the_active_set() {
        // m = 4: |S⁺| = 1, 2, 3, 4 with odds 4 : 6 : 4 : 1, gaps 0, 1, 2, 3 eighths.
        assert!((mean_gap(4) - (6.0 + 8.0 + 3.0) / 15.0 / 8.0).abs() < 1e-15);
        assert!((mean_gap(1_000_000) - 0.25).abs() < 1e-6);
    }

    #[test]
    fn multiplicities_fill_the_space() {
        for activation in Activation::PAPER {
            let total: usize = spectrum(7, 11, 3, activation).iter().map(|(_, count)| count).sum();
            assert_eq!(total, 11);
        }
    }
}
