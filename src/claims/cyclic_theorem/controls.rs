//! Negative controls: what the same program must not verify.

use puremix_proof::certificate::{self, LAST};

use super::{Prediction, range};
use crate::study::{Context, Effort, Part};
use crate::verdict::Register;

/// A verification that must meet a box that resists.
struct Control {
    name: String,
    verify: Box<dyn Fn() -> bool + Send + Sync>,
}

pub(super) fn resist(context: &Context, prediction: &Prediction, register: &mut Register) -> Part {
    let controls = [2, 3].into_iter().flat_map(|samples| of(samples, context.effort, prediction));
    let controls: Vec<_> = controls
        .map(|control| {
            let why = "1 if everything were verified: its hypothesis is broken, so that a box must resist";
            let expected = register.expect(&control.name, 0.0, why).control().within(0.0);
            (expected, control)
        })
        .collect();
    Box::new(move |lab, findings| {
        findings.checks.extend(lab.each(controls, |(expected, control)| {
            Ok(expected.measured(f64::from(u8::from((control.verify)())), 1))
        })?);
        findings.protocol.push(format!(
            "Controls at {}, in the zones alone: the map with the sign of η(2 − N) turned, and W without D²; in all sectors: V of 0.8^j p_j in the place of p_j. And the zones \
             at step sizes at which datapoints repel.",
            range(LAST, LAST)
        ));
        Ok(())
    })
}

fn of(samples: usize, effort: Effort, prediction: &Prediction) -> Vec<Control> {
    let Prediction { turned, without_defect, shifted, beyond, .. } = *prediction;
    let control = |what: &str, verify| Control { name: format!("m = {samples}, {what}: verified"), verify };
    let mut controls = vec![
        control(
            &format!("zones, {}", range(140, 140)),
            Box::new(move || certificate::zones(samples, beyond, puremix_proof::cycle::PROVED).is_ok()),
        ),
        control(
            "zones, the sign of η(2 − N) turned in the map",
            Box::new(move || certificate::zones(samples, LAST, turned).is_ok()),
        ),
        control(
            "zones, W without D²",
            Box::new(move || certificate::zones(samples, LAST, without_defect).is_ok()),
        ),
    ];
    // That takes 5 s of three samples.
    if samples == 2 || effort != Effort::Quick {
        controls.push(control(
            "sectors, V of shifted shares",
            Box::new(move || certificate::sectors(samples, LAST, shifted).is_ok()),
        ));
    }
    controls
}
