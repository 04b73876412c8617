//! What tests and intervals would notice: a check that would notice nothing has no right to pass.

use statrs::distribution::{ChiSquared, ContinuousCDF};

use crate::vectors::largest;

use super::{CHECK_LEVEL, largest_distance, normal_quantile, student_quantile};

/// Probability with which a difference must be noticed that a check says it would notice.
pub const POWER: f64 = 0.9;

/// Smallest distance of the law behind a sample of `n` from the law that is put to the test which [`largest_distance`] at `level` notices with
/// probability [`POWER`]: where the two are furthest apart the sample's distribution function is off by more than `√(log(1/β)/2n)` with
/// probability `β` at most (Hoeffding), `β = 1 − POWER`.
pub fn noticed_distance(n: usize, level: f64) -> f64 {
    largest_distance(n, level) + ((1.0 / (1.0 - POWER)).ln() / (2.0 * n as f64)).sqrt()
}

/// Smallest difference `w = (Σ_k (p_k − q_k)²/q_k)^½` of the law `p` of one row, the shortest, from the law `q` of all the others that
/// [`homogeneity`](super::homogeneity) at `level` notices with probability [`POWER`]: the noncentrality of the statistic is `n (1 − n/N) w²` to leading order, for a row of
/// `n` of all `N` counts.
///
/// # Panics
/// With fewer than two rows or two columns.
pub fn noticed_difference(rows: &[u64], columns: usize, level: f64) -> f64 {
    let total: u64 = rows.iter().sum();
    let shortest = rows.iter().copied().min().unwrap_or(0) as f64;
    let weight = shortest * (1.0 - shortest / total as f64);
    (noticed_noncentrality((rows.len() - 1) * (columns - 1), level) / weight).sqrt()
}

/// The noncentrality with which `χ²` exceeds its quantile at `level` with probability [`POWER`].
pub(super) fn noticed_noncentrality(freedom: usize, level: f64) -> f64 {
    let law = |freedom: usize| ChiSquared::new(freedom as f64).expect("two rows and two columns at least");
    let critical = law(freedom).inverse_cdf(1.0 - level);
    // A mixture of central laws with Poisson weights of mean λ/2.
    let power = |noncentrality: f64| {
        let mean = 0.5 * noncentrality;
        let last = (mean + 12.0 * mean.sqrt() + 20.0) as usize;
        let (mut weight, mut sum) = ((-mean).exp(), 0.0);
        for k in 0..=last {
            sum += weight * law(freedom + 2 * k).sf(critical);
            weight *= mean / (k as f64 + 1.0);
        }
        sum
    };
    let (mut low, mut high) = (0.0, 500.0);
    for _ in 0..50 {
        let middle = 0.5 * (low + high);
        if power(middle) < POWER { low = middle } else { high = middle }
    }
    high
}

/// Smallest deviation that a normal interval at `level`, this wide on either side, does not cover with probability [`POWER`].
pub fn noticed(half_width: f64, level: f64) -> f64 {
    half_width * (1.0 + normal_quantile(2.0 * (1.0 - POWER)) / normal_quantile(level))
}

/// Smallest probability of a miss that shows itself in one of `n` trials with probability [`POWER`].
pub fn noticed_misses(n: u64) -> f64 {
    -((1.0 - POWER).ln() / n as f64).exp_m1()
}

/// The largest of several deviations, each in units of its standard error, is held to a quantile at a level shared among them (Bonferroni).
#[derive(Clone, Copy, Debug)]
pub struct LargestDeviation {
    level: f64,
    /// The bound, in standard errors.
    pub errors: f64,
}

impl LargestDeviation {
    /// Of so many with known errors, at [`CHECK_LEVEL`].
    pub fn over(deviations: usize) -> Self {
        Self::at(CHECK_LEVEL, deviations)
    }

    /// Of so many with known errors, at a level of one's own.
    pub fn at(level: f64, deviations: usize) -> Self {
        let level = level / deviations as f64;
        Self { level, errors: normal_quantile(level) }
    }

    /// Of so many means whose standard errors have these degrees of freedom, at [`CHECK_LEVEL`]: a quantile of Student's law.
    pub fn over_means(deviations: usize, freedom: usize) -> Self {
        let level = CHECK_LEVEL / deviations as f64;
        Self { level, errors: student_quantile(level, freedom) }
    }

    /// The deviation that is noticed with probability [`POWER`] where the standard error is this.
    pub fn noticed(self, error: f64) -> f64 {
        noticed(self.errors * error, self.level)
    }

    /// Of deviations with their standard errors the largest, in standard errors, and the deviation that is noticed of the one with the largest error.
    pub fn of(self, seen: &[(f64, f64)]) -> (f64, f64) {
        let worst = largest(seen.iter().map(|(deviation, error)| deviation.abs() / error));
        (worst, self.noticed(largest(seen.iter().map(|(_, error)| *error))))
    }
}

/// Smallest difference of a probability, wherever it lies, that a two-sided binomial test at `level` over so many trials notices with probability
/// [`POWER`]: by the normal law, around a half, where the error of a frequency is largest.
pub fn noticed_share(trials: u64, level: f64) -> f64 {
    noticed(normal_quantile(level) * 0.5 / (trials as f64).sqrt(), level)
}

#[cfg(test)]
mod tests {
    use rand::Rng;
    use rand_distr::{Distribution, StandardNormal};

