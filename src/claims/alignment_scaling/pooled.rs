//! Laws that hold at every size, over all sizes of a reduction.

use super::grid::{Expected, Size};
use super::pairs::{Pair, Sampled};
use super::{NOMINAL, Prediction};
use crate::problem::Reduction;
use crate::stats::{
    CHECK_LEVEL, Mean, POWER, binomial_lower_bound, distance_to_law, largest_distance, noticed_distance,
};
use crate::theory::budget::MISS;
use crate::vectors::largest;
use crate::verdict::{Check, Expectation, Register, Relation};

/// Probability with which a start may exceed the bounds of Corollary 3, and the level of the test whether it does.
const DELTA: f64 = 0.01;
const DELTA_LEVEL: f64 = 0.5 * CHECK_LEVEL;

/// Judges a check by what the starts of all sizes of a reduction came to.
type Judge = Box<dyn FnOnce(&[&Sampled]) -> Check>;

/// The laws of a reduction, to be judged when its starts have been run.
pub(super) struct Pooled {
    reduction: Reduction,
    laws: Vec<Judge>,
}

impl Pooled {
    pub fn new(
        sizes: &[Size],
        reduction: Reduction,
        prediction: &Prediction,
        register: &mut Register,
    ) -> Self {
        let ours = || sizes.iter().filter(|size| size.reduction == reduction);
        let starts = ours().map(|size| size.live.len() as u64).sum();
        let mut laws = Laws { register, reduction, sizes: ours().count(), starts };
        let Prediction { gd_max_cos_tail, sgd_cos_init_tail, .. } = *prediction;
        let mut judges = vec![
            laws.arrivals(),
            laws.mean("GD: max cos", 0.0125, |pair| pair.gd.max_cos, |of| of.max_cos),
            laws.mean("GD: participation ratio", 0.025, |pair| pair.gd.participation, |of| of.participation),
        ];
        // The slopes are those of the sum reduction: this is the constant in front of theirs.
        if reduction == Reduction::Sum {
            let value = |pair: &Pair| pair.gd.cos_init.powi(2);
            judges.push(laws.mean("GD: cos²(w, w_0)", 0.04, value, |of| of.cos_init_squared));
        }
        judges.extend([
            laws.law(prediction.gd_cos_init_law),
            laws.exceedances(
                "GD: starts whose max cos exceeds its bound of 99 %, share",
                "bound x of probability k P(Beta(½, (k−1)/2) > x²) = 1 %, k samples mixed, of the order √(log m / m)",
                move |_, pair| gd_max_cos_tail(pair.active, pair.gd.max_cos),
            ),
            laws.exceedances(
                "SGD: starts whose cos(w, w_0) exceeds its bound of 99 %, share",
                "bound x of probability k P(Beta(½, (n−1)/2) > x²) = 1 %, k active samples, of the order √(log m / n)",
                move |size, pair| sgd_cos_init_tail(pair.active, size.dim, pair.sgd.cos_init),
            ),
            laws.bound(),
            laws.purity(prediction.sgd_max_cos),
            laws.closed_form(),
        ]);
        Self { reduction, laws: judges }
    }

    /// Judges what the starts came to.
    pub fn judge(self, samples: &[Sampled]) -> impl Iterator<Item = Check> {
        let ours: Vec<&Sampled> = samples.iter().filter(|at| at.size.reduction == self.reduction).collect();
        self.laws.into_iter().map(move |law| law(&ours))
    }
}

/// Registers the laws of a reduction.
struct Laws<'r> {
    register: &'r mut Register,
    reduction: Reduction,
    sizes: usize,
    starts: u64,
}

