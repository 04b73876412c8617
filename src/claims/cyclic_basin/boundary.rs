//! Where the basins of two leaders meet, by bisection of the reduced recursion.

use itertools::Itertools;
use serde::{Deserialize, Serialize};

use super::{Prediction, decided};
use crate::error::Result;
use crate::schedule::Schedule;
use crate::study::ensemble::Ensemble;
use crate::study::{Context, Lab, Part, Row, Table};
use crate::vectors::smallest;
use crate::verdict::{Equality, Register};

/// A start whose two leaders are moved against each other.
#[derive(Clone)]
struct Place {
    /// Correlations with the leaders even.
    c: Vec<f64>,
    residual: f64,
    /// The leaders, in the order of visits.
    leaders: [usize; 2],
}

/// The boundary for two samples, and the head start to first order in the step size.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Boundary {
    pub init_norm: f64,
    pub residual: f64,
    pub step_size: f64,
    pub ratio: f64,
    pub log_ratio: f64,
    pub first_order: f64,
}

impl Row for Boundary {
    const TABLE: &'static str = "cyclic_boundary";
}

/// Log-ratios are found to this.
const PRECISION: f64 = 1e-9;

/// Step sizes whose slopes are extrapolated to 0.
const SMALL: [f64; 2] = [0.02, 0.01];

/// The slope at step size 0 from what is found at the small ones.
fn extrapolated(boundary: impl Fn(f64) -> Result<f64>) -> Result<f64> {
    Ok(2.0 * boundary(SMALL[1])? / SMALL[1] - boundary(SMALL[0])? / SMALL[0])
}

/// Two samples: the boundary over norms and step sizes; and among five samples.
pub(super) fn bisected(context: &Context, prediction: &Prediction, register: &mut Register) -> Part {
    let (norms, step_sizes): (&[f64], &[f64]) = context.effort.pick(
        (&[0.3, 0.95], &[0.2, 0.02, 0.01]),
        (&[0.05, 0.3, 0.6, 0.95], &[0.2, 0.1, 0.05, 0.02, 0.01]),
        (&[0.05, 0.15, 0.3, 0.45, 0.6, 0.75, 0.95], &[0.2, 0.15, 0.1, 0.07, 0.05, 0.03, 0.02, 0.01, 0.005]),
    );
    let places: Vec<Place> =
        norms.iter().map(|norm| Place::pair(*norm, 0.0)).chain([Place::pair(0.6, 0.4)]).collect();
    let slopes: Vec<Equality> = places.iter().map(|place| place.slope(prediction, register)).collect();
    let why = "the slope at ‖w_0‖ = 1, the least; on the edge c_0 = c_1 the theorem has a_0 win; over all norms and step sizes";
    let name = "Theorem 4 is not sharp: least boundary log(c_1/c_0)/η";
    let not_sharp = register.expect(name, (prediction.slope)(1.0), why).at_least();
    let many = among_many(prediction, register);
    let slope_of = prediction.slope;
    Box::new(move |lab, findings| {
        let cells = places.iter().cartesian_product(step_sizes);
        let found = lab.each(cells, |(place, &step_size)| place.row(step_size, slope_of))?;
        let at = |place: usize, eta: f64| {
            let k = step_sizes.iter().position(|other| *other == eta).unwrap_or(0);
            &found[place * step_sizes.len() + k]
        };
        for (place, slope) in slopes.into_iter().enumerate() {
            let limit = extrapolated(|eta| Ok(at(place, eta).log_ratio))?;
            findings.checks.push(slope.measured(limit, SMALL.len() as u64));
        }
        let least = smallest(found.iter().map(|found| found.log_ratio / found.step_size));
        findings.checks.push(not_sharp.measured(least, found.len() as u64));
        many(lab, findings)?;
        findings.protocol.push(told(norms, step_sizes));
        let place = norms.iter().position(|norm| *norm == 0.3).expect("norm 0.3 is among them");
        let (coarse, fine) = (step_sizes[0], SMALL[1]);
        findings.notes.push(format!(
            "Boundary c_1/c_0 for ‖w_0‖ = 0.3 at η = {coarse}: {:.6}; at η = {fine}: {:.6}.",
            at(place, coarse).ratio,
            at(place, fine).ratio
        ));
        findings.tables.push(Table::of(found));
        Ok(())
    })
}

fn told(norms: &[f64], step_sizes: &[f64]) -> String {
    format!(
        "All runs are of the reduced engine, f64, linear model. Bisection to {PRECISION:.0e} finds the boundary for m = 2 at η = {} from ‖w_0‖ = {} \
         without residual and from ‖w_0‖ = 0.6 with s = 0.4, and for three pairs of leaders among five samples, one of them visited in \
         reverse too; slopes are extrapolated from η = {}.",
        step_sizes.iter().join(", "),
        norms.iter().join(", "),
        SMALL.iter().join(", "),
    )
}

