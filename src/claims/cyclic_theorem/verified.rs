//! The lemma that a machine verifies, piece by piece of the step sizes.

use puremix_proof::certificate;
use puremix_proof::cover::{CONVEX, GROWS, OUTSIDE};
use puremix_proof::failure::Failure;
use puremix_proof::interval::Interval;
use serde::{Deserialize, Serialize};

use super::orbits::{Orbits, orbits};
use super::{Prediction, narrow, piece_of, range};
use crate::study::{Effort, Findings, Part, Row, Table};
use crate::verdict::{Equality, Register};

/// The closed form of an orbit, and squares of its correlations, are rounded to some thirty places.
const ROUNDED: f64 = 30.0 * f64::EPSILON;

/// What is verified of a number of samples.
#[derive(Clone, Debug)]
pub(super) struct Case {
    samples: usize,
    /// Intervals of step sizes that lie side by side.
    step_sizes: Vec<Interval>,
}

/// The cases of an effort, for one step size or those of the protocol. Three samples take 16 s a piece near 1/5, which is more than a quick look: that verifies all
/// of the region as well, but for fewer step sizes.
pub(super) fn cases(effort: Effort, step_size: Option<f64>) -> [Case; 2] {
    let at = step_size.unwrap_or(0.2);
    let from = |first: usize| match (effort, step_size) {
        (Effort::Quick, _) => vec![narrow(at)],
        (Effort::Full, None) => (first..=piece_of(at)).map(certificate::step_sizes).collect(),
        _ => vec![certificate::step_sizes(piece_of(at))],
    };
    [(2, from(2)), (3, from(piece_of(at) - 1))].map(|(samples, step_sizes)| Case { samples, step_sizes })
}

/// What was verified for an interval of step sizes. Counts are of boxes, and missing where a box resists.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Boxes {
    samples: usize,
    /// The interval of step sizes.
    least_step_size: f64,
    largest_step_size: f64,
    in_zones: Option<usize>,
    growth: Option<usize>,
    outside: Option<usize>,
    /// Mixed orbits that are enclosed in their zones, and how far the closed form lies from the enclosures.
    orbits: usize,
    beside: f64,
}

impl Row for Boxes {
    const TABLE: &'static str = "cyclic_theorem_boxes";
}

/// The checks of a case.
struct Checks {
    zones: Equality,
    orbits: Equality,
    beside: Equality,
    sectors: Equality,
}

/// A verified part, or what stands in its way.
type Verified = std::result::Result<String, Failure>;

pub(super) fn all(cases: &[Case], prediction: &Prediction, register: &mut Register) -> Part {
    let checks: Vec<Checks> = cases.iter().map(|case| case.checks(prediction, register)).collect();
    let (cases, prediction) = (cases.to_vec(), prediction.clone());
    Box::new(move |lab, findings| {
        let mut rows = Vec::new();
        for (case, checks) in cases.iter().zip(checks) {
            let seen = lab.each(&case.step_sizes, |step_sizes| {
                let of = prediction.inequality;
                let parts = [certificate::zones, certificate::sectors];
                let parts = parts.map(|verify| verify(case.samples, *step_sizes, of));
                let failed = parts.iter().filter_map(|part| part.as_ref().err());
                let failed = failed
                    .map(|failure| format!("m = {}, {}: {failure}.", case.samples, range(&[*step_sizes])));
                let notes: Vec<String> = failed.collect();
                Ok((notes, Boxes::of(case.samples, *step_sizes, parts, prediction.orbit)))
            })?;
            let (notes, seen): (Vec<Vec<String>>, Vec<Boxes>) = seen.into_iter().unzip();
            findings.notes.extend(notes.into_iter().flatten());
            checks.judge(&seen, findings);
            findings.protocol.push(case.told());
            findings.notes.extend(case.counted(&seen));
            rows.extend(seen);
        }
        findings.tables.push(Table::of(rows));
        Ok(())
    })
}