impl Laws<'_> {
    fn expect(&mut self, what: &str, predicted: f64, why: impl Into<String>) -> Expectation<'_> {
        let (reduction, sizes) = (self.reduction.name(), self.sizes);
        self.register.expect(format!("{what} ({reduction} reduction, {sizes} sizes pooled)"), predicted, why)
    }

    /// What is to be resolved, of which the mean reduction, with fewer starts, resolves half as much.
    fn resolved(&self, of_sum: f64) -> f64 {
        if self.reduction == Reduction::Sum { of_sum } else { 2.0 * of_sum }
    }

    fn arrivals(&mut self) -> Judge {
        let starts = self.starts;
        let why = "within 1e-8 of a predicted limit; the other checks are over these";
        let expected =
            self.expect("GD and SGD: starts from which both arrive", 1.0, why).always(0.9, MISS, starts);
        Box::new(move |samples| expected.counted(runs(samples), starts))
    }

    /// The mean of a quantity over its exact expectation, which no slope can see.
    fn mean(
        &mut self,
        what: &str,
        precision: f64,
        value: fn(&Pair) -> f64,
        exact: fn(&Expected) -> f64,
    ) -> Judge {
        let why = "exact expectation at each size, rows of the table; half the level is for skewness";
        let precision = self.resolved(precision);
        let what = format!("{what}, over its exact expectation, mean");
        let expected = self.expect(&what, 1.0, why).covered(precision);
        Box::new(move |samples| {
            let mean = Mean::of(&over(samples, |size, pair| value(pair) / exact(&size.expected)));
            expected.estimated(mean.mean, mean.interval(NOMINAL), mean.n as u64)
        })
    }

    /// The law of `cos²(w_GD, w_0)`, exact at every size: its distribution function there is uniform. To be noticed is a law that is off by
    /// a probability of 5 % somewhere, 10 % under the mean reduction.
    fn law(&mut self, law: fn(usize, usize, f64) -> f64) -> Judge {
        let why = "largest distance between distribution functions, Dvoretzky–Kiefer–Wolfowitz; the law is Beta(k/2, (n−k)/2), k samples \
                   mixed";
        let (critical, noticed) = (largest_distance(self.starts as usize, CHECK_LEVEL), self.resolved(0.05));
        let expected = self
            .expect("GD: cos²(w, w_0), distance of its distribution from the exact law", critical, why)
            .chance(CHECK_LEVEL)
            .same_law(Relation::AtMost, noticed);
        Box::new(move |samples| {
            let mut uniform =
                over(samples, |size, pair| law(pair.active, size.dim, pair.gd.cos_init.powi(2)));
            let n = uniform.len();
            let detects = noticed_distance(n, CHECK_LEVEL);
            expected.tested(distance_to_law(&mut uniform, |x| x), detects, n as u64)
        })
    }

    /// How many starts exceed a bound that each exceeds with probability [`DELTA`] at most; `tail` bounds the probability to come so far. To be
    /// noticed are twice as many, under the mean reduction three times.
    fn exceedances(
        &mut self,
        what: &str,
        bound: &str,
        tail: impl Fn(&Size, &Pair) -> f64 + 'static,
    ) -> Judge {
        let starts = self.starts;
        let critical = critical_count(starts, DELTA, DELTA_LEVEL);
        let why =
            format!("{bound}; as many of {starts} starts with probability {DELTA_LEVEL:.1e}, at 1 % each");
        let noticed = self.resolved(DELTA);
        let expected = self
            .expect(what, critical as f64 / starts as f64, why)
            .chance(DELTA_LEVEL)
            .same_law(Relation::AtMost, noticed);
        Box::new(move |samples| {
            let tails = over(samples, &tail);
            let (beyond, n) = (tails.iter().filter(|&&tail| tail < DELTA).count(), tails.len() as u64);
            expected.tested(beyond as f64 / n as f64, share_beyond(critical, n) - DELTA, n)
        })
    }

    /// SGD's alignment with the start against that of the best-aligned sample, which is O(√(log m/n)).
    fn bound(&mut self) -> Judge {
        let why =
            "start by start c_{i*} ≤ max|c_i| already follows from the closed form; this is by how much";
        let expected = self.expect("SGD: cos(w, w_0) over E max_i|c_i|/‖w_0‖, mean", 1.0, why).bounded();
        Box::new(move |samples| {
            let ratio = |size: &Size, pair: &Pair| pair.sgd.cos_init / size.expected.sgd_cos_init;
            let mean = Mean::of(&over(samples, ratio));
            expected.estimated(mean.mean, mean.interval(NOMINAL), mean.n as u64)
        })
    }

    /// SGD's limit is a datapoint: its cosine with the best one is 1.
    fn purity(&mut self, max_cos: f64) -> Judge {
        let why =
            "stopped 1e-8 from a datapoint: the cosine is off by half the square of that, and by rounding";
        let expected = self.expect("SGD: largest 1 − max cos", 0.0, why).within(1e-14);
        Box::new(move |samples| {
            let off = over(samples, |_, pair| (max_cos - pair.sgd.max_cos).abs());
            expected.measured(largest(off), runs(samples))
        })
    }

    /// Start by start: cos(w_GD, w_0) = ‖c⁺(0)‖/‖w_0‖ and cos(w_SGD, w_0) = c_{i*}(0)/‖w_0‖.
    fn closed_form(&mut self) -> Judge {
        let why = "stopped 1e-8 from the limit";
        let expected = self.expect("GD and SGD: cos(w, w_0) off its closed form", 0.0, why).within(2e-8);
        Box::new(move |samples| {
            let off =
                over(samples, |_, pair| largest([pair.gd, pair.sgd].map(|run| run.off_closed_form.abs())));
            expected.measured(largest(off), 2 * runs(samples))
        })
    }
}

