//! The activation `φ`.

use std::f64::consts::FRAC_1_SQRT_2;

use libm::erf;
use serde::{Deserialize, Serialize};

/// Slope of the leaky ReLU at negative arguments.
pub const LEAKY_SLOPE: f64 = 0.01;

/// Activation function `φ` of a neuron.
///
/// The paper's two have slope 1 wherever they are not 0, so that `φ φ' = φ` and `φ(c) c = φ(c)²`. On this rest the
/// hand-derived gradient, the recursion in correlations and every closed form: with the other three a model can be
/// trained by autodiff only, and [`theory`](crate::theory) predicts nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// `φ(c) = c`.
    Linear,
    /// `φ(c) = max(c, 0)`, with `φ'(0) = 0`.
    Relu,
    /// `φ(c) = c` for `c ≥ 0`, `c/100` below.
    LeakyRelu,
    /// `φ(c) = c Φ(c)`, with the exact normal distribution function `Φ(c) = (1 + erf(c/√2))/2`.
    Gelu,
    /// `φ(c) = tanh c`.
    Tanh,
}

impl Activation {
    /// All activations, the paper's first.
    pub const ALL: [Activation; 5] =
        [Activation::Linear, Activation::Relu, Activation::LeakyRelu, Activation::Gelu, Activation::Tanh];

    /// The paper's two, about which there is a theory.
    pub const PAPER: [Activation; 2] = [Activation::Linear, Activation::Relu];

    /// Whether `φ'(c) = 1` wherever `φ(c) ≠ 0`, on which hand-derived steps and closed forms rest.
    pub fn has_unit_slope(self) -> bool {
        Self::PAPER.contains(&self)
    }

    /// Stops a closed form from speaking of what it does not hold for.
    ///
    /// # Panics
    /// Unless the activation [has unit slope](Self::has_unit_slope).
    pub fn require_unit_slope(self) {
        assert!(self.has_unit_slope(), "no closed form for φ = {}: φ φ' = φ is needed", self.name());
    }

    /// `φ(c)`.
    #[inline]
    pub fn apply(self, c: f64) -> f64 {
        match self {
            Activation::Linear => c,
            Activation::Relu => c.max(0.0),
            Activation::LeakyRelu => c * if c < 0.0 { LEAKY_SLOPE } else { 1.0 },
            Activation::Gelu => 0.5 * c * (1.0 + erf(c * FRAC_1_SQRT_2)),
            Activation::Tanh => c.tanh(),
        }
    }

    /// Whether `φ(−c) = −φ(c)`: then the sign of a tied neuron is free.
    pub fn is_odd(self) -> bool {
        matches!(self, Activation::Linear | Activation::Tanh)
    }

    /// Whether a sample with initial correlation `c` belongs to the active set, those that move a tied neuron: `c > 0`
    /// for ReLU (`S⁺`), `c ≠ 0` for the others.
    pub fn admits(self, c: f64) -> bool {
        match self {
            Activation::Relu => c > 0.0,
            _ => c != 0.0,
        }
    }

    /// Name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Activation::Linear => "linear",
            Activation::Relu => "relu",
            Activation::LeakyRelu => "leaky-relu",
            Activation::Gelu => "gelu",
            Activation::Tanh => "tanh",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Awkward points on either side of 0, and 0.
    fn points() -> Vec<f64> {
        (-40..=40).map(|k| f64::from(k) * 0.173).chain([1e-9, -1e-9]).collect()
    }

    #[test]
    fn values_are_those_of_the_tables() {
        // Φ(1) = 0.8413447460685429, Φ(−2) = 0.0227501319481792, tanh(1/2) = 0.46211715726000975.
        assert!((Activation::Gelu.apply(1.0) - 0.841_344_746_068_542_9).abs() < 1e-15);
        assert!((Activation::Gelu.apply(-2.0) + 2.0 * 0.022_750_131_948_179_2).abs() < 1e-15);
        assert!((Activation::Tanh.apply(0.5) - 0.462_117_157_260_009_75).abs() < 1e-15);
        assert_eq!(Activation::LeakyRelu.apply(-3.0), -0.03);
    }

    #[test]
    fn the_papers_two_and_no_others_have_unit_slope() {
        // φ(c) c = φ(c)² is what follows from it.
        for activation in Activation::ALL {
            let holds = points().iter().all(|&c| {
                let phi = activation.apply(c);
                (phi * c - phi * phi).abs() < 1e-15
            });
            assert_eq!(holds, activation.has_unit_slope(), "{activation:?}");
            let odd = points().iter().all(|&c| activation.apply(-c) == -activation.apply(c));
            assert_eq!(odd, activation.is_odd(), "{activation:?}");
        }
    }
}
