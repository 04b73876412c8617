//! How fast the losers fall near a sample.

use super::setting::{ensemble, size, start};
use super::{Prediction, STUDY};
use crate::state::Neuron;
use crate::stats::{CHECK_LEVEL, Mean};
use crate::study::{Context, Part};
use crate::theory::unequal::Unequal;
use crate::verdict::Register;

/// Steps of a walk; it starts with losers of 1e-20, and none comes back.
const STEPS: u64 = 2000;
const FAINT: f64 = 1e-20;

/// Three samples, of which the last leads.
fn problem() -> Unequal {
    Unequal { norms_sq: vec![1.3, 0.8, 1.0], shares: vec![0.25, 0.4, 0.35], step_size: 0.31 }
}

const LEADER: usize = 2;

/// Mean fall of both losers, in units of what is predicted.
pub(super) fn near_a_sample(context: &Context, prediction: &Prediction, register: &mut Register) -> Part {
    let replicas: u64 = context.effort.pick(200, 800, 4000);
    let drifts = [0, 1].map(|j| (prediction.drift)(&problem(), LEADER, j));
    let expected = register
        .expect(
            "norms² 1.3, 0.8, 1, weights 0.25, 0.4, 0.35, η = 0.31: mean fall of log|u_0| and log|u_1| beside u_2 a step",
            drifts.iter().sum::<f64>() / 2.0,
            "q_j log(1 + ηn_j) − q_2 log 1/(1 − ηn_2), of a random walk; squares of 1e-20 are neglected",
        )
        .covered(context.effort.pick(0.0025, 0.00125, 0.00057));
    Box::new(move |lab, findings| {
        let problem = problem();
        let ensemble = ensemble(&problem, lab.cell_seed(&STUDY, 1 << 32), STEPS, STEPS)?;
        let ratio = |neuron: &Neuron, j: usize| size(&problem, neuron, j) / size(&problem, neuron, LEADER);
        let falls =
            ensemble.repeat(lab, &start(&problem, &[FAINT, FAINT, 1.0])?, replicas, |steps, neuron| {
                let fall = |j: usize| (ratio(neuron, j) / FAINT).ln();
                Some(0.5 * (fall(0) + fall(1)) / steps as f64)
            })?;
        let mean: Mean = falls.into_iter().flatten().collect();
        findings.checks.push(expected.estimated(mean.mean, mean.interval(CHECK_LEVEL), replicas));
        findings.protocol.push(format!("The fall of losers: {replicas} runs of {STEPS} steps."));
        Ok(())
    })
}
