//! Curvature at both minima beside theory, and along the way to them.

use super::super::{Context, Table};
use super::{Grain, Measured, Prediction, STUDY, well_inside};
use crate::data::Dataset;
use crate::engine::Autodiff;
use crate::error::Result;
use crate::measure::sharpness::{SharpnessAlong, Surface};
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;
use crate::train::{Cadence, Plan, StopRule, train};

/// One row a minimum.
pub(super) fn minima(minima: &[Vec<Measured>], prediction: &Prediction) -> Table {
    let header = [
        "samples",
        "dim",
        "activation",
        "algorithm",
        "batch",
        "support",
        "largest",
        "largest_predicted",
        "trace",
        "trace_predicted",
        "trace_hutch",
    ];
    let mut table = Table::new("sharpness", &header);
    for at in minima.iter().flatten() {
        table.push(&[
            &at.samples,
            &at.dim,
            &at.activation.name(),
            &if at.batch.is_some() { "SGD" } else { "GD" },
            &at.batch.unwrap_or(at.samples),
            &at.support,
            &at.spectrum.last().copied().unwrap_or(f64::NAN),
            &(prediction.largest)(at.samples),
            &at.trace,
            &(prediction.trace)(at.samples, at.dim, at.support, at.activation),
            &at.hutch.map_or(f64::NAN, |trace| trace.value),
        ]);
    }
    table
}

/// Steps of the two runs whose curvature is followed: SGD selects within them.
const STEPS: u64 = 3000;

/// `λ_max` and trace at some forty steps of GD and of SGD (`b = 1`) from one start, by training the Burn model with
/// ReLU at the smallest size of the protocol.
pub(super) fn along(context: &Context, sizes: &[(usize, usize)], prediction: &Prediction) -> Result<Table> {
    let &(samples, dim) = sizes.first().expect("there are sizes");
    let seed = context.cell_seed(&STUDY, 1 << 32);
    let dataset = Dataset::orthonormal(samples, dim, seed)?;
    let problem = Problem::new(dataset, Activation::Relu, Reduction::Sum, 0.2)?;
    let compute = &context.compute;
    let start = well_inside(&problem, seed, Grain::of(compute.precision()).clear)?;
    let active = start.correlations.iter().filter(|&&c| c > 0.0).count();
    let ways = [("GD", Schedule::full_batch(samples)?, active), ("SGD", Schedule::sgd(samples, 1, seed)?, 1)];
    let rows = context.each(&ways, |(_, schedule, _)| {
        let mut engine = Autodiff::single_neuron(&problem, schedule, &start, 0, compute)?;
        let surface = Surface::new(engine.model(0).clone(), problem.dataset(), compute)?;
        // A sketch of all dimensions: the trace is exact.
        let cadence = Cadence::Logarithmic { per_decade: 12 };
        let mut sharpness = SharpnessAlong::new(surface, cadence, dim, 1.0);
        let plan = Plan { budget: STEPS, stop: StopRule::Never, check_every: 64 };
        train(&mut engine, &plan, &mut [&mut sharpness]);
        Ok(sharpness.rows)
    })?;
    let header = [
        "samples",
        "dim",
        "active",
        "algorithm",
        "step",
        "largest",
        "largest_predicted",
        "trace",
        "trace_predicted",
        "kink",
    ];
    let mut table = Table::new("sharpness_along", &header);
    for ((algorithm, _, support), rows) in ways.iter().zip(rows) {
        let largest = (prediction.largest)(samples);
        let trace = (prediction.trace)(samples, dim, *support, Activation::Relu);
        for row in rows {
            table.push(&[
                &samples,
                &dim,
                &active,
                algorithm,
                &row.step,
                &row.largest,
                &largest,
                &row.trace,
                &trace,
                &u8::from(row.kink),
            ]);
        }
    }
    Ok(table)
}
