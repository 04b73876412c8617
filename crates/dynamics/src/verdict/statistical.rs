//! Criteria by confidence intervals and tests: each has a level, which is counted before anything runs, and a size below which it decides
//! nothing.

use super::register::{Outcome, Stated};
use super::{Check, Margin, Relation};
use crate::stats::{CHECK_LEVEL, Interval, POWER, binomial_lower_bound, noticed, noticed_misses};
use crate::text::number;

/// An event that never fails to occur, or next to never.
#[derive(Clone, Debug)]
pub struct Always {
    pub(super) stated: Stated,
    pub(super) least: f64,
    pub(super) miss: f64,
    pub(super) trials: u64,
}

/// A parameter to be covered by a confidence interval.
#[derive(Clone, Debug)]
pub struct Covered {
    pub(super) stated: Stated,
    pub(super) precision: f64,
}

/// A bound on a parameter, from one side, that a whole confidence interval keeps.
#[derive(Clone, Debug)]
pub struct OneSidedInterval {
    pub(super) stated: Stated,
    pub(super) relation: Relation,
}

/// A test of whether a sample has a given law, or several samples one law.
#[derive(Clone, Debug)]
pub struct SameLaw {
    pub(super) stated: Stated,
    pub(super) relation: Relation,
    pub(super) noticed: f64,
}

impl Always {
    /// Name of the row.
    pub fn name(&self) -> &str {
        &self.stated.name
    }

    /// The same of one cell of several: the name of the row goes on with its label.
    #[must_use]
    pub fn of_cell(mut self, label: &str) -> Self {
        self.stated.name += &format!(": {label}");
        self
    }

    /// Judges a count.
    ///
    /// # Panics
    /// If there are more trials than were registered.
    pub fn counted(self, successes: u64, trials: u64) -> Check {
        let Self { stated, least, miss, trials: most } = self;
        assert!(trials <= most, "{}: {trials} trials, where at most {most} were registered", stated.name);
        let low = binomial_lower_bound(successes, trials, CHECK_LEVEL);
        let ok = if successes < trials {
            Some(false)
        } else if low >= least {
            Some(true)
        } else {
            None
        };
        stated.judge(Outcome {
            relation: Relation::Equal,
            measured: if trials == 0 { 0.0 } else { successes as f64 / trials as f64 },
            margin: Margin::Interval(Interval { low, high: 1.0 }),
            precision: None,
            detects: (trials > 0).then(|| noticed_misses(trials)),
            level: miss * most as f64,
            ok,
            n: trials,
            criterion: format!("no miss, and exact lower bound at level {CHECK_LEVEL:.0e} above {least}"),
        })
    }
}

impl Covered {
    /// Probability to refute what is true.
    pub(super) const LEVEL: f64 = CHECK_LEVEL;

    /// Name of the row.
    pub fn name(&self) -> &str {
        &self.stated.name
    }

    /// Fills in a prediction that was registered as a function of the states visited.
    ///
    /// # Panics
    /// If the prediction is known already.
    #[must_use]
    pub fn given(mut self, predicted: f64) -> Self {
        assert!(self.stated.predicted.is_nan(), "{}: the prediction is known", self.stated.name);
        self.stated.predicted = predicted;
        self
    }

    /// Judges an estimate with its interval at level [`CHECK_LEVEL`].
    pub fn estimated(self, estimate: f64, interval: Interval, n: u64) -> Check {
        let Self { stated, precision } = self;
        let ok = if !interval.contains(stated.predicted) {
            Some(false)
        } else if interval.half_width() <= precision {
            Some(true)
        } else {
            None
        };
        stated.judge(Outcome {
            relation: Relation::Equal,
            measured: estimate,
            margin: Margin::Interval(interval),
            precision: Some(precision),
            detects: Some(noticed(interval.half_width(), CHECK_LEVEL)),
            level: Self::LEVEL,
            ok,
            n,
            criterion: format!(
                "interval at level {CHECK_LEVEL:.0e} covers the prediction, half-width ≤ {}",
                number(precision)
            ),
        })
    }
}

impl OneSidedInterval {
    /// Probability to refute what is true: one end decides.
    pub(super) const LEVEL: f64 = 0.5 * CHECK_LEVEL;

    /// Name of the row.
    pub fn name(&self) -> &str {
        &self.stated.name
    }

    /// Judges an estimate with its interval at level [`CHECK_LEVEL`].
    pub fn estimated(self, estimate: f64, interval: Interval, n: u64) -> Check {
        let Self { stated, relation } = self;
        let bound = stated.predicted;
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
        stated.judge(Outcome {
            relation,
            measured: estimate,
            margin: Margin::Interval(interval),
            precision: None,
            detects: None,
            level: Self::LEVEL,
            ok,
            n,
            criterion: format!("interval at level {CHECK_LEVEL:.0e} lies at or {side} the prediction"),
        })
    }
}

impl SameLaw {
    /// Name of the row.
    pub fn name(&self) -> &str {
        &self.stated.name
    }

    /// Judges the statistic of a test over `n` runs that would notice a difference of `detects`, of those of
    /// [`stats`](crate::stats), with probability [`POWER`].
    pub fn tested(self, statistic: f64, detects: f64, n: u64) -> Check {
        let Self { stated, relation, noticed } = self;
        let (interval, sign) = relation.half_line(stated.predicted);
        let ok = if !interval.contains(statistic) {
            Some(false)
        } else if detects <= noticed {
            Some(true)
        } else {
            None
        };
        stated.judge(Outcome {
            relation,
            measured: statistic,
            margin: Margin::Interval(interval),
            precision: Some(noticed),
            detects: Some(detects),
            level: 0.0,
            ok,
            n,
            criterion: format!(
                "measured {sign} predicted, and a difference of {} would be noticed with probability {POWER}, as one of {} \
                 is here",
                number(noticed),
                number(detects)
            ),
        })
    }
}
