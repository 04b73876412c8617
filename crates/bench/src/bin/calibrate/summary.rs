//! What `summary.json` says of one check over all seeds, and of the deviations of all intervals.

use puremix::stats::{CHECK_LEVEL, POWER, normal_quantile, variance_interval};
use serde::Serialize;

use crate::row::{ERRORS, Row};

/// Reports from which on a mean and a deviation say something of the tail of a law.
pub const ENOUGH: usize = 100;

/// Probability that [`Distribution`] names an interval although all deviations are standard normal.
pub const NAMED: f64 = 0.01;

/// The deviations of all two-sided intervals, each of which should be standard normal over the seeds. An interval is named if its mean or its variance is not compatible with that,
/// at a level of 0.01 for all of them together, however they depend on each other (a union bound over two tests an interval). Student's intervals of some 100 runs, and those at half the
/// level, have a variance of 0.91 to 0.94 by construction.
#[derive(Serialize)]
pub struct Distribution {
    pub intervals: usize,
    pub level: f64,
    /// Shift and standard deviation of one interval that are named with probability 0.9.
    pub notices_shift: Option<f64>,
    pub notices_deviation: Option<f64>,
    /// Mean of the variances: below 1 intervals are too wide, above it too narrow.
    pub variance: Option<f64>,
    pub shifted: Vec<String>,
    pub too_wide: Vec<String>,
    pub too_narrow: Vec<String>,
}

impl Distribution {
    pub fn of(checks: &[Summary]) -> Self {
        let judged: Vec<(&Summary, f64, f64)> =
            checks.iter().filter_map(|check| Some((check, check.z_mean?, check.z_deviation?))).collect();
        let level = NAMED / (2 * judged.len()).max(1) as f64;
        let named = |is_named: &dyn Fn(usize, f64, f64) -> bool| {
            let named =
                judged.iter().filter(|(check, mean, deviation)| is_named(check.reports, *mean, *deviation));
            named.map(|(check, ..)| format!("{}: {}", check.claim, check.name)).collect()
        };
        let variance =
            |reports: usize, deviation: f64| variance_interval(deviation.powi(2), reports as u64, level);
        // Each interval is in every report.
        let reports = judged.first().map(|(check, ..)| check.reports as u64);
        let missed = 2.0 * (1.0 - POWER);
        let notices_shift = |n: u64| (normal_quantile(level) + normal_quantile(missed)) / (n as f64).sqrt();
        // σ² χ² is beyond the upper quantile of χ² that names, where χ² is above its lower decile.
        let notices_deviation =
            |n: u64| (variance_interval(1.0, n, missed).high / variance_interval(1.0, n, level).low).sqrt();
        Self {
            intervals: judged.len(),
            level: NAMED,
            notices_shift: reports.map(notices_shift),
            notices_deviation: reports.map(notices_deviation),
            variance: (!judged.is_empty())
                .then(|| judged.iter().map(|(.., d)| d * d).sum::<f64>() / judged.len() as f64),
            shifted: named(&|reports, mean, _| mean.abs() * (reports as f64).sqrt() > normal_quantile(level)),
            too_wide: named(&|reports, _, deviation| variance(reports, deviation).high < 1.0),
            too_narrow: named(&|reports, _, deviation| variance(reports, deviation).low > 1.0),
        }
    }
}

/// One check over all seeds.
#[derive(Serialize)]
pub struct Summary {
    pub claim: String,
    pub name: String,
    pub reports: usize,
    pub refuted: usize,
    pub undecided: usize,
    /// Stated bound on the probability to refute; the largest over the seeds.
    pub level: f64,
    pub z_mean: Option<f64>,
    pub z_deviation: Option<f64>,
    /// The largest `|z|`.
    pub z_largest: Option<f64>,
    /// The smallest and the largest measurement.
    pub measured: Option<[f64; 2]>,
    /// Probability that a normal variable of that mean and deviation is beyond the interval; from [`ENOUGH`] reports on.
    pub refutes: Option<f64>,
    pub headroom_mean: Option<f64>,
    pub headroom_deviation: Option<f64>,
    /// Probability that a normal variable of that mean and deviation is below 0; from [`ENOUGH`] reports on.
    pub decides_nothing: Option<f64>,
    /// Largest share of the tolerance that was used.
    pub used: Option<f64>,
    /// The share of the reports in which an error of each of [`ERRORS`] in the prediction is noticed, of either sign.
    pub notices: Option<[f64; ERRORS.len()]>,
    /// The smallest of [`ERRORS`] that is noticed in nine reports of ten; `None` also where not even the largest is.
    pub would_notice: Option<f64>,
}

/// Probability that a standard normal variable is below `x`.
pub fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x / std::f64::consts::SQRT_2)
}

/// Mean and standard deviation.
pub fn moments(sample: &[f64]) -> Option<(f64, f64)> {
    let n = sample.len() as f64;
    let mean = sample.iter().sum::<f64>() / n;
    let variance = sample.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (sample.len() > 1).then_some((mean, variance.sqrt()))
}

impl Summary {
    pub fn of(rows: &[&Row]) -> Self {
        let count = |outcome: &str| rows.iter().filter(|row| row.outcome == outcome).count();
        let all = |of: fn(&Row) -> Option<f64>| rows.iter().filter_map(|row| of(row)).collect::<Vec<_>>();
        let z = moments(&all(|row| row.z));
        let headroom = moments(&all(|row| row.headroom));
        let edge = normal_quantile(CHECK_LEVEL);
        let noticed = all(|row| row.notices);
        let share =
            |error: f64| noticed.iter().filter(|&&from| from <= error).count() as f64 / noticed.len() as f64;
        let notices = (!noticed.is_empty()).then(|| ERRORS.map(share));
        Self {
            claim: rows[0].claim.clone(),
            name: rows[0].name.clone(),
            reports: rows.len(),
            refuted: count("no"),
            undecided: count("open"),
            level: rows.iter().map(|row| row.level).fold(0.0, f64::max),
            z_mean: z.map(|z| z.0),
            z_deviation: z.map(|z| z.1),
            z_largest: all(|row| row.z.map(f64::abs)).into_iter().reduce(f64::max),
            measured: all(|row| row.measured)
                .into_iter()
                .map(|x| [x, x])
                .reduce(|[low, high], [x, _]| [low.min(x), high.max(x)]),
            refutes: z.filter(|_| rows.len() >= ENOUGH).map(|(mean, deviation)| {
                normal_cdf((-edge - mean) / deviation) + normal_cdf((mean - edge) / deviation)
            }),
            headroom_mean: headroom.map(|x| x.0),
            headroom_deviation: headroom.map(|x| x.1),
            decides_nothing: headroom
                .filter(|_| rows.len() >= ENOUGH)
                .map(|(mean, deviation)| normal_cdf(-mean / deviation)),
            used: all(|row| row.used).into_iter().reduce(f64::max),
            notices,
            would_notice: notices
                .and_then(|shares| ERRORS.into_iter().zip(shares).find(|(_, share)| *share >= POWER))
                .map(|(error, _)| error),
        }
    }
}
