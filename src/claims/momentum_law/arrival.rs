//! Where SGD with momentum ends, over batch sizes and rules.

use super::{Prediction, STUDY};
use crate::engine::{Engine, Reduced};
use crate::error::Result;
use crate::init::Start;
use crate::schedule::Schedule;
use crate::study::ensemble::Ensemble;
use crate::study::pool::{Pool, Tally};
use crate::study::{Context, Lab, Part};
use crate::train::{Plan, StopRule, train};
use crate::update::Rule;
use crate::verdict::Register;

/// Rules, all with the same `ε = η_B/(1 − β)`.
const RULES: [Rule; 3] =
    [Rule::HeavyBall { momentum: 0.5 }, Rule::HeavyBall { momentum: 0.9 }, Rule::Nesterov { momentum: 0.8 }];

const EFFECTIVE_STEP: f64 = 0.15;

/// Samples and batches; `b` divides `m` or not, and is 1, half, or all but one.
const SIZES: [(usize, usize); 4] = [(3, 1), (5, 2), (6, 3), (4, 3)];

const TOLERANCE: f64 = 1e-8;

/// Time `κt/(1 − β)²` that a run is given.
const TIME: f64 = 400.0;

/// Bound on the probability that a run takes longer: once a sample leads, its log-ratios to the others drift by `τ` with variance `2τ`, and 18 of
/// 400 is 13 standard deviations below.
const LATE: f64 = 1e-12;

/// Runs from random starts, linear and within the unit ball, that must all end in a datapoint.
pub(super) fn every_batch(context: &Context, prediction: &Prediction, register: &mut Register) -> Part {
    let replicas: u64 = context.effort.pick(20, 100, 400);
    let cells: Vec<(Rule, usize, usize)> =
        RULES.into_iter().flat_map(|rule| SIZES.map(|(m, b)| (rule, m, b))).collect();
    let labels: Vec<String> = cells.iter().map(|(rule, m, b)| format!("{rule}, m = {m}, b = {b}")).collect();
    let why =
        "as Theorem 2 without momentum; sum reduction, η_B/(1 − β) = 0.15, ‖w_0‖ = 0.5, at rest; within 1e-8";
    let least = context.effort.pick((0.93, 0.5), (0.985, 0.85), (0.995, 0.955));
    let runs = cells.len() as f64 * replicas as f64;
    let pool = Pool::new(register, "runs that end in a datapoint, b < m", why, &labels, least, runs * LATE);
    let prediction = prediction.clone();
    Box::new(move |lab, findings| {
        let tallies = lab.each((0..).zip(cells), |(k, (rule, m, b))| {
            arrivals(lab, &prediction, rule, (m, b), replicas, k)
        })?;
        findings.checks.extend(pool.counted(&tallies));
        findings.protocol.push(format!(
            "Reduced engine, linear model, sum reduction: {replicas} runs for each of {} pairs (m, b), three rules with η_B/(1 − β) = {EFFECTIVE_STEP}, until within \
             {TOLERANCE:e} of a datapoint of either sign.",
            SIZES.len()
        ));
        Ok(())
    })
}

/// How many of so many runs of one cell arrive.
fn arrivals(
    lab: &Lab,
    prediction: &Prediction,
    rule: Rule,
    (m, b): (usize, usize),
    replicas: u64,
    cell: u64,
) -> Result<Tally> {
    let seed = lab.cell_seed(&STUDY, cell);
    let decay = rule.momentum().map_or(0.0, |momentum| momentum.decay);
    let step = EFFECTIVE_STEP * (1.0 - decay);
    let ensemble = Ensemble::new(Schedule::sgd(m, b, seed)?, step, 1.0, 0.0)?.under(rule)?;
    let starts: Vec<Start> = ensemble.gaussian(0.5, seed, 0, replicas)?;
    let mut engine: Reduced = ensemble.engine(&starts, 0)?;
    let plan = Plan {
        budget: (TIME / (prediction.diffusion_rate)(m, b, step, decay)) as u64,
        stop: StopRule::Limit {
            sets: starts.iter().map(|start| (prediction.limit)(&start.correlations)).collect(),
            tolerance: TOLERANCE,
        },
        check_every: 64,
    };
    let (runs, _) = train(&mut engine as &mut dyn Engine, &plan, &mut []);
    Ok(runs.iter().map(|run| Tally::of(Some(run))).sum())
}
