//! The scaling laws of Corollary 3 held against what was measured.

use super::Prediction;
use crate::model::Activation;
use crate::problem::Reduction;
use crate::stats::{CHECK_LEVEL, Line, Mean, distance_to_law, largest_distance};
use crate::theory::alignment;
use crate::theory::budget::MISS;
use crate::vectors::largest;
use crate::verdict::{Check, Expectation};

/// What one start came to under one algorithm.
#[derive(Clone, Copy, Debug)]
pub(super) struct Alignment {
    pub max_cos: f64,
    pub cos_init: f64,
    pub participation: f64,
    /// Deviation of `cos(w, w_0)` from what theory says for this very start.
    pub off_closed_form: f64,
}

/// What one start came to under both.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    /// Number of active samples.
    pub active: usize,
    pub gd: Alignment,
    pub sgd: Alignment,
}

/// Exact expectations at a size.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected {
    pub max_cos: f64,
    pub cos_init_squared: f64,
    pub participation: f64,
    /// Bound on the mean of SGD's cosine with the start.
    pub sgd_cos_init: f64,
}

impl Expected {
    pub fn at(samples: usize, dim: usize, activation: Activation, prediction: &Prediction) -> Self {
        Self {
            max_cos: (prediction.gd_max_cos)(samples, activation),
            cos_init_squared: (prediction.gd_cos_init_squared)(samples, dim, activation),
            participation: (prediction.gd_participation)(samples, activation),
            sgd_cos_init: (prediction.sgd_cos_init_bound)(samples, dim, activation),
        }
    }
}

/// All starts of one size.
pub(super) struct Size {
    pub samples: usize,
    pub dim: usize,
    pub expected: Expected,
    pub pairs: Vec<Pair>,
    /// Starts from which a run did not arrive.
    pub lost: u64,
}

/// Sizes along one axis.
pub(super) struct Sweep {
    /// What grows: `m` or `n`.
    pub axis: &'static str,
    pub activation: Activation,
    pub reduction: Reduction,
    pub sizes: Vec<Size>,
}

/// A quantity at all starts of a size.
pub(super) fn of(size: &Size, value: impl Fn(&Pair) -> f64) -> Vec<f64> {
    size.pairs.iter().map(value).collect()
}

/// Level of the normal and Student intervals behind a check at [`CHECK_LEVEL`]: the other half is for the skewness of what is
/// averaged, which at the numbers of starts here raises the level of such an interval by less than a half.
pub(super) const NOMINAL: f64 = 0.5 * CHECK_LEVEL;

/// Slopes over the two decades of the sum reduction, and how they compare with those of theory on the same grid.
pub(super) fn slopes(sweeps: &[Sweep], activation: Activation) -> (Vec<Check>, String) {
    let name = activation.name();
    let sweep = |axis: &str| {
        let of = |sweep: &&Sweep| {
            sweep.axis == axis && sweep.activation == activation && sweep.reduction == Reduction::Sum
        };
        sweeps.iter().find(of).expect("both axes are swept")
    };
    let (by_samples, by_dim) = (sweep("m"), sweep("n"));
    let squared = |of: &Expected| of.cos_init_squared;
    let bound = |of: &Expected| of.sgd_cos_init;
    let cos_squared = |pair: &Pair| pair.gd.cos_init.powi(2);
    let of_sgd = |pair: &Pair| pair.sgd.cos_init;

    let in_max_cos = Slope::of(by_samples, |pair| pair.gd.max_cos, |of| of.max_cos);
    let in_samples = Slope::of(by_samples, cos_squared, squared);
    let in_dim = Slope::of(by_dim, cos_squared, squared);
    let sgd_in_samples = Slope::of(by_samples, of_sgd, bound);
    let sgd_in_dim = Slope::of(by_dim, of_sgd, bound);
    let checks = vec![
        in_max_cos.equal(format!("GD, {name}: slope of max cos in m")),
        in_samples.equal(format!("GD, {name}: slope of cos²(w, w_0) in m")),
        in_dim.equal(format!("GD, {name}: slope of cos²(w, w_0) in n")),
        sgd_in_samples.at_most(format!("SGD, {name}: slope of cos(w, w_0) in m")),
        sgd_in_dim.at_most(format!("SGD, {name}: slope of cos(w, w_0) in n")),
        control_growth(by_samples),
    ];
    // An exponent ±1 of the cosine is an exponent ±2 of its square.
    let excluded = !in_samples.line.slope_interval(CHECK_LEVEL).contains(2.0)
        && !in_dim.line.slope_interval(CHECK_LEVEL).contains(-2.0);
    let note = format!(
        "{name}: the root mean square of cos(w_GD, w_0) goes as m to the power {:.3} ± {:.3} over n to the power \
         {:.3} ± {:.3} (half the slopes of its square; ± one standard error): Θ(√(m/n)). An account of the paper prints \
         Θ(m/n) for the cosine; that is the order of its square; exponents ±1 for the cosine itself are {} by intervals at \
         level 5e-6. Max cos of GD over its leading order √(2 log m / m) goes from {:.3} to {:.3} over the sizes; its slope in m, {:.3}, \
         is −1/2 only in the limit.",
        in_samples.line.slope / 2.0,
        in_samples.line.slope_se / 2.0,
        -in_dim.line.slope / 2.0,
        in_dim.line.slope_se / 2.0,
        if excluded { "excluded" } else { "not excluded" },
        ratio_to_order(&by_samples.sizes[0]),
        ratio_to_order(&by_samples.sizes[by_samples.sizes.len() - 1]),
        in_max_cos.line.slope,
    );
    (checks, format!("{note} {}", not_attained(by_samples, &sgd_in_samples, &sgd_in_dim)))
}

