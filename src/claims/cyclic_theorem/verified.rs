//! The lemma that a machine verifies, piece by piece of the step sizes.

use std::collections::BTreeSet;

use itertools::Itertools;
use puremix_proof::certificate;
use puremix_proof::cover::{CONVEX, GROWS, OUTSIDE};
use serde::{Deserialize, Serialize};

use super::{Prediction, piece_of, range};
use crate::study::{Effort, Findings, Part, Row, Table};
use crate::verdict::{Equality, Register};

/// What is verified of a number of samples.
#[derive(Clone, Debug)]
pub(super) struct Case {
    samples: usize,
    /// First and last piece.
    pieces: (usize, usize),
    /// Whether all of the region is covered, or its zones alone.
    whole: bool,
}

/// The cases of an effort, for one step size or those of the protocol. Three samples take 16 s a piece near 1/5, which is more than a quick look.
pub(super) fn cases(effort: Effort, step_size: Option<f64>) -> [Case; 2] {
    let piece = piece_of(step_size.unwrap_or(0.2));
    let from =
        |first: usize| (if step_size.is_some() { piece } else { effort.pick(piece, piece, first) }, piece);
    [
        Case { samples: 2, pieces: from(2), whole: true },
        Case { samples: 3, pieces: from(piece - 1), whole: effort != Effort::Quick },
    ]
}

/// What was verified for a piece. Counts are of boxes, and missing where it was not asked for, or a box resists.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Boxes {
    samples: usize,
    /// Step sizes between `piece/256` and `(piece + 1)/256`.
    piece: usize,
    in_zones: Option<usize>,
    growth: Option<usize>,
    outside: Option<usize>,
    orbits: usize,
}

impl Row for Boxes {
    const TABLE: &'static str = "cyclic_theorem_boxes";
}

/// The checks of a case.
struct Checks {
    zones: Equality,
    orbits: Equality,
    sectors: Option<Equality>,
}

/// A piece's verified part, or the box that resists.
type Verified = std::result::Result<String, String>;

pub(super) fn all(cases: &[Case], prediction: &Prediction, register: &mut Register) -> Part {
    let checks: Vec<Checks> = cases.iter().map(|case| case.checks(prediction, register)).collect();
    let (cases, of) = (cases.to_vec(), prediction.inequality);
    Box::new(move |lab, findings| {
        let mut rows = Vec::new();
        for (case, checks) in cases.iter().zip(checks) {
            let seen = lab.each(case.pieces.0..=case.pieces.1, |piece| {
                let zones = certificate::zones(case.samples, piece, of);
                Ok((piece, zones, case.whole.then(|| certificate::sectors(case.samples, piece, of))))
            })?;
            let parts = seen.iter().flat_map(|(piece, zones, sectors)| {
                [Some(zones), sectors.as_ref()].into_iter().flatten().map(move |part| (piece, part))
            });
            findings.notes.extend(parts.filter_map(|(piece, part)| {
                let resists = part.as_ref().err()?;
                Some(format!("m = {}, {}: {resists} resists.", case.samples, range(*piece, *piece)))
            }));
            let seen = seen
                .into_iter()
                .map(|(piece, zones, sectors)| Boxes::of(case.samples, piece, zones, sectors));
            let seen: Vec<Boxes> = seen.collect();
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
        let name = format!("m = {}, {}", self.samples, range(self.pieces.0, self.pieces.1));
        let why = "interval arithmetic: on every box about a mixed orbit growth increases in s and in the y_i outside the support, and its Hessian in the \
                   others and δ is positive definite";
        let zones = register.expect(format!("{name}: pieces with a box in a zone that resists"), 0.0, why);
        let zones = zones.within(0.0);
        let why = "2^m − 1, one a support, each inside its zone for every η of a piece; by the inertia theorem that of k samples has k − 1 multipliers outside the unit circle";
        let orbits = register
            .expect(
                format!("{name}: mixed orbits with a zone that is verified, the fewest of a piece"),
                (prediction.orbits)(self.samples) as f64,
                why,
            )
            .within(0.0);
        let why = "interval arithmetic: every box of every sector is in a zone, or outside the region, or W grows on it by more than a positive number";
        let sectors = self.whole.then(|| {
            register
                .expect(format!("{name}: pieces with a box outside the zones that resists"), 0.0, why)
                .within(0.0)
        });
        Checks { zones, orbits, sectors }
    }

    fn told(&self) -> String {
        let (m, range) = (self.samples, range(self.pieces.0, self.pieces.1));
        let what = if self.whole {
            "the region, cut into boxes by bisection until each is verified"
        } else {
            "the zones about the mixed orbits alone; the rest takes some 16 s, from standard effort on"
        };
        format!("m = {m}, every real {range}: {what}. Intervals have f64 ends, rounded outwards.")
    }

    fn counted(&self, seen: &[Boxes]) -> Option<String> {
        let sum = |of: fn(&Boxes) -> Option<usize>| seen.iter().map(of).sum::<Option<usize>>();
        let zones = sum(|row| row.in_zones)?;
        let rest = sum(|row| row.growth).zip(sum(|row| row.outside));
        let rest =
            rest.map(|(growth, outside)| format!(", on {growth} W grows, {outside} lie outside the region"));
        let (m, range) = (self.samples, range(self.pieces.0, self.pieces.1));
        Some(format!("m = {m}, {range}: {zones} boxes in zones are verified{}.", rest.unwrap_or_default()))
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
        let sectors = self.sectors.map(|sectors| sectors.measured(missing(|row| row.growth), pieces));
        findings.checks.extend(sectors);
    }
}

impl Boxes {
    fn of(samples: usize, piece: usize, zones: Verified, sectors: Option<Verified>) -> Self {
        let zones = zones.ok();
        let sectors = sectors.and_then(Verified::ok);
        let count = |text: &Option<String>, kind| text.as_ref().map(|text| certificate::leaves(text, kind));
        Self {
            samples,
            piece,
            in_zones: count(&zones, CONVEX),
            growth: count(&sectors, GROWS),
            outside: count(&sectors, OUTSIDE),
            orbits: zones.map_or(0, |text| supports(&text).len()),
        }
    }
}

/// The supports whose zones a certificate has: that of the line `zone J SMALL …` is `J` with the samples that `SMALL` does not mark.
fn supports(certificate: &str) -> BTreeSet<Vec<usize>> {
    let zones = certificate.lines().filter_map(|line| line.strip_prefix("zone "));
    let of = |line: &str| {
        let (sector, small) = line.split(' ').take(2).collect_tuple()?;
        let sector: usize = sector.parse().ok()?;
        let others = small.chars().enumerate().filter(|(_, small)| *small == '0');
        Some(others.map(|(i, _)| if i < sector { i } else { i + 1 }).chain([sector]).sorted().collect())
    };
    zones.filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn supports_are_read_off_the_zones() {
        let text =
            "zone 0 00 1 2 3 c\nzone 1 01 1 2 3 c\nzone 2 10 1 2 3 c\nzone 2 11 1 2 3 0cc\nsector 0 +\n";
        let supports: Vec<Vec<usize>> = supports(text).into_iter().collect();
        assert_eq!(supports, [vec![0, 1], vec![0, 1, 2], vec![1, 2], vec![2]]);
    }
}
