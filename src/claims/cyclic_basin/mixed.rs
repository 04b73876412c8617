//! The orbits between the basins: mixed orbits and their multipliers.

use itertools::Itertools;
use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};

use super::Prediction;
use crate::error::Result;
use crate::schedule::Schedule;
use crate::study::ensemble::Ensemble;
use crate::study::{Part, Row, Table};
use crate::theory::cyclic;
use crate::vectors::{largest, smallest};
use crate::verdict::{Equality, Register};

/// Step sizes for two samples, up to nearly the threshold at ½.
const PAIRS: [f64; 6] = [0.2, 0.02, 0.1716, 1.0 / 3.0, 0.45, 0.499];

/// Numbers of samples whose supports are walked through, and step sizes.
const SAMPLES: [usize; 3] = [3, 4, 5];
const STEP_SIZES: [f64; 3] = [0.05, 0.2, 0.45];

/// Half the distance over which the engine's cycle map is differenced: errors of 1e-10 from the third derivative, 1e-11 from rounding.
const NUDGE: f64 = 1e-5;

/// A mixed orbit, just before the first sample is visited. Lists are separated by blanks.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct MixedOrbit {
    samples: usize,
    step_size: f64,
    support: String,
    correlations: String,
    multipliers: String,
    unstable: usize,
    #[serde(rename = "move")]
    moved: f64,
}

impl Row for MixedOrbit {
    const TABLE: &'static str = "cyclic_mixed_orbits";
}

/// Where the engine is after a cycle, from each of several points.
fn cycle(eta: f64, points: &[Vec<f64>]) -> Result<Vec<Vec<f64>>> {
    let m = points[0].len();
    let ensemble = Ensemble::new(Schedule::cyclic(m, 1)?, eta, m as f64, m as f64)?;
    let starts = points.iter().map(|c| ensemble.start(c, 0.0)).collect::<Result<Vec<_>>>()?;
    let after = ensemble.run(&starts, 0, |_, neuron| Some(neuron.correlations.clone()))?;
    Ok(after.into_iter().map(|c| c.unwrap_or_else(|| vec![f64::NAN; m])).collect())
}

/// Largest change of a coordinate over a cycle of the engine.
fn displacement(eta: f64, point: &[f64]) -> Result<f64> {
    let after = cycle(eta, &[point.to_vec()])?.remove(0);
    Ok(largest(after.iter().zip(point).map(|(a, b)| (a - b).abs())))
}

/// Sizes of the multipliers of the engine's cycle map at a point, ascending, by central differences; NaN if they are not found.
fn multipliers(eta: f64, point: &[f64]) -> Result<Vec<f64>> {
    let m = point.len();
    let nudged = |j: usize, by: f64| {
        let mut c = point.to_vec();
        c[j] += by;
        c
    };
    let points: Vec<Vec<f64>> = (0..m).flat_map(|j| [nudged(j, NUDGE), nudged(j, -NUDGE)]).collect();
    let after = cycle(eta, &points)?;
    let jacobian = DMatrix::from_fn(m, m, |i, j| (after[2 * j][i] - after[2 * j + 1][i]) / (2.0 * NUDGE));
    Ok(cyclic::mixed::multipliers(&jacobian))
}

/// What the mixed orbits of two samples are held to: that they stand still, their two multipliers at the first step size, those at all, and that they are saddles.
fn of_pairs(prediction: &Prediction, register: &mut Register) -> [Equality; 5] {
    let (min, max) = (smallest(PAIRS), largest(PAIRS));
    let range = format!("m = 2, {} step sizes from {min} to {max}", PAIRS.len());
    let mut within = |name: String, predicted, why: &str, tolerance| {
        register.expect(name, predicted, why).within(tolerance)
    };
    let still = within(
        format!("{range}: largest move of the mixed orbit over a cycle"),
        0.0,
        "the root of a cubic is a fixed point of the engine's cycle map; some 20 roundings of 1e-16",
        1e-14,
    );
    let why = "closed forms against central differences of the engine's cycle map, right to some 1e-10";
    let [inner, outer] = {
        let [smaller, larger] = (prediction.multipliers)(PAIRS[0]);
        [("smaller", smaller), ("larger", larger)].map(|(which, predicted)| {
            let name = format!("m = 2, η = {}: {which} multiplier of the mixed orbit", PAIRS[0]);
            within(name, predicted, why, 1e-8)
        })
    };
    let agree = within(format!("{range}: largest error of a multiplier of the mixed orbit"), 0.0, why, 1e-8);
    let saddle = within(
        format!("{range}: step sizes at which the mixed orbit is a saddle"),
        PAIRS.len() as f64,
        "one multiplier inside the unit circle and one outside",
        0.0,
    );
    [still, inner, outer, agree, saddle]
}

