//! SGD's trace minus GD's from the same start: the point of the theorem, and its control.

use super::grain::{Grain, kink};
use super::minima::{Draw, Minima, Minimum};
use super::{Judge, Prediction};
use crate::model::Activation;
use crate::vectors::{largest, smallest};
use crate::verdict::Register;

/// The gaps with ReLU, which are those of the theorem, and of the linear model, which has none.
pub(super) fn checks(
    draws: &[Draw],
    prediction: &Prediction,
    grain: Grain,
    misses: f64,
    register: &mut Register,
) -> [Judge; 3] {
    let two_traces = 2.0 * grain.curvature;
    let name = "Tr H(w_SGD) − Tr H(w_GD), ReLU, every b: largest deviation from (|S⁺| − 1)/2m";
    let closed_form = register.expect(name, 0.0, "two traces").chance(misses).within(two_traces);
    let relu = || draws.iter().filter(|draw| draw.problem.activation() == Activation::Relu);
    let fewest = relu().map(Draw::active).min().unwrap_or(0);
    let most_samples = relu().map(Draw::samples).max().unwrap_or(0);
    let name = "smallest gap in units of 1/2m: SGD is sharper by at least |S⁺| − 1 ≥ 1";
    let least = (prediction.kinks)(fewest) - two_traces / kink(most_samples);
    let why = format!("{fewest} active samples at least; two traces");
    let sharper = register.expect(name, least, why).chance(misses).at_least();
    let name = "linear model: largest |Tr H(w_SGD) − Tr H(w_GD)|";
    let linear = register.expect(name, prediction.linear_gap, "no kinks, no gap").control();
    let linear = linear.chance(misses).within(two_traces);
    let theory = *prediction;
    [
        Box::new(move |minima| {
            let off = |(gd, sgd): (&Minimum, &Minimum)| {
                let closed = sgd.predicted_trace(&theory) - gd.predicted_trace(&theory);
                (sgd.trace - gd.trace - closed).abs()
            };
            let pairs = || pairs(minima, Activation::Relu);
            closed_form.measured(largest(pairs().map(off)), pairs().count() as u64)
        }),
        Box::new(move |minima| {
            let kinks = |(gd, sgd): (&Minimum, &Minimum)| (sgd.trace - gd.trace) / kink(gd.samples);
            let pairs = || pairs(minima, Activation::Relu);
            sharper.measured(smallest(pairs().map(kinks)), pairs().count() as u64)
        }),
        Box::new(move |minima| {
            let pairs = || pairs(minima, Activation::Linear);
            let gap = |(gd, sgd): (&Minimum, &Minimum)| (sgd.trace - gd.trace).abs();
            linear.measured(largest(pairs().map(gap)), pairs().count() as u64)
        }),
    ]
}

/// Every minimum of SGD beside that of GD from the same start.
fn pairs(minima: &[Minima], activation: Activation) -> impl Iterator<Item = (&Minimum, &Minimum)> {
    let ours = minima.iter().filter(move |at| at.gd.activation == activation);
    ours.flat_map(|at| at.sgd.iter().map(|sgd| (&at.gd, sgd)))
}