    use super::*;
    use crate::rng::{Purpose, stream};
    use crate::stats::{binomial_interval, distance_to_law, homogeneity};

    #[test]
    fn the_largest_deviation_passes_its_bound_as_rarely_as_stated() {
        // 20 standard normals at level 0.1 together, 2000 times: 195 with Bonferroni's bound, deviation 13.
        let bound = LargestDeviation::at(0.1, 20);
        let mut rng = stream(12, Purpose::Protocol, 0);
        let mut drawn = |shift: f64| -> (f64, f64) {
            let seen: Vec<(f64, f64)> = (0..20)
                .map(|k| {
                    let normal: f64 = StandardNormal.sample(&mut rng);
                    (0.3 * (normal + if k == 7 { shift } else { 0.0 }), 0.3)
                })
                .collect();
            bound.of(&seen)
        };
        let beyond = (0..2000).filter(|_| drawn(0.0).0 > bound.errors).count();
        assert!(beyond.abs_diff(195) < 60, "{beyond}");
        // What it says that it notices it notices in nine of ten cases, and in some more by the others.
        let noticed = drawn(0.0).1;
        let found = (0..2000).filter(|_| drawn(noticed / 0.3).0 > bound.errors).count();
        assert!((1760..1900).contains(&found), "{found}");
        assert!(LargestDeviation::over_means(5, 30).errors > LargestDeviation::over(5).errors);
    }

    #[test]
    fn a_share_that_is_noticed_is_noticed_as_often_as_stated() {
        // 0.55 against ½ at level 0.01 takes 0.25 (2.576 + 1.282)²/0.05² = 1488 trials; binomial tests of 2000 samples notice it in 1800,
        // deviation 13.4.
        let trials = 1488;
        let difference = noticed_share(trials, 0.01);
        assert!((difference - 0.05).abs() < 1e-5, "{difference}");
        let mut rng = stream(6, Purpose::Protocol, 0);
        let mut noticed = 0;
        for _ in 0..2000 {
            let hits =
                (0..trials).filter(|_| rand::RngExt::random::<f64>(&mut rng) < 0.5 + difference).count();
            noticed += u32::from(!binomial_interval(hits as u64, trials, 0.01).contains(0.5));
        }
        assert!(noticed.abs_diff(1800) < 50, "{noticed}");
    }

    #[test]
    fn noncentralities_are_those_of_the_tables() {
        // (z_{0.975} + z_{0.9})² with one degree of freedom; the others are tabulated to two decimals (power 0.9, level 0.05).
        for (freedom, expected) in [(1, 10.507), (2, 12.65), (5, 16.47), (10, 20.53)] {
            let got = noticed_noncentrality(freedom, 0.05);
            assert!((got - expected).abs() < 0.01, "{freedom}: {got}");
        }
    }

    #[test]
    fn a_law_that_is_noticed_is_noticed_as_often_as_stated() {
        // Three rows of 2000, 3000 and 2500 counts in four columns; the law of the shortest is off by what is to be noticed.
        let (sizes, level) = ([2000u64, 3000, 2500], 1e-3);
        let difference = noticed_difference(&sizes, 4, level);
        let shares = |k: usize| {
            let shift = if k == 0 { difference } else { 0.0 };
            [0.25 * (1.0 + shift), 0.25 * (1.0 - shift), 0.25 * (1.0 + shift), 0.25 * (1.0 - shift)]
        };
        let mut rng = stream(5, Purpose::Protocol, 0);
        let mut noticed = 0;
        for _ in 0..1000 {
            let rows: Vec<Vec<u64>> = sizes
                .iter()
                .enumerate()
                .map(|(k, &size)| {
                    let law = shares(k);
                    let mut counts = vec![0; 4];
                    for _ in 0..size {
                        let mut u = (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
                        let cell = law.iter().position(|share| {
                            u -= share;
                            u < 0.0
                        });
                        counts[cell.unwrap_or(3)] += 1;
                    }
                    counts
                })
                .collect();
            noticed += u32::from(homogeneity(&rows) < level);
        }
        assert!(noticed.abs_diff(900) < 50, "{noticed}");
    }

    #[test]
    fn a_distance_that_is_noticed_is_noticed_at_least_as_often_as_stated() {
        // Uniform numbers of which a share `d` is moved to 0: the distribution functions differ by d near 0.
        let (n, level) = (500, 1e-3);
        let d = noticed_distance(n, level);
        let mut rng = stream(6, Purpose::Protocol, 0);
        let mut noticed = 0;
        for _ in 0..400 {
            let mut uniform = || (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
            let mut sample: Vec<f64> = (0..n).map(|_| if uniform() < d { 0.0 } else { uniform() }).collect();
            noticed += u32::from(distance_to_law(&mut sample, |x| x) > largest_distance(n, level));
        }
        assert!(noticed >= 360, "{noticed}");
    }

    #[test]
    fn a_mean_that_is_noticed_is_noticed_as_often_as_stated() {
        let (n, level) = (400u32, 0.01);
        let half = normal_quantile(level) / f64::from(n).sqrt();
        let shift = super::noticed(half, level);
        let mut rng = stream(7, Purpose::Protocol, 0);
        let missed = (0..2000).filter(|_| {
            let sum: f64 = (0..n).map(|_| -> f64 { StandardNormal.sample(&mut rng) }).sum();
            (sum / f64::from(n) + shift).abs() <= half
        });
        let missed = missed.count();
        assert!(missed.abs_diff(200) < 60, "{missed}");
    }
}
