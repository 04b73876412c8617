//! The orbits between the basins: mixed orbits, their multipliers, and a run that stays by one.

use std::cell::RefCell;

use super::Prediction;
use crate::error::Result;
use crate::schedule::Schedule;
use crate::study::ensemble::{Ensemble, lead};
use crate::study::{Context, Findings, Table};
use crate::theory::cyclic;
use crate::vectors::{largest, smallest};
use crate::verdict::Expectation;
use itertools::Itertools;
use nalgebra::DMatrix;

/// Step sizes for two samples, up to nearly the threshold at ½.
const PAIRS: [f64; 6] = [0.2, 0.02, 0.1716, 1.0 / 3.0, 0.45, 0.499];

/// Numbers of samples whose supports are walked through, and step sizes.
const SAMPLES: [usize; 3] = [3, 4, 5];
const STEP_SIZES: [f64; 3] = [0.05, 0.2, 0.45];

/// Half the distance over which the engine's cycle map is differenced: errors of 1e-10 from the third derivative, 1e-11 from rounding.
const NUDGE: f64 = 1e-5;

/// The step size and the earlier correlation of the bisected starts, and how near the orbit a run counts as staying.
const BISECTED: (f64, f64) = (0.2, 0.2);
const NEAR: f64 = 1e-3;

/// What rounding leaves of the distance from the boundary at most, and the distances between which it is seen to grow.
const LEFT: f64 = 1e-14;
const GROWTH: (f64, f64) = (1e-10, 1e-5);

