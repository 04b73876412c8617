//! Criteria in which no sampling error has a part: a tolerance, a bound.

use super::register::{Outcome, Stated};
use super::{Check, Margin, Relation};

/// An equality with a tolerance.
#[derive(Clone, Debug)]
pub struct Equality {
    pub(super) stated: Stated,
    pub(super) tolerance: f64,
}

/// A bound on a number, from one side.
#[derive(Clone, Debug)]
pub struct OneSided {
    pub(super) stated: Stated,
    pub(super) relation: Relation,
}

impl Equality {
    /// Name of the row.
    pub fn name(&self) -> &str {
        &self.stated.name
    }

    /// Judges a measurement made over `n` runs.
    pub fn measured(self, value: f64, n: u64) -> Check {
        let Self { stated, tolerance } = self;
        let ok = (value - stated.predicted).abs() <= tolerance;
        stated.judge(Outcome {
            relation: Relation::Equal,
            measured: value,
            margin: Margin::Tolerance(tolerance),
            precision: None,
            detects: Some(tolerance),
            level: 0.0,
            ok: Some(ok),
            n,
            criterion: "|measured − predicted| ≤ tolerance".into(),
        })
    }

    /// Judges the worst of several cells of `n` runs together: the name of the row goes on with the label of that cell.
    pub fn worst(mut self, cells: impl IntoIterator<Item = (String, f64)>, n: u64) -> Check {
        let off =
            |value: f64| if value.is_nan() { f64::INFINITY } else { (value - self.stated.predicted).abs() };
        let worst = cells.into_iter().max_by(|(_, a), (_, b)| off(*a).total_cmp(&off(*b)));
        let Some((label, value)) = worst else { return self.measured(f64::NAN, 0) };
        self.stated.name += &format!(": {label}");
        self.measured(value, n)
    }
}

impl OneSided {
    /// Name of the row.
    pub fn name(&self) -> &str {
        &self.stated.name
    }

    /// Judges a measurement made over `n` runs.
    pub fn measured(self, value: f64, n: u64) -> Check {
        let Self { stated, relation } = self;
        let (interval, sign) = relation.half_line(stated.predicted);
        stated.judge(Outcome {
            relation,
            measured: value,
            margin: Margin::Interval(interval),
            precision: None,
            detects: None,
            level: 0.0,
            ok: Some(interval.contains(value)),
            n,
            criterion: format!("measured {sign} predicted"),
        })
    }
}
