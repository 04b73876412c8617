//! Odds of two samples, over tilts and angles.

use super::row::TiltedOdds;
use super::setting::{ensemble, size, start};
use super::{Prediction, STUDY};
use crate::error::Result;
use crate::stats::{CHECK_LEVEL, LargestDeviation, Mean};
use crate::study::{Context, Lab, Part, Table};
use crate::theory::selection::direction;
use crate::theory::unequal::Unequal;
use crate::verdict::{Register, Relation};

/// Share of the tilt that comes from the norms, the rest from the weights; the tilt; and the angle of the start over `π/2`.
const CELLS: [(f64, f64, f64); 8] = [
    (0.0, 0.5, 0.25),
    (0.0, -0.6, 0.75),
    (0.0, 0.3, 0.5),
    (0.0, 0.7, 0.1),
    (1.0, 0.5, 0.25),
    (1.0, -0.4, 0.6),
    (0.5, 0.6, 0.4),
    (2.0, -0.3, 0.5),
];

/// Log-ratio at which a run ends; the law is that of the exit.
const FAR: f64 = 10.0;

/// The cell of which the law of equal data is refuted.
const CONTROL: usize = 0;

/// Level of the largest deviation; what the quantile leaves of it is for the bias, which is of the order `η²`.
const LEVEL: f64 = 5e-6;
const BIASED: f64 = 1.5;

/// Of the two step sizes the larger.
fn steps(context: &Context) -> [f64; 2] {
    let first = context.effort.pick(0.2, 0.16, 0.1);
    [first, 0.5 * first]
}

fn bound() -> LargestDeviation {
    LargestDeviation::at(LEVEL / BIASED, CELLS.len())
}

/// Two samples with `n = 1 ± δ`, `q = ½ ± ε`, and `2(q_1 n_1 − q_2 n_2)/η = 2(2ε + δ)/η` equal to the tilt.
fn problem((of_norms, tilt, _): (f64, f64, f64), eta: f64) -> Unequal {
    let (delta, epsilon) = (0.5 * eta * tilt * of_norms, 0.25 * eta * tilt * (1.0 - of_norms));
    Unequal {
        norms_sq: vec![1.0 + delta, 1.0 - delta],
        shares: vec![0.5 + epsilon, 0.5 - epsilon],
        step_size: eta,
    }
}

/// The law over all cells, and where that of equal data fails.
pub(super) fn over_tilts(
    context: &Context,
    replicas: u64,
    prediction: &Prediction,
    register: &mut Register,
) -> Part {
    let [eta, half] = steps(context);
    let count = CELLS.len();
    let law = register
        .expect(
            format!("m = 2: P(i* = 1) against I_p((1 − γ)/2, (1 + γ)/2), in standard errors: largest of {count} cells"),
            bound().errors,
            format!("exit of the diffusion at |d| = {FAR}; η = {eta} and {half} at the same γ, extrapolated to 0; normal quantile over {count}; differences are those of a probability"),
        )
        .chance(LEVEL)
        .same_law(Relation::AtMost, context.effort.pick(0.31, 0.125, 0.0695));
    let equal = register
        .expect(
            "m = 2, weights, γ = 0.5, θ = π/8: P(i* = 1) exceeds the odds of equal data",
            (prediction.equal_odds)(direction(CELLS[CONTROL].2)),
            "(2/π) arctan(u_1/u_2), where the law is 0.561",
        )
        .control()
        .exceeding();
    let prediction = prediction.clone();
    Box::new(move |lab, findings| {
        let seen = (0..).zip(CELLS).map(|(k, cell)| run(lab, &prediction, cell, replicas, k));
        let (rows, fine): (Vec<TiltedOdds>, Vec<Mean>) =
            seen.collect::<Result<Vec<_>>>()?.into_iter().unzip();
        let deviation = |row: &TiltedOdds| (row.odds - row.predicted, row.standard_error);
        let (worst, detects) = bound().of(&rows.iter().map(deviation).collect::<Vec<_>>());
        let runs = 2 * replicas * count as u64;
        findings.checks.push(law.tested(worst, detects, runs));
        let fine = fine[CONTROL];
        findings.checks.push(equal.estimated(fine.mean, fine.interval(CHECK_LEVEL), replicas));
        findings.tables.push(Table::of(rows));
        findings.protocol.push(format!(
            "Two samples at {count} tilts γ and angles, from weights, norms or both: {replicas} runs at each of η = {eta} and {half} until one |u_i| is e^{FAR} times the other."
        ));
        Ok(())
    })
}

/// What a cell came to, and the mean at the smaller step size.
fn run(
    lab: &Lab,
    prediction: &Prediction,
    cell: (f64, f64, f64),
    replicas: u64,
    number: u64,
) -> Result<(TiltedOdds, Mean)> {
    let (of_norms, tilt, angle) = cell;
    let u = direction(angle);
    let mut means = Vec::new();
    let steps = steps(lab);
    for (k, eta) in (0..).zip(steps) {
        let problem = problem(cell, eta);
        // A look every 0.05 in time; the last of a run is far beyond 400.
        let every = (0.1 / (eta * eta)).max(1.0) as u64;
        let ensemble = ensemble(
            &problem,
            lab.cell_seed(&STUDY, 2 << 32 | number << 8 | k),
            every,
            (800.0 / (eta * eta)) as u64,
        )?;
        let far = FAR.exp();
        let won = ensemble.repeat(lab, &start(&problem, &u)?, replicas, |_, neuron| {
            let [first, second] = [0, 1].map(|i| size(&problem, neuron, i));
            (first > far * second || second > far * first).then_some(f64::from(u8::from(first > second)))
        })?;
        means.push(won.into_iter().flatten().collect::<Mean>());
    }
    let [coarse, fine] = [means[0], means[1]];
    let odds = Mean::extrapolated(coarse, fine);
    let kind = if of_norms == 0.0 {
        "weights"
    } else if of_norms == 1.0 {
        "norms"
    } else {
        "both"
    };
    let row = TiltedOdds {
        unequal: kind.into(),
        tilt,
        angle,
        step_size: steps[1],
        odds: odds.mean,
        standard_error: odds.sem,
        predicted: (prediction.odds)(u, tilt, FAR),
        equal: (prediction.equal_odds)(u),
        runs: replicas,
    };
    Ok((row, fine))
}
