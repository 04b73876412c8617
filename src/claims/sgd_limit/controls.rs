//! The last iterate converges; and at `b = m` nothing is selected.

use super::super::Table;
use super::cells::{Cell, NORM, STEP};
use super::ends::{End, record};
use super::{Context, Options, Prediction, STUDY, required, schedule};
use crate::data::Dataset;
use crate::engine::Engine;
use crate::error::Result;
use crate::init::Start;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;
use crate::study::trial::{Trial, start_where};
use crate::theory::budget::{granted, late, miss};
use crate::theory::{gd, sgd};
use crate::train::Outcome;
use crate::vectors::smallest;
use crate::verdict::{Check, Expectation};

/// Distance from which a run must come nearer still.
const NEAR: f64 = 1e-6;

/// The last iterate converges: many steps later the run is nearer still to the same point.
///
/// The log-distance is asymptotically a random walk with drift `−λ` and variance `2λ` a step. After another budget it has not fallen
/// with probability [`late`] for a return to where it was; after a mere multiple of the running time, which may be short by luck,
/// it might not have.
pub(super) fn staying(
    context: &Context,
    options: &Options,
    prediction: &Prediction,
) -> Result<(Check, String)> {
    let replicas = context.effort.pick(60, 400, 4000);
    let samples = options.samples.unwrap_or(9);
    let batch = options.batch.unwrap_or(if samples > 2 { 2 } else { 1 });
    let dim = options.dim.unwrap_or(samples + samples / 2);
    let size = format!("m = {samples}, b = {batch}, sum");
    let why = format!("from a distance of {NEAR:.0e}, for another budget of steps");
    let name = format!("{size}: runs that stay with their datapoint and come nearer");
    let missed = replicas as f64 * (miss(samples, NEAR) + late(samples, granted(samples, NEAR), 1.0));
    let expected = Expectation::new(name, 1.0, why).chance(missed).always(required(context).0, 0.0, replicas);

    let seed = context.cell_seed(&STUDY, 2 << 32);
    let problem = Problem::new(
        Dataset::implicit_orthonormal(samples, dim)?,
        Activation::Linear,
        Reduction::Sum,
        options.step_size.unwrap_or(STEP),
    )?;
    let schedule = schedule(options, samples, batch, seed)?;
    let stayed = context.each(0..replicas, |replica| {
        let start = Start::gaussian(problem.dataset(), options.init_norm.unwrap_or(NORM), seed, replica)?;
        let set = (prediction.limit_set)(&start.correlations, Activation::Linear);
        let case = Trial { problem: &problem, schedule: &schedule, start: &start, replica };
        let mut engine = case.reduced()?;
        let run = case.run_to(&mut engine, set.clone(), NEAR);
        engine.advance(case.budget(NEAR));
        let (before, after) = (&run.neurons[0], &engine.neurons(0)[0]);
        let same = set.nearest_datapoint(before) == set.nearest_datapoint(after);
        Ok(run.outcome == Outcome::Converged && same && set.distance(after) <= run.distance)
    })?;
    let stayed = stayed.into_iter().filter(|stayed| *stayed).count();
    let told = format!(
        "{replicas} more runs ({size}; their number is not that of --replicas) go on from a distance of {NEAR:.0e} for another budget of steps."
    );
    Ok((expected.counted(stayed as u64, replicas), told))
}

/// Least distance from every datapoint of a mixture that the control at `b = m` uses.
const MIXED: f64 = 0.11;

/// With `b = m` nothing is selected: no run may come near a datapoint, unless its mixture is near one.
pub(super) fn full_batch(
    context: &Context,
    options: &Options,
    prediction: &Prediction,
    batch_sizes: &mut Table,
) -> Result<Option<(Check, String)>> {
    let replicas = options.replicas.unwrap_or(context.effort.pick(20, 200, 1000));
    let samples = options.samples.unwrap_or(12);
    let dim = options.dim.unwrap_or(samples + samples / 2);
    let why = format!("the mixtures of the starts used keep {MIXED}, by their closed form");
    let name = "b = m: smallest distance to a datapoint";
    let expected = Expectation::new(name, prediction.apart, why).control().at_least();
    let seed = context.cell_seed(&STUDY, 3 << 32);
    let mut nearest = Vec::new();
    for (activation, reduction) in Activation::PAPER.into_iter().zip(Reduction::ALL) {
        let dataset = Dataset::implicit_orthonormal(samples, dim)?;
        let (step_size, init_norm) = (options.step_size.unwrap_or(STEP), options.init_norm.unwrap_or(NORM));
        let problem = Problem::new(dataset, activation, reduction, step_size)?;
        let schedule = Schedule::sgd(samples, samples, seed)?;
        let mixed = |start: &Start| {
            gd::to_a_datapoint(&start.correlations, activation).is_some_and(|distance| distance >= MIXED)
        };
        let mut ends = Vec::new();
        for replica in 0..replicas {
            let Some(start) = start_where(problem.dataset(), init_norm, seed, replica, mixed)? else {
                continue;
            };
            let set = sgd::limit_set(&start.correlations, activation);
            let case = Trial { problem: &problem, schedule: &schedule, start: &start, replica };
            let run = case.run_for(&mut case.reduced()?, case.budget(1e-10));
            nearest.push(set.distance(&run.neurons[0]));
            ends.push(End::of(&run, &problem));
        }
        let batch = samples;
        let cell = Cell { samples, dim, batch, activation, reduction, step_size, init_norm, replicas };
        record(batch_sizes, &cell, &ends);
    }
    let closest = smallest(nearest.iter().copied());
    let told = format!(
        "Control: {} runs at b = m = {samples}, linear under mean and ReLU under sum, from starts whose mixture is {MIXED} or more from every datapoint, \
         must keep away from them.",
        nearest.len()
    );
    Ok((!nearest.is_empty()).then(|| (expected.measured(closest, nearest.len() as u64), told)))
}
