//! The conjecture, for almost every start, on random sizes, norms and step sizes; and the rate of approach.

use itertools::Itertools;
use rand::RngExt;

use super::{Options, Prediction, STUDY, TOLERANCE};
use crate::data::Dataset;
use crate::engine::Engine;
use crate::error::Result;
use crate::init::Start;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::rng::{Purpose, stream};
use crate::schedule::Schedule;
use crate::study::pool::Tally;
use crate::study::trial::{Trial, is_live};
use crate::study::{Context, Lab, Part};
use crate::train::Outcome;
use crate::vectors::{largest, norm};
use crate::verdict::Register;

/// Bound on the probability that a random start has not arrived when its budget is used up, if the conjecture is true.
///
/// The budget is 150/η² cycles beyond what the approach takes. A lead of `e^{−x}` in log-ratio over the boundary grows by `e` in `1/η²` cycles once
/// two samples are left, so a start is late with a probability of order `e^{−100}`, except where rounding holds it: within some 1e-15 of
/// a boundary, which 63 rivals make no more likely than 1e-13.
const HELD: f64 = 1e-12;

/// Cycles after arrival over which the rate is read.
const CYCLES: u64 = 20;

/// Starts that are drawn for the conjecture unless the command line says how many.
pub(super) fn draws(context: &Context) -> u64 {
    context.effort.pick(300, 1300, 6000)
}

/// The conjecture on random draws.
pub(super) fn examined(
    context: &Context,
    options: &Options,
    prediction: &Prediction,
    count: u64,
    register: &mut Register,
) -> Part {
    let why = "b = 1, within 1e-10; a miss would speak against \"almost every\"";
    let name = "the conjecture, for almost every start: random starts that end in one allowed datapoint";
    let least = context.effort.pick(0.9, 0.99, 0.9975);
    let arrives = register.expect(name, 1.0, why).always(least, HELD, count);
    let why = "over 20 cycles of all rivals together, from a distance of 1e-10: corrections of 1e-8 and less, rounding of 1e-11";
    let name = "… at the rate log 1/(1−η²) a cycle: largest relative deviation";
    let at_rate = register.expect(name, 0.0, why).within(1e-6);
    let (options, prediction) = (options.clone(), prediction.clone());
    Box::new(move |lab, findings| {
        let runs = lab.each(0..count, |k| draw(lab, &options, &prediction, k))?;
        let tally: Tally = runs.iter().map(|(tally, _)| *tally).sum();
        findings.checks.push(arrives.counted(tally.hits, tally.trials));
        let off: Vec<f64> = runs.iter().filter_map(|(_, off)| *off).collect();
        findings.checks.push(at_rate.measured(largest(off.iter().copied()), off.len() as u64));
        findings.protocol.push(told(&options, count));
        Ok(())
    })
}

/// What is drawn, in words.
fn told(options: &Options, count: u64) -> String {
    let given = |value: Option<String>, otherwise: &str| value.unwrap_or_else(|| otherwise.into());
    format!(
        "{count} starts for the conjecture on the reduced engine, f64: m = {}, n = {}, ‖w_0‖ = {}, η = {}, in random directions, b = 1, the linear \
         model and ReLU by turns; and the rate of approach over the {CYCLES} cycles after each.",
        given(options.samples.map(|m| m.to_string()), "2 to 64 at random"),
        given(options.dim.map(|n| n.to_string()), "m to 2m at random"),
        given(options.init_norm.map(|norm| norm.to_string()), "0.02 to 0.99 at random"),
        given(options.step_size.map(|eta| eta.to_string()), "0.05 to 0.2 at random"),
    )
}

/// One draw: whether it arrives, and by how much the rate over the next cycles is off, if it has any.
fn draw(lab: &Lab, options: &Options, prediction: &Prediction, k: u64) -> Result<(Tally, Option<f64>)> {
    let seed = lab.cell_seed(&STUDY, 1 << 32 | k);
    let mut rng = stream(seed, Purpose::Protocol, 0);
    let samples = options.samples.unwrap_or_else(|| rng.random_range(2..=64));
    let dim = options.dim.unwrap_or_else(|| samples + rng.random_range(0..=samples));
    let init_norm = options.init_norm.unwrap_or_else(|| 0.02 + 0.97 * rng.random::<f64>());
    let step_size = options.step_size.unwrap_or_else(|| 0.05 + 0.15 * rng.random::<f64>());
    let activation = Activation::PAPER[(k % 2) as usize];
    let dataset = Dataset::implicit_orthonormal(samples, dim)?;
    let problem = Problem::new(dataset, activation, Reduction::Mean, step_size)?;
    let start = Start::gaussian(problem.dataset(), init_norm, seed, k)?;
    if !is_live(&start, activation) {
        return Ok((Tally::of(None), None));
    }
    let schedule = Schedule::cyclic(samples, 1)?;
    let set = (prediction.conjecture)(&start.correlations, activation);
    let trial = Trial { problem: &problem, schedule: &schedule, start: &start, replica: 0 };
    let mut engine = trial.reduced()?;
    let run = trial.run_to(&mut engine, set, TOLERANCE);
    let steps = CYCLES * samples as u64;
    engine.advance(steps);
    let behind = |c: &[f64]| rivals(c, &start.correlations, activation);
    let shrinkage = (behind(&run.neurons[0].correlations) / behind(&engine.neurons(0)[0].correlations)).ln();
    // In units of the predicted one.
    let off = shrinkage / ((prediction.rate)(samples, step_size) * steps as f64) - 1.0;
    // A single active sample has no rival to shrink at this rate, only the residual and inactive ones.
    let several = start.correlations.iter().filter(|&&c| activation.admits(c)).count() > 1;
    let comparable = run.outcome == Outcome::Converged && several;
    Ok((Tally::of(Some(&run)), comparable.then_some(off.abs())))
}

/// Norm of the active correlations but the largest.
fn rivals(c: &[f64], c0: &[f64], activation: Activation) -> f64 {
    let active = c.iter().zip(c0).filter(|(_, c0)| activation.admits(**c0)).map(|(c, _)| c.abs());
    let sizes = active.sorted_by(|a, b| b.total_cmp(a)).skip(1);
    norm(&sizes.collect::<Vec<_>>())
}
