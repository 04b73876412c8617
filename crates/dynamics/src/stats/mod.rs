//! Intervals: exact binomial bounds, means, weighted lines. A number never travels without its error.

mod fit;
mod line;
mod power;

pub use self::fit::{Fit, goodness_of_fit, noticed_misfit};
pub use self::line::Line;
pub use self::power::{
    LargestDeviation, POWER, noticed, noticed_difference, noticed_distance, noticed_misses, noticed_share,
};
use crate::vectors::largest;
use serde::{Deserialize, Deserializer, Serialize};
use statrs::distribution::{ChiSquared, ContinuousCDF, Normal, StudentsT};
use statrs::function::beta::inv_beta_reg;

/// Family-wise error level of a whole report: the probability that a report in which every claim is true refutes one. (That a check decides
/// nothing is kept rarer by widths of three quarters of the precision and less, or nine tenths where they scatter little; how rare it is, `calibrate` measures.) Every claim has a fixed share of it (`Study::level` of `puremix`), which the levels of its
/// checks may use up.
pub const REPORT_LEVEL: f64 = 1e-3;

/// Level of the confidence interval behind a single check: the probability that it misses the true value. The 5e-6 are the
/// report's level over 200 (Bonferroni). A report of all claims has a few more checks that depend on chance, but only some 140 of them state 2.5e-6 or
/// more, and the others far less; what they state adds up to less than the report's level, claim by claim.
pub const CHECK_LEVEL: f64 = REPORT_LEVEL / 200.0;

/// Error level of the interval of an estimate that nothing is decided by: 95 % intervals, one by one.
pub const ESTIMATE_LEVEL: f64 = 0.05;

/// A confidence interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    #[serde(deserialize_with = "low_end")]
    pub low: f64,
    /// Upper end.
    #[serde(deserialize_with = "high_end")]
    pub high: f64,
}

/// A number; in text, which has neither an infinity nor a NaN, null stands for `missing`.
pub(crate) fn number_or<'de, D: Deserializer<'de>>(deserializer: D, missing: f64) -> Result<f64, D::Error> {
    if deserializer.is_human_readable() {
        Ok(Option::deserialize(deserializer)?.unwrap_or(missing))
    } else {
        f64::deserialize(deserializer)
    }
}

fn low_end<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    number_or(deserializer, f64::NEG_INFINITY)
}

fn high_end<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    number_or(deserializer, f64::INFINITY)
}

impl Interval {
    /// Whether `value` lies within.
    pub fn contains(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }

    /// Half the width.
    pub fn half_width(&self) -> f64 {
        0.5 * (self.high - self.low)
    }
}

/// Exact (Clopper–Pearson) one-sided lower confidence bound, at error level `alpha`, on the
/// probability behind `successes` out of `trials`: the `p` with `P(Bin(n, p) ≥ k) = α`. Closed form
/// without a miss; otherwise accurate to five digits in `α`.
///
/// # Panics
/// If `successes > trials`.
pub fn binomial_lower_bound(successes: u64, trials: u64, alpha: f64) -> f64 {
    assert!(successes <= trials, "{successes} successes of {trials}");
    match successes {
        0 => 0.0,
        // P(Bin(n, p) = n) = pⁿ.
        k if k == trials => (alpha.ln() / trials as f64).exp(),
        // P(Bin(n, p) ≥ k) = I_p(k, n − k + 1).
        k => inv_beta_reg(k as f64, (trials - k + 1) as f64, alpha),
    }
}

/// Exact (Clopper–Pearson) two-sided interval at error level `level` of the probability behind `successes` out of
/// `trials`.
///
/// # Panics
/// If `successes > trials`.
pub fn binomial_interval(successes: u64, trials: u64, level: f64) -> Interval {
    let low = binomial_lower_bound(successes, trials, 0.5 * level);
    let high = 1.0 - binomial_lower_bound(trials - successes, trials, 0.5 * level);
    Interval { low, high }
}

/// χ² test that rows of counts come from one law: the probability, were they to, of a statistic as large as theirs.
/// Columns without any count are left out; expected counts should be 5 or more.
pub fn homogeneity(rows: &[Vec<u64>]) -> f64 {
    let sum = |counts: &[u64]| counts.iter().sum::<u64>() as f64;
    let total: f64 = rows.iter().map(|row| sum(row)).sum();
    let (mut statistic, mut columns) = (0.0, 0);
    for column in 0..rows[0].len() {
        let share = rows.iter().map(|row| row[column] as f64).sum::<f64>() / total;
        if share > 0.0 {
            columns += 1;
            let of = |row: &Vec<u64>| (row[column] as f64 - share * sum(row)).powi(2) / (share * sum(row));
            statistic += rows.iter().map(of).sum::<f64>();
        }
    }
    let freedom = (rows.len() - 1) * (columns - 1);
    let law = ChiSquared::new(freedom as f64).expect("two rows and two columns at least");
    law.sf(statistic)
}

/// Largest distance between the distribution function of a law and that of `sample`, drawn from it or not (Kolmogorov–
/// Smirnov). NaN if a number of the sample is.
pub fn distance_to_law(sample: &mut [f64], law: impl Fn(f64) -> f64) -> f64 {
    sample.sort_by(f64::total_cmp);
    let n = sample.len() as f64;
    let gaps = sample.iter().enumerate().map(|(k, &x)| {
        let below = law(x);
        (below - k as f64 / n).max((k as f64 + 1.0) / n - below)
    });
    largest(gaps)
}

