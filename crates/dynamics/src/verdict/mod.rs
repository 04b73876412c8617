//! Verdicts: what is expected is fixed before anything is measured, then judged.

mod exact;
mod margin;
mod register;
mod statistical;

use serde::{Deserialize, Deserializer, Serialize};

pub use self::exact::{Equality, OneSided};
pub use self::margin::Margin;
pub use self::register::{Expectation, Register};
pub use self::statistical::{Always, Covered, OneSidedInterval, SameLaw};
use crate::stats::{Interval, number_or};

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

impl Relation {
    /// Where a measurement keeps to a bound from one side, and the sign for it.
    fn half_line(self, bound: f64) -> (Interval, &'static str) {
        match self {
            Relation::AtLeast => (Interval { low: bound, high: f64::INFINITY }, "≥"),
            _ => (Interval { low: f64::NEG_INFINITY, high: bound }, "≤"),
        }
    }
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
    /// Largest half-width of the interval with which the check decides anything, or the smallest difference that a test of one law must be
    /// able to notice; `None` where that is not asked.
    pub precision: Option<f64>,
    /// Smallest difference from the prediction that it would notice, with probability [`POWER`](crate::stats::POWER) where chance has a part;
    /// `None` for bounds from one side, and where it would notice nothing. Reports of earlier versions do not say it.
    #[serde(default)]
    pub detects: Option<f64>,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::CHECK_LEVEL;