impl Case {
    fn checks(&self, prediction: &Prediction, register: &mut Register) -> Checks {
        let name = format!("m = {}, {}", self.samples, range(&self.step_sizes));
        let why = "interval arithmetic: on every box about a mixed orbit growth increases in s and in the y_i outside the support, and its Hessian in the \
                   others and δ is positive definite";
        let mut expect = |what: &str, predicted, tolerance, why| {
            register.expect(format!("{name}: {what}"), predicted, why).within(tolerance)
        };
        let zones = expect("step sizes with a box in a zone that resists", 0.0, 0.0, why);
        let why = "2^m − 1, one a support: Krawczyk's operator encloses a zero of g_j − 1, j in the support, found by Newton's method from even shares, at both ends and the \
                   middle of the step sizes, and all zones of its support that were verified hold it";
        let expected = (prediction.orbits)(self.samples) as f64;
        let orbits =
            expect("mixed orbits that are enclosed in verified zones, the fewest", expected, 0.0, why);
        let why =
            "squares of the correlations before a cycle; the closed form is rounded to some thirty places";
        let beside =
            expect("largest distance of the orbits' closed form from the enclosures", 0.0, ROUNDED, why);
        let why = "interval arithmetic: every box of every sector is in a zone, or outside the region, or W grows on it by more than a positive number";
        let sectors = expect("step sizes with a box outside the zones that resists", 0.0, 0.0, why);
        Checks { zones, orbits, beside, sectors }
    }

    fn told(&self) -> String {
        format!(
            "m = {}, every real {}: the region, cut into boxes by bisection until each is verified. Intervals have f64 ends, rounded outwards.",
            self.samples,
            range(&self.step_sizes)
        )
    }

    fn counted(&self, seen: &[Boxes]) -> Option<String> {
        let sum = |of: fn(&Boxes) -> Option<usize>| seen.iter().map(of).sum::<Option<usize>>();
        let [zones, growth, outside] =
            [sum(|row| row.in_zones)?, sum(|row| row.growth)?, sum(|row| row.outside)?];
        let (m, range) = (self.samples, range(&self.step_sizes));
        Some(format!(
            "m = {m}, {range}: {zones} boxes in zones are verified, on {growth} W grows, {outside} lie outside the region."
        ))
    }
}

impl Checks {
    fn judge(self, seen: &[Boxes], findings: &mut Findings) {
        let missing =
            |of: fn(&Boxes) -> Option<usize>| seen.iter().filter(|row| of(row).is_none()).count() as f64;
        let pieces = seen.len() as u64;
        findings.checks.push(self.zones.measured(missing(|row| row.in_zones), pieces));
        let fewest = seen.iter().map(|row| row.orbits).min().unwrap_or(0);
        findings.checks.push(self.orbits.measured(fewest as f64, pieces));
        let beside = seen.iter().map(|row| row.beside).fold(0.0, f64::max);
        findings.checks.push(self.beside.measured(beside, pieces));
        findings.checks.push(self.sectors.measured(missing(|row| row.growth), pieces));
    }
}

impl Boxes {
    fn of(
        samples: usize,
        step_sizes: Interval,
        parts: [Verified; 2],
        closed_form: fn(usize, f64) -> Vec<f64>,
    ) -> Self {
        let [zones, sectors] = parts.map(Verified::ok);
        let count = |text: &Option<String>, kind| text.as_ref().map(|text| certificate::leaves(text, kind));
        let verified = zones.as_deref().unwrap_or_default();
        let Orbits { enclosed, beside } = match samples {
            2 => orbits::<2>(verified, step_sizes, closed_form),
            _ => orbits::<3>(verified, step_sizes, closed_form),
        };
        Self {
            samples,
            least_step_size: step_sizes.low,
            largest_step_size: step_sizes.high,
            in_zones: count(&zones, CONVEX),
            growth: count(&sectors, GROWS),
            outside: count(&sectors, OUTSIDE),
            orbits: enclosed,
            beside,
        }
    }
}
