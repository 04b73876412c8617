//! The last iterate converges; and at `b = m` nothing is selected.

use super::ends::{BatchSize, End};
use super::settings::Setting;
use super::{Options, Prediction, RowsPart, STUDY, required, schedule};
use crate::data::Dataset;
use crate::engine::Engine;
use crate::error::Result;
use crate::init::Start;
use crate::model::Activation;
use crate::problem::Reduction;
use crate::schedule::Schedule;
use crate::study::trial::{Trial, start_where};
use crate::study::{Context, Lab, Part};
use crate::theory::budget::{granted, late, miss};
use crate::theory::sgd;
use crate::train::Outcome;
use crate::verdict::Register;

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
    register: &mut Register,
) -> Part {
    let samples = options.samples.unwrap_or(9);
    let dim = options.dim.unwrap_or(samples + samples / 2);
    let batch = options.batch.unwrap_or(if samples > 2 { 2 } else { 1 });
    let replicas = context.effort.pick(60, 400, 2000);
    let setting = Setting::new(options, (samples, dim, batch), Activation::Linear, Reduction::Sum, replicas);
    let size = format!("m = {samples}, b = {batch}, sum");
    let why = format!("from a distance of {NEAR:.0e}, for another budget of steps");
    let name = format!("{size}: runs that stay with their datapoint and come nearer");
    let missed = replicas as f64 * (miss(samples, NEAR) + late(samples, granted(samples, NEAR), 1.0));
    let expected = register.expect(name, 1.0, why).chance(missed).always(required(context).0, 0.0, replicas);
    let (options, prediction) = (options.clone(), prediction.clone());
    Box::new(move |lab, findings| {
        let stayed = stayed(lab, &options, &prediction, &setting)?;
        findings.checks.push(expected.counted(stayed, replicas));
        findings.protocol.push(format!(
            "{replicas} more runs ({size}; their number is not that of --replicas) go on from a distance of {NEAR:.0e} for another budget of steps."
        ));
        Ok(())
    })
}

/// How many runs stay and come nearer.
fn stayed(lab: &Lab, options: &Options, prediction: &Prediction, setting: &Setting) -> Result<u64> {
    let seed = lab.cell_seed(&STUDY, 2 << 32);
    let problem = setting.problem(Dataset::implicit_orthonormal(setting.samples, setting.dim)?)?;
    let schedule = schedule(options, setting.samples, setting.batch, seed)?;
    let stayed = lab.each(0..setting.replicas, |replica| {
        let start = Start::gaussian(problem.dataset(), setting.init_norm, seed, replica)?;
        let set = (prediction.limit_set)(&start.correlations, setting.activation);
        let trial = Trial { problem: &problem, schedule: &schedule, start: &start, replica };
        let mut engine = trial.reduced()?;
        let run = trial.run_to(&mut engine, set.clone(), NEAR);
        engine.advance(trial.budget(NEAR));
        let (before, after) = (&run.neurons[0], &engine.neurons(0)[0]);
        let same = set.nearest_datapoint(before) == set.nearest_datapoint(after);
        Ok(run.outcome == Outcome::Converged && same && set.distance(after) <= run.distance)
    })?;
    Ok(stayed.into_iter().filter(|stayed| *stayed).count() as u64)
}

/// Least distance from every datapoint of a mixture that the control at `b = m` uses.
const MIXED: f64 = 0.11;

/// With `b = m` nothing is selected: every run keeps the distance of its mixture from the nearest datapoint.
pub(super) fn full_batch(
    context: &Context,
    options: &Options,
    prediction: &Prediction,
    register: &mut Register,
) -> RowsPart {
    let settings = at_full_batch(context, options);
    let why = format!(
        "of mixtures that are {MIXED} or more from every datapoint, by their closed form; {CLOSE:.0e} is left of the way to them"
    );
    let name = "b = m: distance to the nearest datapoint, over that of the mixture";
    let expected = register.expect(name, 1.0, why).control().within(1e-8);
    let mixture = prediction.full_batch;
    Box::new(move |lab, findings| {
        let (mut rows, mut ratios) = (Vec::new(), Vec::new());
        for setting in &settings {
            let (distances, ends): (Vec<f64>, Vec<End>) =
                mixtures(lab, setting, mixture)?.into_iter().unzip();
            let (activation, reduction) = (setting.activation.name(), setting.reduction.name());
            ratios.extend(distances.into_iter().map(|ratio| (format!("{activation}, {reduction}"), ratio)));
            rows.extend(BatchSize::of(setting, &ends));
        }
        let runs = ratios.len();
        if runs == 0 {
            findings.withdraw(expected.name(), "No control at b = m: it needs two active samples.");
            return Ok(rows);
        }
        findings.protocol.push(format!(
            "Control: {runs} runs at b = m = {}, linear under mean and ReLU under sum, from starts whose mixture is {MIXED} or more from every datapoint, \
             must keep its distance from them.",
            settings[0].samples
        ));
        findings.checks.push(expected.worst(ratios, runs as u64));
        Ok(rows)
    })
}

/// The linear model under mean and ReLU under sum.
fn at_full_batch(context: &Context, options: &Options) -> [Setting; 2] {
    let samples = options.samples.unwrap_or(12);
    let size = (samples, options.dim.unwrap_or(samples + samples / 2), samples);
    let replicas = options.replicas.unwrap_or(context.effort.pick(20, 200, 500));
    [0, 1].map(|k| Setting::new(options, size, Activation::PAPER[k], Reduction::ALL[k], replicas))
}

/// How near its limit a run at `b = m` must come.
const CLOSE: f64 = 1e-10;

/// Distances to the nearest datapoint, over those of the mixtures, and ends of the runs of a setting at `b = m`.
fn mixtures(
    lab: &Lab,
    setting: &Setting,
    mixture: fn(&[f64], Activation) -> Option<f64>,
) -> Result<Vec<(f64, End)>> {
    let &Setting { samples, dim, activation, init_norm, replicas, .. } = setting;
    let seed = lab.cell_seed(&STUDY, 3 << 32);
    let problem = setting.problem(Dataset::implicit_orthonormal(samples, dim)?)?;
    let schedule = Schedule::sgd(samples, samples, seed)?;
    let keeps = |start: &Start| mixture(&start.correlations, activation).filter(|keeps| *keeps >= MIXED);
    let runs = lab.each(0..replicas, |replica| {
        let admits = |start: &Start| keeps(start).is_some();
        let Some(start) = start_where(problem.dataset(), init_norm, seed, replica, admits)? else {
            return Ok(None);
        };
        let set = sgd::limit_set(&start.correlations, activation);
        let trial = Trial { problem: &problem, schedule: &schedule, start: &start, replica };
        let run = trial.run_for(&mut trial.reduced()?, trial.budget(CLOSE));
        let ratio = set.distance(&run.neurons[0]) / keeps(&start).unwrap_or(f64::NAN);
        Ok(Some((ratio, End::of(&run, &problem))))
    })?;
    Ok(runs.into_iter().flatten().collect())
}
