//! Whether a step on some batch shortens what is left of the way to an absorbing state.

use itertools::Itertools;

use crate::data::Dataset;
use crate::device::Compute;
use crate::error::Result;
use crate::measure::sharpness::{Surface, top_eigenvalue};
use crate::model::TiedDeep;
use crate::rng::{Purpose, stream};
use crate::vectors::largest;

/// `η_B λ_max` from which on a step lengthens a deviation along the top eigenvector, `|1 − η_B λ| ≥ 1`.
pub(super) const EDGE: f64 = 2.0;

/// Residual of an eigenvector over its eigenvalue, or over 1 if that is less, and most products with the Hessian.
const TOLERANCE: f64 = 1e-5;
const PRODUCTS: usize = 200;

/// The largest `η_B λ_max(H_B)` over all batches of `b` samples, `H_B` the Hessian of the loss of the batch, `Σ_{i∈B} ½‖a_i − Ma_i‖²`, by Lanczos on differences of Burn's gradients.
pub(super) fn largest_over_batches(
    model: &TiedDeep,
    dataset: &Dataset,
    batch: usize,
    step_per_sample: f64,
    compute: &Compute,
) -> Result<f64> {
    let (rows, dim) = (dataset.rows()?, dataset.dim());
    let of_batch = |members: Vec<usize>| -> Result<f64> {
        let rows = members.iter().flat_map(|&i| rows[i * dim..(i + 1) * dim].to_vec()).collect();
        let surface = Surface::new(model.clone(), &Dataset::from_rows(rows, batch, dim)?, compute)?;
        let top = top_eigenvalue(&surface, TOLERANCE, PRODUCTS, &mut stream(0, Purpose::Protocol, 0));
        // That of a batch of lost samples may be 0, which has no relative accuracy.
        let known = top.filter(|top| top.residual <= TOLERANCE * top.value.abs().max(1.0));
        // The loss of the surface is a mean over its samples.
        Ok(known.map_or(f64::NAN, |top| batch as f64 * top.value))
    };
    let batches = (0..dataset.samples()).combinations(batch);
    Ok(step_per_sample * largest(batches.map(of_batch).collect::<Result<Vec<_>>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Activation, TiedDeepConfig, flat};

    /// Layers of given widths with given weights on three orthonormal samples in four dimensions.
    fn curvature(widths: &[usize], of: impl Fn(&[f64]) -> Vec<f64>, batch: usize) -> f64 {
        let (compute, dataset) = (Compute::default(), Dataset::orthonormal(3, 4, 5).unwrap());
        let config = TiedDeepConfig::new(4, widths.to_vec(), Activation::Linear);
        let model = config.init(&dataset, 1.0, 5, 0, &compute).unwrap();
        let model = flat::at(model, &of(dataset.rows().unwrap()), &compute);
        largest_over_batches(&model, &dataset, batch, 0.13, &compute).unwrap()
    }

    #[test]
    fn it_is_that_of_closed_forms_at_absorbing_states() {
        // One layer that keeps two samples, mixed by a rotation: 4 for every batch that has one of them.
        let two = |rows: &[f64]| {
            let mixed =
                |c: f64, s: f64| (0..4).map(move |k| c * rows[k] + s * rows[4 + k]).collect::<Vec<_>>();
            [mixed(0.8, 0.6), mixed(-0.6, 0.8)].concat()
        };
        for batch in [1, 2, 3] {
            assert!((curvature(&[2], two, batch) - 0.13 * 4.0).abs() < 1e-5, "{batch}");
        }
        // Two samples that are lost, in front of one that is kept.
        let last = |rows: &[f64]| rows[8..].to_vec();
        assert!((curvature(&[1], last, 1) - 0.13 * 4.0).abs() < 1e-5);
        // Width one at a datapoint: 4(1/N + (L − 1)N^{1/(L−1)}).
        let one = |norm_sq: f64, layers: i32| {
            move |rows: &[f64]| {
                let gain = norm_sq.powf(-0.5 / f64::from(layers - 1));
                let w = rows[..4].iter().map(|x| norm_sq.sqrt() * x);
                w.chain((1..layers).map(|_| gain)).collect()
            }
        };
        for (norm_sq, widths) in [(2.5, &[1, 1][..]), (1.7, &[1, 1, 1])] {
            let layers = widths.len() as i32;
            let inner = f64::from(layers - 1);
            let law = 4.0 * (1.0 / norm_sq + inner * f64::powf(norm_sq, 1.0 / inner));
            let seen = curvature(widths, one(norm_sq, layers), 1);
            assert!((seen - 0.13 * law).abs() < 1e-5, "{layers}: {seen} {law}");
        }
    }
}
