//! The exponential identity of sets: `A` is summed along runs, and weighted by `e^{A/2}` the odds are the Plücker coordinates of the start.

use itertools::Itertools;
use serde::{Deserialize, Serialize};

use super::lottery::Cell;
use crate::stats::{LargestDeviation, Mean};
use crate::study::{Context, Findings, Row, Table};
use crate::theory::subspace::sets;
use crate::vectors::smallest;
use crate::verdict::{OneSided, Register, Relation, SameLaw};

/// Where `A` is stopped: `e^{A/2}` is below 4.5 there.
pub(super) const STOP: f64 = 3.0;

/// Sets of two of four samples at three batch sizes.
const DEVIATIONS: usize = 18;

/// Level of the largest deviation, and what it is divided by for the quantile: the means of the rarest sets are skew.
const LEVEL: f64 = 3.5e-6;
const SKEWED: f64 = 3.5;

fn bound() -> LargestDeviation {
    LargestDeviation::at(LEVEL / SKEWED, DEVIATIONS)
}

/// A run under way: `A` up to the last look.
pub(super) struct Walk {
    sets: Vec<Vec<usize>>,
    samples: usize,
    between: f64,
    area: f64,
    impurity: f64,
    stopped: Option<Vec<f64>>,
}

impl Walk {
    /// A run from `|π̂_S|` with the time `between` looks.
    pub fn new(cosines: &[f64], samples: usize, neurons: usize, between: f64) -> Self {
        let sets = sets(samples, neurons);
        let impurity = impurity(&sets, samples, cosines);
        Self { sets, samples, between, area: 0.0, impurity, stopped: None }
    }

    /// Takes in a look; `e^{A/2}|π̂_S|` where the run was stopped, once it is decided.
    pub fn look(&mut self, cosines: &[f64], is_decided: bool) -> Option<Vec<f64>> {
        let impurity = impurity(&self.sets, self.samples, cosines);
        self.area += 0.5 * self.between * (self.impurity + impurity);
        self.impurity = impurity;
        if self.stopped.is_none() && (is_decided || self.area >= STOP) {
            let factor = (0.5 * self.area).exp();
            self.stopped = Some(cosines.iter().map(|cosine| factor * cosine).collect());
        }
        self.stopped.clone().filter(|_| is_decided)
    }
}

/// `Σ P_ii (1 − P_ii)`, where `P_ii` is the share of the sets with `i` in `Σπ̂_S² = 1` (Cauchy and Binet).
fn impurity(sets: &[Vec<usize>], samples: usize, cosines: &[f64]) -> f64 {
    let of = |i: usize| -> f64 {
        let with = sets.iter().zip(cosines).filter(|(set, _)| set.contains(&i));
        with.map(|(_, cosine)| cosine * cosine).sum()
    };
    (0..samples).map(of).map(|p| p * (1.0 - p)).sum()
}

/// What the runs are held to.
pub(super) struct Expected {
    identity: SameLaw,
    plain: OneSided,
}

pub(super) fn expect(context: &Context, register: &mut Register) -> Expected {
    let identity = register
        .expect(
            "m = 4, k = 2, b = 1, 2, 3: E[e^{A/2}; S wins] along the runs against |π̂_S|, η → 0, in standard errors: largest of 18",
            bound().errors,
            "a martingale stopped where a run is decided or A = ∫ΣP_ii(1 − P_ii)dτ reaches 3; 2 f(η/2) − f(η); normal quantile over 18, with room for the skewness; differences are those of the mean",
        )
        .chance(LEVEL)
        .same_law(Relation::AtMost, context.effort.pick(0.5, 0.25, 0.177));
    let plain = register
        .expect(
            "… of the plain odds instead, the same runs at the smaller step: least over b of the largest in standard errors",
            bound().errors,
            "P(S) ≤ |π̂_S|, and for S = {0, 2} the odds are half of it: without the weight the identity fails",
        )
        .control()
        .chance(1e-9)
        .at_least();
    Expected { identity, plain }
}

/// A set at a batch size: the weighted mean, extrapolated to `η = 0`, and the plain frequency.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct SetWeight {
    pub batch: usize,
    /// Its samples.
    pub set: String,
    /// `|π̂_S|` of the start.
    pub cosine: f64,
    /// `E[e^{A/2}|π̂_S|]` where runs are decided or stopped.
    pub weight: f64,
    pub se_weight: f64,
    /// Share of the runs at the smaller step size that it wins.
    pub odds: f64,
    pub se_odds: f64,
    /// Runs at each of the two step sizes.
    pub runs: usize,
}

impl Row for SetWeight {
    const TABLE: &'static str = "subspace_identity";
}

impl Expected {
    /// Judges runs at two step sizes, batch size by batch size.
    pub fn judge(
        self,
        weights: &[f64],
        sets: &[Vec<usize>],
        coarse: &[Cell],
        fine: &[Cell],
        findings: &mut Findings,
    ) {
        let of_cell = |(coarse, fine): (&Cell, &Cell)| -> Vec<SetWeight> {
            let row = |at: usize| {
                let weight = Mean::extrapolated_of(&coarse.ends, &fine.ends, |end| end.weighted[at]);
                let odds: Mean = fine.ends.iter().map(|end| f64::from(u8::from(end.set == at))).collect();
                SetWeight {
                    batch: fine.batch,
                    set: sets[at].iter().join(" "),
                    cosine: weights[at],
                    weight: weight.mean,
                    se_weight: weight.sem,
                    odds: odds.mean,
                    se_odds: odds.sem,
                    runs: fine.ends.len(),
                }
            };
            (0..sets.len()).map(row).collect()
        };
        let cells: Vec<Vec<SetWeight>> = coarse.iter().zip(fine).map(of_cell).collect();
        let runs = cells.iter().map(|rows| 2 * rows[0].runs as u64).sum();
        let weighted = |row: &SetWeight| (row.weight - row.cosine, row.se_weight);
        let (worst, detects) = bound().of(&cells.iter().flatten().map(weighted).collect::<Vec<_>>());
        findings.checks.push(self.identity.tested(worst, detects, runs));
        let plain = |rows: &Vec<SetWeight>| {
            bound().of(&rows.iter().map(|row| (row.odds - row.cosine, row.se_odds)).collect::<Vec<_>>()).0
        };
        findings.checks.push(self.plain.measured(smallest(cells.iter().map(plain)), runs / 2));
        findings.tables.push(Table::of(cells.into_iter().flatten()));
    }
}
