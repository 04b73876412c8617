//! Any number of samples and any batch: the exponential identity, read from the norm of the first layer, and the balance along each run.

use super::Prediction;
use super::runs::{Cell, End};
use crate::stats::{CHECK_LEVEL, LargestDeviation, Mean};
use crate::study::{Context, Part};
use crate::theory::selection::{diffusion_rate, weights};
use crate::vectors::smallest;
use crate::verdict::{Register, Relation};

/// Layers and batch sizes of four samples.
const CELLS: [(usize, usize); 3] = [(2, 1), (4, 2), (3, 3)];

const START: [f64; 4] = [4.0, 3.0, 2.0, 1.0];

/// The larger step size: `η_B² v` is the same for every batch size.
fn step_size(batch: usize, replicas: u64) -> f64 {
    let [first, this] = [1, batch].map(|b| diffusion_rate(START.len(), b, 1.0));
    0.08 * (first / this).sqrt() * (600.0 / replicas as f64).powf(0.25).min(1.0)
}

/// Skewness, and what is left of the order `η²`.
const CHANCE: f64 = 1.3 * CHECK_LEVEL;

/// Bound on the probability that the mean of `log N` over the runs of a cell, numbers in `[0, 1.6]` whose mean is above 0.5, is below 0.2 (Hoeffding).
const STILL: f64 = 1e-12;

pub(super) fn any_number_of_samples(
    context: &Context,
    prediction: &Prediction,
    register: &mut Register,
) -> Part {
    let replicas: u64 = context.effort.pick(600, 2500, 4500);
    let bound = LargestDeviation::over(CELLS.len());
    let identity = register
        .expect(
            "m = 4, b = 1, 2, 3: mean of e^{A/2} Σ√p, A told from the norm, η → 0, in standard errors: largest deviation over three cells",
            bound.errors,
            "‖c‖₁/‖c‖₂ at any stopping time; 2 f(η/2) − f(η); normal quantile over three cells; differences are those of the mean",
        )
        .chance(CHANCE)
        .same_law(Relation::AtMost, context.effort.pick(0.5, 0.24, 0.18));
    let balance = register
        .expect(
            "m = 4: mean of A along the run minus A told from the norm, η → 0, in standard errors: largest over the same cells",
            bound.errors,
            "d(N − v_l²) = N dA; 2 f(η/2) − f(η); normal quantile over three cells; differences are those of the mean",
        )
        .chance(CHANCE)
        .same_law(Relation::AtMost, context.effort.pick(0.025, 0.012, 0.0095));
    let moved = register
        .expect(
            "m = 4: mean of log N at the end under SGD: smallest of three cells",
            prediction.least_log_norm,
            "SGD's noise moves norm into the first layer",
        )
        .control()
        .chance(STILL)
        .at_least();
    let prediction = prediction.clone();
    Box::new(move |lab, findings| {
        let law = (prediction.martingale)(&START);
        let (mut seen, mut defects, mut logs) = (Vec::new(), Vec::new(), Vec::new());
        for (k, (layers, batch)) in (0..).zip(CELLS) {
            let cell = Cell { layers, batch, start: START.to_vec() };
            let step = step_size(batch, replicas);
            let at =
                |l: u64| cell.run(lab, &prediction, step / (1 << l) as f64, replicas, 1 << 32 | k << 8 | l);
            let (coarse, fine) = (at(0)?, at(1)?);
            seen.push(Mean::extrapolated_of(&coarse, &fine, |end: &End| {
                (0.5 * end.by_norm).exp() * weights(&end.correlations).iter().sum::<f64>()
            }));
            defects.push(Mean::extrapolated_of(&coarse, &fine, |end: &End| end.along - end.by_norm));
            logs.push(fine.iter().map(|end| end.norm_sq.ln()).collect::<Mean>().mean);
        }
        for (check, law, seen) in [(identity, law, seen), (balance, 0.0, defects)] {
            let seen: Vec<(f64, f64)> = seen.iter().map(|mean: &Mean| (mean.mean - law, mean.sem)).collect();
            let (worst, detects) = bound.of(&seen);
            findings.checks.push(check.tested(worst, detects, 2 * replicas));
        }
        findings.checks.push(moved.measured(smallest(logs), replicas));
        findings.protocol.push(format!(
            "The same for four samples, c ∝ 4, 3, 2, 1, with (L, b) = (2, 1), (4, 2), (3, 3): {replicas} runs each at two step sizes of one diffusion rate."
        ));
        Ok(())
    })
}
