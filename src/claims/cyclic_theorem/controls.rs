//! Negative controls: what the same program must not verify, because the opposite is verified: a box of the region on which `W` falls.

use puremix_proof::certificate::{self, LAST};
use puremix_proof::failure::Failure;
use puremix_proof::interval::Interval;
use serde::{Deserialize, Serialize};

use super::{BEYOND, Inequality, PROVED, Prediction, narrow, range};
use crate::study::{Context, Effort, Part, Row, Table};
use crate::verdict::{OneSided, Register};

/// What must fail in the sectors.
struct Control {
    name: String,
    samples: usize,
    step_sizes: Interval,
    of: Inequality,
}

/// The first box on which `W` is verified to fall.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Witness {
    control: String,
    sector: usize,
    /// Intervals of the `y_i`, of `δ` and of `η`; `s = 0`.
    sides: String,
    /// What a cycle adds to `W` on it, at most.
    growth: f64,
}

impl Row for Witness {
    const TABLE: &'static str = "cyclic_theorem_controls";
}

pub(super) fn fail(context: &Context, prediction: &Prediction, register: &mut Register) -> Part {
    let step_sizes =
        if context.effort == Effort::Quick { narrow(0.2) } else { certificate::step_sizes(LAST) };
    let controls = [2, 3].into_iter().flat_map(|samples| of(samples, step_sizes, prediction));
    let controls: Vec<_> = controls
        .map(|control| {
            let why = "an upper bound, below 0, of the growth of W on a box that lies in the region, where the program fails; none if everything is verified, \
                       and undecided if boxes resist for no such reason";
            (register.expect(&control.name, 0.0, why).control().at_most(), control)
        })
        .collect();
    let (beyond, late) = (prediction.beyond, range(&[certificate::step_sizes(BEYOND)]));
    let why = "0 if the program gives up, 1 if it verifies all: a box at a datapoint resists; that W falls on one at s = 0 is not asked for here";
    let name = format!("m = 2, zones, {late}: verified");
    let verified = register.expect(name, 0.0, why).control().within(0.0);
    Box::new(move |lab, findings| {
        let is_verified = certificate::zones(2, certificate::step_sizes(beyond), PROVED).is_ok();
        findings.checks.push(verified.measured(f64::from(u8::from(is_verified)), 1));
        let seen = lab.each(controls, |(expected, control)| Ok(control.judged(expected)))?;
        let (checks, witnesses): (Vec<_>, Vec<_>) = seen.into_iter().unzip();
        let witnesses: Vec<Witness> = witnesses.into_iter().flatten().collect();
        findings.checks.extend(checks);
        findings.notes.extend(witnesses.iter().map(Witness::told));
        findings.tables.push(Table::of(witnesses));
        findings.protocol.push(format!(
            "Controls at {}, in the sectors: the map with the sign of η(2 − N) turned, W without D², and V of 0.8^j p_j in the place of p_j. Each must fail, and the first box, in \
             the order of bisections, on which W falls all over it, is the measurement. And the zones of two samples at {late}, which must not be verified.",
            range(&[step_sizes])
        ));
        Ok(())
    })
}

fn of(samples: usize, step_sizes: Interval, prediction: &Prediction) -> [Control; 3] {
    let Prediction { turned, without_defect, shifted, .. } = *prediction;
    let control = |what: &str, of| Control {
        name: format!("m = {samples}, sectors, {what}: growth on a box"),
        samples,
        step_sizes,
        of,
    };
    [
        control("the sign of η(2 − N) turned in the map", turned),
        control("W without D²", without_defect),
        control("V of shifted shares", shifted),
    ]
}

impl Control {
    fn judged(self, expected: OneSided) -> (crate::verdict::Check, Option<Witness>) {
        match certificate::sectors(self.samples, self.step_sizes, self.of) {
            Ok(_) => (expected.measured(f64::NAN, 1), None),
            Err(Failure::Open(_)) => (expected.measured(f64::NAN, 0), None),
            Err(Failure::Falls(fall)) => {
                let sides = fall.sides.iter().map(|side| format!("[{}, {}]", side.low, side.high));
                let sides = sides.collect::<Vec<_>>().join(" × ");
                let witness = Witness { control: self.name, sector: fall.sector, sides, growth: fall.growth };
                (expected.measured(fall.growth, 1), Some(witness))
            }
        }
    }
}

impl Witness {
    fn told(&self) -> String {
        let Self { control, sector, sides, growth } = self;
        format!("Control {control} {sides} of sector {sector} (y, δ, η; s = 0) is at most {growth:.3e}.")
    }
}