/// Says how SGD's cosine with the start lies to its bound.
fn not_attained(by_samples: &Sweep, in_samples: &Slope, in_dim: &Slope) -> String {
    let sizes = &by_samples.sizes;
    let winners = [0, sizes.len() / 2, sizes.len() - 1].map(|k| {
        let (size, root) = (&sizes[k], (sizes[k].dim as f64).sqrt());
        let mean = Mean::of(&of(size, |pair| pair.sgd.cos_init));
        format!("{:.3} ± {:.3} at m = {}", root * mean.mean, root * mean.sem, size.samples)
    });
    format!(
        "SGD's cos(w, w_0) goes as m^{:.3} and n^{:.3}, its bound √(log m / n) as m^{:.3} and n^{:.3} on this grid. The bound is not \
         attained: the mean of √n cos(w_SGD, w_0) is {}, all in the table, which looks like Θ(1/√n); no law of it is claimed. \
         The more samples, the less often the best-aligned one wins; and from a shorter Πw_0 the winner is more random, because \
         while ‖w‖ is small each draw multiplies a correlation by 1 + 2η_B (an effect of finite η).",
        in_samples.line.slope,
        in_dim.line.slope,
        in_samples.exact,
        in_dim.exact,
        winners.join(", "),
    )
}

/// By how much a measured slope may exceed that of an upper bound on the order.
const SLOPE_MARGIN: f64 = 0.1;

/// A log–log slope.
struct Slope {
    line: Line,
    /// The slope that theory has on the same grid.
    exact: f64,
    runs: u64,
}

impl Slope {
    fn of(sweep: &Sweep, value: impl Fn(&Pair) -> f64 + Copy, theory: impl Fn(&Expected) -> f64) -> Self {
        let x = |size: &Size| (if sweep.axis == "m" { size.samples as f64 } else { size.dim as f64 }).ln();
        let point = |size: &Size| {
            let mean = Mean::of(&of(size, value));
            let error = mean.sem / mean.mean;
            // The mean of the logarithm of a mean is lower than the logarithm, by half its variance.
            (x(size), mean.mean.ln() + 0.5 * error * error, error)
        };
        let points: Vec<_> = sweep.sizes.iter().map(point).collect();
        let exact: Vec<_> =
            sweep.sizes.iter().map(|size| (x(size), theory(&size.expected).ln(), 1.0)).collect();
        Self {
            line: Line::unweighted(&points),
            exact: Line::unweighted(&exact).slope,
            runs: sweep.sizes.iter().map(|size| size.pairs.len() as u64).sum(),
        }
    }

    /// Checks that the slope is that of theory.
    fn equal(&self, name: String) -> Check {
        let why =
            "log–log over two decades, ordinary least squares, logarithms of means with their bias removed";
        let expectation = Expectation::new(name, self.exact, why).covered(0.1);
        expectation.estimated(self.line.slope, self.line.slope_interval(NOMINAL), self.runs)
    }

