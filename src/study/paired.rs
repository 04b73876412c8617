//! Estimates over seeds that were shared between the cases compared.
//!
//! A number that a run does not have (all its neurons are dead, say) is NaN, and leaves out its pair.

use crate::stats::{ESTIMATE_LEVEL, Interval, Mean, binomial_interval};
use crate::verdict::Estimate;

/// Least number of pairs from which an interval is made.
const MIN_PAIRS: usize = 2;

/// Mean of the finite numbers of a sample, with Student's interval; `None` of fewer than two.
pub(crate) fn mean(sample: &[f64]) -> Option<(Mean, Interval)> {
    let finite: Vec<f64> = sample.iter().copied().filter(|x| x.is_finite()).collect();
    (finite.len() >= MIN_PAIRS).then(|| {
        let mean = Mean::of(&finite);
        (mean, mean.interval(ESTIMATE_LEVEL))
    })
}

/// Differences `first − second`, seed by seed.
pub(crate) fn differences(first: &[f64], second: &[f64]) -> Vec<f64> {
    first.iter().zip(second).map(|(first, second)| first - second).collect()
}

/// The mean over seeds as an estimate.
pub(crate) fn estimate(
    name: impl Into<String>,
    sample: &[f64],
    method: impl Into<String>,
) -> Option<Estimate> {
    mean(sample).map(|(mean, interval)| Estimate {
        name: name.into(),
        value: mean.mean,
        interval,
        n: mean.n as u64,
        method: method.into(),
    })
}

/// A share of runs as an estimate; `None` of no runs.
pub(crate) fn share(name: impl Into<String>, hits: u64, trials: u64, what: &str) -> Option<Estimate> {
    (trials > 0).then(|| Estimate {
        name: name.into(),
        value: hits as f64 / trials as f64,
        interval: binomial_interval(hits, trials, ESTIMATE_LEVEL),
        n: trials,
        method: format!("Clopper–Pearson interval; {what}"),
    })
}

/// Quantile of all numbers of all groups together, numbers within a group being dependent and groups not (Woodruff's interval,
/// J. Amer. Statist. Assoc. 47, 1952): the share at or below the quantile has a Student interval over groups, whose
/// ends are read off the pooled sample.
///
/// # Panics
/// Without two groups, with an empty one, or with a NaN.
pub(crate) fn pooled_quantile(groups: &[Vec<f64>], probability: f64) -> (f64, Interval) {
    let mut all = groups.concat();
    assert!(all.iter().all(|x| !x.is_nan()), "a quantile of what is no number");
    all.sort_by(f64::total_cmp);
    let at = |p: f64| all[((p * all.len() as f64).ceil() as usize).clamp(1, all.len()) - 1];
    let value = at(probability);
    let half = Mean::of(&shares_below(groups, value)).interval(ESTIMATE_LEVEL).half_width();
    (value, Interval { low: at(probability - half), high: at(probability + half) })
}

/// The share of each group that is at most `bound`.
pub(crate) fn shares_below(groups: &[Vec<f64>], bound: f64) -> Vec<f64> {
    let share = |group: &Vec<f64>| group.iter().filter(|&&x| x <= bound).count() as f64 / group.len() as f64;
    groups.iter().map(share).collect()
}

/// A field of a table: empty where there is no number.
pub(crate) fn field(x: f64) -> Option<f64> {
    x.is_finite().then_some(x)
}

/// A mean over runs as it stands in a table, with its interval; empty of fewer than two.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Summary {
    pub mean: Option<f64>,
    pub low: Option<f64>,
    pub high: Option<f64>,
    pub runs: Option<usize>,
}

impl Summary {
    pub fn of(sample: &[f64]) -> Self {
        mean(sample).map_or_else(Self::default, |(mean, Interval { low, high })| Self {
            mean: Some(mean.mean),
            low: Some(low),
            high: Some(high),
            runs: Some(mean.n),
        })
    }
}

#[cfg(test)]
mod tests {
    use rand_distr::{Distribution, Exp1, StandardNormal};

    use super::*;
    use crate::rng::{Purpose, stream};

    #[test]
    fn pairing_takes_out_what_both_share() {
        // Starts differ by ± 10, the effect is 1 ± 0.1: differences 0.9, 1.1, 1.1, 0.9, t = 3.182446.
        let (first, second) = ([11.0, -8.9, 1.1, 6.2], [10.1, -10.0, 0.0, 5.3]);
        let (mean, interval) = mean(&differences(&first, &second)).unwrap();
        assert!((mean.mean - 1.0).abs() < 1e-12);
        let half = 3.182_446_305_284_263 * (4.0 * 0.01f64 / 3.0 / 4.0).sqrt();
        assert!((interval.half_width() - half).abs() < 1e-9, "{interval:?} {half}");
        // What one of a pair does not have leaves out the pair.
        let gone = differences(&first, &[10.1, f64::NAN, 0.0, 5.3]);
        assert_eq!(estimate("d", &gone, "").unwrap().n, 3);
        assert!(estimate("d", &[1.0, f64::NAN], "").is_none());
        let difference = Summary::of(&differences(&first, &second));
        assert_eq!((difference.mean, difference.runs), (Some(mean.mean), Some(4)));
        assert_eq!(Summary::of(&[]), Summary::default());
    }

    #[test]
    fn shares_have_exact_intervals() {
        // R: binom.test(7, 20)$conf.int = 0.1539092 0.5921885.
        let interval = share("some", 7, 20, "").unwrap().interval;
        assert!((interval.low - 0.153_909_2).abs() < 1e-6 && (interval.high - 0.592_188_5).abs() < 1e-6);
        assert_eq!(share("none", 0, 9, "").unwrap().interval.low, 0.0);
        assert_eq!(share("all", 9, 9, "").unwrap().interval.high, 1.0);
        assert!(share("none", 0, 0, "").is_none());
    }

    #[test]
    fn quantiles_of_dependent_numbers_are_covered() {
        // Groups of 15 numbers e^{g + 0.5 z} with a common g ~ N(0, 1): the median is 1, the lower quartile e^{−0.754}. Numbers in
        // a group are strongly dependent; 95 % of 800 intervals are 760 with sd 6.2. Woodruff is asymptotic: some miss more.
        let mut rng = stream(5, Purpose::Protocol, 0);
        let quartile = (-0.674_489_75 * 1.25f64.sqrt()).exp();
        let mut hits = [0, 0];
        for _ in 0..800 {
            let groups: Vec<Vec<f64>> = (0..40)
                .map(|_| {
                    let mut normal = || -> f64 { StandardNormal.sample(&mut rng) };
                    let common = normal();
                    (0..15).map(|_| (common + 0.5 * normal()).exp()).collect()
                })
                .collect();
            hits[0] += u32::from(pooled_quantile(&groups, 0.5).1.contains(1.0));
            hits[1] += u32::from(pooled_quantile(&groups, 0.25).1.contains(quartile));
        }
        assert!(hits.iter().all(|&hits| hits.abs_diff(760) < 32), "{hits:?}");
        let groups: Vec<Vec<f64>> = (0..5).map(|_| Exp1.sample_iter(&mut rng).take(3).collect()).collect();
        assert_eq!(shares_below(&groups, f64::INFINITY), [1.0; 5]);
    }
}
