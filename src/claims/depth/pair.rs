//! Two samples: the angle, which knows no depth, and the mean of what the noise moves.

use serde::{Deserialize, Serialize};

use super::Prediction;
use super::runs::{Cell, End, MOST};
use crate::error::Result;
use crate::stats::{CHECK_LEVEL, LargestDeviation, Mean};
use crate::study::words::listed;
use crate::study::{Context, Lab, Part, Row, Table};
use crate::theory::depth;
use crate::theory::selection::{self, direction};
use crate::verdict::{Register, Relation, SameLaw};

/// Numbers of layers.
const LAYERS: [usize; 2] = [2, 3];

/// Angles `arctan(c_1/c_2)` of the starts over `π/2`.
const ANGLES: [f64; 3] = [0.14, 0.28, 0.42];

/// The larger step size; more runs see more of what is left of order `η²`.
fn step_size(replicas: u64) -> f64 {
    0.08 * (2000.0 / replicas as f64).powf(0.25).min(1.0)
}

/// Skewness, and what is left of the order `η²`.
const CHANCE: f64 = 1.2 * CHECK_LEVEL;

/// Two samples at one depth; means over runs, extrapolated to `η = 0`, with their standard errors.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct PairRuns {
    pub layers: usize,
    /// Angle `arctan(c_1/c_2)` of the start over `π/2`, which is the odds of the first sample.
    pub angle: f64,
    pub step_per_sample: f64,
    /// Mean of the same angle at the end: an estimate of the odds.
    pub odds: f64,
    pub se_odds: f64,
    pub predicted_odds: f64,
    /// Mean of `A`, told from the norm where a run is stopped, and of what is expected of the rest.
    pub impurity: f64,
    pub se_impurity: f64,
    pub predicted_impurity: f64,
    /// Squared norm of the first layer at the end, at half the step size.
    pub norm_sq: f64,
    pub runs: u64,
}

impl Row for PairRuns {
    const TABLE: &'static str = "depth_pair";
}

/// Odds and means over depths and angles, the largest deviation of each judged.
pub(super) fn odds_and_norms(
    context: &Context,
    replicas: u64,
    prediction: &Prediction,
    register: &mut Register,
) -> Part {
    let cells = LAYERS.into_iter().flat_map(|layers| ANGLES.map(|angle| (layers, angle)));
    let cells: Vec<(usize, f64)> = cells.collect();
    let bound = LargestDeviation::over(cells.len());
    let mut expect = |name: &str, why: &str, noticed: f64| {
        let name = format!(
            "m = 2, b = 1: mean of {name}, η → 0, in standard errors: largest deviation over two depths and three angles"
        );
        let why = format!(
            "{why}; 2 f(η/2) − f(η); normal quantile over six cells; differences are those of the mean"
        );
        register.expect(name, bound.errors, why).chance(CHANCE).same_law(Relation::AtMost, noticed)
    };
    let odds = expect(
        "(2/π) arctan(c_1/c_2) at the end",
        "the odds, which it has at the start, at any depth",
        context.effort.pick(0.17, 0.085, 0.0665),
    );
    let impurity = expect(
        "A, told from the norm, with the rest of a stopped run in its mean",
        "¼(π²/4 − gd(d_0)²), by which the rest is added as well: gd d is a Brownian motion on the clock 4A",
        context.effort.pick(0.17, 0.085, 0.0665),
    );
    let prediction = prediction.clone();
    Box::new(move |lab, findings| {
        let step = step_size(replicas);
        let rows = (0..).zip(cells).map(|(k, (layers, angle))| {
            let cell = Cell { layers, batch: 1, start: direction(angle).to_vec() };
            row(lab, &prediction, &cell, (angle, step), replicas, k)
        });
        let rows: Vec<PairRuns> = rows.collect::<Result<_>>()?;
        let mut judge = |check: SameLaw, of: fn(&PairRuns) -> (f64, f64)| {
            let (worst, detects) = bound.of(&rows.iter().map(of).collect::<Vec<_>>());
            findings.checks.push(check.tested(worst, detects, 2 * replicas));
        };
        judge(odds, |row| (row.odds - row.predicted_odds, row.se_odds));
        judge(impurity, |row| (row.impurity - row.predicted_impurity, row.se_impurity));
        findings.tables.push(Table::of(rows));
        findings.protocol.push(format!(
            "The recursion of a network of width one in coordinates: two samples, one a step, {} layers, from balanced starts on the manifold at the angles {} of π/2, \
             {replicas} runs each at η = {step:.4} and half of it until one correlation is e³ times the other or A is {MOST}.",
            listed(&LAYERS), listed(&ANGLES)
        ));
        Ok(())
    })
}

fn row(
    lab: &Lab,
    prediction: &Prediction,
    cell: &Cell,
    (angle, step): (f64, f64),
    replicas: u64,
    k: u64,
) -> Result<PairRuns> {
    let seen = |l: u64| cell.run(lab, prediction, step / (1 << l) as f64, replicas, k << 8 | l);
    let (coarse, fine) = (seen(0)?, seen(1)?);
    let pair = |end: &End| [end.correlations[0], end.correlations[1]];
    let odds = Mean::extrapolated_of(&coarse, &fine, |end| selection::pair(pair(end)));
    let impurity =
        Mean::extrapolated_of(&coarse, &fine, |end| end.by_norm + depth::mean_integrated_impurity(pair(end)));
    Ok(PairRuns {
        layers: cell.layers,
        angle,
        step_per_sample: step,
        odds: odds.mean,
        se_odds: odds.sem,
        predicted_odds: (prediction.pair)(direction(angle)),
        impurity: impurity.mean,
        se_impurity: impurity.sem,
        predicted_impurity: (prediction.mean)(direction(angle)),
        norm_sq: fine.iter().map(|end| end.norm_sq).sum::<f64>() / replicas as f64,
        runs: replicas,
    })
}
