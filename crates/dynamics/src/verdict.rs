//! Verdicts: what is expected is fixed before anything is measured, then judged.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::stats::{CHECK_LEVEL, Interval, binomial_lower_bound, number_or};

/// What came of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Every check came out as predicted, every control the other way.
    Reproduced,
    /// A check contradicts the claim, or a control failed to.
    Refuted,
    /// Nothing contradicts the claim, but something is too imprecise to support it.
    Inconclusive,
}

impl Verdict {
    /// The verdict over a claim's checks. No checks, no verdict.
    pub fn over(checks: &[Check]) -> Self {
        if checks.iter().any(|check| check.ok == Some(false)) {
            Verdict::Refuted
        } else if checks.is_empty() || checks.iter().any(|check| check.ok.is_none()) {
            Verdict::Inconclusive
        } else {
            Verdict::Reproduced
        }
    }

    /// Lower-case name.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Reproduced => "reproduced",
            Verdict::Refuted => "refuted",
            Verdict::Inconclusive => "inconclusive",
        }
    }
}

/// Tolerance of an equality, or interval of an estimate. In text it is a number or an interval, as readers of a report
/// expect; elsewhere it says which.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Margin {
    /// Largest accepted deviation from the prediction.
    Tolerance(f64),
    /// Confidence interval of the measurement.
    Interval(Interval),
}

/// A [`Margin`] that says which it is.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Margin")]
enum Tagged {
    Tolerance(f64),
    Interval(Interval),
}

/// A [`Margin`] as it stands in text.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Margin", untagged)]
enum Plain {
    Tolerance(#[serde(deserialize_with = "nan_for_null")] f64),
    Interval(Interval),
}

impl Serialize for Margin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            Plain::serialize(self, serializer)
        } else {
            Tagged::serialize(self, serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Margin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            Plain::deserialize(deserializer)
        } else {
            Tagged::deserialize(deserializer)
        }
    }
}

/// How the measurement is expected to lie to the prediction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// Both are the same number, up to the margin.
    Equal,
    /// The prediction is a lower bound.
    AtLeast,
    /// The prediction is an upper bound.
    AtMost,
}

/// A judged expectation: one row of the report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// What was measured.
    pub name: String,
    /// The prediction.
    #[serde(deserialize_with = "nan_for_null")]
    pub predicted: f64,
    /// How the measurement should lie to it.
    pub relation: Relation,
    /// The measurement.
    #[serde(deserialize_with = "nan_for_null")]
    pub measured: f64,
    /// Tolerance or confidence interval.
    pub tolerance_or_interval: Margin,
    /// Largest half-width of the interval with which the check decides anything; `None` where that is not asked.
    pub precision: Option<f64>,
    /// Upper bound on the probability that this check refutes a true claim; 0 where chance has no part in the outcome.
    pub level: f64,
    /// Whether it came out as expected; `None` if the data cannot tell.
    pub ok: Option<bool>,
    /// Sample size.
    pub n: u64,
    /// Whether this is a negative control.
    pub control: bool,
    /// How prediction and measurement are compared, and why at this tolerance or level.
    pub criterion: String,
}

/// A number that nothing predicts: one row of an exploration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// What was measured.
    pub name: String,
    /// The estimate.
    #[serde(deserialize_with = "nan_for_null")]
    pub value: f64,
    /// Its confidence interval at level [`ESTIMATE_LEVEL`](crate::stats::ESTIMATE_LEVEL).
    pub interval: Interval,
    /// Sample size.
    pub n: u64,
    /// How the interval was made, and over what.
    pub method: String,
}

/// A number, or the null that text has in place of NaN.
fn nan_for_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    number_or(deserializer, f64::NAN)
}

/// What a check will be held to. Built before the measurement, from theory.
#[derive(Clone, Debug)]
pub struct Expectation {
    name: String,
    predicted: f64,
    control: bool,
    chance: f64,
    why: String,
}

/// An equality with a tolerance.
#[derive(Clone, Debug)]
pub struct Equality(Expectation, f64);

