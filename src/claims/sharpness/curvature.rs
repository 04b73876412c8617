//! The closed forms of Theorem 13 held against the curvature at every minimum.

use super::grain::{Grain, kink};
use super::minima::{Draw, Minima, Minimum};
use super::{Judge, Prediction};
use crate::device::Precision;
use crate::measure::sharpness::Trace;
use crate::model::Activation;
use crate::stats::{CHECK_LEVEL, noticed, student_quantile};
use crate::vectors::largest;
use crate::verdict::{Register, Relation};

/// Eigenvalues and traces by the dense Hessian, and the largest eigenvalue by Lanczos. `misses` is the probability that a run of SGD does not
/// arrive.
pub(super) fn dense(
    prediction: &Prediction,
    grain: Grain,
    misses: f64,
    register: &mut Register,
) -> Vec<Judge> {
    let (top, theory) = (prediction.largest, *prediction);
    let off_trace = move |at: &Minimum| (at.trace - at.predicted_trace(&theory)).abs();
    let mut check = |name: &str, among: fn(&Minimum) -> bool, off: Box<dyn Fn(&Minimum) -> f64>| -> Judge {
        let why = "central differences of autodiff gradients, dense, on rotated data; chance: a run of SGD that does not arrive";
        let expected = register.expect(name, 0.0, why).chance(misses).within(grain.curvature);
        Box::new(move |minima| {
            let off: Vec<f64> = all(minima).filter(|at| among(at)).map(off).collect();
            let n = off.len() as u64;
            expected.measured(largest(off), n)
        })
    };
    vec![
        check(
            "λ_max, dense: largest deviation from 4/m",
            |_| true,
            Box::new(move |at| (at.spectrum.last().copied().unwrap_or(f64::NAN) - top(at.samples)).abs()),
        ),
        check(
            "every eigenvalue, dense: largest deviation from its closed form",
            |_| true,
            Box::new(move |at| at.off_spectrum(&theory)),
        ),
        check(
            "λ_max, Lanczos: largest deviation and residual",
            |_| true,
            Box::new(move |at| (at.lanczos.0 - top(at.samples)).abs() + at.lanczos.1),
        ),
        check(
            "Tr H at w_GD, ReLU, dense: largest deviation from Theorem 13",
            |at| at.activation == Activation::Relu && at.batch.is_none(),
            Box::new(off_trace),
        ),
        check(
            "Tr H at w_SGD, ReLU, dense, every b: largest deviation from Theorem 13",
            |at| at.activation == Activation::Relu && at.batch.is_some(),
            Box::new(off_trace),
        ),
        check(
            "Tr H, linear, dense: largest deviation from (4 + n − m)/m",
            |at| at.activation == Activation::Linear,
            Box::new(off_trace),
        ),
    ]
}

/// The trace from values of the loss alone: no gradient, and no convention for `φ'(0)`, has a say in it.
///
/// With the step `h = u^(1/4)` a second difference of values is rounded by a few `u^(1/2)` on an axis. Across the kink of a sample `i`, which `w`
/// moves along, it is off by `a_ik² |w_k| h/m` on the axis `k`, and on all of them by no more than `√n h/m`.
pub(super) fn values_alone(
    prediction: &Prediction,
    precision: Precision,
    misses: f64,
    register: &mut Register,
) -> Judge {
    let name = "Tr H, values of the loss alone: largest deviation, over what is allowed";
    let why = "second differences of the loss, step h = u^(1/4): allowed are 4 n √u for rounding, and √n h/m for kinks that w moves along";
    let expected = register.expect(name, 1.0, why).chance(misses).at_most();
    let (theory, root) = (*prediction, precision.unit_roundoff().sqrt());
    Box::new(move |minima| {
        let off = |at: &Minimum| {
            let (m, n) = (at.samples as f64, at.dim as f64);
            let allowed = 4.0 * n * root + (n * root).sqrt() / m;
            (at.differences - at.predicted_trace(&theory)).abs() / allowed
        };
        expected.measured(largest(all(minima).map(off)), all(minima).count() as u64)
    })
}

/// Hutch++ against theory, fine enough to count kinks.
pub(super) fn stochastic(
    draws: &[Draw],
    prediction: &Prediction,
    grain: Grain,
    misses: f64,
    register: &mut Register,
) -> Judge {
    // 64 probes at least, and one interval for GD and one for SGD (b = 1) from every start.
    let level = 0.5 * CHECK_LEVEL;
    let level_of_each = level / (2 * draws.len()) as f64;
    let quantile = student_quantile(level_of_each, 63);
    let why = format!(
        "half-widths of Student intervals at level {level:.1e} over the number of minima, with the quantile of 64 probes where there are \
         more; to be noticed is a kink more or less"
    );
    let expected = register
        .expect("Tr H, Hutch++: largest deviation, in half-widths of its interval", 1.0, why)
        .chance(level + misses)
        .same_law(Relation::AtMost, 1.0);
    let theory = *prediction;
    Box::new(move |minima| {
        let traces: Vec<(&Minimum, Trace)> = all(minima).filter_map(|at| Some((at, at.hutch?))).collect();
        let half_width = |trace: &Trace| quantile * trace.sem + grain.curvature;
        let off = |(at, trace): &(&Minimum, Trace)| {
            (trace.value - at.predicted_trace(&theory)).abs() / half_width(trace)
        };
        // In kinks, at the minimum that is known least.
        let detects =
            |(at, trace): &(&Minimum, Trace)| noticed(half_width(trace), level_of_each) / kink(at.samples);
        let detects = largest(traces.iter().map(detects));
        expected.tested(largest(traces.iter().map(off)), detects, traces.len() as u64)
    })
}

fn all(minima: &[Minima]) -> impl Iterator<Item = &Minimum> {
    minima.iter().flat_map(Minima::all)
}

impl Minimum {
    pub fn predicted_trace(&self, prediction: &Prediction) -> f64 {
        (prediction.trace)(self.samples, self.dim, self.support, self.activation)
    }

    fn off_spectrum(&self, prediction: &Prediction) -> f64 {
        let closed = (prediction.spectrum)(self.samples, self.dim, self.support, self.activation);
        let mut closed: Vec<f64> = closed.iter().flat_map(|&(value, count)| vec![value; count]).collect();
        closed.sort_by(f64::total_cmp);
        largest(self.spectrum.iter().zip(closed).map(|(a, b)| (a - b).abs()))
    }
}