/// A quantity at all starts of all sizes.
fn over(samples: &[&Sampled], value: impl Fn(&Size, &Pair) -> f64) -> Vec<f64> {
    samples.iter().flat_map(|at| at.of(|pair| value(&at.size, pair))).collect()
}

fn runs(samples: &[&Sampled]) -> u64 {
    samples.iter().map(|at| at.pairs.len() as u64).sum()
}

/// The least `k` with `P(Bin(n, p) > k) ≤ level`.
fn critical_count(n: u64, p: f64, level: f64) -> u64 {
    use statrs::distribution::{Binomial, DiscreteCDF};
    let law = Binomial::new(p, n).expect("a probability");
    ((n as f64 * p) as u64..n).find(|&k| law.sf(k) <= level).unwrap_or(n)
}

/// The least `p` with `P(Bin(n, p) > k) ≥` [`POWER`]: the share that a test is likely to notice which takes more than `k` of `n` for too many. 1
/// of so few that there cannot be more.
fn share_beyond(k: u64, n: u64) -> f64 {
    if k < n { binomial_lower_bound(k + 1, n, POWER) } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::{critical_count, share_beyond};

    #[test]
    fn critical_counts_are_quantiles() {
        // P(Bin(10, ½) > 8) = 11/1024, P(> 9) = 1/1024.
        assert_eq!(critical_count(10, 0.5, 0.011), 8);
        assert_eq!(critical_count(10, 0.5, 0.010), 9);
    }

    #[test]
    fn shares_that_are_noticed_go_beyond_the_critical_count() {
        // P(Bin(10, p) > 9) = p¹⁰, and P(Bin(1, p) > 0) = p.
        assert!((share_beyond(9, 10) - 0.9f64.powf(0.1)).abs() < 1e-12);
        assert!((share_beyond(0, 1) - 0.9).abs() < 1e-12);
        assert_eq!(share_beyond(10, 10), 1.0);
        // Of 6000 starts 100 are too many: Normal approximation of what 90 % take, (100.5 + 1.28 · 10.5)/6000 = 0.0190.
        assert!((share_beyond(100, 6000) - 0.0190).abs() < 2e-4, "{}", share_beyond(100, 6000));
        assert!(share_beyond(10, 300) > share_beyond(100, 6000));
    }
}