/// A bound on a number, from one side.
#[derive(Clone, Debug)]
pub struct OneSided(Expectation, Relation);

/// An event that never fails to occur, or next to never.
#[derive(Clone, Debug)]
pub struct Always {
    expectation: Expectation,
    min: f64,
    miss: f64,
}

/// A parameter to be covered by a confidence interval.
#[derive(Clone, Debug)]
pub struct Covered(Expectation, f64);

/// A bound on a parameter, from one side, that a whole confidence interval keeps.
#[derive(Clone, Debug)]
pub struct OneSidedInterval(Expectation, Relation);

impl Expectation {
    /// Starts an expectation. `why` says where the tolerance or level comes from.
    pub fn new(name: impl Into<String>, predicted: f64, why: impl Into<String>) -> Self {
        Self { name: name.into(), predicted, control: false, chance: 0.0, why: why.into() }
    }

    /// Marks a negative control: something that must come out against the claim's conclusion
    /// because its hypothesis is broken.
    #[must_use]
    pub fn control(self) -> Self {
        Self { control: true, ..self }
    }

    /// States that the outcome is random: an upper bound on the probability that the check refutes a true claim. Where an
    /// interval decides, it is what a bias adds to the level of the interval.
    #[must_use]
    pub fn chance(self, refuted: f64) -> Self {
        Self { chance: refuted, ..self }
    }

    /// `|measured − predicted| ≤ tolerance`.
    pub fn within(self, tolerance: f64) -> Equality {
        Equality(self, tolerance)
    }

    /// `measured ≥ predicted`.
    pub fn at_least(self) -> OneSided {
        OneSided(self, Relation::AtLeast)
    }

    /// `measured ≤ predicted`.
    pub fn at_most(self) -> OneSided {
        OneSided(self, Relation::AtMost)
    }

    /// All trials succeed (predicted probability 1), and there are enough of them to put the exact lower confidence bound at
    /// level [`CHECK_LEVEL`] above `least`. `miss` bounds the probability that a single trial fails although the claim is
    /// true, since no trial is endless; 0 where nothing is random.
    pub fn always(self, min: f64, miss: f64) -> Always {
        Always { expectation: self, min, miss }
    }

    /// A confidence interval at level [`CHECK_LEVEL`] contains the prediction and is no wider than
    /// `± precision`: a wide interval contains everything and decides nothing.
    pub fn covered(self, precision: f64) -> Covered {
        Covered(self, precision)
    }

    /// The upper end of a confidence interval stays at or below the prediction.
    pub fn bounded(self) -> OneSidedInterval {
        OneSidedInterval(self, Relation::AtMost)
    }

    /// The lower end of a confidence interval stays at or above the prediction.
    pub fn exceeding(self) -> OneSidedInterval {
        OneSidedInterval(self, Relation::AtLeast)
    }

    /// The check, given the outcome by its criterion.
    fn judge(self, outcome: Outcome) -> Check {
        let Outcome { relation, measured, margin, precision, level, ok, n, criterion } = outcome;
        // Nothing measured decides nothing; a number that is not one supports nothing.
        let ok = if n == 0 {
            None
        } else if measured.is_nan() {
            Some(false)
        } else {
            ok
        };
        let level = level + self.chance;
        let criterion = if level > 0.0 {
            format!("{criterion}; {}; refutes a true claim with probability {level:.1e} at most", self.why)
        } else {
            format!("{criterion}; {}", self.why)
        };
        Check {
            name: self.name,
            predicted: self.predicted,
            relation,
            measured,
            tolerance_or_interval: margin,
            precision,
            level,
            ok,
            n,
            control: self.control,
            criterion,
        }
    }
}

/// What a criterion makes of a measurement.
struct Outcome {
    relation: Relation,
    measured: f64,
    margin: Margin,
    precision: Option<f64>,
    /// Probability to refute a true claim, without what the expectation states itself.
    level: f64,
    ok: Option<bool>,
    n: u64,
    criterion: String,
}

