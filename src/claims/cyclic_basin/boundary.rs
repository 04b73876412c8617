//! Where the basins of two leaders meet, by bisection of the reduced recursion.

use rayon::prelude::*;

use super::Prediction;
use crate::claims::flock::{Flock, lead};
use crate::claims::protocol::smallest;
use crate::claims::{Context, Findings, Table};
use crate::error::Result;
use crate::schedule::Schedule;
use crate::verdict::Expectation;

/// A start whose two leaders are moved against each other.
#[derive(Clone)]
struct Place {
    /// Correlations with the leaders even.
    c: Vec<f64>,
    residual: f64,
    /// The leaders, in the order of visits.
    leaders: [usize; 2],
}

/// Log-ratios are found to this.
const PRECISION: f64 = 1e-9;

/// Step sizes whose slopes are extrapolated to 0.
const SMALL: [f64; 2] = [0.02, 0.01];

pub(super) fn examine(context: &Context, prediction: &Prediction, findings: &mut Findings) -> Result<()> {
    let (norms, step_sizes): (&[f64], &[f64]) = context.effort.pick(
        (&[0.3, 0.95], &[0.2, 0.02, 0.01]),
        (&[0.05, 0.3, 0.6, 0.95], &[0.2, 0.1, 0.05, 0.02, 0.01]),
        (&[0.05, 0.15, 0.3, 0.45, 0.6, 0.75, 0.95], &[0.2, 0.15, 0.1, 0.07, 0.05, 0.03, 0.02, 0.01, 0.005]),
    );
    let places: Vec<Place> =
        norms.iter().map(|norm| Place::pair(*norm, 0.0)).chain([Place::pair(0.6, 0.4)]).collect();
    let cells: Vec<(&Place, f64)> =
        places.iter().flat_map(|place| step_sizes.iter().map(move |eta| (place, *eta))).collect();
    let found: Vec<f64> =
        cells.par_iter().map(|(place, eta)| place.boundary(*eta, false)).collect::<Result<_>>()?;
    let at = |place: usize, eta: f64| {
        let k = step_sizes.iter().position(|other| *other == eta).unwrap_or(0);
        found[place * step_sizes.len() + k]
    };
    for (k, place) in places.iter().enumerate() {
        let norm_sq = place.norm_sq();
        let name = format!(
            "m = 2, ‖w_0‖ = {:.2}, s = {}: boundary log(c_1/c_0)/η as η → 0",
            norm_sq.sqrt(),
            place.residual
        );
        let why = "bisection to 1e-9 at η = 0.02 and 0.01, extrapolated: what is left is of order η²";
        let slope = 2.0 * at(k, SMALL[1]) / SMALL[1] - at(k, SMALL[0]) / SMALL[0];
        findings
            .checks
            .push(Expectation::new(name, (prediction.slope)(norm_sq), why).within(5e-4).measured(slope, 2));
    }
    let why = "on the edge c_0 = c_1 the theorem has a_0 win; over all norms and step sizes";
    findings.checks.push(
        Expectation::new("Theorem 4 is not sharp: least boundary log(c_1/c_0)/η", 0.5, why)
            .at_least()
            .measured(smallest(cells.iter().zip(&found).map(|((_, eta), x)| x / eta)), found.len() as u64),
    );
    among_many(prediction, findings)?;
    findings.notes.push(format!(
        "Boundary c_1/c_0 at η = {}, ‖w_0‖ = {:.2}: {:.6}; at η = 0.01: {:.6}.",
        step_sizes[0],
        places[norms.iter().position(|norm| *norm == 0.3).unwrap_or(0)].norm_sq().sqrt(),
        at(norms.iter().position(|norm| *norm == 0.3).unwrap_or(0), step_sizes[0]).exp(),
        at(norms.iter().position(|norm| *norm == 0.3).unwrap_or(0), 0.01).exp(),
    ));
    let rows = cells.iter().zip(&found).map(|((place, eta), log_ratio)| {
        let first_order = (prediction.slope)(place.norm_sq()) * eta;
        [place.norm_sq().sqrt(), place.residual, *eta, log_ratio.exp(), *log_ratio, first_order]
            .map(|x| x.to_string())
            .to_vec()
    });
    let header = vec!["init_norm", "residual", "step_size", "ratio", "log_ratio", "first_order"];
    findings.tables.push(Table { name: "cyclic_boundary", header, rows: rows.collect() });
    Ok(())
}