pub(super) fn examine(context: &Context, prediction: &Prediction, findings: &mut Findings) -> Result<()> {
    pairs(prediction, findings)?;
    boundary_run(prediction, findings)?;
    supports(context, prediction, findings)?;
    findings.notes.push(
        "Not every start ends in a datapoint. Each datapoint attracts a neighbourhood (multipliers 1 − 4η, 1 − η², residual 1 − η), so basins are \
         open; the starts with all c_j > 0 and ‖w_0‖ < 1 are a connected set that meets two of them, and disjoint open sets do not cover a \
         connected set. For m = n = 2 and η < 3 − 2√2 the exceptional starts, a set of measure zero, end in the mixed orbit (proved in \
         theory::cyclic::mixed); that they are of measure zero beyond is a conjecture."
            .into(),
    );
    Ok(())
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

/// Two samples: the closed form against the engine.
fn pairs(prediction: &Prediction, findings: &mut Findings) -> Result<()> {
    let (min, max) = (smallest(PAIRS), largest(PAIRS));
    let range = format!("m = 2, {} step sizes from {min} to {max}", PAIRS.len());
    let still = Expectation::new(
        format!("{range}: largest move of the mixed orbit over a cycle"),
        0.0,
        "the root of a cubic is a fixed point of the engine's cycle map; some 20 roundings of 1e-16",
    )
    .within(1e-14);
    let why = "closed forms against central differences of the engine's cycle map, right to some 1e-10";
    let agree =
        Expectation::new(format!("{range}: largest error of a multiplier of the mixed orbit"), 0.0, why)
            .within(1e-8);
    let saddle = Expectation::new(
        format!("{range}: step sizes at which the mixed orbit is a saddle"),
        PAIRS.len() as f64,
        "one multiplier inside the unit circle and one outside",
    )
    .within(0.0);
    let at_fifth = (prediction.multipliers)(BISECTED.0);
    let [inner, outer] = [("smaller", at_fifth[0]), ("larger", at_fifth[1])].map(|(which, predicted)| {
        Expectation::new(
            format!("m = 2, η = {}: {which} multiplier of the mixed orbit", BISECTED.0),
            predicted,
            why,
        )
        .within(1e-8)
    });
    let orbits = PAIRS.map(|eta| (prediction.mixed)(2, eta));
    let moves = PAIRS
        .iter()
        .zip(&orbits)
        .map(|(eta, orbit)| displacement(*eta, orbit))
        .collect::<Result<Vec<_>>>()?;
    let seen =
        PAIRS.iter().zip(&orbits).map(|(eta, orbit)| multipliers(*eta, orbit)).collect::<Result<Vec<_>>>()?;
    let errors = PAIRS.iter().zip(&seen).map(|(eta, seen)| {
        let predicted = (prediction.multipliers)(*eta);
        largest([(seen[0] - predicted[0]).abs(), (seen[1] - predicted[1]).abs()])
    });
    let saddles = seen.iter().filter(|seen| seen[0] < 1.0 && seen[1] > 1.0).count();
    let n = PAIRS.len() as u64;
    findings.checks.extend([
        still.measured(largest(moves), n),
        inner.measured(seen[0][0], 1),
        outer.measured(seen[0][1], 1),
        agree.measured(largest(errors), n),
        saddle.measured(saddles as f64, n),
    ]);
    Ok(())
}

/// Bisection to neighbouring floats. What rounding leaves of the distance from the boundary, some ulps, grows by the larger multiplier a
/// cycle once a cycle's growth exceeds an ulp, at some 13 ulps; until then rounding may hold the run.
fn boundary_run(prediction: &Prediction, findings: &mut Findings) -> Result<()> {
    let (eta, first) = BISECTED;
    let (orbit, growth) = ((prediction.mixed)(2, eta), (prediction.multipliers)(eta)[1]);
    let name = format!("m = 2, η = {eta}, c_0 = {first}, c_1 on the boundary to one ulp:");
    let stay = Expectation::new(
        format!("{name} cycles within {NEAR} of the mixed orbit"),
        (NEAR / LEFT).ln() / growth.ln(),
        format!("log({NEAR}/{LEFT:.0e}) over the log of the larger multiplier; rounding leaves less than {LEFT:.0e}, 45 ulps"),
    )
    .at_least();
    let pass = Expectation::new(
        format!("{name} least distance from the mixed orbit"),
        0.0,
        format!("the run follows a start that ends in the orbit, up to {LEFT:.0e}"),
    )
    .within(LEFT);
    let leave = Expectation::new(
        format!("{name} growth of the distance a cycle, from {:.0e} to {:.0e}", GROWTH.0, GROWTH.1),
        growth,
        "the larger multiplier; the distance is right to a part in 1e5 at both ends, which 300 cycles divide",
    )
    .within(1e-6);
    let (low, run) = last_of_the_first(eta, first, &orbit)?;
    let near = run.iter().filter(|distance| **distance < NEAR).count();
    findings.checks.push(stay.measured(near as f64, 1));
    findings.checks.push(pass.measured(smallest(run.iter().copied()), 1));
    let last_below = |distance: f64| run.iter().rposition(|other| *other < distance).unwrap_or(0);
    let (from, to) = (last_below(GROWTH.0), last_below(GROWTH.1));
    let factor = (run[to] / run[from]).powf(1.0 / (to as f64 - from as f64));
    findings.checks.push(leave.measured(factor, (to - from) as u64));
    findings.notes.push(format!(
        "Boundary at η = {eta}, c_0 = {first}: a_0 wins from c_1 = {low:?}, and not from the next float. Rounding throws the run out of the \
         mixed orbit after {near} cycles within {NEAR} of it."
    ));
    Ok(())
}

/// By bisection a float `c_1` from which the first sample wins while it does not from the next, and the distances of that run from a point,
/// cycle by cycle.
fn last_of_the_first(eta: f64, first: f64, orbit: &[f64]) -> Result<(f64, Vec<f64>)> {
    let ensemble = Ensemble::new(Schedule::cyclic(2, 1)?, eta, 2.0, 2e4)?;
    let run = |second: f64| -> Result<(Option<usize>, Vec<f64>)> {
        let distances = RefCell::new(Vec::new());
        let winner = ensemble.run(&[ensemble.start(&[first, second], 0.0)?], 0, |_, neuron| {
            let c = &neuron.correlations;
            distances.borrow_mut().push((c[0] - orbit[0]).hypot(c[1] - orbit[1]));
            let (leader, others) = lead(neuron);
            (others < 0.05).then_some(leader)
        })?;
        Ok((winner[0], distances.into_inner()))
    };
    let (mut low, mut high) = (first, 2.0 * first);
    loop {
        let middle = low + 0.5 * (high - low);
        if middle == low || middle == high {
            return Ok((low, run(low)?.1));
        }
        // A run that rounding holds at the orbit counts as one that the other sample wins.
        if run(middle)?.0 == Some(0) { low = middle } else { high = middle }
    }
}

/// One orbit a support.
fn supports(context: &Context, prediction: &Prediction, findings: &mut Findings) -> Result<()> {
    let cells: Vec<(f64, usize, usize)> = STEP_SIZES
        .into_iter()
        .flat_map(|eta| {
            SAMPLES.into_iter().flat_map(move |m| (1..1usize << m).map(move |support| (eta, m, support)))
        })
        .collect();
    let range =
        format!("m = 3, 4, 5, η = 0.05, 0.2, 0.45, an orbit for each support S ({} pooled)", cells.len());
    let still = Expectation::new(
        format!("{range}: largest move over a cycle"),
        0.0,
        "a fixed point of the engine's cycle map; some 50 roundings of 1e-16",
    )
    .within(1e-14);
    let why = "sizes from central differences of the engine's cycle map, right to 1e-6; the nearest to 1 differs by 9e-4";
    let counted = Expectation::new(
        format!("{range}: orbits with |S| − 1 multipliers outside the unit circle"),
        cells.len() as f64,
        why,
    )
    .within(0.0);
    let orbits = context.each(&cells, |&(eta, m, support)| {
        let members: Vec<usize> = (0..m).filter(|i| support >> i & 1 == 1).collect();
        let mut point = vec![0.0; m];
        members.iter().zip((prediction.mixed)(members.len(), eta)).for_each(|(i, c)| point[*i] = c);
        let sizes = multipliers(eta, &point)?;
        let outside = sizes.iter().filter(|size| **size > 1.0).count();
        let moved = displacement(eta, &point)?;
        let right = outside == (prediction.unstable)(members.len());
        let lists = [members.iter().join(" "), point.iter().join(" "), sizes.iter().join(" ")];
        let row = [
            vec![m.to_string(), eta.to_string()],
            lists.to_vec(),
            vec![outside.to_string(), moved.to_string()],
        ];
        Ok((moved, right, row.concat()))
    })?;
    let n = orbits.len() as u64;
    findings.protocol.push(format!(
        "A cycle from the mixed orbit of two samples at {} step sizes, and from the {n} orbits of all supports for m = {}, η = {}, with the \
         multipliers of the cycle map by central differences; and a start on the boundary for m = 2, bisected to one ulp.",
        PAIRS.len(),
        SAMPLES.iter().join(", "),
        STEP_SIZES.iter().join(", "),
    ));
    findings.checks.push(still.measured(largest(orbits.iter().map(|orbit| orbit.0)), n));
    findings.checks.push(counted.measured(orbits.iter().filter(|orbit| orbit.1).count() as f64, n));
    let header = vec!["samples", "step_size", "support", "correlations", "multipliers", "unstable", "move"];
    let rows = orbits.into_iter().map(|(_, _, row)| row).collect();
    findings.tables.push(Table::raw("cyclic_mixed_orbits", &header, rows));
    Ok(())
}
