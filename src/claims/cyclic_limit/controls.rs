//! Broken hypotheses: another order, a rival with a head start, no order at all, two samples at a time.

use std::f64::consts::FRAC_PI_4;

use super::theorem::PolarStart;
use super::{Options, Prediction, STUDY};
use crate::data::Dataset;
use crate::error::Result;
use crate::init::Start;
use crate::limit_set::LimitSet;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;
use crate::study::pool::Tally;
use crate::study::trial::Trial;
use crate::study::{Lab, Part};
use crate::vectors::{arg_max, largest};
use crate::verdict::{Equality, Register};

/// Starts of each control, and their step size unless the command line gives one.
const STARTS: u64 = 9;
const STEP: f64 = 0.2;

/// The limit that is predicted from `(c_0, c_1)`.
type Limit = Box<dyn Fn(&[f64]) -> Option<LimitSet> + Sync>;

/// From where, in which order and to which limit the runs go.
struct Broken {
    angle: f64,
    schedule: Schedule,
    limit: Limit,
    expected: Equality,
}

/// Another order, a rival with a head start, no order at all: what must change the limit.
fn hypotheses(step_size: f64, prediction: &Prediction, register: &mut Register) -> Result<[Broken; 3]> {
    let mut expect = |name: &str| {
        let why = "deterministic; the broken hypothesis must change the limit";
        register.expect(name, 1.0, why).control().within(0.0)
    };
    let Prediction { theorem, winner, full_batch, .. } = *prediction;
    let ahead = move |c: &[f64]| {
        let winner = winner(c, c.iter().map(|c| c * c).sum(), step_size);
        Some(LimitSet::Datapoints((0..c.len()).map(|i| i8::from(i == winner)).collect()))
    };
    Ok([
        Broken {
            angle: FRAC_PI_4,
            schedule: Schedule::cyclic_over(2, 1, vec![1, 0])?,
            limit: Box::new(move |c| theorem(&[c[1], c[0]]).map(exchanged)),
            expected: expect("from the edge with the order reversed: fraction that ends in a_1"),
        },
        Broken {
            angle: 0.98,
            schedule: Schedule::cyclic(2, 1)?,
            limit: Box::new(ahead),
            expected: expect("beyond the edge, c_1 = 1.5 c_0: fraction that ends in a_1"),
        },
        Broken {
            angle: FRAC_PI_4,
            schedule: Schedule::full_batch(2)?,
            limit: Box::new(move |c| full_batch(c, Activation::Linear)),
            expected: expect("from the edge with the full batch: fraction that ends in the mixture"),
        },
    ])
}

/// What becomes of the broken hypotheses.
pub(super) fn broken(options: &Options, prediction: &Prediction, register: &mut Register) -> Result<Part> {
    let step_size = options.step_size.unwrap_or(STEP);
    let broken = hypotheses(step_size, prediction, register)?;
    Ok(Box::new(move |lab, findings| {
        for Broken { angle, schedule, limit, expected } in broken {
            let runs = lab.each(1..=STARTS, |k| {
                let start = PolarStart { angle, norm: 0.1 * k as f64, step_size };
                let Some(set) = limit(&start.correlations()) else { return Ok(Tally::of(None)) };
                Ok(Tally::of(Some(&start.run(Activation::Linear, &schedule, set)?)))
            })?;
            let tally: Tally = runs.into_iter().sum();
            findings.checks.push(expected.measured(tally.share(), tally.trials));
        }
        findings.protocol.push(format!(
            "Controls at η = {step_size}: {STARTS} norms on the edge with the order reversed and with the full batch, as many with c_1 = 1.5 c_0, and cyclic \
             batches of two of eight samples, which always come together."
        ));
        Ok(())
    }))
}

/// The limit once the names of the two samples are exchanged.
fn exchanged(set: LimitSet) -> LimitSet {
    match set {
        LimitSet::Point(alpha) => LimitSet::Point(alpha.into_iter().rev().collect()),
        LimitSet::Datapoints(signs) => LimitSet::Datapoints(signs.into_iter().rev().collect()),
        LimitSet::EitherSign(admitted) => LimitSet::EitherSign(admitted.into_iter().rev().collect()),
    }
}

/// Two samples a step, in blocks that always come together: within a block every step has the same
/// factor for both, so their ratio never changes and no single datapoint can win.
pub(super) fn blocks(options: &Options, prediction: &Prediction, register: &mut Register) -> Part {
    let step_size = options.step_size.unwrap_or(STEP);
    // 200/η² rounds of four blocks.
    let steps = (800.0 / (step_size * step_size)) as u64;
    let why =
        format!("the surviving block must keep its initial ratio and have norm 1, up to {steps} roundings");
    let name = "b = 2 divides m = 8: a block of two survives, off its initial ratio by";
    let expected = register.expect(name, 0.0, why).control().within(1e-11);
    let ratio = prediction.ratio;
    Box::new(move |lab, findings| {
        let off = lab.each(0..STARTS, |replica| block(lab, ratio, step_size, steps, replica))?;
        findings.checks.push(expected.measured(largest(off), STARTS));
        Ok(())
    })
}

/// How far the block that survives is off its predicted ratio and norm 1.
fn block(lab: &Lab, ratio: fn(f64) -> f64, step_size: f64, steps: u64, replica: u64) -> Result<f64> {
    let dataset = Dataset::implicit_orthonormal(8, 8)?;
    let problem = Problem::new(dataset, Activation::Linear, Reduction::Sum, step_size)?;
    let schedule = Schedule::cyclic(8, 2)?;
    let start = Start::gaussian(problem.dataset(), 0.5, lab.cell_seed(&STUDY, 2 << 32), replica)?;
    let trial = Trial { problem: &problem, schedule: &schedule, start: &start, replica };
    let run = trial.run_for(&mut trial.reduced()?, steps);
    let (c0, c) = (&start.correlations, &run.neurons[0].correlations);
    let i = arg_max(c.iter().map(|c| c.abs())).unwrap_or(0);
    let j = i ^ 1;
    Ok((c[j] / c[i] - ratio(c0[j] / c0[i])).abs() + (1.0 - c[i].hypot(c[j])).abs())
}
