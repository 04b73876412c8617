//! Which samples can be limits: runs from the neighbourhood of one, on both sides of the threshold.

use super::cells::{CELLS, Cell, Given};
use super::row::Bracket;
use super::setting::{ensemble, size, start};
use super::{Prediction, STUDY};
use crate::error::Result;
use crate::study::{Context, Lab, Part, Table};
use crate::verdict::Register;

/// Distance of the two sides from the threshold: of the excess of a ratio over 1, and of the step size.
const MARGIN: f64 = 0.4;
const MARGIN_OF_STEP: f64 = 0.12;

/// `|u_j/u_0|` of the start, and where a run counts as having stayed; it has left when the ratio reaches 1.
const NEAR: f64 = 1e-125;
const STAYED: f64 = 1e-250;

/// Bound on the probability that a run ends on the wrong side: of a random walk with drift `D` and variance `V` a step, to go against its drift by the 288 between the start and either end, which is
/// `e^{−2·288|D|/V}` in the normal approximation: at most `e^{−29}` over the cells.
const MISS: f64 = 1e-10;

/// One side of one threshold: a value of what is sought there.
struct Side {
    cell: Cell,
    sought: f64,
    stays: bool,
}

fn sides(prediction: &Prediction) -> Vec<Side> {
    let of = |cell: Cell| {
        let critical = cell.critical(prediction);
        [-1.0, 1.0].map(|side| {
            let sought = match cell.given {
                Given::StepSize(_) => 1.0 + (1.0 + side * MARGIN) * (critical - 1.0),
                Given::Ratio(_) => (1.0 + side * MARGIN_OF_STEP) * critical,
            };
            Side { cell, sought, stays: (side < 0.0) == cell.leaves_above() }
        })
    };
    CELLS.into_iter().flat_map(of).collect()
}

/// All runs stay on one side of each threshold, and all leave on the other.
pub(super) fn both_sides(context: &Context, prediction: &Prediction, register: &mut Register) -> Part {
    let replicas: u64 = context.effort.pick(16, 48, 160);
    let sides = sides(prediction);
    let half = sides.len() as u64 / 2 * replicas;
    let least = context.effort.pick(0.88, 0.96, 0.98);
    let mut expect = |what: &str, side: &str| {
        let name = format!("runs from |u_j/u_0| = 1e-125 that {what} (8 cells pooled)");
        let why =
            format!("{side}; a random walk goes against its drift by 288 with probability 1e-10 at most");
        register.expect(name, 1.0, why).always(least, MISS, half)
    };
    let stay = expect(
        "stay with a sample that can be a limit",
        "q_j log(1 + ηn_j) < q_0 log 1/(1 − ηn_0) for all j",
    );
    let leave = expect("leave a sample that cannot", "the other way for one j");
    let prediction = prediction.clone();
    Box::new(move |lab, findings| {
        let rows = (0..)
            .zip(&sides)
            .map(|(k, side)| side.run(lab, &prediction, replicas, k))
            .collect::<Result<Vec<_>>>()?;
        let count = |stays: bool, of: fn(&Bracket) -> u64| -> u64 {
            rows.iter().filter(|row| row.predicted == stays).map(of).sum()
        };
        findings.checks.push(stay.counted(count(true, |row| row.stayed), half));
        findings.checks.push(leave.counted(count(false, |row| row.left), half));
        findings.tables.push(Table::of(rows));
        findings.protocol.push(format!(
            "Reduced engine, linear model, b = 1, samples along the axes: {replicas} runs a cell from a neighbourhood of one sample, at step sizes from 0.1 to 0.4, m = 2 to 4, with one rival that is drawn more often or is longer: \
             its ratio exceeds 1 by {} and {} times as much as at the threshold, or η is {} and {} times the threshold; until |u_j/u_0| is 1 or 1e-250.",
            1.0 - MARGIN,
            1.0 + MARGIN,
            1.0 - MARGIN_OF_STEP,
            1.0 + MARGIN_OF_STEP
        ));
        Ok(())
    })
}

impl Side {
    fn run(&self, lab: &Lab, prediction: &Prediction, replicas: u64, number: u64) -> Result<Bracket> {
        let &Self { cell, sought, stays } = self;
        let (ratio, step_size) = cell.at(sought);
        let problem = cell.problem(sought);
        let ensemble = ensemble(&problem, lab.cell_seed(&STUDY, number), 256, 20_000_000)?;
        let mut u = vec![NEAR; cell.samples];
        u[0] = 1.0;
        let stayed = ensemble.repeat(lab, &start(&problem, &u)?, replicas, |_, neuron| {
            let own = size(&problem, neuron, 0);
            let rival = (1..cell.samples).map(|j| size(&problem, neuron, j)).fold(0.0, f64::max);
            (rival >= own || rival <= STAYED * own).then_some(rival < own)
        })?;
        let count = |what: bool| stayed.iter().filter(|stayed| **stayed == Some(what)).count() as u64;
        Ok(Bracket {
            unequal: cell.kind.name().into(),
            samples: cell.samples,
            step_size,
            ratio,
            critical: Cell { given: Given::StepSize(step_size), ..cell }.critical(prediction),
            predicted: stays,
            stayed: count(true),
            left: count(false),
            runs: replicas,
        })
    }
}