    /// Checks that the slope is not above that of a bound.
    fn at_most(&self, name: String) -> Check {
        let why = format!("slope of the bound plus {SLOPE_MARGIN}: a factor of 1.6 over two decades");
        let expectation = Expectation::new(name, self.exact + SLOPE_MARGIN, why).bounded();
        expectation.estimated(self.line.slope, self.line.slope_interval(NOMINAL), self.runs)
    }
}

fn ratio_to_order(size: &Size) -> f64 {
    Mean::of(&of(size, |pair| pair.gd.max_cos)).mean / alignment::asymptotic_max_cos(size.samples)
}

/// GD must break SGD's bound: its alignment with the start is of another order.
fn control_growth(by_samples: &Sweep) -> Check {
    let (size, activation) = (&by_samples.sizes[by_samples.sizes.len() - 1], by_samples.activation);
    let mean = Mean::of(&of(size, |pair| pair.gd.cos_init)).mean;
    let ratio = mean / size.expected.sgd_cos_init;
    let name = format!("GD, {}: cos(w, w_0) over SGD's bound at m = {}", activation.name(), size.samples);
    Expectation::new(name, 3.0, "grows like √(m / 2 log m), here above 6; the cosine deviates by 5 % at most")
        .control()
        .chance(1e-12)
        .at_least()
        .measured(ratio, size.pairs.len() as u64)
}

/// Probability with which a start may exceed the bounds of Corollary 3.
const DELTA: f64 = 0.01;

/// Laws that hold at every size, over all sizes of a reduction.
pub(super) fn pooled(sweeps: &[Sweep], reduction: Reduction, prediction: &Prediction) -> Vec<Check> {
    let sweeps: Vec<&Sweep> = sweeps.iter().filter(|sweep| sweep.reduction == reduction).collect();
    let pool = Pool { sizes: sweeps.iter().flat_map(|sweep| &sweep.sizes).collect(), reduction };
    let ratio = |what: &str, value: fn(&Pair) -> f64, exact: fn(&Expected) -> f64| {
        let mean = Mean::of(&pool.over(|size, pair| value(pair) / exact(&size.expected)));
        let why = "exact expectation at each size, rows of the table; half the level is for skewness";
        Expectation::new(pool.name(&format!("{what}, over its exact expectation, mean")), 1.0, why)
            .covered(if reduction == Reduction::Sum { 0.05 } else { 0.1 })
            .estimated(mean.mean, mean.interval(NOMINAL), mean.n as u64)
    };
    vec![
        pool.arrivals(),
        ratio("GD: max cos", |pair| pair.gd.max_cos, |of| of.max_cos),
        ratio("GD: participation ratio", |pair| pair.gd.participation, |of| of.participation),
        pool.law(prediction),
        pool.exceedances(
            "GD: starts whose max cos exceeds its bound of 99 %, share",
            "bound x of probability k P(Beta(½, (k−1)/2) > x²) = 1 %, k samples mixed, of the order √(log m / m)",
            |_, pair| (prediction.gd_max_cos_tail)(pair.active, pair.gd.max_cos),
        ),
        pool.exceedances(
            "SGD: starts whose cos(w, w_0) exceeds its bound of 99 %, share",
            "bound x of probability k P(Beta(½, (n−1)/2) > x²) = 1 %, k active samples, of the order √(log m / n)",
            |size, pair| (prediction.sgd_cos_init_tail)(pair.active, size.dim, pair.sgd.cos_init),
        ),
        pool.bound(),
        pool.purity(),
        pool.closed_form(),
    ]
}

/// All sizes of a reduction.
struct Pool<'a> {
    sizes: Vec<&'a Size>,
    reduction: Reduction,
}

