//! Sample paths of the log-ratio, under SGD and under the full batch.

use super::{Prediction, STUDY, Walk};
use crate::data::Dataset;
use crate::engine::Engine;
use crate::error::Result;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;
use crate::study::{Context, Table};
use crate::theory::sgd;

/// Walks drawn, their size, and points a walk.
const WALKS: u64 = 6;
const SAMPLES: usize = 6;
const POINTS: u64 = 240;

/// `R_t` of a few walks with `b = 1`, and from the same starts with `b = m`; the predicted rate of growth beside it.
pub(super) fn table(context: &Context, prediction: &Prediction, eta: f64) -> Result<Table> {
    let header = ["samples", "batch", "step_size", "walk", "step", "level", "rate"];
    let mut table = Table::new("random_walk_paths", &header);
    let seed = context.cell_seed(&STUDY, 11 << 32);
    let dataset = Dataset::implicit_orthonormal(SAMPLES, SAMPLES + 2)?;
    let problem = Problem::new(dataset, Activation::Linear, Reduction::Sum, eta)?;
    // Up to λt = 30, where every walk has left.
    let every = (30.0 / sgd::rate(SAMPLES, 1, eta) / POINTS as f64).ceil() as u64;
    for batch in [1, SAMPLES] {
        let schedule = Schedule::sgd(SAMPLES, batch, seed)?;
        let rate = (prediction.rate)(SAMPLES, batch, eta);
        for replica in 0..WALKS {
            let Some(mut walk) = Walk::new(&problem, &schedule, seed, replica)? else { continue };
            for point in 0..=POINTS {
                let step = point * every;
                table.push(&[&SAMPLES, &batch, &eta, &replica, &step, &walk.level(), &rate]);
                walk.engine.advance(every);
            }
        }
    }
    Ok(table)
}
