//! SGD's trace minus GD's from the same start: the point of the theorem, and its control.

use super::Prediction;
use super::grain::{Grain, kink};
use super::minima::{Draw, Minima, Minimum};
use crate::model::Activation;
use crate::vectors::{largest, smallest};
use crate::verdict::{Check, Equality, OneSided, Register};

/// What the gaps are held to.
pub(super) struct Gaps {
    closed_form: Equality,
    smallest: OneSided,
    linear: Equality,
}

impl Gaps {
    pub fn new(
        draws: &[Draw],
        prediction: &Prediction,
        grain: Grain,
        misses: f64,
        register: &mut Register,
    ) -> Self {
        let name = "Tr H(w_SGD) − Tr H(w_GD), ReLU, every b: largest deviation from (|S⁺| − 1)/2m";
        let two = 2.0 * grain.curvature;
        let closed_form = register.expect(name, 0.0, "two traces").chance(misses).within(two);
        let max = draws.iter().map(Draw::samples).max().unwrap_or(0);
        let name = "smallest gap in units of 1/2m: SGD is sharper by at least |S⁺| − 1 ≥ 1";
        let least = prediction.smallest_gap - 4.0 * grain.curvature * max as f64;
        let why = "two active samples at least; two traces";
        let smallest = register.expect(name, least, why).chance(misses).at_least();
        let name = "linear model: largest |Tr H(w_SGD) − Tr H(w_GD)|";
        let linear = register.expect(name, prediction.linear_gap, "no kinks, no gap").control();
        let linear = linear.chance(misses).within(two);
        Self { closed_form, smallest, linear }
    }

    pub fn judge(self, minima: &[Minima], prediction: &Prediction) -> [Check; 3] {
        // Every minimum of SGD beside that of GD from the same start.
        let of = |activation: Activation| {
            let pairs = minima.iter().filter(move |at| at.gd.activation == activation);
            pairs.flat_map(|at| at.sgd.iter().map(move |sgd| (&at.gd, sgd)))
        };
        let gap = |(gd, sgd): (&Minimum, &Minimum)| sgd.trace - gd.trace;
        let off = of(Activation::Relu).map(|(gd, sgd)| {
            let closed = sgd.predicted_trace(prediction) - gd.predicted_trace(prediction);
            (gap((gd, sgd)) - closed).abs()
        });
        let kinks = of(Activation::Relu).map(|pair| gap(pair) / kink(pair.0.samples));
        let linear = of(Activation::Linear).map(|pair| gap(pair).abs());
        let n = |activation| of(activation).count() as u64;
        [
            self.closed_form.measured(largest(off), n(Activation::Relu)),
            self.smallest.measured(smallest(kinks), n(Activation::Relu)),
            self.linear.measured(largest(linear), n(Activation::Linear)),
        ]
    }
}