impl Equality {
    /// Judges a measurement made over `n` runs.
    pub fn measured(self, value: f64, n: u64) -> Check {
        let Self(expectation, tolerance) = self;
        let ok = (value - expectation.predicted).abs() <= tolerance;
        expectation.judge(Outcome {
            relation: Relation::Equal,
            measured: value,
            margin: Margin::Tolerance(tolerance),
            precision: None,
            level: 0.0,
            ok: Some(ok),
            n,
            criterion: "|measured − predicted| ≤ tolerance".into(),
        })
    }
}

impl OneSided {
    /// Judges a measurement made over `n` runs.
    pub fn measured(self, value: f64, n: u64) -> Check {
        let Self(expectation, relation) = self;
        let bound = expectation.predicted;
        let (interval, ok, sign) = if relation == Relation::AtLeast {
            (Interval { low: bound, high: f64::INFINITY }, value >= bound, "≥")
        } else {
            (Interval { low: f64::NEG_INFINITY, high: bound }, value <= bound, "≤")
        };
        expectation.judge(Outcome {
            relation,
            measured: value,
            margin: Margin::Interval(interval),
            precision: None,
            level: 0.0,
            ok: Some(ok),
            n,
            criterion: format!("measured {sign} predicted"),
        })
    }
}

impl Always {
    /// Judges a count.
    pub fn counted(self, successes: u64, trials: u64) -> Check {
        let Self { expectation, min, miss } = self;
        let low = binomial_lower_bound(successes, trials, CHECK_LEVEL);
        let ok = if successes < trials {
            Some(false)
        } else if low >= min {
            Some(true)
        } else {
            None
        };
        expectation.judge(Outcome {
            relation: Relation::Equal,
            measured: if trials == 0 { 0.0 } else { successes as f64 / trials as f64 },
            margin: Margin::Interval(Interval { low, high: 1.0 }),
            precision: None,
            level: miss * trials as f64,
            ok,
            n: trials,
            criterion: format!("no miss, and exact lower bound at level {CHECK_LEVEL:.0e} above {min}"),
        })
    }
}

impl Covered {
    /// Judges an estimate with its interval at level [`CHECK_LEVEL`].
    pub fn estimated(self, estimate: f64, interval: Interval, n: u64) -> Check {
        let Self(expectation, precision) = self;
        let ok = if !interval.contains(expectation.predicted) {
            Some(false)
        } else if interval.half_width() <= precision {
            Some(true)
        } else {
            None
        };
        expectation.judge(Outcome {
            relation: Relation::Equal,
            measured: estimate,
            margin: Margin::Interval(interval),
            precision: Some(precision),
            level: CHECK_LEVEL,
            ok,
            n,
            criterion: format!(
                "interval at level {CHECK_LEVEL:.0e} covers the prediction, half-width ≤ {precision:.3}"
            ),
        })
    }
}

