//! The message in one picture: all correlations from one start under GD, SGD and cyclic SGD.

use super::{Options, Prediction, STUDY};
use crate::data::{Dataset, FromFile};
use crate::error::Result;
use crate::init::Start;
use crate::limit_set::LimitSet;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;
use crate::study::trace::NeuronTrace;
use crate::study::trial::Trial;
use crate::study::{Lab, Row, Table};
use crate::theory::sgd;
use crate::train::{Plan, StopRule, train};
use serde::{Deserialize, Serialize};

/// Samples and dimensions, unless the command line asks for others.
const SIZE: (usize, usize) = (8, 12);

/// Most samples to draw curves of, and the step size of the theorem.
const MAX: usize = 24;
const STEP: f64 = 0.2;

/// One correlation at one step.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Correlation {
    pub algorithm: String,
    pub samples: usize,
    pub dim: usize,
    pub batch: usize,
    pub step_size: f64,
    pub step: u64,
    pub sample: usize,
    pub correlation: f64,
    /// Predicted limit, of GD; NaN of the others.
    pub limit: f64,
}

impl Row for Correlation {
    const TABLE: &'static str = "correlations";
}

/// `c_t(i)` of the Burn model, trained by autodiff; of GD with the predicted limit.
pub(super) fn table(lab: &Lab, options: &Options, prediction: &Prediction) -> Result<Table> {
    let seed = lab.cell_seed(&STUDY, 1 << 32);
    let dataset = dataset(options, seed)?;
    let (samples, dim) = (dataset.samples(), dataset.dim());
    let step_size = options.step_size.unwrap_or(STEP);
    let problem = Problem::new(dataset, Activation::Linear, Reduction::Mean, step_size)?;
    let start = Start::gaussian(problem.dataset(), options.init_norm.unwrap_or(0.5), seed, 0)?;
    let mixture = (prediction.limit)(&start.correlations, Activation::Linear);
    // Long enough for SGD to select and close in, whatever is predicted.
    let budget = 30.0 / sgd::rate(samples, 1, step_size.clamp(0.05, 0.5)).max(1e-3);
    let ways = [
        ("GD", Schedule::full_batch(samples)?),
        ("SGD", Schedule::sgd(samples, 1, seed)?),
        ("cyclic", Schedule::cyclic(samples, 1)?),
    ];
    let states = lab.each(&ways, |(_, schedule)| {
        let case = Trial { problem: &problem, schedule, start: &start, replica: 0 };
        let mut footprints = NeuronTrace::new(40);
        let plan = Plan { budget: budget as u64, stop: StopRule::Never, check_every: 64 };
        train(&mut case.autodiff(&lab.compute)?, &plan, &mut [&mut footprints]);
        Ok(footprints.states)
    })?;
    let mut rows = Vec::new();
    for ((algorithm, schedule), states) in ways.iter().zip(states) {
        let batch = schedule.batch_size();
        for (step, neuron) in states {
            for (sample, correlation) in neuron.correlations.into_iter().enumerate() {
                let limit = match &mixture {
                    Some(LimitSet::Point(limit)) if *algorithm == "GD" => limit[sample],
                    _ => f64::NAN,
                };
                let algorithm = (*algorithm).to_owned();
                rows.push(Correlation {
                    algorithm,
                    samples,
                    dim,
                    batch,
                    step_size,
                    step,
                    sample,
                    correlation,
                    limit,
                });
            }
        }
    }
    Ok(Table::of(rows))
}

/// The user's own rows, or random ones; of many the first.
fn dataset(options: &Options, seed: u64) -> Result<Dataset> {
    if let Some(path) = &options.data {
        let own = Dataset::from_file(path)?;
        let (samples, dim) = (own.samples().min(MAX), own.dim());
        return Ok(Dataset::from_rows(own.rows()?[..samples * dim].to_vec(), samples, dim)?);
    }
    let samples = options.samples.or(options.dim).unwrap_or(SIZE.0).min(MAX);
    let dim = options.dim.unwrap_or(if samples == SIZE.0 { SIZE.1 } else { samples });
    Ok(Dataset::orthonormal(samples, dim.max(samples), seed)?)
}