    fn expect(predicted: f64) -> Expectation<'static> {
        Box::leak(Box::<Register>::default()).expect("x", predicted, "test")
    }

    #[test]
    fn every_criterion_can_pass_and_fail() {
        assert_eq!(expect(1.0).within(0.1).measured(1.05, 3).ok, Some(true));
        assert_eq!(expect(1.0).within(0.1).measured(1.2, 3).ok, Some(false));
        assert_eq!(expect(0.0).within(0.1).measured(f64::NAN, 3).ok, Some(false));
        assert_eq!(expect(0.0).within(0.1).measured(0.0, 0).ok, None);
        assert_eq!(expect(1.0).always(0.9, 0.0, 0).counted(0, 0).ok, None);
        assert_eq!(expect(0.5).at_least().measured(0.6, 1).ok, Some(true));
        assert_eq!(expect(0.5).at_least().measured(0.4, 1).ok, Some(false));
        assert_eq!(expect(0.5).at_most().measured(0.4, 1).ok, Some(true));
        assert_eq!(expect(0.5).at_most().measured(0.6, 1).ok, Some(false));
        assert_eq!(expect(1.0).always(0.9, 0.0, 1000).counted(999, 1000).ok, Some(false));
        assert_eq!(expect(1.0).always(0.9, 0.0, 1000).counted(1000, 1000).ok, Some(true));
        assert_eq!(expect(1.0).always(0.9, 0.0, 20).counted(20, 20).ok, None);
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
            (expect(1.0).always(0.9, 1e-9, 700).counted(700, 700), Relation::Equal, 7e-7),
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
    fn a_test_of_one_law_passes_only_where_it_would_notice() {
        let law = |relation| expect(0.5).same_law(relation, 0.1);
        for (statistic, detects, most, least) in [
            (0.4, 0.1, Some(true), Some(false)),
            (0.6, 0.1, Some(false), Some(true)),
            (0.5, 0.09, Some(true), Some(true)),
            (0.4, 0.11, None, Some(false)),
            (0.6, 0.11, Some(false), None),
        ] {
            let check = law(Relation::AtMost).tested(statistic, detects, 7);
            assert_eq!((check.ok, check.precision, check.detects), (most, Some(0.1), Some(detects)));
            assert!(check.criterion.starts_with("measured ≤ predicted"), "{}", check.criterion);
            let check = law(Relation::AtLeast).tested(statistic, detects, 7);
            assert_eq!((check.ok, check.level, check.n), (least, 0.0, 7));
            assert!(check.criterion.starts_with("measured ≥ predicted"), "{}", check.criterion);
        }
        let margin = |relation| law(relation).tested(0.4, 0.1, 7).tolerance_or_interval;
        let half = |low, high| Margin::Interval(Interval { low, high });
        assert_eq!(margin(Relation::AtMost), half(f64::NEG_INFINITY, 0.5));
        assert_eq!(margin(Relation::AtLeast), half(0.5, f64::INFINITY));
    }

    #[test]
    fn rows_are_called_what_was_registered() {
        let names = [
            expect(1.0).within(0.1).name() == "x",
            expect(1.0).at_least().name() == "x",
            expect(1.0).always(0.9, 0.0, 9).name() == "x",
            expect(1.0).covered(0.1).name() == "x",
            expect(1.0).bounded().name() == "x",
            expect(1.0).same_law(Relation::AtMost, 0.1).name() == "x",
        ];
        assert_eq!(names, [true; 6]);
        let cell = expect(1.0).always(0.5, 0.0, 40).of_cell("b = 3").counted(40, 40);
        assert_eq!((cell.name.as_str(), cell.measured, cell.n, cell.control), ("x: b = 3", 1.0, 40, false));
        // The one that is farthest off names the row; a number that is none is farther off than any.
        let cells = |last: f64| [("a", 1.02), ("b", 0.7), ("c", last)].map(|(l, v)| (l.to_owned(), v));
        let worst = expect(1.0).control().within(0.1).worst(cells(1.2), 5);
        assert_eq!(
            (worst.name.as_str(), worst.measured, worst.ok, worst.control),
            ("x: b", 0.7, Some(false), true)
        );
        let worst = expect(1.0).within(0.1).worst(cells(f64::NAN), 5);
        assert_eq!((worst.name.as_str(), worst.ok), ("x: c", Some(false)));
        assert_eq!(expect(1.0).within(0.1).worst([], 5).ok, None);
        let verdicts = [Verdict::Reproduced, Verdict::Refuted, Verdict::Inconclusive].map(Verdict::name);
        assert_eq!(verdicts, ["reproduced", "refuted", "inconclusive"]);
    }

    #[test]
    fn what_is_registered_is_listed_with_its_level() {
        let mut register = Register::default();
        let _ = register.expect("first", 1.0, "exact").chance(2e-6).covered(0.1);
        let _ = register.expect("second", 0.9, "exact").always(0.9, 1e-8, 30);
        let _ = register.expect("third", 0.9, "exact").at_most();
        let late = register.expect_given_states("fourth", "exact").covered(0.25).given(0.55);
        assert_eq!(register.names().collect::<Vec<_>>(), ["first", "second", "third", "fourth"]);
        assert!((register.level() - (2e-6 + 2.0 * CHECK_LEVEL + 3e-7)).abs() < 1e-18);
        let check = late.estimated(0.5, Interval { low: 0.4, high: 0.6 }, 9);
        assert_eq!((check.predicted, check.ok, check.precision), (0.55, Some(true), Some(0.25)));
    }

    #[test]
    #[should_panic(expected = "x: 41 trials, where at most 40 were registered")]
    fn no_more_trials_are_counted_than_were_registered() {
        let _ = expect(1.0).always(0.5, 0.0, 40).counted(41, 41);
    }

    #[test]
    #[should_panic(expected = "the prediction is known")]
    fn no_prediction_is_given_twice() {
        let _ = expect(1.0).covered(0.1).given(0.9);
    }

    #[test]
    fn one_failure_refutes_and_one_doubt_leaves_it_open() {
        let yes = expect(1.0).within(0.1).measured(1.0, 1);
        let no = expect(1.0).within(0.1).measured(2.0, 1);
        let unsure = expect(1.0).always(0.9, 0.0, 1).counted(1, 1);
        assert_eq!(Verdict::over(&[yes.clone(), yes.clone()]), Verdict::Reproduced);
        assert_eq!(Verdict::over(&[yes.clone(), unsure.clone()]), Verdict::Inconclusive);
        assert_eq!(Verdict::over(&[yes, unsure, no]), Verdict::Refuted);
        assert_eq!(Verdict::over(&[]), Verdict::Inconclusive);
    }
}