impl OneSidedInterval {
    /// Judges an estimate with its interval at level [`CHECK_LEVEL`].
    pub fn estimated(self, estimate: f64, interval: Interval, n: u64) -> Check {
        let Self(expectation, relation) = self;
        let bound = expectation.predicted;
        let (keeps, breaks, side) = if relation == Relation::AtLeast {
            (interval.low >= bound, interval.high < bound, "above")
        } else {
            (interval.high <= bound, interval.low > bound, "below")
        };
        let ok = if keeps {
            Some(true)
        } else if breaks {
            Some(false)
        } else {
            None
        };
        expectation.judge(Outcome {
            relation,
            measured: estimate,
            margin: Margin::Interval(interval),
            precision: None,
            level: 0.5 * CHECK_LEVEL,
            ok,
            n,
            criterion: format!("interval at level {CHECK_LEVEL:.0e} lies at or {side} the prediction"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expect(predicted: f64) -> Expectation {
        Expectation::new("x", predicted, "test")
    }

    #[test]
    fn every_criterion_can_pass_and_fail() {
        assert_eq!(expect(1.0).within(0.1).measured(1.05, 3).ok, Some(true));
        assert_eq!(expect(1.0).within(0.1).measured(1.2, 3).ok, Some(false));
        assert_eq!(expect(0.0).within(0.1).measured(f64::NAN, 3).ok, Some(false));
        assert_eq!(expect(0.0).within(0.1).measured(0.0, 0).ok, None);
        assert_eq!(expect(1.0).always(0.9, 0.0).counted(0, 0).ok, None);
        assert_eq!(expect(0.5).at_least().measured(0.6, 1).ok, Some(true));
        assert_eq!(expect(0.5).at_least().measured(0.4, 1).ok, Some(false));
        assert_eq!(expect(0.5).at_most().measured(0.4, 1).ok, Some(true));
        assert_eq!(expect(0.5).at_most().measured(0.6, 1).ok, Some(false));
        assert_eq!(expect(1.0).always(0.9, 0.0).counted(999, 1000).ok, Some(false));
        assert_eq!(expect(1.0).always(0.9, 0.0).counted(1000, 1000).ok, Some(true));
        assert_eq!(expect(1.0).always(0.9, 0.0).counted(20, 20).ok, None);
        let interval = Interval { low: 0.4, high: 0.6 };
        assert_eq!(expect(0.55).covered(0.2).estimated(0.5, interval, 9).ok, Some(true));
        assert_eq!(expect(0.55).covered(0.05).estimated(0.5, interval, 9).ok, None);
        assert_eq!(expect(0.7).covered(0.05).estimated(0.5, interval, 9).ok, Some(false));
        assert_eq!(expect(0.7).bounded().estimated(0.5, interval, 9).ok, Some(true));
        assert_eq!(expect(0.5).bounded().estimated(0.5, interval, 9).ok, None);
        assert_eq!(expect(0.3).bounded().estimated(0.5, interval, 9).ok, Some(false));
        assert_eq!(expect(0.7).exceeding().estimated(0.5, interval, 9).ok, Some(false));
        assert_eq!(expect(0.5).exceeding().estimated(0.5, interval, 9).ok, None);
        assert_eq!(expect(0.3).exceeding().estimated(0.5, interval, 9).ok, Some(true));
    }

    #[test]
    fn every_check_states_its_direction_and_how_often_it_refutes_what_is_true() {
        let interval = Interval { low: 0.4, high: 0.6 };
        for (check, relation, level) in [
            (expect(1.0).within(0.1).measured(1.0, 3), Relation::Equal, 0.0),
            (expect(1.0).chance(3e-7).at_most().measured(1.0, 3), Relation::AtMost, 3e-7),
            (expect(1.0).at_least().measured(1.0, 3), Relation::AtLeast, 0.0),
            (expect(1.0).always(0.9, 1e-9).counted(700, 700), Relation::Equal, 7e-7),
            (expect(0.5).covered(0.2).estimated(0.5, interval, 9), Relation::Equal, CHECK_LEVEL),
            (expect(0.5).chance(2e-6).bounded().estimated(0.5, interval, 9), Relation::AtMost, 4.5e-6),
            (expect(0.5).exceeding().estimated(0.5, interval, 9), Relation::AtLeast, 2.5e-6),
        ] {
            assert_eq!(check.relation, relation, "{check:?}");
            assert!((check.level - level).abs() < 1e-18, "{check:?}");
            assert_eq!(check.criterion.contains("refutes a true claim"), level > 0.0, "{}", check.criterion);
        }
    }

    #[test]
    fn one_failure_refutes_and_one_doubt_leaves_it_open() {
        let yes = expect(1.0).within(0.1).measured(1.0, 1);
        let no = expect(1.0).within(0.1).measured(2.0, 1);
        let unsure = expect(1.0).always(0.9, 0.0).counted(1, 1);
        assert_eq!(Verdict::over(&[yes.clone(), yes.clone()]), Verdict::Reproduced);
        assert_eq!(Verdict::over(&[yes.clone(), unsure.clone()]), Verdict::Inconclusive);
        assert_eq!(Verdict::over(&[yes, unsure, no]), Verdict::Refuted);
        assert_eq!(Verdict::over(&[]), Verdict::Inconclusive);
    }
}
