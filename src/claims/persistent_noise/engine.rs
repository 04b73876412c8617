//! The engines beside the recursion in the plane, and the plane without any cause.

use super::plane::{Plane, mixing};
use super::stationary::{CAUSES, Cause};
use super::{Prediction, STUDY};
use crate::data::Dataset;
use crate::device::Compute;
use crate::engine::{Analytic, Autodiff, Engine};
use crate::error::Result;
use crate::init::Start;
use crate::model::Activation;
use crate::noise::{Noise, normals};
use crate::problem::{Problem, Reduction};
use crate::rng::{Purpose, stream};
use crate::schedule::Schedule;
use crate::study::{Context, Part};
use crate::theory::budget::late;
use crate::theory::selection::diffusion_rate;
use crate::vectors::largest;
use crate::verdict::Register;

/// Steps that an engine and the recursion are compared over.
const COMPARED: u64 = 300;

const STEP_SIZE: f64 = 0.07;

/// Registers that both engines of tensors take the steps of the recursion, on the same draws and noise.
pub(super) fn beside(context: &Context, prediction: &Prediction, register: &mut Register) -> Part {
    let unit = context.compute.precision().unit_roundoff();
    let expected = register
        .expect(
            "Burn's autodiff and the analytic engine beside the recursion of w: largest deviation over 300 steps",
            prediction.beside,
            "the same draws and the same noise; rounding of 64 units in the last place a step, added up",
        )
        .within(64.0 * COMPARED as f64 * unit);
    Box::new(move |lab, findings| {
        let seed = lab.cell_seed(&STUDY, 2 << 32);
        let seen = lab.each(CAUSES, |cause| deviation(cause, seed, &lab.compute))?;
        findings.checks.push(expected.measured(largest(seen), CAUSES.len() as u64));
        findings.protocol.push(format!(
            "Burn's autodiff and the analytic engine on the same samples, draws and noise, η = {STEP_SIZE}, {COMPARED} steps for each cause."
        ));
        Ok(())
    })
}

/// Largest deviation of either engine's `w`.
fn deviation(cause: Cause, seed: u64, compute: &Compute) -> Result<f64> {
    let plane = cause.plane(STEP_SIZE);
    let dataset = Dataset::from_rows(plane.rows(), 2, 2)?;
    let problem = Problem::new(dataset, Activation::Linear, Reduction::Sum, STEP_SIZE)?
        .with_noise(Noise { label: plane.sigma, gradient: 0.0 })?;
    let schedule = Schedule::sgd(2, 1, seed)?;
    let start = Start::gaussian(problem.dataset(), 0.7, seed, 0)?;
    let mut autodiff = Autodiff::single_neuron(&problem, &schedule, &start, 0, compute)?;
    let mut analytic = Analytic::new(&problem, &schedule, std::slice::from_ref(&start), 0, compute)?;
    let w = start.weights(problem.dataset())?;
    let (mut w, mut batches, mut xi) = ([w[0], w[1]], schedule.stream(0), Vec::new());
    for step in 0..COMPARED {
        xi.clear();
        normals(seed, Purpose::LabelNoise, 0, step, 2, &mut xi);
        w = plane.step(w, batches.next_batch()[0], [xi[0], xi[1]]);
    }
    let engines: [&mut dyn Engine; 2] = [&mut autodiff, &mut analytic];
    let off = engines.map(|engine| {
        engine.advance(COMPARED);
        largest(engine.position(0).iter().zip(w).map(|(a, b)| (a - b).abs()))
    });
    Ok(largest(off))
}

/// Runs without noise of labels and without correlation, and the time that they are given.
const RUNS: u64 = 200;
const TIME: f64 = 150.0;

/// Registers the control: without either cause a neuron ends in a datapoint.
pub(super) fn without(prediction: &Prediction, register: &mut Register) -> Part {
    let expected = register
        .expect(
            "neither label noise nor correlation: largest |sin 2θ| of 200 runs at κt = 150",
            prediction.without,
            "a datapoint absorbs; the loser falls by κt with variance 2κt",
        )
        .control()
        .chance(RUNS as f64 * late(2, TIME, 5e-5))
        .at_most();
    Box::new(move |lab, findings| {
        let (plane, seed) = (Plane::new(STEP_SIZE, 0.0, 0.0), lab.cell_seed(&STUDY, 3 << 32));
        let steps = (TIME / diffusion_rate(2, 1, STEP_SIZE)) as u64;
        let ends = lab.each(0..RUNS, |replica| {
            let mut rng = stream(seed, Purpose::Protocol, replica);
            let start = std::f64::consts::FRAC_PI_8.sin_cos();
            Ok(mixing((0..steps).fold([start.0, start.1], |w, _| plane.draw(w, &mut rng))))
        })?;
        findings.checks.push(expected.measured(largest(ends), RUNS));
        findings.protocol.push(format!("As a control {RUNS} runs without either cause, κt = {TIME}."));
        Ok(())
    })
}
