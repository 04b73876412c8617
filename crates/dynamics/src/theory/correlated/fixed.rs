//! Datapoints as fixed points of every sample's gradient: when they are, and how far a step leads away when not. Exact.

use nalgebra::DMatrix;

use crate::activation::Activation;

/// Whether every sample's gradient vanishes at the datapoint `x_i` of unit data with Gram matrix `K`.
///
/// At `w = x_i`, `N = 1`, so that `∇ℓ_j = κ² x_i − κ x_j` with `κ = φ(K_ij)`, of squared norm `κ²(1 − κ²)` where `κ = K_ij`: zero
/// iff `K_ij ∈ {0, ±1}`, with ReLU also wherever `K_ij < 0`. Compared to `tolerance`, the rounding of `K`.
///
/// # Panics
/// Unless the activation has unit slope: see [`Activation::has_unit_slope`].
pub fn is_fixed(gram: &DMatrix<f64>, i: usize, activation: Activation, tolerance: f64) -> bool {
    activation.require_unit_slope();
    (0..gram.nrows()).filter(|&j| j != i).all(|j| {
        let kappa = activation.apply(gram[(i, j)]);
        kappa.abs() <= tolerance || (1.0 - kappa.abs()) <= tolerance
    })
}

/// Length of the step that a batch `B` (no sample twice) takes from the datapoint `x_i`:
/// `‖Δw‖ = η_B √(κᵀ K[B, B] κ − (κᵀκ)²)`, `κ_j = φ(K_ij)` for `j ∈ B`.
///
/// `Δw = η_B (Σ_j κ_j x_j − (Σ_j κ_j²) x_i)`, and `⟨x_i, Σ_j κ_j x_j⟩ = Σ_j κ_j²` for both activations. Sample `i` itself adds
/// nothing to it.
///
/// # Panics
/// Unless the activation has unit slope: see [`Activation::has_unit_slope`].
pub fn displacement(
    gram: &DMatrix<f64>,
    i: usize,
    batch: &[usize],
    activation: Activation,
    step_per_sample: f64,
) -> f64 {
    activation.require_unit_slope();
    let others = || batch.iter().filter(|&&j| j != i);
    let kappa = |j: usize| activation.apply(gram[(i, j)]);
    let square: f64 = others().map(|&j| kappa(j).powi(2)).sum();
    let quadratic: f64 = others()
        .flat_map(|&j| others().map(move |&k| (j, k)))
        .map(|(j, k)| kappa(j) * gram[(j, k)] * kappa(k))
        .sum();
    step_per_sample * (quadratic - square * square).max(0.0).sqrt()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{equicorrelated, step};
    use super::*;
    use crate::data::{dot, norm};

    fn gram(rows: &[Vec<f64>]) -> DMatrix<f64> {
        DMatrix::from_fn(rows.len(), rows.len(), |i, j| dot(&rows[i], &rows[j]))
    }

    /// Unit rows with inner products of both signs.
    fn rows() -> Vec<Vec<f64>> {
        [
            [1.0, 0.2, -0.3, 0.0],
            [-0.4, 1.0, 0.5, 0.2],
            [0.3, 0.6, 1.0, -0.9],
            [0.1, -0.7, 0.4, 1.0],
            [0.9, 0.0, 0.3, 0.5],
        ]
        .iter()
        .map(|row| row.iter().map(|x| x / norm(row)).collect())
        .collect()
    }

    #[test]
    fn displacement_is_that_of_a_plain_step() {
        let (rows, eta) = (rows(), 0.17);
        let gram = gram(&rows);
        for (i, batch) in
            [(0, vec![1]), (0, vec![0]), (2, vec![3, 0]), (1, vec![4, 1, 2]), (4, vec![0, 1, 2, 3, 4])]
        {
            for activation in Activation::PAPER {
                let next = step(&rows, &rows[i], &batch, activation, eta);
                let moved: Vec<f64> = next.iter().zip(&rows[i]).map(|(a, b)| a - b).collect();
                let predicted = displacement(&gram, i, &batch, activation, eta);
                assert!((norm(&moved) - predicted).abs() < 1e-15, "{i} {batch:?} {activation:?}");
            }
        }
    }

    /// `η_B |φ(ρ)| √(b' (1 − ρ)(1 + b' ρ))` with `b'` samples besides `x_i`.
    #[test]
    fn over_equicorrelated_data_displacement_is_closed() {
        for rho in [-0.15, 1e-4, 0.37, 0.9] {
            let gram = gram(&equicorrelated(6, rho));
            for (batch, others) in
                [(vec![3], 1.0), (vec![0, 2, 5], 2.0), (vec![1, 2, 3, 4, 5], 5.0), (vec![0], 0.0)]
            {
                for activation in Activation::PAPER {
                    let general = displacement(&gram, 0, &batch, activation, 0.3);
                    let square: f64 = others * (1.0 - rho) * (1.0 + others * rho);
                    let closed = 0.3 * activation.apply(rho).abs() * square.sqrt();
                    assert!((general - closed).abs() < 1e-15, "ρ = {rho} {batch:?}: {general} {closed}");
                }
            }
        }
    }

    #[test]
    fn a_datapoint_is_fixed_iff_no_batch_moves_it() {
        let line = |rho| gram(&equicorrelated(4, rho));
        let all: Vec<usize> = (0..4).collect();
        for (rho, linear, relu) in
            [(0.0, true, true), (-0.2, false, true), (0.2, false, false), (1.0, true, true)]
        {
            for (activation, expected) in [(Activation::Linear, linear), (Activation::Relu, relu)] {
                assert_eq!(is_fixed(&line(rho), 1, activation, 1e-14), expected, "ρ = {rho} {activation:?}");
                let moves = all.iter().any(|&j| displacement(&line(rho), 1, &[j], activation, 0.5) > 1e-7);
                assert_eq!(!moves, expected, "ρ = {rho} {activation:?}");
            }
        }
    }
}
