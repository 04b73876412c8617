//! Why something is not verified: because it is wrong, or because it was given up.

use crate::interval::Interval;
use std::fmt;

/// A box, all of it in the region, on which `W` falls at `s = 0`: what was to be verified is wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Fall {
    /// The sector.
    pub sector: usize,
    /// Intervals of the `y_i`, of `δ` and of `η`.
    pub sides: Vec<Interval>,
    /// An upper bound, below 0, of what a cycle adds to `W` anywhere on the box.
    pub growth: f64,
}

/// Why an inequality is not verified.
#[derive(Clone, Debug, PartialEq)]
pub enum Failure {
    /// The opposite is verified.
    Falls(Fall),
    /// A box on which nothing was decided, or what else was missing.
    Open(String),
}

impl fmt::Display for Fall {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let sides = self.sides.iter().map(|side| format!("[{}, {}]", side.low, side.high));
        let sides: Vec<String> = sides.collect();
        let Self { sector, growth, .. } = self;
        write!(
            f,
            "W falls by at least {:.3e} on the box {} of sector {sector} (y, δ, η; s = 0)",
            -growth,
            sides.join(" × ")
        )
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Falls(fall) => fall.fmt(f),
            Self::Open(what) => write!(f, "not decided: {what}"),
        }
    }
}

impl std::error::Error for Failure {}
