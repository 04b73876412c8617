//! In the long run: transience, and constancy under the full batch.

use super::active::Active;
use super::{Prediction, STUDY};
use crate::data::Dataset;
use crate::engine::Engine;
use crate::error::Result;
use crate::init::Start;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;
use crate::study::replicas::Replicas;
use crate::study::trial::Trial;
use crate::study::{Context, Effort, Lab, Part};
use crate::theory::sgd;
use crate::vectors::{largest, smallest};
use crate::verdict::Register;

/// Walks of the check of transience.
pub(super) fn walks(effort: Effort) -> u64 {
    effort.pick(100, 500, 2000)
}

/// After leaving a level for good the walk does not come back: the least level over the last half of long runs.
pub(super) fn transience(
    context: &Context,
    prediction: &Prediction,
    eta: f64,
    register: &mut Register,
) -> Part {
    let (level, walks) = (prediction.left_for_good, walks(context.effort));
    let why = "looked at 100 times between λt = 120 and 240; by then R is near N(108, 240) or above, and a walk of drift λ and variance 2λ is \
               below 3 then or later with probability 1e-11";
    let name = format!("runs whose R is above {level} at every look in the second half");
    let stay = register.expect(name, 1.0, why).always(context.effort.pick(0.85, 0.95, 0.99), 1e-10, walks);
    Box::new(move |lab, findings| {
        let (samples, seed) = (5, lab.cell_seed(&STUDY, 7 << 32));
        let dataset = Dataset::implicit_orthonormal(samples, 8)?;
        let problem = Problem::new(dataset, Activation::Linear, Reduction::Sum, eta)?;
        let schedule = Schedule::sgd(samples, 2, seed)?;
        // λ t = 240 by the end: levels far beyond any fluctuation, well within the range of f64.
        let horizon = (240.0 / sgd::rate(samples, 2, eta)) as u64;
        let looks: Vec<u64> = (1..=100).map(|k| horizon / 2 + k * (horizon / 200)).collect();
        let replicas = Replicas { problem, schedule, init_norm: 0.5, seed };
        let stayed = replicas.looked_at(lab, walks, &looks, |start, seen| {
            let active = Active::of(start, Activation::Linear)?;
            Some(smallest(seen.iter().map(|neuron| active.level(neuron))) > level)
        })?;
        let stayed: Vec<bool> = stayed.into_iter().flatten().collect();
        let count = stayed.iter().filter(|stayed| **stayed).count();
        findings.checks.push(stay.counted(count as u64, stayed.len() as u64));
        Ok(())
    })
}

/// Under the full batch R is a constant of motion.
pub(super) fn full_batch(prediction: &Prediction, register: &mut Register) -> Part {
    let name = "full batch: largest change of R in 2000 steps";
    let constant =
        register.expect(name, prediction.full_batch_change, "2000 roundings").control().within(1e-12);
    Box::new(move |lab, findings| {
        let changes = lab.each(0..lab.effort.pick(10, 40, 100), |replica| change(lab, replica))?;
        let changes: Vec<f64> = changes.into_iter().flatten().collect();
        findings.checks.push(constant.measured(largest(changes.iter().copied()), changes.len() as u64));
        Ok(())
    })
}

/// By how much `R` changes in 2000 steps of a run of the full batch, linear and ReLU in turns.
fn change(lab: &Lab, replica: u64) -> Result<Option<f64>> {
    let activation = Activation::PAPER[replica as usize % 2];
    let problem = Problem::new(Dataset::implicit_orthonormal(8, 11)?, activation, Reduction::Mean, 0.2)?;
    let schedule = Schedule::full_batch(8)?;
    let start = Start::gaussian(problem.dataset(), 0.5, lab.cell_seed(&STUDY, 8 << 32), replica)?;
    let Some(active) = Active::of(&start, activation) else { return Ok(None) };
    let trial = Trial { problem: &problem, schedule: &schedule, start: &start, replica };
    let mut engine = trial.reduced()?;
    let before = active.level(&engine.neurons(0)[0]);
    engine.advance(2000);
    Ok(Some((active.level(&engine.neurons(0)[0]) - before).abs()))
}
