//! Where the identity must fail: reshuffled epochs have no noise of first order.

use super::runs::follow;
use super::{Prediction, STUDY};
use crate::schedule::{Schedule, ScheduleKind};
use crate::study::{Context, Part};
use crate::theory::selection::weights;
use crate::vectors::smallest;
use crate::verdict::Register;

/// Correlations; the second is the largest, by a tenth.
const START: [f64; 4] = [0.45, 0.5, 0.4, 0.3];

const STEP: f64 = 0.1;

/// Bound on the probability that a run of epochs is lost by the largest correlation: the lead is ten deviations of the noise.
const MISS: f64 = 1e-12;

/// The largest wins more often than the bound allows, and the weight is too large.
pub(super) fn no_lots(context: &Context, prediction: &Prediction, register: &mut Register) -> Part {
    let replicas = context.effort.pick(128, 256, 1024);
    let cosines = weights(&START);
    let leader = (prediction.winner_of_epochs)(&START);
    let runs = replicas as f64 * MISS;
    let wins = register
        .expect(
            "reshuffled epochs, m = 4, b = 1: share of the runs that the largest wins",
            (prediction.bound)(&START)[leader] + 0.3,
            "it wins all, where a lottery with these odds would let it win at most a share of c_j/‖c‖ = 0.60",
        )
        .control()
        .chance(runs)
        .at_least();
    let weight = register
        .expect(
            "reshuffled epochs, m = 4, b = 1: least of e^{A/2} cos(w, w_0)",
            prediction.weight_of_epochs,
            "the mean of the lottery is 1; here A is nearly the same in all runs, and above 2 log(1.1/0.59)",
        )
        .control()
        .chance(runs)
        .at_least();
    let rate = (prediction.diffusion_rate)(4, 1, STEP);
    Box::new(move |lab, findings| {
        let schedule = Schedule::new(ScheduleKind::Reshuffle, 4, Some(1), lab.cell_seed(&STUDY, 3 << 32))?;
        let ended = follow(lab, schedule, STEP, rate, &START, replicas)?;
        let won = ended.iter().filter(|run| run.winner == leader).count() as f64 / replicas as f64;
        let cosine = |run: &super::runs::Ended| run.stopped.iter().zip(&cosines).map(|(x, c)| x * c).sum();
        findings.checks.push(wins.measured(won, replicas));
        findings.checks.push(weight.measured(smallest(ended.iter().map(cosine)), replicas));
        findings.protocol.push(format!(
            "Control: {replicas} runs of reshuffled epochs of four single samples at η = {STEP}."
        ));
        Ok(())
    })
}
