//! Where no lots are drawn: gradient descent, and epochs.

use super::{Prediction, STUDY, winners};
use crate::error::Result;
use crate::schedule::{Schedule, ScheduleKind};
use crate::stats::{CHECK_LEVEL, binomial_interval};
use crate::study::ensemble::Ensemble;
use crate::study::{Context, Lab, Part};
use crate::theory::selection::diffusion_rate;
use crate::vectors::{largest, unit};
use crate::verdict::Register;

/// Bound on the probability that a run of epochs is lost by the largest correlation, or undecided at its budget: the lead is ten deviations of the noise, the budget
/// ten mean times.
const MISS: f64 = 1e-12;

const FOUR: [f64; 4] = [0.45, 0.5, 0.4, 0.3];

/// The largest of them.
const LARGEST: usize = 1;

/// Steps of the full batch.
const STEPS: u32 = 5000;

/// `η_B` of the epochs.
const ETA: f64 = 0.1;

/// The full batch moves no ratio: no sample wins.
pub(super) fn gradient_descent(prediction: &Prediction, register: &mut Register) -> Part {
    let name = format!("full batch: largest change of a cosine in {STEPS} steps");
    let why = "every ratio is a constant of motion; a rounding a step";
    let expected = register.expect(name, prediction.rest, why).control().within(1e-12);
    Box::new(|_, findings| {
        findings.checks.push(expected.measured(largest_change()?, 1));
        Ok(())
    })
}

fn largest_change() -> Result<f64> {
    let c = unit(&FOUR);
    let ensemble = Ensemble::new(Schedule::full_batch(4)?, 0.1, f64::from(STEPS), f64::from(STEPS))?;
    let at = ensemble.run(&[ensemble.start(&c, 0.0)?], 0, |_, neuron| Some(unit(&neuron.correlations)))?;
    let change = |after: &Vec<f64>| largest(after.iter().zip(&c).map(|(a, b)| (a - b).abs()));
    Ok(at[0].as_ref().map_or(f64::NAN, change))
}

/// Over an epoch the noise of first order cancels, while the pull of the leader does not: the largest correlation
/// wins.
pub(super) fn epochs(context: &Context, prediction: &Prediction, register: &mut Register) -> Part {
    let replicas = context.effort.pick(300, 3000, 10_000);
    let won = [1, 2].map(|batch| {
        let name =
            format!("reshuffled epochs, m = 4, b = {batch}: runs in which the largest correlation wins");
        let why = "noise of order η² an epoch at most, against a drift of that order over 1/η² epochs: it moves a log-ratio by 0.01 or less, \
                   and the lead is 0.1";
        let least = context.effort.pick(0.9, 0.99, 0.997);
        (batch, register.expect(name, 1.0, why).always(least, MISS, replicas))
    });
    let winner = (prediction.winner_of_epochs)(&FOUR);
    Box::new(move |lab, findings| {
        for (batch, expected) in won {
            let counts = of_epochs(lab, batch, replicas, 9 << 32 | batch as u64)?;
            findings.checks.push(expected.counted(counts[winner], replicas));
        }
        findings.protocol.push(format!(
            "No lots: the full batch over {STEPS} steps; reshuffled epochs of four samples, {replicas} runs at η_B = {ETA} for each of b = 1, 2."
        ));
        Ok(())
    })
}

/// One batch of a single sample less an epoch, and the lots are back.
pub(super) fn dropped_sample(context: &Context, prediction: &Prediction, register: &mut Register) -> Part {
    let (replicas, tolerance, precision) =
        context.effort.pick((3000, 8e-4, 0.052), (12_000, 4e-4, 0.026), (25_000, 2.8e-4, 0.0183));
    let odds = (prediction.odds)(&FOUR, tolerance, context.cell_seed(&STUDY, 17 << 32));
    let expected = register
        .expect(
            "epochs that drop a sample, m = 4, b = 3: P(the largest wins)",
            odds.probabilities[LARGEST],
            "the dropped sample is as random as a batch: the odds of the Monte Carlo, to a tenth of an error",
        )
        .control()
        .chance(0.2 * CHECK_LEVEL)
        .covered(precision);
    Box::new(move |lab, findings| {
        let wins = of_epochs(lab, 3, replicas, 10 << 32)?[LARGEST];
        let interval = binomial_interval(wins, replicas, CHECK_LEVEL);
        findings.checks.push(expected.estimated(wins as f64 / replicas as f64, interval, replicas));
        findings
            .protocol
            .push(format!("Lots again: {replicas} runs of epochs at b = 3, which drop a sample."));
        Ok(())
    })
}

/// Winners of runs of epochs.
fn of_epochs(lab: &Lab, batch: usize, replicas: u64, cell: u64) -> Result<Vec<u64>> {
    let schedule = Schedule::new(ScheduleKind::Reshuffle, 4, Some(batch), lab.cell_seed(&STUDY, cell))?;
    let kappa = diffusion_rate(4, batch, ETA);
    winners(lab, &Ensemble::new(schedule, ETA, 1.0 / kappa, 200.0 / kappa)?, &FOUR, replicas)
}
