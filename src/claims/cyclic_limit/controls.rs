//! Broken hypotheses: another order, a rival with a head start, no order at all, two samples at a time.

use std::f64::consts::FRAC_PI_4;

use super::theorem::PolarStart;
use super::{Options, STUDY};
use crate::data::Dataset;
use crate::error::Result;
use crate::init::Start;
use crate::limit_set::LimitSet;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;
use crate::study::trial::Trial;
use crate::study::{Lab, Part};
use crate::train::Outcome;
use crate::vectors::{arg_max, largest};
use crate::verdict::{Equality, Register};

/// Starts of each control.
const STARTS: u64 = 9;

/// From where, in which order and to which set, and what share of the starts goes there.
struct Broken {
    angle: f64,
    schedule: Schedule,
    set: LimitSet,
    expected: Equality,
}

/// What the broken hypotheses must change.
pub(super) fn broken(options: &Options, register: &mut Register) -> Result<Part> {
    let step_size = options.step_size.unwrap_or(0.2);
    let (a_0, a_1) = (LimitSet::Datapoints(vec![1, 0]), LimitSet::Datapoints(vec![0, 1]));
    let mut expect = |name: &str, predicted| {
        let why = "deterministic; the broken hypothesis must change the limit";
        register.expect(name, predicted, why).control().within(0.0)
    };
    let broken = [
        Broken {
            angle: FRAC_PI_4,
            schedule: Schedule::cyclic_over(2, 1, vec![1, 0])?,
            set: a_1.clone(),
            expected: expect("from the edge with the order reversed: fraction that ends in a_1", 1.0),
        },
        Broken {
            angle: 0.98,
            schedule: Schedule::cyclic(2, 1)?,
            set: a_1,
            expected: expect("beyond the edge, c_1 = 1.5 c_0: fraction that ends in a_1", 1.0),
        },
        Broken {
            angle: FRAC_PI_4,
            schedule: Schedule::full_batch(2)?,
            set: a_0,
            expected: expect("from the edge with the full batch: fraction that ends in a_0", 0.0),
        },
    ];
    // 200/η² rounds of four blocks.
    let steps = (800.0 / (step_size * step_size)) as u64;
    let why =
        format!("the surviving block must keep its initial ratio and have norm 1, up to {steps} roundings");
    let name = "b = 2 divides m = 8: a block of two survives, off its initial ratio by";
    let in_blocks = register.expect(name, 0.0, why).control().within(1e-11);
    Ok(Box::new(move |lab, findings| {
        for Broken { angle, schedule, set, expected } in broken {
            let arrived = lab.each(1..=STARTS, |k| {
                let start = PolarStart { angle, norm: 0.1 * k as f64, step_size };
                let run = start.run(Activation::Linear, &schedule, set.clone())?;
                Ok(run.outcome == Outcome::Converged)
            })?;
            let share = arrived.iter().filter(|arrived| **arrived).count() as f64 / STARTS as f64;
            findings.checks.push(expected.measured(share, STARTS));
        }
        let off = lab.each(0..STARTS, |replica| block(lab, step_size, steps, replica))?;
        findings.checks.push(in_blocks.measured(largest(off), STARTS));
        findings.protocol.push(format!(
            "Controls at η = {step_size}: {STARTS} norms on the edge with the order reversed and with the full batch, as many with c_1 = 1.5 c_0, and cyclic \
             batches of two of eight samples, which always come together."
        ));
        Ok(())
    }))
}

/// Two samples a step, in blocks that always come together: within a block every step has the same
/// factor for both, so their ratio never changes and no single datapoint can win. How far a run is from that.
fn block(lab: &Lab, step_size: f64, steps: u64, replica: u64) -> Result<f64> {
    let dataset = Dataset::implicit_orthonormal(8, 8)?;
    let problem = Problem::new(dataset, Activation::Linear, Reduction::Sum, step_size)?;
    let schedule = Schedule::cyclic(8, 2)?;
    let start = Start::gaussian(problem.dataset(), 0.5, lab.cell_seed(&STUDY, 2 << 32), replica)?;
    let trial = Trial { problem: &problem, schedule: &schedule, start: &start, replica };
    let run = trial.run_for(&mut trial.reduced()?, steps);
    let (c0, c) = (&start.correlations, &run.neurons[0].correlations);
    let i = arg_max(c.iter().map(|c| c.abs())).unwrap_or(0);
    let j = i ^ 1;
    Ok((c[j] / c[i] - c0[j] / c0[i]).abs() + (1.0 - c[i].hypot(c[j])).abs())
}
