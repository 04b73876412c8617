//! The rates at which gradient descent closes in on its limit.

use super::super::Context;
use super::{Prediction, STUDY, Tolerances};
use crate::data::Dataset;
use crate::engine::Engine;
use crate::error::Result;
use crate::init::Start;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;
use crate::study::trial::Trial;
use crate::theory::gd::Radial;
use crate::vectors::norm;
use crate::verdict::{Check, Expectation};

/// What is told of it.
pub(super) const TOLD: &str =
    "Two rates of approach are read off trainings on Burn, linear, mean, η = 0.17, m × n = 6 × 11 and 6 × 6.";

/// Reads the two tail rates off trainings on Burn: the residual where there is one (`n > m`), the
/// radial error where there is none (`n = m`, linear).
pub(super) fn tail_checks(
    context: &Context,
    prediction: &Prediction,
    tolerances: &Tolerances,
) -> Result<Vec<Check>> {
    let (from, to, tolerance) = tolerances.tail;
    let mut checks = Vec::new();
    for (name, (m, n), rate) in [
        ("log of the residual's shrinkage per step", (6, 11), prediction.transverse_rate),
        ("log of the radial error's shrinkage per step", (6, 6), prediction.radial_rate),
    ] {
        let dataset = Dataset::orthonormal(m, n, context.cell_seed(&STUDY, 200_000))?;
        let problem = Problem::new(dataset.clone(), Activation::Linear, Reduction::Mean, 0.17)?;
        let schedule = Schedule::full_batch(m)?;
        let start = Start::gaussian(&dataset, 0.5, context.cell_seed(&STUDY, 200_001), 0)?;
        let case = Trial { problem: &problem, schedule: &schedule, start: &start, replica: 0 };
        let mu = problem.step_per_sample(m);
        let predicted = rate(mu).ln();
        let why = format!(
            "between distances {from:.0e} and {to:.0e}, where higher orders and rounding are both small"
        );
        let expected = Expectation::new(name, predicted, why).within(tolerance * predicted.abs());
        let mut engine = case.autodiff(&context.compute)?;
        let mut read = |tolerance: f64| -> (f64, f64) {
            let state = Radial::new(&start.correlations, start.residual, Activation::Linear);
            let steps = state.steps_to(tolerance, mu, 1_000_000).unwrap_or(1_000_000);
            let already = engine.steps_taken();
            engine.advance(steps.saturating_sub(already));
            let neuron = &engine.neurons(0)[0];
            let radius = norm(&neuron.correlations);
            let error = if n > m { neuron.residual } else { (radius - 1.0).abs() };
            (error, engine.steps_taken() as f64)
        };
        let ((early, t_early), (late, t_late)) = (read(from), read(to));
        let measured = (late / early).ln() / (t_late - t_early);
        checks.push(expected.measured(measured, (t_late - t_early) as u64));
    }
    Ok(checks)
}
