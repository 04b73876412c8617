//! Trainings of the Burn model: where they end, and whether they walk with the recursion in coordinates.

use super::{Prediction, STUDY};
use crate::data::{Dataset, dot};
use crate::engine::{Autodiff, Engine, WidthOne};
use crate::error::Result;
use crate::model::{Activation, TiedDeep, TiedDeepConfig, flat};
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;
use crate::study::pool::{Pool, Tally};
use crate::study::{Context, Lab, Part};
use crate::theory::budget::{granted, miss};
use crate::theory::selection::diffusion_rate;
use crate::vectors::largest;
use crate::verdict::Register;

/// Samples, dimension, layers, batch.
const CELLS: [(usize, usize, usize, usize); 3] = [(3, 5, 2, 1), (5, 7, 2, 2), (4, 6, 3, 3)];

const STEP_PER_SAMPLE: f64 = 0.1;

/// Norm of the first layer at the start, and the other weights. With `N < v_l²` noise moves `g` little: at `A = 4` it is above 1.
const START: (f64, f64) = (0.6, 1.3);

/// `g` below which a training is put aside: the clock slows down as `g²`, by noise that moves norm into the first layer, and the time that a training is granted is
/// enough for those that stay above.
const LEAST_GAIN: f64 = 0.5;

/// Steps that a training and the recursion are compared over.
const COMPARED: u64 = 200;

/// How far from a datapoint a training ends at most, in `1 − cos²` and in the loss.
fn tolerance(context: &Context) -> f64 {
    context.compute.precision().unit_roundoff().sqrt()
}

/// Registers that all trainings end in a datapoint, and that they walk with the recursion.
pub(super) fn trainings(context: &Context, prediction: &Prediction, register: &mut Register) -> Part {
    let (tolerance, replicas) = (tolerance(context), context.effort.pick(16, 48, 96));
    let labels = CELLS.map(|(m, n, layers, b)| format!("m = {m}, n = {n}, L = {layers}, b = {b}"));
    let missed = CELLS.iter().map(|cell| replicas as f64 * miss(cell.0, tolerance)).sum();
    let why = "as Theorem 2 for one layer: cos² of the first layer and a datapoint within the square root of the round-off of 1, and the loss of (m−1)/2m; those whose g falls below ½ are put aside, as their \
               clock slows down";
    let name = "trainings of Burn's tied networks of width one that end in a datapoint, b < m";
    let least = context.effort.pick((0.7, 0.4), (0.9, 0.7), (0.94, 0.84));
    let ends = Pool::new(register, name, why, &labels, least, missed);
    let unit = context.compute.precision().unit_roundoff();
    let beside = register
        .expect(
            "Burn beside the recursion in coordinates: largest deviation of a correlation or weight over 200 steps",
            prediction.beside,
            "the same batches; rounding of 64 units in the last place a step, added up",
        )
        .within(64.0 * COMPARED as f64 * unit);
    let prediction = prediction.clone();
    Box::new(move |lab, findings| {
        let seen =
            lab.each((0..).zip(CELLS), |(k, cell)| train(lab, &prediction, cell, replicas, tolerance, k))?;
        let tallies: Vec<Tally> = seen.iter().map(|(tally, _)| *tally).collect();
        findings.checks.extend(ends.counted(&tallies));
        let deviation = largest(seen.iter().map(|(_, deviation)| *deviation));
        findings.checks.push(beside.measured(deviation, CELLS.len() as u64 * replicas));
        findings.protocol.push(format!(
            "Burn's autodiff on tied networks of width one, linear, sum reduction, η_B = {STEP_PER_SAMPLE}, a first layer of norm {} and other weights {}: {replicas} trainings for each of {}, \
             until within {tolerance:.0e} of a datapoint, the first {COMPARED} steps beside the recursion; {} put aside.",
            START.0,
            START.1,
            labels.join("; "),
            match tallies.iter().map(|tally| tally.dead).sum::<u64>() {
                0 => "none was".into(),
                1 => "1 was".into(),
                aside => format!("{aside} were"),
            }
        ));
        Ok(())
    })
}

/// The models of a cell at their start, as one stack.
fn models(lab: &Lab, dataset: &Dataset, layers: usize, replicas: u64, seed: u64) -> Result<TiedDeep> {
    let config = TiedDeepConfig::new(dataset.dim(), vec![1; layers], Activation::Linear);
    let of = |replica| -> Result<TiedDeep> {
        let model = config.init(dataset, START.0, seed, replica, &lab.compute)?;
        let mut point = flat::parameters(&model);
        point[dataset.dim()..].fill(START.1);
        Ok(flat::at(model, &point, &lab.compute))
    };
    Ok(flat::stacked((0..replicas).map(of).collect::<Result<_>>()?, &lab.compute))
}