/// Two samples: the closed form against the engine.
pub(super) fn pairs(prediction: &Prediction, register: &mut Register) -> Part {
    let [still, inner, outer, agree, saddle] = of_pairs(prediction, register);
    let prediction = prediction.clone();
    Box::new(move |lab, findings| {
        let seen = lab.each(PAIRS, |eta| {
            let orbit = (prediction.mixed)(2, eta);
            Ok((displacement(eta, &orbit)?, multipliers(eta, &orbit)?))
        })?;
        let errors = PAIRS.iter().zip(&seen).map(|(eta, (_, seen))| {
            let predicted = (prediction.multipliers)(*eta);
            largest([(seen[0] - predicted[0]).abs(), (seen[1] - predicted[1]).abs()])
        });
        let saddles = seen.iter().filter(|(_, seen)| seen[0] < 1.0 && seen[1] > 1.0).count();
        let n = PAIRS.len() as u64;
        findings.checks.extend([
            still.measured(largest(seen.iter().map(|(moved, _)| *moved)), n),
            inner.measured(seen[0].1[0], 1),
            outer.measured(seen[0].1[1], 1),
            agree.measured(largest(errors), n),
            saddle.measured(saddles as f64, n),
        ]);
        Ok(())
    })
}

const NOT_EVERY_START: &str = "Not every start ends in a datapoint. Each datapoint attracts a neighbourhood (multipliers 1 − 4η, 1 − η², residual 1 − η), so basins are \
     open; the starts with all c_j > 0 and ‖w_0‖ < 1 are a connected set that meets two of them, and disjoint open sets do not cover a \
     connected set. For m = n = 2 and η < 3 − 2√2 the exceptional starts, a set of measure zero, end in the mixed orbit (proved in \
     theory::cyclic::mixed); that they are of measure zero beyond is a conjecture.";

/// One orbit a support.
pub(super) fn supports(prediction: &Prediction, register: &mut Register) -> Part {
    let mut cells: Vec<(f64, usize, usize)> = Vec::new();
    for (eta, m) in STEP_SIZES.into_iter().cartesian_product(SAMPLES) {
        cells.extend((1..1 << m).map(|support| (eta, m, support)));
    }
    let range =
        format!("m = 3, 4, 5, η = 0.05, 0.2, 0.45, an orbit for each support S ({} pooled)", cells.len());
    let why = "a fixed point of the engine's cycle map; some 50 roundings of 1e-16";
    let still = register.expect(format!("{range}: largest move over a cycle"), 0.0, why).within(1e-14);
    let why = "sizes from central differences of the engine's cycle map, right to 1e-6; the nearest to 1 differs by 9e-4";
    let name = format!("{range}: orbits with |S| − 1 multipliers outside the unit circle");
    let counted = register.expect(name, cells.len() as f64, why).within(0.0);
    let prediction = prediction.clone();
    Box::new(move |lab, findings| {
        let orbits = lab.each(cells, |cell| orbit(&prediction, cell))?;
        let n = orbits.len() as u64;
        findings.protocol.push(format!(
            "A cycle from the mixed orbit of two samples at {} step sizes, and from the {n} orbits of all supports for m = {}, η = {}, with the \
             multipliers of the cycle map by central differences; and a start on the boundary for m = 2, bisected to one ulp.",
            PAIRS.len(),
            SAMPLES.iter().join(", "),
            STEP_SIZES.iter().join(", "),
        ));
        findings.checks.push(still.measured(largest(orbits.iter().map(|(orbit, _)| orbit.moved)), n));
        let right = orbits.iter().filter(|(_, is_right)| *is_right).count();
        findings.checks.push(counted.measured(right as f64, n));
        findings.tables.push(Table::of(orbits.into_iter().map(|(orbit, _)| orbit)));
        findings.notes.push(NOT_EVERY_START.into());
        Ok(())
    })
}

/// The mixed orbit of a support, the set bits, and whether it has as many unstable directions as predicted.
fn orbit(prediction: &Prediction, (eta, m, support): (f64, usize, usize)) -> Result<(MixedOrbit, bool)> {
    let members: Vec<usize> = (0..m).filter(|i| support >> i & 1 == 1).collect();
    let mut point = vec![0.0; m];
    members.iter().zip((prediction.mixed)(members.len(), eta)).for_each(|(i, c)| point[*i] = c);
    let sizes = multipliers(eta, &point)?;
    let unstable = sizes.iter().filter(|size| **size > 1.0).count();
    let row = MixedOrbit {
        samples: m,
        step_size: eta,
        support: members.iter().join(" "),
        correlations: point.iter().join(" "),
        multipliers: sizes.iter().join(" "),
        unstable,
        moved: displacement(eta, &point)?,
    };
    Ok((row, unstable == (prediction.unstable)(members.len())))
}
