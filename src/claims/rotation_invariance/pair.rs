//! The same start over two data sets, `A` and `QA`.

use crate::data::{Dataset, norm};
use crate::error::{Misuse, Result};
use crate::init::Start;
use crate::limit_set::LimitSet;
use crate::model::Activation;
use crate::rng::{Purpose, stream};
use crate::theory::gd;
use crate::vectors::{largest, smallest};
use rand::Rng;

/// Least distance between a row of `A` and a row of `QA`, of either sign, and between the limits of ReLU GD on the two, that a rotation
/// is drawn for. Without it some draw in many is not to be told from one that moves nothing.
pub(super) const APART: f64 = 0.1;

/// Both data sets, and where training starts.
pub(super) struct Pair {
    pub data: [Dataset; 2],
    pub starts: [Start; 2],
    pub seed: u64,
}

impl Pair {
    /// Random data and a start, and the first rotation that is told from one which moves nothing.
    pub fn draw(m: usize, n: usize, seed: u64) -> Result<Self> {
        let plain = Dataset::orthonormal(m, n, seed)?;
        let mut seeds = stream(seed, Purpose::Protocol, 0);
        for replica in 0.. {
            let rotation = Dataset::orthonormal(m, m, seeds.next_u64())?;
            let start = Start::gaussian(&plain, 0.5, seed, replica)?;
            // Rows of QA meet those of A in the entries of Q.
            let nearest = largest(rotation.rows()?.iter().map(|q| q.abs()));
            let correlations = [start.correlations.clone(), rotation.correlations(&start.correlations)?];
            let limits = correlations.map(|c| gd::limit(&c, Activation::Relu));
            let [Some(LimitSet::Point(on_plain)), Some(LimitSet::Point(on_rotated))] = limits else {
                continue;
            };
            // The second in the coordinates of the first.
            let apart = distance(&rotation.combine(&on_rotated)?, &on_plain);
            if (2.0 - 2.0 * nearest).sqrt() >= APART && apart >= APART {
                // Row i of QA is Σ_j Q_ij a_j; orthonormalised again by construction up to rounding.
                let rows = rotation.rows()?.chunks_exact(m).map(|q| plain.combine(q));
                let rotated = Dataset::from_rows(rows.collect::<Result<Vec<_>, Misuse>>()?.concat(), m, n)?;
                rotated.require_orthonormal()?;
                let w0 = start.weights(&plain)?.to_vec();
                let starts = [Start::from_weights(&plain, w0.clone())?, Start::from_weights(&rotated, w0)?];
                return Ok(Self { data: [plain, rotated], starts, seed });
            }
        }
        unreachable!("draws do not end")
    }
}

pub(super) fn distance(a: &[f64], b: &[f64]) -> f64 {
    norm(&a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<_>>())
}

/// Least distance of `w` to a row of either sign.
pub(super) fn to_rows(w: &[f64], data: &Dataset) -> Result<f64> {
    let signed = data.rows()?.chunks_exact(w.len()).flat_map(|row| {
        [1.0, -1.0].map(|sign| distance(&row.iter().map(|x| sign * x).collect::<Vec<_>>(), w))
    });
    Ok(smallest(signed))
}
