//! Where no lots are drawn: gradient descent, and epochs.

use super::{STUDY, unit, winners};
use crate::error::Result;
use crate::schedule::{Schedule, ScheduleKind};
use crate::stats::{CHECK_LEVEL, binomial_interval};
use crate::study::ensemble::Ensemble;
use crate::study::{Context, Findings};
use crate::theory::selection::diffusion_rate;
use crate::vectors::largest;
use crate::verdict::{Check, Expectation};

/// Bound on the probability that a run of epochs is lost by the largest correlation, or undecided at its budget: the lead is ten deviations of the noise, the budget
/// ten mean times.
const MISS: f64 = 1e-12;

const FOUR: [f64; 4] = [0.45, 0.5, 0.4, 0.3];

pub(super) fn examine(context: &Context, findings: &mut Findings) -> Result<()> {
    findings.checks.push(gradient_descent()?);
    findings.checks.extend(epochs(context, &mut findings.protocol)?);
    Ok(())
}

/// Steps of the full batch.
const STEPS: u32 = 5000;

/// The full batch moves no ratio: no sample wins.
fn gradient_descent() -> Result<Check> {
    let check = Expectation::new(
        format!("full batch: largest change of a cosine in {STEPS} steps"),
        0.0,
        "every ratio is a constant of motion; a rounding a step",
    )
    .control()
    .within(1e-12);
    let c = unit(&FOUR);
    let ensemble = Ensemble::new(Schedule::full_batch(4)?, 0.1, f64::from(STEPS), f64::from(STEPS))?;
    let at = ensemble.run(&[ensemble.start(&c, 0.0)?], 0, |_, neuron| Some(unit(&neuron.correlations)))?;
    let change = |after: &Vec<f64>| largest(after.iter().zip(&c).map(|(a, b)| (a - b).abs()));
    Ok(check.measured(at[0].as_ref().map_or(f64::NAN, change), 1))
}

/// Over an epoch the noise of first order cancels, while the pull of the leader does not: the largest correlation
/// wins. One batch of a single sample less, and the lots are back.
fn epochs(context: &Context, protocol: &mut Vec<String>) -> Result<Vec<Check>> {
    let eta = 0.1;
    let replicas = context.effort.pick(300, 3000, 30_000);
    protocol.push(format!(
        "No lots: the full batch over {STEPS} steps; reshuffled epochs of four samples, {replicas} runs at η_B = {eta} for each of b = 1, 2, and for b = 3, \
         which drops a sample."
    ));
    let mut checks = Vec::new();
    for batch in [1, 2] {
        let schedule = Schedule::new(
            ScheduleKind::Reshuffle,
            4,
            Some(batch),
            context.cell_seed(&STUDY, 9 << 32 | batch as u64),
        )?;
        let kappa = diffusion_rate(4, batch, eta);
        let counts =
            winners(context, &Ensemble::new(schedule, eta, 1.0 / kappa, 200.0 / kappa)?, &FOUR, replicas)?;
        let name =
            format!("reshuffled epochs, m = 4, b = {batch}: runs in which the largest correlation wins");
        let why = "noise of order η² an epoch at most, against a drift of that order over 1/η² epochs: it moves a log-ratio by 0.01 or less, \
                   and the lead is 0.1";
        checks.push(
            Expectation::new(name, 1.0, why)
                .always(context.effort.pick(0.9, 0.99, 0.999), MISS, replicas)
                .counted(counts[1], replicas),
        );
    }
    let schedule = Schedule::new(ScheduleKind::Reshuffle, 4, Some(3), context.cell_seed(&STUDY, 10 << 32))?;
    let kappa = diffusion_rate(4, 3, eta);
    let wins =
        winners(context, &Ensemble::new(schedule, eta, 1.0 / kappa, 200.0 / kappa)?, &FOUR, replicas)?[1];
    checks.push(
        Expectation::new(
            "epochs that drop a sample, m = 4, b = 3: P(the largest wins)",
            0.75,
            "the dropped sample is as random as a batch",
        )
        .control()
        .bounded()
        .estimated(
            wins as f64 / replicas as f64,
            binomial_interval(wins, replicas, CHECK_LEVEL),
            replicas,
        ),
    );
    Ok(checks)
}