/// Distance that a sample of `n` from the law itself exceeds with probability `level` at most, for every `n`
/// (Dvoretzky, Kiefer, Wolfowitz; constant of Massart): `√(log(2/level)/2n)`.
pub fn largest_distance(n: usize, level: f64) -> f64 {
    ((2.0 / level).ln() / (2.0 * n as f64)).sqrt()
}

/// Two-sided quantile of the standard normal law: `P(|Z| > z) = level`.
pub fn normal_quantile(level: f64) -> f64 {
    Normal::standard().inverse_cdf(1.0 - level / 2.0)
}

/// Two-sided quantile of Student's law: `P(|T| > t) = level` with the given degrees of freedom.
pub fn student_quantile(level: f64, freedom: usize) -> f64 {
    let law = StudentsT::new(0.0, 1.0, freedom as f64).expect("at least one degree of freedom");
    law.inverse_cdf(1.0 - level / 2.0)
}

/// A sample mean with its standard error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mean {
    /// Sample mean.
    pub mean: f64,
    /// Standard error of the mean.
    pub sem: f64,
    /// Sample size.
    pub n: usize,
}

impl Mean {
    /// Mean and standard error of a sample; the error of a single number is not known, NaN.
    pub fn of(sample: &[f64]) -> Self {
        let n = sample.len();
        let mean = sample.iter().sum::<f64>() / n as f64;
        let variance = sample.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n as f64 - 1.0);
        Self { mean, sem: (variance / n as f64).sqrt(), n }
    }

    /// Mean of a sample of `(stratum, number)` where each stratum is known to hold its share of all numbers (post-stratification, W. G. Cochran,
    /// Sampling Techniques, 1977, §5A.9): what the strata's means differ by does not enter the error. A stratum of which the sample has nothing
    /// counts as 0.
    pub fn post_stratified(sample: &[(usize, f64)], shares: &[f64]) -> Self {
        let mean_of = |stratum: usize| {
            let within = || sample.iter().filter(|(of, _)| *of == stratum).map(|(_, x)| x);
            within().sum::<f64>() / within().count().max(1) as f64
        };
        let means: Vec<f64> = (0..shares.len()).map(mean_of).collect();
        let mean = shares.iter().zip(&means).map(|(share, mean)| share * mean).sum();
        let within: Vec<f64> = sample.iter().map(|(stratum, x)| x - means[*stratum]).collect();
        Self { mean, ..Self::of(&within) }
    }

    /// A mean at the step size 0 from those at `η` and `η/2`, `2 f(η/2) − f(η)`: what is of order `η` goes. The runs of both are independent; `n` are those of either together.
    pub fn extrapolated(coarse: Self, fine: Self) -> Self {
        Self {
            mean: 2.0 * fine.mean - coarse.mean,
            sem: (2.0 * fine.sem).hypot(coarse.sem),
            n: coarse.n + fine.n,
        }
    }

    /// [`extrapolated`](Self::extrapolated) of a number that every run has, from the runs at `η` (`coarse`) and at `η/2` (`fine`).
    pub fn extrapolated_of<T>(coarse: &[T], fine: &[T], number: impl Fn(&T) -> f64) -> Self {
        let mean = |runs: &[T]| runs.iter().map(&number).collect();
        Self::extrapolated(mean(coarse), mean(fine))
    }

    /// Student-t interval at error level `level`, 0.05 for one of 95 %; of fewer than two numbers it is all of ℝ.
    pub fn interval(&self, level: f64) -> Interval {
        let half = if self.n < 2 { f64::INFINITY } else { student_quantile(level, self.n - 1) * self.sem };
        Interval { low: self.mean - half, high: self.mean + half }
    }
}

impl FromIterator<f64> for Mean {
    fn from_iter<I: IntoIterator<Item = f64>>(sample: I) -> Self {
        Self::of(&sample.into_iter().collect::<Vec<_>>())
    }
}

/// χ² interval at error level `level` of a variance, or its ratio to a known one, estimated from `n` Gaussian numbers.
pub fn variance_interval(estimate: f64, n: u64, level: f64) -> Interval {
    let freedom = n as f64 - 1.0;
    let law = ChiSquared::new(freedom).expect("two numbers at least");
    let bound = |p: f64| estimate * freedom / law.inverse_cdf(p);
    Interval { low: bound(1.0 - 0.5 * level), high: bound(0.5 * level) }
}

/// Normal interval of a linear combination of independent estimates, `Σ a_k x_k`, from `(a_k, x_k, se_k)`; and its
/// value.
pub fn combination(terms: &[(f64, f64, f64)], level: f64) -> (f64, Interval) {
    let value: f64 = terms.iter().map(|(a, x, _)| a * x).sum();
    let error = terms.iter().map(|(a, _, se)| (a * se).powi(2)).sum::<f64>().sqrt();
    let half = normal_quantile(level) * error;
    (value, Interval { low: value - half, high: value + half })
}

#[cfg(test)]
mod tests;
