//! Schedules whose long run leaves nothing to chance.

use super::setting::{Fall, Setting};
use super::{Prediction, STUDY, TIED};
use crate::problem::Reduction;
use crate::schedule::ScheduleKind;
use crate::study::Part;
use crate::theory::rate;
use crate::vectors::{largest, smallest};
use crate::verdict::Register;

/// Runs a setting.
const FEW: u64 = 10;

/// Every round visits each sample once: every loser of every run falls at the rate `λ`.
pub(super) fn single_samples(prediction: &Prediction, register: &mut Register) -> Part {
    use ScheduleKind::{Cyclic, Reshuffle};
    let held = [(Reshuffle, 5), (Reshuffle, 6), (Cyclic, 7)].map(|(kind, samples)| {
        let setting = Setting { kind, samples, batch: 1, eta: 0.17, reduction: Reduction::Sum };
        let name = format!("{}: largest relative deviation of any loser from λ", setting.name());
        let why = "every round visits each sample once; rounding of logarithms over the span";
        let check = register.expect(name, 0.0, why).chance(TIED).within(1e-9);
        (setting, setting.law(prediction).rate, check)
    });
    Box::new(move |lab, findings| {
        findings.protocol.push(format!(
            "{FEW} runs each of reshuffled epochs and cyclic SGD with b = 1, and of cyclic batches with (m, b) = (5, 2), (7, 3), (8, 2), \
             (6, 4). Control: a run of the full batch."
        ));
        for (k, (setting, expected, check)) in held.into_iter().enumerate() {
            let falls = setting.falls(lab, FEW, lab.cell_seed(&STUDY, 1 << 32 | k as u64))?;
            let off = |fall: &Fall| {
                let losers = fall.by_sample.iter().enumerate().filter(|(j, _)| *j != fall.winner);
                largest(losers.map(|(_, fall)| (fall / expected - 1.0).abs()))
            };
            findings.checks.push(check.measured(largest(falls.iter().map(off)), falls.len() as u64));
        }
        Ok(())
    })
}

/// Cyclic batches: each loser at its own rate, none for those that always come with the winner; and the slowest of the others.
pub(super) fn blocks(prediction: &Prediction, register: &mut Register) -> Part {
    let held = [(5, 2), (7, 3), (8, 2), (6, 4)].map(|(samples, batch)| {
        let setting =
            Setting { kind: ScheduleKind::Cyclic, samples, batch, eta: 0.15, reduction: Reduction::Sum };
        let mut expect = |what: &str, predicted: f64| {
            let name = format!("{}: {what}, over λ of b = 1", setting.name());
            register
                .expect(name, predicted, "counted windows; rounding of logarithms over the span")
                .chance(TIED)
                .within(1e-9)
        };
        let each = expect("largest deviation of any loser from its rate", 0.0);
        let slowest = (prediction.slowest)(samples, batch) as f64;
        (setting, each, expect("rate of the slowest losers that part from the winner", slowest))
    });
    let rate_of = prediction.blocks;
    Box::new(move |lab, findings| {
        for (k, (setting, each, slowest)) in held.into_iter().enumerate() {
            let Setting { samples, batch, .. } = setting;
            let unit = rate::cyclic_blocks(samples, 1, 0, 1, setting.step_per_sample());
            let off = |fall: &Fall| {
                let expected = |j| rate_of(samples, batch, fall.winner, j, setting.step_per_sample());
                largest((0..samples).map(|j| ((fall.by_sample[j] - expected(j)) / unit).abs()))
            };
            // Those that never part have a rate of rounding.
            let parting = |fall: &Fall| {
                let rates = fall.by_sample.iter().map(|rate| rate / unit);
                smallest(rates.filter(|rate| rate.abs() > 1e-6))
            };
            let falls = setting.falls(lab, FEW, lab.cell_seed(&STUDY, 2 << 32 | k as u64))?;
            let n = falls.len() as u64;
            findings.checks.push(each.measured(largest(falls.iter().map(off)), n));
            findings.checks.push(slowest.measured(smallest(falls.iter().map(parting)), n));
        }
        Ok(())
    })
}

/// The full batch has no losers.
pub(super) fn full_batch(prediction: &Prediction, register: &mut Register) -> Part {
    let (kind, reduction) = (ScheduleKind::Gd, Reduction::Mean);
    let setting = Setting { kind, samples: 5, batch: 5, eta: 0.2, reduction };
    let name = "full batch: largest fall of any log|c_j| a step";
    let still = register
        .expect(name, setting.law(prediction).rate, "all stand still at the mixture; rounding")
        .control()
        .within(1e-12);
    Box::new(move |lab, findings| {
        let (from, to) = (5000, 25_000);
        let replicas = setting.replicas(lab.cell_seed(&STUDY, 3 << 32))?;
        let falls = replicas
            .looked_at(lab, 1, &[from, to], |_, seen| Fall::between(&seen[0], &seen[1], to - from))?;
        let falls = falls.iter().flat_map(|fall| &fall.by_sample);
        findings.checks.push(still.measured(largest(falls.map(|fall| fall.abs())), 1));
        Ok(())
    })
}
