//! The rates at which gradient descent closes in on its limit.

use super::{Prediction, STUDY, Tolerances};
use crate::data::Dataset;
use crate::engine::Engine;
use crate::error::Result;
use crate::init::Start;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;
use crate::study::trial::Trial;
use crate::study::{Context, Lab, Part};
use crate::theory::gd::Radial;
use crate::vectors::norm;
use crate::verdict::{Equality, Register};

const TOLD: &str =
    "Two rates of approach are read off trainings on Burn, linear, mean, η = 0.17, m × n = 6 × 11 and 6 × 6.";

/// One rate: of the residual where there is one (`n > m`), of the radial error where there is none (`n = m`, linear).
struct Tail {
    problem: Problem,
    start: Start,
    /// Distances between which it is read.
    from: f64,
    to: f64,
    expected: Equality,
}

/// The two rates, read off trainings on Burn.
pub(super) fn rates(
    context: &Context,
    prediction: &Prediction,
    tolerances: &Tolerances,
    register: &mut Register,
) -> Result<Part> {
    let (from, to, tolerance) = tolerances.tail;
    let mut tails = Vec::new();
    for (name, (m, n), rate) in [
        ("log of the residual's shrinkage per step", (6, 11), prediction.transverse_rate),
        ("log of the radial error's shrinkage per step", (6, 6), prediction.radial_rate),
    ] {
        let dataset = Dataset::orthonormal(m, n, context.cell_seed(&STUDY, 200_000))?;
        let start = Start::gaussian(&dataset, 0.5, context.cell_seed(&STUDY, 200_001), 0)?;
        let problem = Problem::new(dataset, Activation::Linear, Reduction::Mean, 0.17)?;
        let predicted = rate(problem.step_per_sample(m)).ln();
        let why = format!(
            "between distances {from:.0e} and {to:.0e}, where higher orders and rounding are both small"
        );
        let expected = register.expect(name, predicted, why).within(tolerance * predicted.abs());
        tails.push(Tail { problem, start, from, to, expected });
    }
    Ok(Box::new(|lab, findings| {
        for tail in tails {
            let (rate, steps) = tail.read(lab)?;
            findings.checks.push(tail.expected.measured(rate, steps));
        }
        findings.protocol.push(TOLD.into());
        Ok(())
    }))
}

impl Tail {
    /// The logarithm of the shrinkage a step, and over how many steps.
    fn read(&self, lab: &Lab) -> Result<(f64, u64)> {
        let Self { problem, start, from, to, .. } = self;
        let (m, n) = (problem.dataset().samples(), problem.dataset().dim());
        let mu = problem.step_per_sample(m);
        let schedule = Schedule::full_batch(m)?;
        let case = Trial { problem, schedule: &schedule, start, replica: 0 };
        let mut engine = case.autodiff(&lab.compute)?;
        let mut look = |distance: f64| {
            let state = Radial::new(&start.correlations, start.residual, Activation::Linear);
            let steps = state.steps_to(distance, mu, 1_000_000).unwrap_or(1_000_000);
            engine.advance(steps.saturating_sub(engine.steps_taken()));
            let neuron = &engine.neurons(0)[0];
            let radial = (norm(&neuron.correlations) - 1.0).abs();
            (if n > m { neuron.residual } else { radial }, engine.steps_taken())
        };
        let ((early, first), (late, last)) = (look(*from), look(*to));
        Ok(((late / early).ln() / (last - first) as f64, last - first))
    }
}
