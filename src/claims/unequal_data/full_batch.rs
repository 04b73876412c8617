//! Full batches: the sample of the largest norm.

use super::Prediction;
use super::setting::{dataset, start};
use crate::engine::{Engine, Reduced};
use crate::error::Result;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;
use crate::study::Part;
use crate::theory::unequal::Unequal;
use crate::vectors::{largest, norm_of};
use crate::verdict::Register;

/// Squared norms and first `u`: the longest sample begins as the smallest, or is silent, or two are equally long.
const CASES: [([f64; 4], [f64; 4]); 3] = [
    ([1.0, 1.44, 0.81, 1.21], [0.7, 1e-3, -0.6, 0.4]),
    ([1.0, 1.44, 0.81, 1.21], [0.5, 0.0, 0.6, -0.1]),
    ([1.21, 0.64, 1.21, 1.0], [0.3, 0.8, -0.2, 0.4]),
];

const STEP: f64 = 0.1;

/// Steps: the ratio to the next shorter sample falls by a factor of `1 − 0.021` at least in each.
const STEPS: u64 = 4000;

/// Distance from the limit after many steps.
pub(super) fn largest_norm(prediction: &Prediction, register: &mut Register) -> Part {
    let expected = register
        .expect(
            "full batch, unequal norms: largest distance of u from the predicted limit after 4000 steps, three starts",
            0.0,
            "ratios to the longest sample fall by a factor of 1 − η_B (n_max − n_j) a step near N = 1; a rounding a step",
        )
        .within(1e-10);
    let full_batch = prediction.full_batch;
    Box::new(move |_, findings| {
        let distances = CASES.map(|(norms_sq, u)| distance(full_batch, norms_sq, u));
        let distances = distances.into_iter().collect::<Result<Vec<f64>>>()?;
        findings.checks.push(expected.measured(largest(distances), CASES.len() as u64));
        findings.protocol.push(format!(
            "Full batches of four samples of unequal norms, sum reduction, η = {STEP}, reduced engine: {STEPS} steps from three starts."
        ));
        Ok(())
    })
}

fn distance(limit: fn(&[f64], &[f64]) -> Option<Vec<f64>>, norms_sq: [f64; 4], u: [f64; 4]) -> Result<f64> {
    let problem = Problem::new(dataset(&norms_sq)?, Activation::Linear, Reduction::Sum, STEP)?;
    let unequal = Unequal { norms_sq: norms_sq.to_vec(), shares: vec![0.25; 4], step_size: STEP };
    let start = start(&unequal, &u)?;
    let mut engine = Reduced::new(&problem, &Schedule::full_batch(4)?, &[start], 0)?;
    engine.advance(STEPS);
    let neuron = &engine.neurons(0)[0];
    let seen = neuron.correlations.iter().zip(&norms_sq).map(|(c, n)| c / n.sqrt());
    let limit = limit(&norms_sq, &u).unwrap_or_else(|| vec![f64::NAN; 4]);
    Ok(norm_of(seen.zip(&limit).map(|(u, limit)| u - limit)))
}
