//! Curvature along the way to both minima.

use serde::{Deserialize, Serialize};

use super::grain::Grain;
use super::minima::Draw;
use super::{Prediction, STUDY};
use crate::engine::Autodiff;
use crate::error::Result;
use crate::measure::sharpness::{SharpnessAlong, Surface};
use crate::model::Activation;
use crate::schedule::Schedule;
use crate::study::{Lab, Row, Table};
use crate::train::{Cadence, Plan, StopRule, train};

/// Steps of the two runs whose curvature is followed: SGD selects within them.
const STEPS: u64 = 3000;

/// The curvature at one step.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct AtStep {
    pub samples: usize,
    pub dim: usize,
    pub active: usize,
    pub algorithm: String,
    pub step: u64,
    pub largest: f64,
    /// At the minimum.
    pub largest_predicted: f64,
    pub trace: f64,
    /// At the minimum.
    pub trace_predicted: f64,
    /// Whether a kink is near, 1 or 0.
    pub kink: u8,
}

impl Row for AtStep {
    const TABLE: &'static str = "sharpness_along";
}

/// `λ_max` and trace at some forty steps of GD and of SGD (`b = 1`) from one start, by training the Burn model with
/// ReLU.
pub(super) fn table(lab: &Lab, (samples, dim): (usize, usize), prediction: &Prediction) -> Result<Table> {
    let (seed, compute) = (lab.cell_seed(&STUDY, 1 << 32), &lab.compute);
    let draw = Draw::new((samples, dim), Activation::Relu, seed, Grain::of(compute.precision()))?;
    let active = draw.active();
    let ways = [("GD", Schedule::full_batch(samples)?, active), ("SGD", Schedule::sgd(samples, 1, seed)?, 1)];
    let seen = lab.each(&ways, |(_, schedule, _)| {
        let mut engine = Autodiff::single_neuron(&draw.problem, schedule, &draw.start, 0, compute)?;
        let surface = Surface::new(engine.model(0).clone(), draw.problem.dataset(), compute)?;
        // A sketch of all dimensions: the trace is exact.
        let cadence = Cadence::Logarithmic { per_decade: 12 };
        let mut sharpness = SharpnessAlong::new(surface, cadence, dim, 1.0);
        let plan = Plan { budget: STEPS, stop: StopRule::Never, check_every: 64 };
        train(&mut engine, &plan, &mut [&mut sharpness]);
        Ok(sharpness.rows)
    })?;
    let mut rows = Vec::new();
    for ((algorithm, _, support), seen) in ways.iter().zip(seen) {
        rows.extend(seen.into_iter().map(|at| AtStep {
            samples,
            dim,
            active,
            algorithm: (*algorithm).into(),
            step: at.step,
            largest: at.largest,
            largest_predicted: (prediction.largest)(samples),
            trace: at.trace,
            trace_predicted: (prediction.trace)(samples, dim, *support, Activation::Relu),
            kink: u8::from(at.kink),
        }));
    }
    Ok(Table::of(rows))
}
