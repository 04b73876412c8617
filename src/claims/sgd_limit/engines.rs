//! The three engines in lockstep on one batch stream: how far apart their weights are at each step.

use serde::{Deserialize, Serialize};

use super::{Options, STUDY, schedule};
use crate::data::Dataset;
use crate::engine::{Analytic, Autodiff, Engine, Reduced};
use crate::error::{Misuse, Result};
use crate::init::Start;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::study::{Lab, Row, Table};
use crate::train::Cadence;
use crate::vectors::norm_of;

/// Size, batch and steps: long enough for a datapoint to be selected and approached.
const SIZE: (usize, usize, usize) = (9, 13, 2);
const STEPS: u64 = 3000;

/// How far two engines are apart at a step: `‖w − w'‖`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Distance {
    pub samples: usize,
    pub dim: usize,
    pub batch: usize,
    pub step_size: f64,
    pub step: u64,
    pub engine: String,
    pub other: String,
    pub distance: f64,
    pub unit_roundoff: f64,
}

impl Row for Distance {
    const TABLE: &'static str = "engines";
}

/// Distances between each two engines, about sixty times a decade of steps.
pub(super) fn table(lab: &Lab, options: &Options) -> Result<Table> {
    let (samples, dim, batch) = SIZE;
    let seed = lab.cell_seed(&STUDY, 4 << 32);
    let step_size = options.step_size();
    let dataset = Dataset::orthonormal(samples, dim, seed)?;
    let problem = Problem::new(dataset, Activation::Linear, Reduction::Sum, step_size)?;
    let schedule = schedule(options, samples, batch, seed)?;
    let start = Start::gaussian(problem.dataset(), options.init_norm(), seed, 0)?;
    let starts = std::slice::from_ref(&start);
    let compute = &lab.compute;
    let mut engines: [(&str, Box<dyn Engine>); 3] = [
        ("autodiff", Box::new(Autodiff::single_neuron(&problem, &schedule, &start, 0, compute)?)),
        ("analytic", Box::new(Analytic::new(&problem, &schedule, starts, 0, compute)?)),
        ("reduced", Box::new(Reduced::new(&problem, &schedule, starts, 0)?)),
    ];
    let unit_roundoff = compute.precision().unit_roundoff();
    let cadence = Cadence::Logarithmic { per_decade: 60 };
    let (mut rows, mut step) = (Vec::new(), 0);
    while cadence.next_after(step) <= STEPS {
        let next = cadence.next_after(step);
        engines.iter_mut().for_each(|(_, engine)| engine.advance(next - step));
        step = next;
        let weights =
            engines.iter().map(|(_, engine)| engine.weights(0)).collect::<Result<Vec<_>, Misuse>>()?;
        rows.extend([(0, 1), (0, 2), (1, 2)].map(|(k, l)| Distance {
            samples,
            dim,
            batch,
            step_size,
            step,
            engine: engines[k].0.into(),
            other: engines[l].0.into(),
            distance: norm_of(weights[k].iter().zip(&weights[l]).map(|(a, b)| a - b)),
            unit_roundoff,
        }));
    }
    Ok(Table::of(rows))
}
