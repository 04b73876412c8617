//! Log–log slopes over two decades of sizes, held against those of theory on the same grid.

use super::NOMINAL;
use super::grid::{Along, Expected, Size};
use super::pairs::{Pair, Sampled};
use crate::model::Activation;
use crate::problem::Reduction;
use crate::stats::{CHECK_LEVEL, Line, Mean};
use crate::study::Findings;
use crate::theory::alignment;
use crate::verdict::{Covered, OneSided, OneSidedInterval, Register};

/// By how much a measured slope may exceed that of an upper bound on the order.
const SLOPE_MARGIN: f64 = 0.1;

/// A quantity whose means over starts are a power of a size, or nearly.
#[derive(Clone, Copy)]
struct Power {
    axis: Along,
    value: fn(&Pair) -> f64,
    expected: fn(&Expected) -> f64,
}

const MAX_COS: Power =
    Power { axis: Along::Samples, value: |pair| pair.gd.max_cos, expected: |of| of.max_cos };
const COS_SQUARED: Power = Power {
    axis: Along::Samples,
    value: |pair| pair.gd.cos_init.powi(2),
    expected: |of| of.cos_init_squared,
};
const SGD_COS: Power =
    Power { axis: Along::Samples, value: |pair| pair.sgd.cos_init, expected: |of| of.sgd_cos_init };

impl Power {
    /// The same along `n`.
    const fn in_dim(self) -> Self {
        Self { axis: Along::Dim, ..self }
    }

    /// Whether it is fitted over this size.
    fn takes(&self, size: &Size, activation: Activation) -> bool {
        size.axis == self.axis && size.activation == activation && size.reduction == Reduction::Sum
    }

    /// The slope of theory on the grid.
    fn exact<'a>(&self, sizes: impl IntoIterator<Item = &'a Size>, activation: Activation) -> f64 {
        let ours = sizes.into_iter().filter(|size| self.takes(size, activation));
        let points: Vec<_> =
            ours.map(|size| (self.x(size), (self.expected)(&size.expected).ln(), 1.0)).collect();
        Line::unweighted(&points).slope
    }

    /// The slope that was measured, and over how many starts.
    fn fit(&self, samples: &[Sampled], activation: Activation) -> (Line, u64) {
        let ours = || samples.iter().filter(|sampled| self.takes(&sampled.size, activation));
        let point = |sampled: &Sampled| {
            let mean = Mean::of(&sampled.of(self.value));
            let error = mean.sem / mean.mean;
            // The mean of the logarithm of a mean is lower than the logarithm, by half its variance.
            (self.x(&sampled.size), mean.mean.ln() + 0.5 * error * error, error)
        };
        let points: Vec<_> = ours().map(point).collect();
        (Line::unweighted(&points), ours().map(|sampled| sampled.pairs.len() as u64).sum())
    }

    fn x(&self, size: &Size) -> f64 {
        self.axis.of(size.samples, size.dim).ln()
    }
}

/// What the slopes of one activation are held to.
pub(super) struct Slopes {
    activation: Activation,
    max_cos: Covered,
    /// Of GD's `cos²(w, w_0)` in `m` and in `n`.
    cos_squared: [Covered; 2],
    /// Of SGD's cosine with the start in `m` and in `n`, each with the slope of its bound.
    sgd: [(f64, OneSidedInterval); 2],
    growth: OneSided,
}

impl Slopes {
    pub fn new(sizes: &[Size], activation: Activation, register: &mut Register) -> Self {
        let name = activation.name();
        let mut equal = |what: &str, power: Power, precision: f64| {
            let why = "log–log over two decades, ordinary least squares, logarithms of means with their bias removed";
            let name = format!("GD, {name}: slope of {what}");
            register.expect(name, power.exact(sizes, activation), why).covered(precision)
        };
        let max_cos = equal("max cos in m", MAX_COS, 0.02);
        let cos_squared = [
            equal("cos²(w, w_0) in m", COS_SQUARED, 0.04),
            equal("cos²(w, w_0) in n", COS_SQUARED.in_dim(), 0.075),
        ];
        let sgd = [("m", SGD_COS), ("n", SGD_COS.in_dim())].map(|(axis, power)| {
            let exact = power.exact(sizes, activation);
            let why = format!("slope of the bound plus {SLOPE_MARGIN}: a factor of 1.6 over two decades");
            let name = format!("SGD, {name}: slope of cos(w, w_0) in {axis}");
            (exact, register.expect(name, exact + SLOPE_MARGIN, why).bounded())
        });
        // GD must break SGD's bound: its alignment with the start is of another order.
        let most = sizes.iter().filter(|size| SGD_COS.takes(size, activation)).map(|size| size.samples).max();
        let why = "grows like √(m / 2 log m), here above 6; the cosine deviates by 5 % at most";
        let name = format!("GD, {name}: cos(w, w_0) over SGD's bound at m = {}", most.unwrap_or(0));
        let growth = register.expect(name, 3.0, why).control().chance(1e-12).at_least();
        Self { activation, max_cos, cos_squared, sgd, growth }
    }

