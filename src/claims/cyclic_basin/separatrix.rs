//! A run from the boundary between two basins: it stays by the mixed orbit until rounding throws it out.

use std::cell::RefCell;

use super::{Prediction, decided};
use crate::error::Result;
use crate::schedule::Schedule;
use crate::study::Part;
use crate::study::ensemble::Ensemble;
use crate::vectors::smallest;
use crate::verdict::Register;

/// The step size and the earlier correlation of the bisected starts, and how near the orbit a run counts as staying.
const BISECTED: (f64, f64) = (0.2, 0.2);
const NEAR: f64 = 1e-3;

/// What rounding leaves of the distance from the boundary at most, and the distances between which it is seen to grow.
const LEFT: f64 = 1e-14;
const GROWTH: (f64, f64) = (1e-10, 1e-5);

/// Bisection to neighbouring floats. What rounding leaves of the distance from the boundary, some ulps, grows by the larger multiplier a
/// cycle once a cycle's growth exceeds an ulp, at some 13 ulps; until then rounding may hold the run.
pub(super) fn run(prediction: &Prediction, register: &mut Register) -> Part {
    let (eta, first) = BISECTED;
    let (orbit, growth) = ((prediction.mixed)(2, eta), (prediction.multipliers)(eta)[1]);
    let name = format!("m = 2, η = {eta}, c_0 = {first}, c_1 on the boundary to one ulp:");
    let why = format!(
        "log({NEAR}/{LEFT:.0e}) over the log of the larger multiplier; rounding leaves less than {LEFT:.0e}, 45 ulps"
    );
    let cycles = (NEAR / LEFT).ln() / growth.ln();
    let stay =
        register.expect(format!("{name} cycles within {NEAR} of the mixed orbit"), cycles, why).at_least();
    let why = format!("the run follows a start that ends in the orbit, up to {LEFT:.0e}");
    let pass = register.expect(format!("{name} least distance from the mixed orbit"), 0.0, why).within(LEFT);
    let why =
        "the larger multiplier; the distance is right to a part in 1e5 at both ends, which 300 cycles divide";
    let range = format!("from {:.0e} to {:.0e}", GROWTH.0, GROWTH.1);
    let leave =
        register.expect(format!("{name} growth of the distance a cycle, {range}"), growth, why).within(1e-6);
    Box::new(move |_, findings| {
        let (low, distances) = last_of_the_first(eta, first, &orbit)?;
        let near = distances.iter().filter(|distance| **distance < NEAR).count();
        let last_below = |distance: f64| distances.iter().rposition(|other| *other < distance).unwrap_or(0);
        let (from, to) = (last_below(GROWTH.0), last_below(GROWTH.1));
        let factor = (distances[to] / distances[from]).powf(1.0 / (to as f64 - from as f64));
        findings.checks.push(stay.measured(near as f64, 1));
        findings.checks.push(pass.measured(smallest(distances), 1));
        findings.checks.push(leave.measured(factor, (to - from) as u64));
        findings.notes.push(format!(
            "Boundary at η = {eta}, c_0 = {first}: a_0 wins from c_1 = {low:?}, and not from the next float. Rounding throws the run out of the \
             mixed orbit after {near} cycles within {NEAR} of it."
        ));
        Ok(())
    })
}

/// By bisection a float `c_1` from which the first sample wins while it does not from the next, and the distances of that run from a point,
/// cycle by cycle.
fn last_of_the_first(eta: f64, first: f64, orbit: &[f64]) -> Result<(f64, Vec<f64>)> {
    let ensemble = Ensemble::new(Schedule::cyclic(2, 1)?, eta, 2.0, 2e4)?;
    let run = |second: f64| -> Result<(Option<usize>, Vec<f64>)> {
        let distances = RefCell::new(Vec::new());
        let winner = ensemble.run(&[ensemble.start(&[first, second], 0.0)?], 0, |step, neuron| {
            let c = &neuron.correlations;
            distances.borrow_mut().push((c[0] - orbit[0]).hypot(c[1] - orbit[1]));
            decided(step, neuron)
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
