//! The step size along a run: a pure function of the step.

use std::f64::consts::PI;
use std::fmt;
use std::str::FromStr;

use itertools::Itertools;
use serde::{Serialize, Serializer};

/// `η_t/η`, a product of factors; written and read as on the command line: `constant`, or factors joined by `+`, as
/// `warmup:1000+cosine:100000`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepSchedule(Vec<Factor>);

/// One factor, at `t = 0, 1, …`, the number of steps taken before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Factor {
    /// `warmup:T`: `min(1, (t + 1)/T)`.
    Warmup(u64),
    /// `cosine:T`: `(1 + cos(π t/T))/2`, and 0 from step `T` on.
    Cosine(u64),
    /// `inverse-sqrt:T`: `1/√(1 + t/T)`.
    InverseSqrt(u64),
}

impl StepSchedule {
    /// What the command line takes.
    pub const KNOWN: &str =
        "constant, or a product of warmup:T, cosine:T, inverse-sqrt:T joined by `+`, with T at least 1";

    /// Whether the step size stays the same.
    pub fn is_constant(&self) -> bool {
        self.0.is_empty()
    }

    /// `η_t/η` of the step that follows `t` others.
    pub fn factor(&self, t: u64) -> f64 {
        let of = |factor: &Factor| match *factor {
            Factor::Warmup(steps) => ((t + 1) as f64 / steps as f64).min(1.0),
            Factor::Cosine(steps) if t >= steps => 0.0,
            Factor::Cosine(steps) => 0.5 * (1.0 + libm::cos(PI * (t as f64 / steps as f64))),
            Factor::InverseSqrt(steps) => 1.0 / (1.0 + t as f64 / steps as f64).sqrt(),
        };
        self.0.iter().map(of).product()
    }
}

impl FromStr for StepSchedule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "constant" {
            return Ok(Self::default());
        }
        let factor = |text: &str| {
            let (name, steps) = text.split_once(':')?;
            let steps = steps.replace('_', "").parse().ok().filter(|&steps: &u64| steps > 0)?;
            match name {
                "warmup" => Some(Factor::Warmup(steps)),
                "cosine" => Some(Factor::Cosine(steps)),
                "inverse-sqrt" => Some(Factor::InverseSqrt(steps)),
                _ => None,
            }
        };
        let factors: Option<Vec<Factor>> = text.split('+').map(factor).collect();
        factors.map(Self).ok_or_else(|| format!("expected {}", Self::KNOWN))
    }
}

impl fmt::Display for StepSchedule {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        if self.is_constant() {
            return f.write_str("constant");
        }
        let name = |factor: &Factor| match factor {
            Factor::Warmup(steps) => format!("warmup:{steps}"),
            Factor::Cosine(steps) => format!("cosine:{steps}"),
            Factor::InverseSqrt(steps) => format!("inverse-sqrt:{steps}"),
        };
        f.write_str(&self.0.iter().map(name).join("+"))
    }
}

impl Serialize for StepSchedule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_are_those_of_their_formulas() {
        let at = |text: &str, t: u64| text.parse::<StepSchedule>().unwrap().factor(t);
        assert_eq!(at("constant", 12), 1.0);
        assert_eq!([at("warmup:4", 0), at("warmup:4", 2), at("warmup:4", 9)], [0.25, 0.75, 1.0]);
        // cos(π/3) = ½.
        assert!((at("cosine:3", 1) - 0.75).abs() < 1e-15 && at("cosine:3", 0) == 1.0);
        assert_eq!([at("cosine:3", 3), at("cosine:3", u64::MAX)], [0.0, 0.0]);
        assert_eq!([at("inverse-sqrt:7", 21), at("inverse-sqrt:1", 3)], [0.5, 0.5]);
        assert_eq!(at("warmup:8+inverse-sqrt:1", 3), 0.25);
    }

    #[test]
    fn schedules_are_read_as_they_are_written() {
        for text in ["constant", "cosine:100000", "warmup:10+cosine:7", "inverse-sqrt:3"] {
            assert_eq!(text.parse::<StepSchedule>().unwrap().to_string(), text);
        }
        assert_eq!("cosine:100_000".parse::<StepSchedule>().unwrap().to_string(), "cosine:100000");
        for text in ["", "cosine", "cosine:0", "linear:3", "warmup:3+", "constant+cosine:3", "cosine:1.5"] {
            let message = format!("expected {}", StepSchedule::KNOWN);
            assert_eq!(text.parse::<StepSchedule>().unwrap_err(), message, "{text}");
        }
    }
}
