//! One check under one seed: a row of `checks.csv`.

use puremix::stats::{CHECK_LEVEL, normal_quantile};
use puremix::verdict::{Check, Margin, Relation};
use serde::{Deserialize, Serialize};

/// Relative errors that are planted in a prediction.
pub const ERRORS: [f64; 5] = [0.02, 0.05, 0.1, 0.2, 0.5];

/// One check under one seed.
#[derive(Serialize, Deserialize)]
pub struct Row {
    pub seed: u64,
    pub commit: String,
    pub claim: String,
    /// Seconds that the whole claim took, by the clock.
    pub seconds: Option<f64>,
    /// Position among the checks of its claim.
    pub check: usize,
    pub name: String,
    /// `yes`, `no` or `open`.
    pub outcome: String,
    pub level: f64,
    /// `(measured − predicted)/half-width` of a two-sided interval, in units in which 4.56 is its end: in standard errors, if the interval is a normal one at [`CHECK_LEVEL`].
    pub z: Option<f64>,
    /// How far the check is from deciding nothing: the logarithm of precision over half-width, or the distance of a one-sided
    /// interval from its bound in half-widths.
    pub headroom: Option<f64>,
    /// Deviation over tolerance.
    pub used: Option<f64>,
    /// The smallest of [`ERRORS`] from which on the check refutes a prediction that is too large or too small by it; infinite if it notices none, and
    /// `None` where the prediction is 0, a bound or a law.
    pub notices: Option<f64>,
    /// The measurement itself; of a test of a law, the largest deviation in its standard errors.
    pub measured: Option<f64>,
}

/// Whether the check refutes the prediction `x` in place of its own, from the same measurement.
pub fn refutes(check: &Check, x: f64) -> bool {
    match check.tolerance_or_interval {
        Margin::Tolerance(tolerance) => (check.measured - x).abs() > tolerance,
        Margin::Interval(interval) => !interval.contains(x),
    }
}

/// See [`Row::notices`].
pub fn notices(check: &Check) -> Option<f64> {
    let p = check.predicted;
    if check.relation != Relation::Equal || p == 0.0 || !p.is_finite() {
        return None;
    }
    let is_noticed = |&error: &f64| match (check.tolerance_or_interval, check.precision) {
        // A share of 1: a miss among the runs refutes, and so many runs show misses of that probability.
        (Margin::Interval(_), None) => check.detects.is_some_and(|share| share <= error),
        _ => [-error, error].iter().all(|error| refutes(check, p * (1.0 + error))),
    };
    // From there on: the larger errors are noticed, too.
    let unnoticed = ERRORS.iter().rposition(|error| !is_noticed(error));
    Some(ERRORS.get(unnoticed.map_or(0, |last| last + 1)).copied().unwrap_or(f64::INFINITY))
}

impl Row {
    pub fn of(seed: u64, claim: &str, seconds: f64, (position, check): (usize, &Check)) -> Self {
        let outcome = match check.ok {
            Some(true) => "yes",
            Some(false) => "no",
            None => "open",
        };
        let (mut z, mut headroom, mut used) = (None, None, None);
        match check.tolerance_or_interval {
            Margin::Tolerance(tolerance) if tolerance > 0.0 => {
                used = Some((check.measured - check.predicted).abs() / tolerance);
            }
            Margin::Interval(interval) if interval.half_width().is_finite() => {
                let half = interval.half_width();
                match (check.relation, check.precision) {
                    (Relation::Equal, Some(precision)) => {
                        z = Some((check.measured - check.predicted) / half * normal_quantile(CHECK_LEVEL));
                        headroom = Some((precision / half).ln());
                    }
                    (Relation::AtLeast, _) => headroom = Some((interval.low - check.predicted) / half),
                    (Relation::AtMost, _) => headroom = Some((check.predicted - interval.high) / half),
                    (Relation::Equal, None) => {}
                }
            }
            Margin::Tolerance(_) | Margin::Interval(_) => {}
        }
        Self {
            seed,
            commit: puremix::COMMIT.unwrap_or_default().into(),
            claim: claim.into(),
            seconds: Some(seconds),
            check: position,
            name: check.name.clone(),
            outcome: outcome.into(),
            level: check.level,
            z,
            headroom,
            used,
            notices: notices(check),
            measured: Some(check.measured),
        }
    }
}
