//! The closed forms of Theorem 13 held against the curvature at every minimum.

use super::Prediction;
use super::gaps::Gaps;
use super::grain::{Grain, target_error};
use super::minima::{Draw, Minima, Minimum};
use crate::device::Precision;
use crate::measure::sharpness::Trace;
use crate::model::Activation;
use crate::stats::{CHECK_LEVEL, student_quantile};
use crate::theory::budget::MISS;
use crate::vectors::largest;
use crate::verdict::{Check, Equality, OneSided, Register};

/// What the minima are held to: their eigenvalues, their traces by three instruments, and the gaps between traces.
pub(super) struct Curvature {
    top: Equality,
    spectrum: Equality,
    lanczos: Equality,
    gd: Equality,
    sgd: Equality,
    linear: Equality,
    loss_alone: Equality,
    hutch: OneSided,
    gaps: Gaps,
    /// Half-width of an interval of Hutch++ in standard errors.
    quantile: f64,
    grain: Grain,
}

impl Curvature {
    pub fn new(
        draws: &[Draw],
        prediction: &Prediction,
        precision: Precision,
        register: &mut Register,
    ) -> Self {
        let grain = Grain::of(precision);
        let misses = MISS * draws.iter().map(|draw| draw.batch_sizes().len()).sum::<usize>() as f64;
        let mut dense = |name: &str| {
            let why = "central differences of autodiff gradients, dense, on rotated data; chance: a run of SGD that does not arrive";
            register.expect(name, 0.0, why).chance(misses).within(grain.curvature)
        };
        let top = dense("λ_max, dense: largest deviation from 4/m");
        let spectrum = dense("every eigenvalue, dense: largest deviation from its closed form");
        let lanczos = dense("λ_max, Lanczos: largest deviation and residual");
        let gd = dense("Tr H at w_GD, ReLU, dense: largest deviation from Theorem 13");
        let sgd = dense("Tr H at w_SGD, ReLU, dense, every b: largest deviation from Theorem 13");
        let linear = dense("Tr H, linear, dense: largest deviation from (4 + n − m)/m");
        // On an axis a difference of values is good to u^(1/2); across kinks that w moves along, to its step u^(1/4)/m.
        let step = precision.unit_roundoff().sqrt().sqrt();
        let why = "an axis; second differences of the loss, step u^(1/4)";
        let loss_alone = register
            .expect("Tr H, values of the loss alone: largest deviation, an axis", 0.0, why)
            .chance(misses)
            .within(2.0 * step);
        // 64 probes at least, and one interval a minimum.
        let level = 0.5 * CHECK_LEVEL;
        let quantile = student_quantile(level / (2 * draws.len()) as f64, 63);
        let why = format!(
            "half-widths of Student intervals at level {level:.1e} over the number of minima, with the quantile of 64 probes where there are \
             more; a kink more or less is two of them"
        );
        let hutch = register
            .expect("Tr H, Hutch++: largest deviation, in half-widths of its interval", 1.0, why)
            .chance(level + misses)
            .at_most();
        let gaps = Gaps::new(draws, prediction, grain, misses, register);
        Self { top, spectrum, lanczos, gd, sgd, linear, loss_alone, hutch, gaps, quantile, grain }
    }

    pub fn judge(self, minima: &[Minima], prediction: &Prediction) -> Vec<Check> {
        let all: Vec<&Minimum> = minima.iter().flat_map(Minima::all).collect();
        let judged = |expected: Equality, among: &dyn Fn(&Minimum) -> bool, of: &dyn Fn(&Minimum) -> f64| {
            let off: Vec<f64> = all.iter().filter(|at| among(at)).map(|at| of(at)).collect();
            let n = off.len() as u64;
            expected.measured(largest(off), n)
        };
        let top = |at: &Minimum| (prediction.largest)(at.samples);
        let relu = |at: &Minimum| at.activation == Activation::Relu;
        let off_trace = |at: &Minimum| (at.trace - at.predicted_trace(prediction)).abs();
        let off_top = |at: &Minimum| (at.spectrum.last().copied().unwrap_or(f64::NAN) - top(at)).abs();
        let off_lanczos = |at: &Minimum| (at.lanczos.0 - top(at)).abs() + at.lanczos.1;
        let loss_alone =
            |at: &Minimum| (at.differences - at.predicted_trace(prediction)).abs() / at.dim as f64;
        let mut checks = vec![
            judged(self.top, &|_| true, &off_top),
            judged(self.spectrum, &|_| true, &|at| at.off_spectrum(prediction)),
            judged(self.lanczos, &|_| true, &off_lanczos),
            judged(self.gd, &|at| relu(at) && at.batch.is_none(), &off_trace),
            judged(self.sgd, &|at| relu(at) && at.batch.is_some(), &off_trace),
            judged(self.linear, &|at| !relu(at), &off_trace),
            judged(self.loss_alone, &|_| true, &loss_alone),
        ];
        let traces: Vec<(&Minimum, Trace)> = all.iter().filter_map(|at| Some((*at, at.hutch?))).collect();
        let resolved = traces.iter().filter(|(at, trace)| trace.sem <= 2.0 * target_error(at.samples));
        let half_width = |trace: &Trace| self.quantile * trace.sem + self.grain.curvature;
        let off: Vec<f64> = resolved
            .map(|(at, trace)| (trace.value - at.predicted_trace(prediction)).abs() / half_width(trace))
            .collect();
        checks.push(self.hutch.measured(largest(off.iter().copied()), off.len() as u64));
        checks.extend(self.gaps.judge(minima, prediction));
        checks
    }
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
