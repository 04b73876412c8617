//! The Monte Carlo for the odds of sets where there is another solution: by duality the lattice of one neuron, and blocks.

use nalgebra::DMatrix;

use super::{Prediction, STUDY};
use crate::stats::{CHECK_LEVEL, noticed};
use crate::study::{Context, Part};
use crate::theory::selection::{Odds, direction};
use crate::vectors::largest;
use crate::verdict::{Register, Relation};

/// Standard errors that the largest deviation may have: over some twenty numbers, with probability below 1e-6.
const LARGEST: f64 = 5.5;

/// Normal vectors of two neurons of three samples.
const NORMALS: [[f64; 3]; 3] = [[5.0, 3.0, 2.0], [1.0, 1.0, 1.0], [8.0, 3.0, 1.0]];

/// Angles of two neurons of two samples each, over `π/2`.
const ANGLES: [[f64; 2]; 3] = [[0.3, 0.6], [0.15, 0.45], [0.8, 0.85]];

/// The plane orthogonal to a vector, `[2, 3]`.
pub(super) fn plane([a, b, c]: [f64; 3]) -> DMatrix<f64> {
    DMatrix::from_row_slice(2, 3, &[b, -a, 0.0, c, 0.0, -a])
}

/// Two neurons at angles to the first of two samples each that they share with no other, mixed; `[2, 4]`.
pub(super) fn blocks(angles: [f64; 2]) -> DMatrix<f64> {
    let [[s, c], [t, d]] = angles.map(direction);
    let apart = DMatrix::from_row_slice(2, 4, &[s, c, 0.0, 0.0, 0.0, 0.0, t, d]);
    DMatrix::from_row_slice(2, 2, &[1.0, 2.0, -0.7, 0.4]) * apart
}

/// The odds of all sets of two samples of [`blocks`], set by set.
pub(super) fn of_blocks(pair: fn([f64; 2]) -> f64, angles: [f64; 2]) -> Vec<f64> {
    let [first, second] = angles.map(|share| {
        let [s, c] = direction(share);
        [pair([s, c]), pair([c, s])]
    });
    vec![0.0, first[0] * second[0], first[0] * second[1], first[1] * second[0], first[1] * second[1], 0.0]
}

/// The odds of the sets of two of three samples, set by set, from those of the sample that is dropped.
pub(super) fn of_dropped(dropped: &Odds) -> Vec<f64> {
    dropped.probabilities.iter().rev().copied().collect()
}

/// Three normal vectors and three pairs of angles.
pub(super) fn closed_forms(context: &Context, prediction: &Prediction, register: &mut Register) -> Part {
    let tolerance = context.effort.pick(2e-3, 1e-3, 5e-4);
    let detects = |error: f64| error * noticed(LARGEST, CHECK_LEVEL / 21.0);
    let expected = register
        .expect(
            "Monte Carlo for the odds of sets against lattice and arctan laws, in standard errors: largest of 21",
            LARGEST,
            "m = 3, k = 2 by duality, at three normal vectors; m = 4, k = 2, two neurons that share no sample, at three pairs of angles; unbiased but for a thirtieth \
             of an error; differences are those of the odds",
        )
        .chance(0.5 * CHECK_LEVEL)
        .same_law(Relation::AtMost, detects(tolerance));
    let prediction = prediction.clone();
    Box::new(move |lab, findings| {
        let duals = NORMALS.map(|normal| (plane(normal), None)).into_iter();
        let cases = duals.chain(ANGLES.map(|angles| (blocks(angles), Some(angles))));
        let seen = lab.each((0..).zip(cases), |(cell, (c, angles))| {
            let law = match angles {
                Some(angles) => of_blocks(prediction.pair, angles),
                None => of_dropped(&(prediction.dropped)(&c, 1e-5, 0)),
            };
            let odds = (prediction.odds)(&c, tolerance, lab.cell_seed(&STUDY, 7 << 32 | cell));
            let numbers = odds.probabilities.iter().zip(&odds.errors).zip(&law);
            // What cannot win has neither odds nor an error.
            let deviations =
                numbers.filter(|(_, law)| **law > 0.0).map(|((p, error), law)| (p - law).abs() / error);
            Ok((largest(deviations), largest(odds.errors.iter().copied())))
        })?;
        let worst = largest(seen.iter().map(|(worst, _)| *worst));
        findings.checks.push(expected.tested(
            worst,
            detects(largest(seen.iter().map(|(_, error)| *error))),
            21,
        ));
        findings.protocol.push(format!(
            "The Monte Carlo for the odds of sets, to standard errors of {tolerance}: two neurons of three samples at {} planes against the lattice for their normal vectors, and two neurons \
             of two samples each at {} pairs of angles against products of arctan laws.",
            NORMALS.len(),
            ANGLES.len()
        ));
        Ok(())
    })
}
