//! The rules by name.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::Momentum;
use crate::error::{Error, Result};

/// What becomes of a gradient `g`; written and read as on the command line. The formulas stand in the [module](super).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Rule {
    /// Gradient descent: `sgd`.
    #[default]
    Sgd,
    /// Polyak's momentum: `heavy-ball:β`.
    HeavyBall {
        /// `β`, in `[0, 1)`.
        momentum: f64,
    },
    /// Nesterov's momentum: `nesterov:β`.
    Nesterov {
        /// `β`, in `[0, 1)`.
        momentum: f64,
    },
    /// `rmsprop`, `rmsprop:α`, `rmsprop:α,ε`.
    RmsProp {
        /// `α`, in `[0, 1)`.
        decay: f64,
        /// `ε > 0`.
        epsilon: f64,
    },
    /// `adam`, `adam:β_1,β_2`, `adam:β_1,β_2,ε`.
    Adam {
        /// `β_1` and `β_2`, in `[0, 1)`.
        decays: [f64; 2],
        /// `ε > 0`.
        epsilon: f64,
        /// Whether weight decay shrinks the parameters themselves (Loshchilov and Hutter, ICLR 2019): `adamw`.
        is_decoupled: bool,
    },
    /// Descent along signs: `sign`.
    Sign,
}

/// `α` of `rmsprop`, `β_1` and `β_2` of `adam`, and `ε` of both, unless they are given.
const RMSPROP: f64 = 0.99;
const ADAM: [f64; 2] = [0.9, 0.999];
const EPSILON: f64 = 1e-8;

impl Rule {
    /// What the command line takes.
    pub const KNOWN: &str = "sgd, heavy-ball:BETA, nesterov:BETA, rmsprop[:ALPHA[,EPS]], adam[:BETA1,BETA2[,EPS]], adamw[:…], sign";

    /// Whether weight decay shortens the parameters themselves, and not by way of the gradient.
    pub fn is_decoupled(self) -> bool {
        matches!(self, Rule::Adam { is_decoupled: true, .. })
    }

    /// Numbers of state a parameter.
    pub fn state_size(self) -> usize {
        match self {
            Rule::Sgd | Rule::Sign => 0,
            Rule::HeavyBall { .. } | Rule::Nesterov { .. } | Rule::RmsProp { .. } => 1,
            Rule::Adam { .. } => 2,
        }
    }

    /// The rule as a linear recursion of parameters and velocity; `None` of rules that take squares or signs of gradients.
    pub fn momentum(self) -> Option<Momentum> {
        match self {
            Rule::Sgd => Some(Momentum { decay: 0.0, gradient_weight: 1.0, velocity_weight: 0.0 }),
            Rule::HeavyBall { momentum: b } => {
                Some(Momentum { decay: b, gradient_weight: 1.0, velocity_weight: b })
            }
            Rule::Nesterov { momentum: b } => {
                Some(Momentum { decay: b, gradient_weight: 1.0 + b, velocity_weight: b * b })
            }
            Rule::RmsProp { .. } | Rule::Adam { .. } | Rule::Sign => None,
        }
    }

    /// How far, in units of `η`, the state carries a parameter if all gradients vanish after `taken` steps: a factor of the velocity, or of
    /// `m/√s`. For `adam` an upper bound of the size, in which `ε` is left out; infinite if `β_1 ≥ √β_2`.
    pub fn free_flight(self, taken: u64) -> f64 {
        match self {
            Rule::Sgd | Rule::RmsProp { .. } | Rule::Sign => 0.0,
            Rule::HeavyBall { momentum: b } => b / (1.0 - b),
            Rule::Nesterov { momentum: b } => b * b / (1.0 - b),
            // The second moment fades no slower than the first: every step is as long as the last.
            Rule::Adam { decays: [first, second], .. } if first >= second.sqrt() => f64::INFINITY,
            Rule::Adam { decays: [first, second], .. } => {
                let corrected = |decay: f64, k: u64| {
                    let kept = decay.powf(k as f64);
                    kept / (1.0 - kept * decay.powf(taken as f64))
                };
                let terms = (1..).map(|k| corrected(first, k) / corrected(second, k).sqrt());
                terms.take_while(|&term| term > 1e-17).take(1_000_000).sum()
            }
        }
    }

    pub(super) fn check(self) -> Result<()> {
        let share = |what, got: f64| {
            let fits = (0.0..1.0).contains(&got);
            if fits { Ok(()) } else { Err(Error::OutOfRange { what, range: "[0, 1)", got }) }
        };
        let positive = |what, got: f64| {
            let fits = got > 0.0 && got.is_finite();
            if fits { Ok(()) } else { Err(Error::OutOfRange { what, range: "(0, ∞)", got }) }
        };
        match self {
            Rule::Sgd | Rule::Sign => Ok(()),
            Rule::HeavyBall { momentum } | Rule::Nesterov { momentum } => share("the momentum β", momentum),
            Rule::RmsProp { decay, epsilon } => {
                share("α of rmsprop", decay)?;
                positive("ε of rmsprop", epsilon)
            }
            Rule::Adam { decays: [first, second], epsilon, .. } => {
                share("β_1 of adam", first)?;
                share("β_2 of adam", second)?;
                positive("ε of adam", epsilon)
            }
        }
    }

