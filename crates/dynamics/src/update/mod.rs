//! How parameters follow a gradient: the rule, weight decay, and the step size along the run.
//!
//! With the gradient of a step `g = r Σ_{i∈B} ∇ℓ_i`, `r = 1/b` (mean) or `1` (sum), a step is
//!
//! ```text
//! g ← g + λ p                    (weight decay λ; not of `adamw`, which takes p ← (1 − η_t λ) p instead)
//! p ← p − η_t u(g, state)        (η_t = η · step schedule)
//! ```
//!
//! | rule | direction `u` | state |
//! |---|---|---|
//! | `sgd` | `g` | |
//! | `heavy-ball:β` | `v ← β v + g`, `u = v` | `v` |
//! | `nesterov:β` | `v ← β v + g`, `u = g + β v` | `v` |
//! | `rmsprop:α,ε` | `s ← α s + (1 − α) g²`, `u = g/(√s + ε)` | `s` |
//! | `adam:β_1,β_2,ε` | `m ← β_1 m + (1 − β_1) g`, `s ← β_2 s + (1 − β_2) g²`, `u = m̂/(√ŝ + ε)`, `m̂ = m/(1 − β_1^t)`, `ŝ = s/(1 − β_2^t)` at the `t`-th step | `m`, `s` |
//! | `adamw:β_1,β_2,ε` | the same, with decoupled decay | `m`, `s` |
//! | `sign` | `sign g`, 0 at 0 | |
//!
//! States start at 0. These are the conventions of PyTorch's optimisers without dampening; products of matrices and states are taken in
//! the precision of the engine, all factors in double precision.

mod momentum;
mod rule;
mod step_schedule;

use serde::Serialize;

pub use self::momentum::Momentum;
pub use self::rule::Rule;
pub use self::step_schedule::StepSchedule;
use crate::error::{Error, Result};

/// An update rule with its options; the default is plain gradient descent with a constant step size.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Update {
    /// What becomes of a gradient.
    pub rule: Rule,
    /// Weight decay `λ ≥ 0`.
    pub weight_decay: f64,
    /// `η_t/η`, a function of the step.
    pub step_schedule: StepSchedule,
}

impl Update {
    /// A rule without weight decay, with a constant step size.
    pub fn of(rule: Rule) -> Self {
        Self { rule, ..Self::default() }
    }

    /// Whether this is `p ← p − η g` at every step, of which the theory speaks.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// Refuses parameters beyond their ranges.
    ///
    /// # Errors
    /// [`Error::OutOfRange`].
    pub fn check(&self) -> Result<()> {
        self.rule.check()?;
        non_negative("the weight decay", self.weight_decay)
    }
}

/// Refuses a number that is negative or not finite.
pub(crate) fn non_negative(what: &'static str, got: f64) -> Result<()> {
    if got >= 0.0 && got.is_finite() {
        Ok(())
    } else {
        Err(Error::OutOfRange { what, range: "[0, ∞)", got })
    }
}