    /// Judges the means, and says how the slopes compare with those of theory.
    pub fn judge(self, samples: &[Sampled], findings: &mut Findings) {
        let activation = self.activation;
        let in_max_cos = MAX_COS.fit(samples, activation);
        let of_gd = [COS_SQUARED, COS_SQUARED.in_dim()].map(|power| power.fit(samples, activation));
        let of_sgd = [SGD_COS, SGD_COS.in_dim()].map(|power| power.fit(samples, activation));
        let equal = |expected: Covered, (line, runs): (Line, u64)| {
            expected.estimated(line.slope, line.slope_interval(NOMINAL), runs)
        };
        findings.checks.push(equal(self.max_cos, in_max_cos));
        findings.checks.extend(self.cos_squared.into_iter().zip(of_gd).map(|(row, fit)| equal(row, fit)));
        let bounds = self.sgd.iter().map(|(exact, _)| *exact).collect::<Vec<_>>();
        for ((_, expected), (line, runs)) in self.sgd.into_iter().zip(of_sgd) {
            findings.checks.push(expected.estimated(line.slope, line.slope_interval(NOMINAL), runs));
        }
        let by_samples: Vec<&Sampled> =
            samples.iter().filter(|sampled| SGD_COS.takes(&sampled.size, activation)).collect();
        let last = by_samples[by_samples.len() - 1];
        let ratio = Mean::of(&last.of(|pair| pair.gd.cos_init)).mean / last.size.expected.sgd_cos_init;
        findings.checks.push(self.growth.measured(ratio, last.pairs.len() as u64));
        let orders = orders(activation, &by_samples, in_max_cos.0, of_gd.map(|(line, _)| line));
        let attained = not_attained(&by_samples, of_sgd.map(|(line, _)| line.slope), &bounds);
        findings.notes.push(format!("{orders} {attained}"));
    }
}

/// Says how GD's cosines scale.
fn orders(
    activation: Activation,
    by_samples: &[&Sampled],
    max_cos: Line,
    [in_samples, in_dim]: [Line; 2],
) -> String {
    // An exponent ±1 of the cosine is an exponent ±2 of its square.
    let excluded = !in_samples.slope_interval(CHECK_LEVEL).contains(2.0)
        && !in_dim.slope_interval(CHECK_LEVEL).contains(-2.0);
    let ratio_to_order = |sampled: &Sampled| {
        Mean::of(&sampled.of(|pair| pair.gd.max_cos)).mean
            / alignment::asymptotic_max_cos(sampled.size.samples)
    };
    format!(
        "{}: the root mean square of cos(w_GD, w_0) goes as m to the power {:.3} ± {:.3} over n to the power \
         {:.3} ± {:.3} (half the slopes of its square; ± one standard error): Θ(√(m/n)). An account of the paper prints \
         Θ(m/n) for the cosine; that is the order of its square; exponents ±1 for the cosine itself are {} by intervals at \
         level 5e-6. Max cos of GD over its leading order √(2 log m / m) goes from {:.3} to {:.3} over the sizes; its slope in m, {:.3}, \
         is −1/2 only in the limit.",
        activation.name(),
        in_samples.slope / 2.0,
        in_samples.slope_se / 2.0,
        -in_dim.slope / 2.0,
        in_dim.slope_se / 2.0,
        if excluded { "excluded" } else { "not excluded" },
        ratio_to_order(by_samples[0]),
        ratio_to_order(by_samples[by_samples.len() - 1]),
        max_cos.slope,
    )
}

/// Says how SGD's cosine with the start lies to its bound.
fn not_attained(by_samples: &[&Sampled], slopes: [f64; 2], bounds: &[f64]) -> String {
    let winners = [0, by_samples.len() / 2, by_samples.len() - 1].map(|k| {
        let (sampled, root) = (by_samples[k], (by_samples[k].size.dim as f64).sqrt());
        let mean = Mean::of(&sampled.of(|pair| pair.sgd.cos_init));
        format!("{:.3} ± {:.3} at m = {}", root * mean.mean, root * mean.sem, sampled.size.samples)
    });
    format!(
        "SGD's cos(w, w_0) goes as m^{:.3} and n^{:.3}, its bound √(log m / n) as m^{:.3} and n^{:.3} on this grid. The bound is not \
         attained: the mean of √n cos(w_SGD, w_0) is {}, all in the table, which looks like Θ(1/√n); no law of it is claimed. \
         The more samples, the less often the best-aligned one wins; and from a shorter Πw_0 the winner is more random, because \
         while ‖w‖ is small each draw multiplies a correlation by 1 + 2η_B (an effect of finite η).",
        slopes[0],
        slopes[1],
        bounds[0],
        bounds[1],
        winners.join(", "),
    )
}