impl Pool<'_> {
    fn name(&self, what: &str) -> String {
        format!("{what} ({} reduction, {} sizes pooled)", self.reduction.name(), self.sizes.len())
    }

    fn over(&self, value: impl Fn(&Size, &Pair) -> f64) -> Vec<f64> {
        self.sizes.iter().flat_map(|size| of(size, |pair| value(size, pair))).collect()
    }

    fn runs(&self) -> u64 {
        self.sizes.iter().map(|size| size.pairs.len() as u64).sum()
    }

    fn arrivals(&self) -> Check {
        let (arrived, lost) = (self.runs(), self.sizes.iter().map(|size| size.lost).sum::<u64>());
        let why = "within 1e-8 of a predicted limit; the other checks are over these";
        Expectation::new(self.name("GD and SGD: starts from which both arrive"), 1.0, why)
            .always(0.9, MISS, arrived + lost)
            .counted(arrived, arrived + lost)
    }

    /// The law of `cos²(w_GD, w_0)`, exact at every size: its distribution function there is uniform.
    fn law(&self, prediction: &Prediction) -> Check {
        let mut uniform = self
            .over(|size, pair| (prediction.gd_cos_init_law)(pair.active, size.dim, pair.gd.cos_init.powi(2)));
        let n = uniform.len();
        let distance = distance_to_law(&mut uniform, |x| x);
        let why = "largest distance between distribution functions, Dvoretzky–Kiefer–Wolfowitz; the law is Beta(k/2, (n−k)/2), k samples \
                   mixed";
        let name = self.name("GD: cos²(w, w_0), distance of its distribution from the exact law");
        Expectation::new(name, largest_distance(n, CHECK_LEVEL), why)
            .chance(CHECK_LEVEL)
            .at_most()
            .measured(distance, n as u64)
    }

    /// How many starts exceed a bound that each exceeds with probability [`DELTA`] at most; `tail` bounds the probability to come so far.
    fn exceedances(&self, what: &str, bound: &str, tail: impl Fn(&Size, &Pair) -> f64) -> Check {
        let n = self.runs();
        let level = 0.5 * CHECK_LEVEL;
        let tails = self.over(tail);
        let beyond = tails.iter().filter(|&&tail| tail < DELTA).count();
        let why = format!("{bound}; as many of {n} starts with probability {level:.1e}, at 1 % each");
        Expectation::new(self.name(what), critical_count(n, DELTA, level) as f64 / n as f64, why)
            .chance(level)
            .at_most()
            .measured(beyond as f64 / n as f64, n)
    }

    /// SGD's alignment with the start against that of the best-aligned sample, which is O(√(log m/n)).
    fn bound(&self) -> Check {
        let mean = Mean::of(&self.over(|size, pair| pair.sgd.cos_init / size.expected.sgd_cos_init));
        let why =
            "start by start c_{i*} ≤ max|c_i| already follows from the closed form; this is by how much";
        Expectation::new(self.name("SGD: cos(w, w_0) over E max_i|c_i|/‖w_0‖, mean"), 1.0, why)
            .bounded()
            .estimated(mean.mean, mean.interval(NOMINAL), mean.n as u64)
    }

    /// SGD's limit is a datapoint: its cosine with the best one is 1.
    fn purity(&self) -> Check {
        let off = self.over(|_, pair| (1.0 - pair.sgd.max_cos).abs());
        let why =
            "stopped 1e-8 from a datapoint: the cosine is off by half the square of that, and by rounding";
        Expectation::new(self.name("SGD: largest 1 − max cos"), 0.0, why)
            .within(1e-14)
            .measured(largest(off), self.runs())
    }

    /// Start by start: cos(w_GD, w_0) = ‖c⁺(0)‖/‖w_0‖ and cos(w_SGD, w_0) = c_{i*}(0)/‖w_0‖.
    fn closed_form(&self) -> Check {
        let off = |pair: &Pair| largest([pair.gd, pair.sgd].map(|run| run.off_closed_form.abs()));
        Expectation::new(
            self.name("GD and SGD: cos(w, w_0) off its closed form"),
            0.0,
            "stopped 1e-8 from the limit",
        )
        .within(2e-8)
        .measured(largest(self.over(|_, pair| off(pair))), 2 * self.runs())
    }
}

/// The least `k` with `P(Bin(n, p) > k) ≤ level`.
fn critical_count(n: u64, p: f64, level: f64) -> u64 {
    use statrs::distribution::{Binomial, DiscreteCDF};
    let law = Binomial::new(p, n).expect("a probability");
    ((n as f64 * p) as u64..n).find(|&k| law.sf(k) <= level).unwrap_or(n)
}

#[cfg(test)]
mod tests {
    #[test]
    fn critical_counts_are_quantiles() {
        // P(Bin(10, ½) > 8) = 11/1024, P(> 9) = 1/1024.
        assert_eq!(super::critical_count(10, 0.5, 0.011), 8);
        assert_eq!(super::critical_count(10, 0.5, 0.010), 9);
    }
}