/// Two leaders among five: others before, between and behind.
fn among_many(prediction: &Prediction, register: &mut Register) -> Part {
    let places = [
        Place { c: vec![0.15, 0.3, 0.22, 0.3, 0.1], residual: 0.2, leaders: [1, 3] },
        Place { c: vec![0.4, 0.35, 0.3, 0.2, 0.4], residual: 0.0, leaders: [0, 4] },
        Place { c: vec![0.3, 0.1, 0.5, 0.5, 0.1], residual: 0.0, leaders: [2, 3] },
    ];
    // The first once more, visited from the last sample to the first: the head start changes hands, and its size.
    let backwards = Place {
        c: places[0].c.iter().rev().copied().collect(),
        residual: places[0].residual,
        leaders: places[0].leaders.map(|leader| places[0].c.len() - 1 - leader),
    };
    let [second, first] = backwards.leaders;
    let reversed = -(prediction.head_start)(&backwards.c, backwards.norm_sq(), first, second);
    let mut expect = |name: String, expected: f64| {
        let why = "bisection at η = 0.02 and 0.01, extrapolated: what is left is of order η²";
        let name = format!("m = 5, {name}: boundary of the log-ratio over η as η → 0");
        register.expect(name, expected, why).within(5e-4)
    };
    let mut cases: Vec<(Place, bool, Equality)> = Vec::new();
    for place in &places {
        let [first, second] = place.leaders;
        let expected = (prediction.head_start)(&place.c, place.norm_sq(), first, second);
        cases.push((place.clone(), false, expect(format!("leaders {first} and {second}"), expected)));
    }
    let [first, second] = places[0].leaders;
    let expected = expect(format!("leaders {first} and {second}, visited in reverse"), reversed);
    cases.push((places[0].clone(), true, expected));
    Box::new(move |lab: &Lab, findings| {
        findings.checks.extend(lab.each(cases, |(place, reversed, expected)| {
            let slope = extrapolated(|eta| place.boundary(eta, reversed))?;
            Ok(expected.measured(slope, SMALL.len() as u64))
        })?);
        Ok(())
    })
}

impl Place {
    fn pair(norm: f64, residual: f64) -> Self {
        let along = ((norm * norm - residual * residual) / 2.0).sqrt();
        Self { c: vec![along; 2], residual, leaders: [0, 1] }
    }

    fn norm_sq(&self) -> f64 {
        self.c.iter().map(|c| c * c).sum::<f64>() + self.residual * self.residual
    }

    /// The boundary of two samples at a step size, beside its first order.
    fn row(&self, step_size: f64, slope: fn(f64) -> f64) -> Result<Boundary> {
        let (norm_sq, log_ratio) = (self.norm_sq(), self.boundary(step_size, false)?);
        Ok(Boundary {
            init_norm: norm_sq.sqrt(),
            residual: self.residual,
            step_size,
            ratio: log_ratio.exp(),
            log_ratio,
            first_order: slope(norm_sq) * step_size,
        })
    }

    /// What the slope of the boundary in `η`, for two samples, will be held to.
    fn slope(&self, prediction: &Prediction, register: &mut Register) -> Equality {
        let norm_sq = self.norm_sq();
        let name = format!(
            "m = 2, ‖w_0‖ = {:.2}, s = {}: boundary log(c_1/c_0)/η as η → 0",
            norm_sq.sqrt(),
            self.residual
        );
        let why = "bisection to 1e-9 at η = 0.02 and 0.01, extrapolated: what is left is of order η²";
        register.expect(name, (prediction.slope)(norm_sq), why).within(5e-4)
    }

    /// The start with the later leader ahead by a log-ratio, the norm as it was for two samples, and to second order in
    /// the log-ratio for more.
    fn moved(&self, log_ratio: f64) -> Vec<f64> {
        let mut c = self.c.clone();
        let [first, second] = self.leaders;
        let along = (c[first] * c[first] + c[second] * c[second]).sqrt();
        let angle = log_ratio.exp().atan();
        (c[first], c[second]) = (along * angle.cos(), along * angle.sin());
        c
    }

    /// Log-ratio of the later leader to the earlier at which the limit changes.
    fn boundary(&self, eta: f64, reversed: bool) -> Result<f64> {
        let m = self.c.len();
        let order = if reversed { (0..m).rev().collect() } else { (0..m).collect() };
        let schedule = Schedule::cyclic_over(m, 1, order)?;
        let per_cycle = eta * eta;
        let ensemble =
            Ensemble::new(schedule, eta, 0.5 * m as f64 / per_cycle, 1000.0 * m as f64 / per_cycle)?;
        let (mut low, mut high) = (-3.0 * eta, 3.0 * eta);
        while high - low > PRECISION {
            let middle = 0.5 * (low + high);
            let start = ensemble.start(&self.moved(middle), self.residual)?;
            match ensemble.run(&[start], 0, decided)?[0] {
                Some(leader) if leader == self.leaders[0] => low = middle,
                Some(_) => high = middle,
                None => return Ok(f64::NAN),
            }
        }
        Ok(0.5 * (low + high))
    }
}
