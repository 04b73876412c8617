//! What a study will be held to, stated before anything is measured.

use super::exact::{Equality, OneSided};
use super::statistical::{Always, Covered, OneSidedInterval, SameLaw};
use super::{Check, Margin, Relation};

/// The checks that a study will make: what each is called, and how often it refutes a true claim. As in a preregistered study a protocol enters
/// them first; only then is it given what it measures with, and nothing can be entered any more.
#[derive(Clone, Debug, Default)]
pub struct Register {
    rows: Vec<Row>,
}

/// A registered check.
#[derive(Clone, Debug)]
struct Row {
    name: String,
    level: f64,
}

impl Register {
    /// Starts an expectation: `why` says where the prediction, its tolerance or level come from. The check is registered as soon as its
    /// criterion is stated, by [`within`](Expectation::within) or one of the others.
    pub fn expect(
        &mut self,
        name: impl Into<String>,
        predicted: f64,
        why: impl Into<String>,
    ) -> Expectation<'_> {
        let stated = Stated { name: name.into(), predicted, control: false, chance: 0.0, why: why.into() };
        Expectation { register: self, stated }
    }

    /// The same where the prediction is a conditional expectation, given the states that are visited: `why` states its formula, and
    /// [`Covered::given`] its value.
    pub fn expect_given_states(
        &mut self,
        name: impl Into<String>,
        why: impl Into<String>,
    ) -> Expectation<'_> {
        self.expect(name, f64::NAN, why)
    }

    /// Names of the registered checks, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.rows.iter().map(|row| row.name.as_str())
    }

    /// Upper bound on the probability that any of the checks refutes a true claim: the sum of their levels, known before anything runs.
    pub fn level(&self) -> f64 {
        self.rows.iter().map(|row| row.level).sum()
    }
}

/// What a check will be held to, before its criterion is stated.
#[derive(Debug)]
pub struct Expectation<'p> {
    register: &'p mut Register,
    stated: Stated,
}

/// An expectation with its prediction.
#[derive(Clone, Debug)]
pub(super) struct Stated {
    pub name: String,
    pub predicted: f64,
    control: bool,
    chance: f64,
    why: String,
}

impl Expectation<'_> {
    /// Marks a negative control: something that must come out against the claim's conclusion
    /// because its hypothesis is broken.
    #[must_use]
    pub fn control(mut self) -> Self {
        self.stated.control = true;
        self
    }

    /// States that the outcome is random: an upper bound on the probability that the check refutes a true claim. Where an
    /// interval decides, it is what a bias adds to the level of the interval.
    #[must_use]
    pub fn chance(mut self, refuted: f64) -> Self {
        self.stated.chance = refuted;
        self
    }

    /// `|measured − predicted| ≤ tolerance`.
    pub fn within(self, tolerance: f64) -> Equality {
        Equality { stated: self.registered(0.0), tolerance }
    }

    /// `measured ≥ predicted`.
    pub fn at_least(self) -> OneSided {
        OneSided { stated: self.registered(0.0), relation: Relation::AtLeast }
    }

    /// `measured ≤ predicted`.
    pub fn at_most(self) -> OneSided {
        OneSided { stated: self.registered(0.0), relation: Relation::AtMost }
    }

    /// All of at most `trials` trials succeed (predicted probability 1), and there are enough of them to put the exact lower confidence
    /// bound at level [`CHECK_LEVEL`](crate::stats::CHECK_LEVEL) above `least`. `miss` bounds the probability that a single trial fails
    /// although the claim is true, since no trial is endless; 0 where nothing is random.
    pub fn always(self, least: f64, miss: f64, trials: u64) -> Always {
        Always { stated: self.registered(miss * trials as f64), least, miss, trials }
    }

    /// A confidence interval at level [`CHECK_LEVEL`](crate::stats::CHECK_LEVEL) contains the prediction and is no wider than
    /// `± precision`: a wide interval contains everything and decides nothing.
    pub fn covered(self, precision: f64) -> Covered {
        Covered { stated: self.registered(Covered::LEVEL), precision }
    }

    /// The upper end of a confidence interval stays at or below the prediction.
    pub fn bounded(self) -> OneSidedInterval {
        OneSidedInterval { stated: self.registered(OneSidedInterval::LEVEL), relation: Relation::AtMost }
    }

    /// The lower end of a confidence interval stays at or above the prediction.
    pub fn exceeding(self) -> OneSidedInterval {
        OneSidedInterval { stated: self.registered(OneSidedInterval::LEVEL), relation: Relation::AtLeast }
    }

    /// A test of one law does not reject it, and there are enough runs to notice a difference of `noticed` with probability
    /// [`POWER`](crate::stats::POWER): with fewer the check is undecided, not easier to pass. `relation` says on which side of the
    /// prediction, the test's critical value, the statistic lies if the laws are the same.
    pub fn same_law(self, relation: Relation, noticed: f64) -> SameLaw {
        SameLaw { stated: self.registered(0.0), relation, noticed }
    }

    /// Enters the check; `level` is what the criterion adds to the chance that is stated.
    fn registered(self, level: f64) -> Stated {
        let Self { register, stated } = self;
        register.rows.push(Row { name: stated.name.clone(), level: level + stated.chance });
        stated
    }
}

/// What a criterion makes of a measurement.
pub(super) struct Outcome {
    pub relation: Relation,
    pub measured: f64,
    pub margin: Margin,
    pub precision: Option<f64>,
    /// Smallest difference from the prediction that it would notice.
    pub detects: Option<f64>,
    /// Probability to refute a true claim, without what the expectation states itself.
    pub level: f64,
    pub ok: Option<bool>,
    pub n: u64,
    pub criterion: String,
}

impl Stated {
    /// The check, given the outcome by its criterion.
    pub fn judge(self, outcome: Outcome) -> Check {
        let Outcome { relation, measured, margin, precision, detects, level, ok, n, criterion } = outcome;
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
            detects: detects.filter(|detects| detects.is_finite()),
            level,
            ok,
            n,
            control: self.control,
            criterion,
        }
    }
}
