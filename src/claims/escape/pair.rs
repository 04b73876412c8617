//! When SGD commits to one of two samples: the mean time from two mixtures, and the whole law from the even one.

use serde::{Deserialize, Serialize};

use super::Prediction;
use super::departure::{COMMITTED, Departure, mixture};
use crate::stats::{
    CHECK_LEVEL, ESTIMATE_LEVEL, Interval, Mean, binomial_interval, distance_to_law, largest_distance,
    noticed_distance,
};
use crate::study::{Context, Part, Row, Table};
use crate::theory::escape::Survival;
use crate::vectors::largest;
use crate::verdict::{Register, Relation};

/// The distribution function of `κT` at one time: share of runs with its 95 % interval, beside the law.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct CommittedBy {
    pub step_per_sample: f64,
    pub kappa_t: f64,
    pub committed: f64,
    pub low: f64,
    pub high: f64,
    pub predicted: f64,
    pub runs: u64,
}

impl Row for CommittedBy {
    const TABLE: &'static str = "escape_law";
}

pub(super) fn times(
    context: &Context,
    replicas: u64,
    prediction: &Prediction,
    register: &mut Register,
) -> Part {
    let replicas = context.effort.pick(4, 2, 1) * replicas;
    let step_size = context.effort.pick(0.04, 0.04, 0.02);
    // The last step, up by some η, goes beyond the level by half of that in the mean.
    let far = COMMITTED + 0.5 * step_size;
    let means = [[1.0, 1.0], [1.0, 0.3]].map(|c| {
        let name = format!("m = 2, α ∝ ({}, {}): mean κT until committed, |d| = {COMMITTED}", c[0], c[1]);
        let why = "log(cosh D/cosh d_0), D half a step beyond the level; what is left is of order η";
        let expected = register.expect(name, (prediction.mean_time)(c, far), why);
        (c, expected.covered(context.effort.pick(0.39, 0.21, 0.16)))
    });
    let law = register
        .expect(
            "m = 2, even mixture: distance of the law of κT from its survival function",
            largest_distance(replicas as usize, CHECK_LEVEL),
            "largest gap of the distribution functions; bound of Dvoretzky, Kiefer, Wolfowitz and Massart at the level of a check",
        )
        .chance(CHECK_LEVEL)
        .same_law(Relation::AtMost, context.effort.pick(0.11, 0.06, 0.0412));
    let prediction = prediction.clone();
    Box::new(move |lab, findings| {
        let kappa = (prediction.diffusion_rate)(2, 1, step_size);
        let mut even = Vec::new();
        for (k, (c, expected)) in means.into_iter().enumerate() {
            let departure = Departure { alpha: mixture(&c), batch: 1, step_size, cell: 4 << 32 | k as u64 };
            let runs = departure.commitments(lab, replicas)?;
            let times: Vec<f64> = runs.iter().map(|run| kappa * run.steps).collect();
            let mean = Mean::of(&times);
            let interval = mean.interval(CHECK_LEVEL);
            findings.checks.push(expected.estimated(mean.mean, interval, mean.n as u64));
            if k == 0 {
                even = times;
            }
        }
        let survival = (prediction.survival)(far);
        let distance = distance_to_law(&mut even, |t| 1.0 - survival.at(t));
        let detects = noticed_distance(even.len(), CHECK_LEVEL);
        findings.checks.push(law.tested(distance, detects, even.len() as u64));
        findings.tables.push(table(&even, &survival, step_size));
        findings.protocol.push(format!(
            "For m = 2, {replicas} runs from each of two mixtures give the time until a log-ratio of {COMMITTED}, its mean and, from the even \
             mixture, the greatest distance of its distribution function from the exact one."
        ));
        Ok(())
    })
}

/// The distribution function at evenly spaced times.
fn table(times: &[f64], survival: &Survival, step_per_sample: f64) -> Table {
    let runs = times.len() as u64;
    let last = largest(times.iter().copied());
    Table::of((0..=40).map(|k| {
        let kappa_t = last * f64::from(k) / 40.0;
        let committed = times.iter().filter(|time| **time <= kappa_t).count() as u64;
        let Interval { low, high } = binomial_interval(committed, runs, ESTIMATE_LEVEL);
        let predicted = 1.0 - survival.at(kappa_t);
        let committed = committed as f64 / runs as f64;
        CommittedBy { step_per_sample, kappa_t, committed, low, high, predicted, runs }
    }))
}