/// How many trainings of a cell arrive, and how many are put aside (as `dead`), and how far any is from the recursion after the first steps.
fn train(
    lab: &Lab,
    prediction: &Prediction,
    (m, n, layers, batch): (usize, usize, usize, usize),
    replicas: u64,
    tolerance: f64,
    k: u64,
) -> Result<(Tally, f64)> {
    let seed = lab.cell_seed(&STUDY, 2 << 32 | k);
    let dataset = Dataset::orthonormal(m, n, seed)?;
    let problem = Problem::new(dataset.clone(), Activation::Linear, Reduction::Sum, STEP_PER_SAMPLE)?;
    let schedule = Schedule::sgd(m, batch, seed)?;
    let model = models(lab, &dataset, layers, replicas, seed)?;
    let mut engine = Autodiff::new(model, &problem, &schedule, 0, &lab.compute)?;
    let walked = (0..replicas as usize)
        .map(|r| walked(&engine, &dataset, &schedule, r))
        .collect::<Result<Vec<_>>>()?;
    engine.advance(COMPARED);
    let deviation = largest((0..replicas as usize).map(|r| deviation(&engine, &walked[r], r)));
    let is_pure = |engine: &Autodiff<TiedDeep>, r: usize| {
        let neuron = &engine.neurons(r)[0];
        1.0 - largest(neuron.correlations.iter().map(|c| c * c)) / neuron.norm_sq < tolerance
    };
    let clock = LEAST_GAIN * LEAST_GAIN * diffusion_rate(m, batch, STEP_PER_SAMPLE);
    let budget = granted(m, tolerance) / clock;
    let gain = |engine: &Autodiff<TiedDeep>, r: usize| {
        engine.position(r)[n..].iter().map(|v| v * v).product::<f64>()
    };
    let mut waiting: Vec<usize> = (0..replicas as usize).collect();
    let mut aside: Vec<usize> = Vec::new();
    while !waiting.is_empty() && (engine.steps_taken() as f64) < budget {
        engine.advance(1000);
        waiting.retain(|&r| {
            let ended = engine.diverged_at(r).is_some() || is_pure(&engine, r);
            let is_aside = !ended && gain(&engine, r) < LEAST_GAIN;
            if is_aside {
                aside.push(r);
            }
            if ended || is_aside {
                engine.retire(r);
            }
            !ended && !is_aside
        });
    }
    let diverged = (0..replicas as usize).filter(|&r| engine.diverged_at(r).is_some()).count() as u64;
    let reconstructs = |r: &usize| (engine.loss(*r) - (prediction.loss)(m)).abs() < tolerance;
    let is_open = |r: &usize| waiting.contains(r) || aside.contains(r);
    let ended = (0..replicas as usize).filter(|r| !is_open(r) && engine.diverged_at(*r).is_none());
    let hits = ended.filter(reconstructs).count() as u64;
    let dead = aside.len() as u64;
    Ok((Tally { trials: replicas - dead, hits, diverged, dead }, deviation))
}

/// The recursion after the first steps from where a replica stands.
fn walked(
    engine: &Autodiff<TiedDeep>,
    dataset: &Dataset,
    schedule: &Schedule,
    replica: usize,
) -> Result<WidthOne> {
    let point = engine.position(replica);
    let (w, gains) = point.split_at(dataset.dim());
    let residual = dataset.residual(w)?;
    let mut network = WidthOne::new(dataset.correlations(w)?, dot(&residual, &residual), gains.to_vec());
    let mut batches = schedule.stream(replica as u64);
    for _ in 0..COMPARED {
        network.step(batches.next_batch(), STEP_PER_SAMPLE);
    }
    Ok(network)
}

/// Largest difference of a correlation, the norm or a weight.
fn deviation(engine: &Autodiff<TiedDeep>, network: &WidthOne, replica: usize) -> f64 {
    let (neuron, point) = (&engine.neurons(replica)[0], engine.position(replica));
    let gains = &point[point.len() - network.gains().len()..];
    let pairs =
        neuron.correlations.iter().zip(network.correlations()).chain(gains.iter().zip(network.gains()));
    let norms = (neuron.norm_sq, network.norm_sq());
    largest(pairs.map(|(a, b)| (a - b).abs()).chain([(norms.0 - norms.1).abs()]))
}
