//! Data, schedules and starts of unequal samples.

use crate::data::Dataset;
use crate::error::Result;
use crate::init::Start;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;
use crate::state::Neuron;
use crate::study::ensemble::Ensemble;
use crate::theory::unequal::Unequal;
use crate::vectors::unit;

/// Samples `√n_i e_i`. Rows of norm 1 take the recursion of orthonormal data, others that in the Gram matrix.
pub(super) fn dataset(norms_sq: &[f64]) -> Result<Dataset> {
    let samples = norms_sq.len();
    let mut rows = vec![0.0; samples * samples];
    for (i, norm_sq) in norms_sq.iter().enumerate() {
        rows[i * (samples + 1)] = norm_sq.sqrt();
    }
    Ok(Dataset::from_rows(rows, samples, samples)?)
}

/// The linear model on such samples, single weighted draws from a seed, and a look every so many steps.
pub(super) fn ensemble(unequal: &Unequal, seed: u64, every: u64, budget: u64) -> Result<Ensemble> {
    let Unequal { norms_sq, shares, step_size } = unequal;
    let problem = Problem::new(dataset(norms_sq)?, Activation::Linear, Reduction::Mean, *step_size)?;
    let schedule = Schedule::sgd(shares.len(), 1, seed)?.weighted(shares)?;
    Ok(Ensemble::of(problem, schedule, every, budget))
}

/// The start at `u` on the unit sphere.
pub(super) fn start(unequal: &Unequal, u: &[f64]) -> Result<Start> {
    Ok(Start::from_weights(&dataset(&unequal.norms_sq)?, unit(u))?)
}

/// `|u_i| = |c_i|/‖x_i‖`.
pub(super) fn size(unequal: &Unequal, neuron: &Neuron, i: usize) -> f64 {
    neuron.correlations[i].abs() / unequal.norms_sq[i].sqrt()
}