    /// The rule of a name and its numbers, if there is one.
    fn read(name: &str, numbers: &[f64]) -> Option<Self> {
        Some(match (name, numbers) {
            ("sgd", []) => Rule::Sgd,
            ("sign", []) => Rule::Sign,
            ("heavy-ball" | "nesterov", [0.0]) => Rule::Sgd,
            ("heavy-ball", &[momentum]) => Rule::HeavyBall { momentum },
            ("nesterov", &[momentum]) => Rule::Nesterov { momentum },
            ("rmsprop", []) => Rule::RmsProp { decay: RMSPROP, epsilon: EPSILON },
            ("rmsprop", &[decay]) => Rule::RmsProp { decay, epsilon: EPSILON },
            ("rmsprop", &[decay, epsilon]) => Rule::RmsProp { decay, epsilon },
            ("adam" | "adamw", _) => {
                let (decays, epsilon) = match *numbers {
                    [] => (ADAM, EPSILON),
                    [first, second] => ([first, second], EPSILON),
                    [first, second, epsilon] => ([first, second], epsilon),
                    _ => return None,
                };
                Rule::Adam { decays, epsilon, is_decoupled: name == "adamw" }
            }
            _ => return None,
        })
    }
}

impl FromStr for Rule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, numbers) = text.split_once(':').unwrap_or((text, ""));
        let numbers: Result<Vec<f64>, _> =
            numbers.split(',').filter(|_| !numbers.is_empty()).map(str::parse).collect();
        let rule = numbers.ok().and_then(|numbers| Rule::read(name, &numbers));
        let rule = rule.ok_or_else(|| format!("expected one of {}", Rule::KNOWN))?;
        rule.check().map_err(|error| error.to_string())?;
        Ok(rule)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match *self {
            Rule::Sgd => f.write_str("sgd"),
            Rule::Sign => f.write_str("sign"),
            Rule::HeavyBall { momentum } => write!(f, "heavy-ball:{momentum}"),
            Rule::Nesterov { momentum } => write!(f, "nesterov:{momentum}"),
            Rule::RmsProp { decay, epsilon } => write!(f, "rmsprop:{decay},{epsilon:?}"),
            Rule::Adam { decays: [first, second], epsilon, is_decoupled } => {
                let name = if is_decoupled { "adamw" } else { "adam" };
                write!(f, "{name}:{first},{second},{epsilon:?}")
            }
        }
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_as_they_are_written() {
        for text in
            ["sgd", "sign", "heavy-ball:0.9", "nesterov:0.37", "rmsprop:0.99,1e-8", "adamw:0.9,0.999,1e-8"]
        {
            let rule: Rule = text.parse().unwrap();
            assert_eq!(rule.to_string(), text);
            assert_eq!(rule.to_string().parse::<Rule>().unwrap(), rule);
        }
        assert_eq!("adam".parse::<Rule>().unwrap().to_string(), "adam:0.9,0.999,1e-8");
        assert_eq!("adam:0.8,0.95".parse::<Rule>().unwrap().to_string(), "adam:0.8,0.95,1e-8");
        assert_eq!("heavy-ball:0".parse::<Rule>().unwrap(), Rule::Sgd);
        assert_eq!("rmsprop:0.5".parse::<Rule>().unwrap().to_string(), "rmsprop:0.5,1e-8");
    }

    #[test]
    fn what_is_no_rule_is_told_the_rules() {
        for text in [
            "",
            "momentum:0.9",
            "heavy-ball",
            "heavy-ball:",
            "sgd:0.1",
            "adam:0.9",
            "rmsprop:x",
            "adam:0.9,0.9,1,2",
        ] {
            assert_eq!(
                text.parse::<Rule>().unwrap_err(),
                format!("expected one of {}", Rule::KNOWN),
                "{text}"
            );
        }
        let refused = |text: &str| text.parse::<Rule>().unwrap_err();
        assert_eq!(refused("heavy-ball:1"), "the momentum β must lie in [0, 1), got 1.0");
        assert_eq!(refused("nesterov:-0.1"), "the momentum β must lie in [0, 1), got -0.1");
        assert_eq!(refused("adam:0.9,1.5"), "β_2 of adam must lie in [0, 1), got 1.5");
        assert_eq!(refused("rmsprop:0.9,0"), "ε of rmsprop must lie in (0, ∞), got 0.0");
        assert_eq!(refused("heavy-ball:NaN"), "the momentum β must lie in [0, 1), got NaN");
    }

    /// One parameter coasts: the recursion itself, without gradients.
    #[test]
    fn free_flight_is_where_the_state_carries() {
        for rule in ["heavy-ball:0.7", "nesterov:0.7"] {
            let rule: Rule = rule.parse().unwrap();
            let Momentum { decay, velocity_weight: carried, .. } = rule.momentum().unwrap();
            let (mut way, mut v) = (0.0, 1.3);
            for _ in 0..200 {
                way += carried * v;
                v *= decay;
            }
            assert!((way - 1.3 * rule.free_flight(5)).abs() < 1e-12, "{rule}");
        }
        let rule: Rule = "adam:0.9,0.99,1e-30".parse().unwrap();
        let (mut way, mut m, mut s) = (0.0, 0.4, 0.09f64);
        for t in 8..5000 {
            (m, s) = (0.9 * m, 0.99 * s);
            way += m / (1.0 - 0.9f64.powi(t)) / (s / (1.0 - 0.99f64.powi(t))).sqrt();
        }
        assert!((way - 0.4 / 0.3 * rule.free_flight(7)).abs() < 1e-10);
    }
}
