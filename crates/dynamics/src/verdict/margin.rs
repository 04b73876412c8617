//! The margin of a check: a tolerance or a confidence interval.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::nan_for_null;
use crate::stats::Interval;

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