/// Two leaders among five: others before, between and behind.
fn among_many(prediction: &Prediction, findings: &mut Findings) -> Result<()> {
    let places = [
        Place { c: vec![0.15, 0.3, 0.22, 0.3, 0.1], residual: 0.2, leaders: [1, 3] },
        Place { c: vec![0.4, 0.35, 0.3, 0.2, 0.4], residual: 0.0, leaders: [0, 4] },
        Place { c: vec![0.3, 0.1, 0.5, 0.5, 0.1], residual: 0.0, leaders: [2, 3] },
    ];
    let slopes = places.par_iter().map(|place| -> Result<f64> {
        Ok(2.0 * place.boundary(SMALL[1], false)? / SMALL[1] - place.boundary(SMALL[0], false)? / SMALL[0])
    });
    let slopes: Vec<f64> = slopes.collect::<Result<_>>()?;
    for (place, slope) in places.iter().zip(slopes) {
        let [first, second] = place.leaders;
        let expected = (prediction.head_start)(&place.c, place.norm_sq(), first, second);
        let name = format!("m = 5, leaders {first} and {second}: boundary of the log-ratio over η as η → 0");
        let why = "bisection at η = 0.02 and 0.01, extrapolated: what is left is of order η²";
        findings.checks.push(Expectation::new(name, expected, why).within(5e-3).measured(slope, 2));
    }
    // The same start visited from the last sample to the first: the head start changes hands, and its size.
    let place = &places[0];
    let backwards = Place {
        c: place.c.iter().rev().copied().collect(),
        residual: place.residual,
        leaders: place.leaders.map(|leader| place.c.len() - 1 - leader),
    };
    let [second, first] = backwards.leaders;
    let expected = -(prediction.head_start)(&backwards.c, backwards.norm_sq(), first, second);
    let slope = 2.0 * place.boundary(SMALL[1], true)? / SMALL[1] - place.boundary(SMALL[0], true)? / SMALL[0];
    let name = "m = 5, leaders 1 and 3, visited in reverse: boundary of the log-ratio over η as η → 0";
    let why = "bisection at η = 0.02 and 0.01, extrapolated; the other sample is the earlier one now";
    findings.checks.push(Expectation::new(name, expected, why).within(5e-3).measured(slope, 2));
    Ok(())
}

impl Place {
    fn pair(norm: f64, residual: f64) -> Self {
        let along = ((norm * norm - residual * residual) / 2.0).sqrt();
        Self { c: vec![along; 2], residual, leaders: [0, 1] }
    }

    fn norm_sq(&self) -> f64 {
        self.c.iter().map(|c| c * c).sum::<f64>() + self.residual * self.residual
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
        let per_cycle = eta * eta;
        let flock = Flock::new(
            Schedule::cyclic_over(m, 1, order)?,
            eta,
            0.5 * m as f64 / per_cycle,
            1000.0 * m as f64 / per_cycle,
        )?;
        let (mut low, mut high) = (-3.0 * eta, 3.0 * eta);
        while high - low > PRECISION {
            let middle = 0.5 * (low + high);
            let start = flock.start(&self.moved(middle), self.residual)?;
            let decided = flock.run(&[start], 0, |_, neuron| {
                let (leader, others) = lead(neuron);
                (others < 0.05).then_some(leader)
            })?;
            match decided[0] {
                Some(leader) if leader == self.leaders[0] => low = middle,
                Some(_) => high = middle,
                None => return Ok(f64::NAN),
            }
        }
        Ok(0.5 * (low + high))
    }
}
