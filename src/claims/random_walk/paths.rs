//! Sample paths of the log-ratio, under SGD and under the full batch.

use super::active::Active;
use super::{Prediction, STUDY};
use crate::data::Dataset;
use crate::error::Result;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;
use crate::study::replicas::Replicas;
use crate::study::{Lab, Row, Table};
use crate::theory::sgd;
use serde::{Deserialize, Serialize};

/// Walks drawn, their size, and points a walk.
const WALKS: u64 = 6;
const SAMPLES: usize = 6;
const POINTS: u64 = 240;

/// Where a walk stands at a step.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Visit {
    pub samples: usize,
    pub batch: usize,
    pub step_size: f64,
    pub walk: usize,
    pub step: u64,
    pub level: f64,
    pub rate: f64,
}

impl Row for Visit {
    const TABLE: &'static str = "random_walk_paths";
}

/// `R_t` of a few walks with `b = 1`, and from the same starts with `b = m`; the predicted rate of growth beside it.
pub(super) fn table(lab: &Lab, prediction: &Prediction, step_size: f64) -> Result<Table> {
    let (samples, seed) = (SAMPLES, lab.cell_seed(&STUDY, 11 << 32));
    let dataset = Dataset::implicit_orthonormal(samples, samples + 2)?;
    let problem = Problem::new(dataset, Activation::Linear, Reduction::Sum, step_size)?;
    // Up to λt = 30, where every walk has left.
    let every = (30.0 / sgd::rate(samples, 1, step_size) / POINTS as f64).ceil() as u64;
    let steps: Vec<u64> = (0..=POINTS).map(|point| point * every).collect();
    let mut rows = Vec::new();
    for batch in [1, samples] {
        let schedule = Schedule::sgd(samples, batch, seed)?;
        let rate = (prediction.rate)(samples, batch, step_size);
        let walks = Replicas { problem: problem.clone(), schedule, init_norm: 0.5, seed };
        let levels = walks.looked_at(lab, WALKS, &steps, |start, seen| {
            let active = Active::of(start, Activation::Linear)?;
            Some(seen.iter().map(|neuron| active.level(neuron)).collect::<Vec<_>>())
        })?;
        for (walk, levels) in levels.into_iter().enumerate() {
            let visits = steps.iter().zip(levels.into_iter().flatten());
            rows.extend(visits.map(|(&step, level)| Visit {
                samples,
                batch,
                step_size,
                walk,
                step,
                level,
                rate,
            }));
        }
    }
    Ok(Table::of(rows))
}
