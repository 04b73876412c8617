//! Trainings of the Burn model `shallow:k`, beside the recursion and to their ends.

use nalgebra::DMatrix;

use super::{Prediction, STUDY};
use crate::data::Dataset;
use crate::device::Precision;
use crate::engine::{Autodiff, Engine, TiedLayer};
use crate::error::Result;
use crate::model::{Activation, AnyAutoencoder, Architecture, Kind, flat};
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;
use crate::study::pool::{Pool, Tally};
use crate::study::{Context, Lab, Part};
use crate::vectors::{largest, largest_size};
use crate::verdict::Register;

/// Samples, dimension, neurons and batch of a training.
#[derive(Clone, Copy)]
struct Size {
    samples: usize,
    dim: usize,
    neurons: usize,
    batch: usize,
}

const fn size(samples: usize, dim: usize, neurons: usize, batch: usize) -> Size {
    Size { samples, dim, neurons, batch }
}

/// Norm of every neuron at the start.
const NORM: f64 = 0.5;

/// `η_B` of full batches, and of random ones that go to their ends.
const STEP: f64 = 0.1;
const LONG_STEP: f64 = 0.2;

/// Steps beside the recursion, and those to the end of full batches.
const WATCHED: u64 = 400;
const STEPS: u64 = 800;

const FULL: [Size; 3] = [size(5, 7, 2, 5), size(6, 6, 3, 6), size(4, 9, 3, 4)];
const RANDOM: [Size; 3] = [size(4, 6, 2, 1), size(5, 5, 3, 2), size(3, 4, 2, 2)];

/// Time `κt` that a run is given, and a bound on the probability that it takes longer: a log-ratio of 18 is nine standard deviations below.
const TIME: f64 = 200.0;
const LATE: f64 = 1e-12;

/// Data, problem, schedule and models of several replicas.
struct Training {
    dataset: Dataset,
    problem: Problem,
    schedule: Schedule,
    models: Vec<AnyAutoencoder>,
}

impl Training {
    fn new(lab: &Lab, size: Size, step: f64, seed: u64, replicas: u64) -> Result<Self> {
        let dataset = Dataset::orthonormal(size.samples, size.dim, seed)?;
        let problem = Problem::new(dataset.clone(), Activation::Linear, Reduction::Sum, step)?;
        let architecture = Architecture { kind: Kind::Shallow, widths: vec![size.neurons], bias: false };
        let model =
            |replica| architecture.init(Activation::Linear, &dataset, NORM, (seed, replica), &lab.compute);
        let models = (0..replicas).map(model).collect::<Result<_>>()?;
        let schedule = Schedule::sgd(size.samples, size.batch, seed)?;
        Ok(Self { dataset, problem, schedule, models })
    }

    fn engine(&self, lab: &Lab) -> Result<impl Engine + use<>> {
        let stack = flat::stacked(self.models.clone(), &lab.compute);
        Autodiff::new(stack, &self.problem, &self.schedule, 0, &lab.compute)
    }
}

/// `W`, `[k, n]`, from its entries row by row.
fn matrix(weights: &[f64], size: Size) -> DMatrix<f64> {
    DMatrix::from_row_slice(size.neurons, size.dim, weights)
}

/// Full batches end in the projector on the row space; and, under full and random batches, every step is that of the recursion.
pub(super) fn full_batch(context: &Context, prediction: &Prediction, register: &mut Register) -> Part {
    let precision = context.compute.precision();
    let tolerance = if precision == Precision::F64 { 1e-11 } else { 2e-5 };
    let limit = register
        .expect(
            "Burn, full batch: largest entry of WᵀW less the projector on the row space of W_0Π",
            0.0,
            "autodiff on shallow:k, three sizes; rounding of a step, contracted by η_B a step",
        )
        .within(tolerance);
    let beside = register
        .expect(
            format!("Burn and the recursion: largest difference of an entry of W over {WATCHED} steps"),
            0.0,
            "the same gradients by autodiff and by hand, full and random batches; rounding of 32 units in the last place a step, added up",
        )
        .within(32.0 * WATCHED as f64 * precision.unit_roundoff());
    let (projector, step_beside) = (prediction.projector, prediction.step_beside);
    Box::new(move |lab, findings| {
        let off = lab.each((0..).zip(FULL), |(cell, size)| limit_of(lab, projector, size, cell))?;
        findings.checks.push(limit.measured(largest(off), FULL.len() as u64));
        let all = (0..).zip(FULL.into_iter().chain(RANDOM));
        let apart = lab.each(all, |(cell, size)| side_by_side(lab, step_beside(STEP), size, cell))?;
        let trainings = apart.len();
        findings.checks.push(beside.measured(largest(apart), trainings as u64));
        findings.protocol.push(format!(
            "Burn's autodiff on shallow:k: {} full-batch trainings of {STEPS} steps, and {trainings} trainings of {WATCHED} steps, half of them with random batches, whose weights \
             the recursion gives as well; sum reduction, η_B = {STEP}.",
            FULL.len()
        ));
        Ok(())
    })
}

