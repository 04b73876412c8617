//! Negative controls: what the same program must not verify.

use puremix_proof::certificate::{self, LAST};

use super::{Inequality, PROVED, Prediction, range};
use crate::study::{Context, Effort, Part};
use crate::verdict::Register;

/// What must meet a box that resists: the zones of a piece, or its sectors.
struct Control {
    name: String,
    samples: usize,
    piece: usize,
    of: Inequality,
    zones: bool,
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
            Ok(expected.measured(f64::from(u8::from(control.is_verified())), 1))
        })?);
        findings.protocol.push(format!(
            "Controls at {}: the map with the sign of η(2 − N) turned, in the sectors (for m = 3, whose sectors take minutes, in the zones); in the sectors W \
             without D², and V of 0.8^j p_j in the place of p_j. And the zones at step sizes at which datapoints repel.",
            range(LAST, LAST)
        ));
        Ok(())
    })
}

fn of(samples: usize, effort: Effort, prediction: &Prediction) -> Vec<Control> {
    let Prediction { turned, without_defect, shifted, beyond, .. } = *prediction;
    let control = |what: &str, zones, piece, of| Control {
        name: format!("m = {samples}, {what}: verified"),
        samples,
        piece,
        of,
        zones,
    };
    let mut controls = vec![
        control(&format!("zones, {}", range(140, 140)), true, beyond, PROVED),
        if samples == 2 {
            control("sectors, the sign of η(2 − N) turned in the map", false, LAST, turned)
        } else {
            control("zones, the sign of η(2 − N) turned in the map", true, LAST, turned)
        },
    ];
    // These take 5 s of three samples.
    if samples == 2 || effort != Effort::Quick {
        controls.push(control("sectors, W without D²", false, LAST, without_defect));
        controls.push(control("sectors, V of shifted shares", false, LAST, shifted));
    }
    controls
}

impl Control {
    fn is_verified(&self) -> bool {
        let verify = if self.zones { certificate::zones } else { certificate::sectors };
        verify(self.samples, self.piece, self.of).is_ok()
    }
}
