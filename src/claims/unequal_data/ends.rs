//! Where runs end that start anywhere: in samples that can be limits, in each of them, and in no other.

use super::row::Ends;
use super::setting::{ensemble, size};
use super::{Prediction, STUDY};
use crate::error::Result;
use crate::study::{Context, Lab, Part, Table};
use crate::theory::unequal::Unequal;
use crate::vectors::arg_max;
use crate::verdict::Register;

/// Norm of the random start, and `|u_j/u_i|` of all `j ≠ i` at which a run has ended in sample `i`.
const NORM: f64 = 0.5;
const ENDED: f64 = 1e-30;

/// Bound on the probability that the sets differ. From the ratio 1 a random walk goes to 1e-30 beside a sample that is no limit with probability `e^{−2·69·D/V}` in the normal approximation,
/// at most 2e-13 here, for 4000 runs at most, each of which may come near a few times; and a sample that wins a fifth of 200 runs wins none with probability `0.8^{200}`.
const MISS: f64 = 1e-8;

/// One sample that can be a limit among three, by norms and by weights; two; and all.
fn problems() -> [Unequal; 4] {
    let thirds = [1.0 / 3.0; 3];
    let of = |norms_sq: [f64; 3], shares: [f64; 3], step_size| Unequal {
        norms_sq: norms_sq.to_vec(),
        shares: shares.to_vec(),
        step_size,
    };
    [
        of([1.0, 1.5, 1.0], thirds, 0.2),
        of([1.0; 3], [0.3, 0.3, 0.4], 0.2),
        of([1.0, 1.0, 0.6], thirds, 0.2),
        of([1.3, 0.8, 1.0], [0.25, 0.4, 0.35], 0.31),
    ]
}

/// The samples in which runs end, against those that can be limits.
pub(super) fn from_anywhere(context: &Context, prediction: &Prediction, register: &mut Register) -> Part {
    let replicas: u64 = context.effort.pick(200, 1000, 4000);
    let expected = register
        .expect(
            "samples that can be limits and in which no run from a random start ends, or the other way, of 12 in four settings",
            0.0,
            "from almost every start a run ends in a sample with D_ij < 0 for all j with probability 1; bound on the probability that the sets differ",
        )
        .chance(MISS)
        .within(0.0);
    let prediction = prediction.clone();
    Box::new(move |lab, findings| {
        let rows = (0..).zip(problems()).map(|(k, problem)| ends(lab, &prediction, &problem, replicas, k));
        let rows: Vec<Ends> = rows.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect();
        let differing = rows.iter().filter(|row| row.predicted != (row.ended > 0)).count();
        let open = rows.iter().map(|row| row.open).max().unwrap_or_default();
        findings.checks.push(expected.measured(differing as f64, 4 * replicas));
        findings.tables.push(Table::of(rows));
        findings.protocol.push(format!(
            "{replicas} runs in each of four settings of three samples, from Gaussian starts of norm {NORM}, until all |u_j| are at most {ENDED:e} of the largest, or {BUDGET} steps; {}.",
            match open {
                0 => "all came to that".into(),
                open => format!("up to {open} of a setting did not come to that, and count for no sample"),
            }
        ));
        Ok(())
    })
}

const BUDGET: u64 = 1_000_000;

/// How many runs end in each sample.
fn ends(
    lab: &Lab,
    prediction: &Prediction,
    problem: &Unequal,
    replicas: u64,
    number: u64,
) -> Result<Vec<Ends>> {
    let seed = lab.cell_seed(&STUDY, 5 << 32 | number);
    let ensemble = ensemble(problem, seed, 256, BUDGET)?;
    let starts = ensemble.gaussian(NORM, seed, 0, replicas)?;
    let samples = problem.norms_sq.len();
    let ends = ensemble.each(lab, &starts, |_, neuron| {
        let sizes: Vec<f64> = (0..samples).map(|j| size(problem, neuron, j)).collect();
        let first = arg_max(sizes.iter().copied())?;
        let others = (0..samples).filter(|j| *j != first).map(|j| sizes[j]).fold(0.0, f64::max);
        (others <= ENDED * sizes[first]).then_some(first)
    })?;
    let open = ends.iter().filter(|end| end.is_none()).count() as u64;
    let row = |i: usize| Ends {
        setting: number,
        sample: i,
        norm_sq: problem.norms_sq[i],
        weight: problem.shares[i],
        step_size: problem.step_size,
        predicted: (prediction.can_be_limit)(problem, i),
        ended: ends.iter().filter(|end| **end == Some(i)).count() as u64,
        open,
        runs: replicas,
    };
    Ok((0..samples).map(row).collect())
}
