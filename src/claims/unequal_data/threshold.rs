//! The threshold from runs alone: where the mean drift of a rival near a sample changes its sign.

use super::cells::{CELLS, Cell, Given};
use super::row::Threshold;
use super::setting::{ensemble, size, start};
use super::{Prediction, STUDY};
use crate::error::Result;
use crate::stats::{LargestDeviation, Mean};
use crate::study::{Context, Lab, Part, Table};
use crate::verdict::{Register, Relation};

/// Steps of a run, and `|u_j/u_0|` of its start, from which none comes near 1.
const STEPS: u64 = 2000;
const FAINT: f64 = 1e-125;

/// Halvings of the range of what is sought, by the first runs of all, one in so many; then all runs are made at both ends of what is left, doubled.
const HALVINGS: usize = 6;
const FIRST: u64 = 16;

/// Of a step size the relative error is larger than of a ratio: that cell has so many times the runs.
const MORE_RUNS: u64 = 12;

/// Level of the largest deviation.
const LEVEL: f64 = 1e-6;

/// Where the drift changes its sign in each cell, against the threshold.
pub(super) fn where_drifts_vanish(
    context: &Context,
    prediction: &Prediction,
    register: &mut Register,
) -> Part {
    let replicas: u64 = context.effort.pick(128, 2560, 10_240);
    let bound = LargestDeviation::at(LEVEL, CELLS.len());
    let expected = register
        .expect(
            "threshold at which the mean drift of log|u_1/u_0| near sample 0 changes its sign, over the law, in standard errors: largest of 8 cells",
            bound.errors,
            "q_1 log(1 + ηn_1) = q_0 log 1/(1 − ηn_0), exact at every η; error of the drift over its slope; normal quantile over 8; differences are relative",
        )
        .chance(LEVEL)
        .same_law(Relation::AtMost, context.effort.pick(0.05, 0.012, 0.006));
    let prediction = prediction.clone();
    Box::new(move |lab, findings| {
        let rows = (0..).zip(CELLS).map(|(k, cell)| {
            let replicas = if cell.leaves_above() { replicas } else { MORE_RUNS * replicas };
            row(lab, &cell, cell.critical(&prediction), replicas, k)
        });
        let rows = rows.collect::<Result<Vec<_>>>()?;
        let relative =
            |row: &Threshold| (row.measured / row.predicted - 1.0, row.standard_error / row.predicted);
        let (worst, detects) = bound.of(&rows.iter().map(relative).collect::<Vec<_>>());
        findings.checks.push(expected.tested(worst, detects, rows.iter().map(|row| row.runs).sum()));
        findings.tables.push(Table::of(rows));
        findings.protocol.push(format!(
            "The threshold by bisection of runs: in the same settings the mean of log|u_1/u_0| a step, from |u_j/u_0| = {FAINT:e} and over {STEPS} steps, on the same random numbers at every point, so that it is monotone in the ratio. {HALVINGS} halvings of \
             a ratio between 1 and 2, or a step size between 0.07 and 0.35, by a sixteenth of the runs leave an interval; a line through the means over all {replicas} runs ({} where the step size is sought) at both ends of one twice as long gives the zero.",
            MORE_RUNS * replicas
        ));
        Ok(())
    })
}

fn row(lab: &Lab, cell: &Cell, predicted: f64, replicas: u64, number: u64) -> Result<Threshold> {
    let (measured, standard_error) = sign_change(lab, cell, replicas, number)?;
    let (sought, given) = match cell.given {
        Given::StepSize(step_size) => ("ratio", step_size),
        Given::Ratio(ratio) => ("step size", ratio),
    };
    Ok(Threshold {
        unequal: cell.kind.name().into(),
        samples: cell.samples,
        sought: sought.into(),
        given,
        predicted,
        measured,
        standard_error,
        runs: replicas,
        steps: STEPS,
    })
}

/// Where the mean drift changes its sign, and the standard error, by linearisation: that of the drift over the slope.
fn sign_change(lab: &Lab, cell: &Cell, replicas: u64, number: u64) -> Result<(f64, f64)> {
    let (mut low, mut high) = cell.range();
    for _ in 0..HALVINGS {
        let middle = 0.5 * (low + high);
        let seen = drift(lab, cell, middle, replicas / FIRST, number)?;
        if (seen.mean > 0.0) == cell.leaves_above() { high = middle } else { low = middle }
    }
    let half = 0.5 * (high - low);
    let ends = [low - half, high + half];
    let [below, above] =
        [drift(lab, cell, ends[0], replicas, number)?, drift(lab, cell, ends[1], replicas, number)?];
    let slope = (above.mean - below.mean) / (ends[1] - ends[0]);
    let nearer = if below.mean.abs() < above.mean.abs() { below } else { above };
    Ok((ends[0] - below.mean / slope, nearer.sem / slope.abs()))
}

/// Mean of `log|u_1/u_0|` a step over `η`, which is nearly linear in `η` as well as in the ratio, over runs from faint rivals; the random numbers are the same wherever it is asked for.
fn drift(lab: &Lab, cell: &Cell, sought: f64, replicas: u64, number: u64) -> Result<Mean> {
    let problem = cell.problem(sought);
    let ensemble = ensemble(&problem, lab.cell_seed(&STUDY, 4 << 32 | number), STEPS, STEPS)?;
    let mut u = vec![FAINT; cell.samples];
    u[0] = 1.0;
    let drifts = ensemble.repeat(lab, &start(&problem, &u)?, replicas, |steps, neuron| {
        let ratio = size(&problem, neuron, 1) / size(&problem, neuron, 0);
        Some((ratio / FAINT).ln() / (problem.step_size * steps as f64))
    })?;
    Ok(drifts.into_iter().flatten().collect())
}