/// Largest entry of `WᵀW` less the projector, in the space of the data.
fn limit_of(lab: &Lab, projector: fn(&DMatrix<f64>) -> DMatrix<f64>, size: Size, cell: u64) -> Result<f64> {
    let training = Training::new(lab, size, STEP, lab.cell_seed(&STUDY, 4 << 32 | cell), 1)?;
    let mut engine = training.engine(lab)?;
    let data = DMatrix::from_row_slice(size.samples, size.dim, training.dataset.rows()?);
    let start = matrix(&engine.weights(0)?, size);
    let expected = data.transpose() * projector(&(start * data.transpose())) * &data;
    engine.advance(STEPS);
    let w = matrix(&engine.weights(0)?, size);
    Ok(largest_size((w.transpose() * w - expected).iter().copied()))
}

/// Largest difference of an entry of `W` between Burn and the recursion, which takes steps of the size `beside`, at any step.
fn side_by_side(lab: &Lab, beside: f64, size: Size, cell: u64) -> Result<f64> {
    let training = Training::new(lab, size, STEP, lab.cell_seed(&STUDY, 5 << 32 | cell), 1)?;
    let Training { dataset, schedule, .. } = &training;
    let mut engine = training.engine(lab)?;
    let mut layer =
        TiedLayer::from_weights(dataset, &engine.weights(0)?, Activation::Linear, schedule, beside, 0)?;
    let mut worst: f64 = 0.0;
    for _ in 0..WATCHED {
        engine.advance(1);
        layer.advance(1);
        let (burn, recursion) = (engine.weights(0)?, layer.weights(dataset)?);
        worst = largest([worst, largest_size(burn.iter().zip(&recursion).map(|(a, b)| a - b))]);
    }
    Ok(worst)
}

/// Random batches end in a coordinate projector.
pub(super) fn random_batches(context: &Context, prediction: &Prediction, register: &mut Register) -> Part {
    let replicas: u64 = context.effort.pick(3, 8, 16);
    let tolerance = if context.compute.precision() == Precision::F64 { 1e-8 } else { 1e-4 };
    let pool = Pool::new(
        register,
        "Burn: trainings that end in the coordinate projector of k datapoints",
        &format!("autodiff on shallow:k, sum reduction, η_B = {LONG_STEP}; entries within {tolerance:e}"),
        &["shallow:2 and shallow:3".to_string()],
        context.effort.pick((0.2, 0.0), (0.55, 0.0), (0.72, 0.0)),
        (RANDOM.len() as u64 * replicas) as f64 * LATE,
    );
    let prediction = prediction.clone();
    Box::new(move |lab, findings| {
        let hits = lab.each((0..).zip(RANDOM), |(cell, size)| {
            arrived(lab, &prediction, size, tolerance, replicas, cell)
        })?;
        let trials = replicas * RANDOM.len() as u64;
        findings.checks.extend(pool.counted(&[Tally {
            trials,
            hits: hits.iter().sum(),
            ..Tally::default()
        }]));
        findings.protocol.push(format!(
            "Burn's autodiff on shallow:k, random batches: {replicas} trainings at each of {} sizes, until WᵀW is within {tolerance:e} of the projector on k datapoints.",
            RANDOM.len()
        ));
        Ok(())
    })
}

/// How many of the replicas of a stack arrive.
fn arrived(
    lab: &Lab,
    prediction: &Prediction,
    size: Size,
    tolerance: f64,
    replicas: u64,
    cell: u64,
) -> Result<u64> {
    let seed = lab.cell_seed(&STUDY, 6 << 32 | cell);
    let training = Training::new(lab, size, LONG_STEP, seed, replicas)?;
    let mut engine = training.engine(lab)?;
    let budget = (TIME / (prediction.diffusion_rate)(size.samples, size.batch, LONG_STEP)) as u64;
    let mut waiting: Vec<usize> = (0..replicas as usize).collect();
    while !waiting.is_empty() && engine.steps_taken() < budget {
        engine.advance(256);
        waiting.retain(|&replica| {
            let neurons = engine.neurons(replica);
            let c = DMatrix::from_fn(size.neurons, size.samples, |k, i| neurons[k].correlations[i]);
            let outside = largest(neurons.iter().map(|neuron| neuron.residual));
            let waits = !((prediction.distance)(&c) <= tolerance && outside <= tolerance);
            if !waits {
                engine.retire(replica);
            }
            waits
        });
    }
    Ok(replicas - waiting.len() as u64)
}
