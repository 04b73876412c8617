//! Two samples: who leads, and when.

use serde::{Deserialize, Serialize};

use super::{Prediction, STUDY};
use crate::error::Result;
use crate::schedule::Schedule;
use crate::stats::{CHECK_LEVEL, ESTIMATE_LEVEL, Interval, Mean, binomial_interval, combination};
use crate::study::ensemble::Ensemble;
use crate::study::{Context, Lab, Part, Row, Table};
use crate::theory::selection::direction;
use crate::update::Rule;
use crate::verdict::Register;

const RULES: [Rule; 2] = [Rule::HeavyBall { momentum: 0.8 }, Rule::Nesterov { momentum: 0.8 }];

/// `ε = η_B/(1 − β)`, the second half of the first. More runs see more of what is left of order `ε²`, and take smaller steps.
fn effective_steps(replicas: u64) -> [f64; 2] {
    let first = 0.04 * (6000.0 / replicas as f64).sqrt().sqrt().min(1.0);
    [first, 0.5 * first]
}

/// What is left of the extrapolated time is of order `ε²`: at `ε = 0.05` it was 0.023 ± 0.006 (the heavy ball; 0.015, 0.025 and 0.039 in three measurements, pooled), hence 0.015 here, a quarter of a standard
/// error of 6000 runs: the chance that this adds to the level of a check.
const LEFT: f64 = 1.1 * CHECK_LEVEL;

/// Angle `arctan(c_1/c_2)` of the start over `π/2`.
const SHARE: f64 = 0.17;

/// Log-ratio of the correlations at which a run ends.
const FAR: f64 = 4.0;

/// Two samples under one rule at one step size.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct PairRuns {
    pub rule: String,
    pub momentum: f64,
    pub step_per_sample: f64,
    pub effective_step: f64,
    pub angle: f64,
    /// Share of runs that the first sample leads at the end, with its 95 % interval, and the law.
    pub frequency: f64,
    pub low: f64,
    pub high: f64,
    pub predicted: f64,
    /// Mean time `κt/(1 − β)²` to the end, and the law as `η → 0`.
    pub time: f64,
    pub se_time: f64,
    pub predicted_time: f64,
    pub runs: u64,
}

impl Row for PairRuns {
    const TABLE: &'static str = "momentum_pair";
}

fn decay(rule: Rule) -> f64 {
    rule.momentum().map_or(0.0, |momentum| momentum.decay)
}

/// Odds and mean times of every rule.
pub(super) fn odds_and_clock(
    context: &Context,
    replicas: u64,
    prediction: &Prediction,
    register: &mut Register,
) -> Part {
    let precision = context.effort.pick((0.063, 0.78), (0.025, 0.31), (0.0177, 0.22));
    let steps = effective_steps(replicas);
    let expected = RULES.map(|rule| {
        let odds = register
            .expect(
                format!("m = 2, b = 1, {rule}: P(the first sample leads by |d| = {FAR})"),
                (prediction.pair)(direction(SHARE), steps[1], FAR),
                "½ + gd(d_0)/2 gd(D) with the first correction, at the smaller ε = η/(1 − β)",
            )
            .chance(0.2 * CHECK_LEVEL)
            .covered(precision.0);
        let time = register
            .expect(
                format!("m = 2, b = 1, {rule}: mean κt/(1 − β)² until then, η → 0"),
                (prediction.mean_time)(direction(SHARE), FAR),
                "log(cosh D/cosh d_0); 2 T(ε/2) − T(ε), which takes the overshoot of order ε out",
            )
            .chance(LEFT)
            .covered(precision.1);
        (rule, odds, time)
    });
    let prediction = prediction.clone();
    Box::new(move |lab, findings| {
        let mut rows = Vec::new();
        for (k, (rule, odds, time)) in (0..).zip(expected) {
            let seen = |l: usize| run(lab, &prediction, rule, steps[l], replicas, k << 8 | l as u64);
            let ((coarse, _), (fine, wins)) = (seen(0)?, seen(1)?);
            let interval = binomial_interval(wins, fine.runs, CHECK_LEVEL);
            findings.checks.push(odds.estimated(fine.frequency, interval, fine.runs));
            let terms = [(2.0, fine.time, fine.se_time), (-1.0, coarse.time, coarse.se_time)];
            let (value, interval) = combination(&terms, CHECK_LEVEL);
            findings.checks.push(time.estimated(value, interval, coarse.runs + fine.runs));
            rows.extend([coarse, fine]);
        }
        findings.tables.push(Table::of(rows));
        findings.protocol.push(format!(
            "Two samples, one a step, from an angle of {SHARE} π/2 on the manifold N = 1, at rest: {replicas} runs a rule at each of ε = η/(1 − β) = {} and {} \
             until one correlation is e^{FAR} times the other.",
            steps[0], steps[1]
        ));
        Ok(())
    })
}

/// What came of the runs of one cell, and how many of them the first sample led.
fn run(
    lab: &Lab,
    prediction: &Prediction,
    rule: Rule,
    effective_step: f64,
    replicas: u64,
    cell: u64,
) -> Result<(PairRuns, u64)> {
    let decay = decay(rule);
    let step = effective_step * (1.0 - decay);
    let rate = (prediction.diffusion_rate)(2, 1, step, decay);
    let schedule = Schedule::sgd(2, 1, lab.cell_seed(&STUDY, 1 << 32 | cell))?;
    // A look every eight steps adds 4κ to the mean time; budgets are for times of which none is seen.
    let ensemble =
        Ensemble::new(schedule, step, 8.0, 400.0 / (effective_step * effective_step))?.under(rule)?;
    let far = FAR.exp();
    let ends = ensemble.repeat_from(lab, &direction(SHARE), replicas, |steps, neuron| {
        let [first, second] = [0, 1].map(|k| neuron.correlations[k].abs());
        let ended = first > far * second || second > far * first;
        ended.then_some((first > second, steps))
    })?;
    let wins = ends.iter().filter(|(won, _)| *won).count() as u64;
    let time = Mean::of(&ends.iter().map(|(_, steps)| rate * *steps as f64).collect::<Vec<_>>());
    // Budgets are beyond all times; a run that used one up would be missing here.
    let runs = ends.len() as u64;
    let Interval { low, high } = binomial_interval(wins, runs, ESTIMATE_LEVEL);
    let row = PairRuns {
        rule: rule.to_string(),
        momentum: decay,
        step_per_sample: step,
        effective_step,
        angle: SHARE,
        frequency: wins as f64 / runs as f64,
        low,
        high,
        predicted: (prediction.pair)(direction(SHARE), effective_step, FAR),
        time: time.mean,
        se_time: time.sem,
        predicted_time: (prediction.mean_time)(direction(SHARE), FAR),
        runs,
    };
    Ok((row, wins))
}
