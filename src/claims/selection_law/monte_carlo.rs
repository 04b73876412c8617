//! The Monte Carlo for the odds where there is another solution: of two samples a closed form, of three a lattice.

use serde::{Deserialize, Serialize};

use super::{Prediction, STUDY};
use crate::stats::{CHECK_LEVEL, LargestDeviation};
use crate::study::{Context, Part, Row, Table};
use crate::theory::selection::{Odds, direction, proportional, spherical};
use crate::vectors::largest;
use crate::verdict::{Register, Relation};

/// The odds of three samples from one start: by the lattice, by the Monte Carlo, and by two guesses.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct TriangleOdds {
    c_1: f64,
    c_2: f64,
    c_3: f64,
    lattice_1: f64,
    lattice_2: f64,
    lattice_3: f64,
    monte_carlo_1: f64,
    monte_carlo_2: f64,
    monte_carlo_3: f64,
    standard_error_1: f64,
    standard_error_2: f64,
    standard_error_3: f64,
    proportional_1: f64,
    proportional_2: f64,
    proportional_3: f64,
    spherical_1: f64,
    spherical_2: f64,
    spherical_3: f64,
}

impl Row for TriangleOdds {
    const TABLE: &'static str = "selection_triangle";
}

impl TriangleOdds {
    fn new(c: [f64; 3], law: [f64; 3], odds: &Odds) -> Self {
        let (monte_carlo, error) = (&odds.probabilities, &odds.errors);
        let (shares, area) = (proportional(&c), spherical(&c));
        Self {
            c_1: c[0],
            c_2: c[1],
            c_3: c[2],
            lattice_1: law[0],
            lattice_2: law[1],
            lattice_3: law[2],
            monte_carlo_1: monte_carlo[0],
            monte_carlo_2: monte_carlo[1],
            monte_carlo_3: monte_carlo[2],
            standard_error_1: error[0],
            standard_error_2: error[1],
            standard_error_3: error[2],
            proportional_1: shares[0],
            proportional_2: shares[1],
            proportional_3: shares[2],
            spherical_1: area[0],
            spherical_2: area[1],
            spherical_3: area[2],
        }
    }
}

/// Largest standard error of all odds.
fn largest_error<'a>(odds: impl IntoIterator<Item = &'a Odds>) -> f64 {
    largest(odds.into_iter().flat_map(|odds| odds.errors.iter().copied()))
}

/// Largest deviation from a law, in standard errors.
fn deviation(odds: &Odds, law: &[f64]) -> f64 {
    let errors = odds.probabilities.iter().zip(&odds.errors);
    largest(errors.zip(law).map(|((p, error), law)| (p - law).abs() / error))
}

/// Two samples: the closed form.
pub(super) fn two(context: &Context, prediction: &Prediction, register: &mut Register) -> Part {
    let tolerance = context.effort.pick(2e-3, 1e-3, 4e-4);
    let angles: u64 = 19;
    let bound = LargestDeviation::over(angles as usize);
    let expected = register
        .expect(
            "m = 2: Monte Carlo against (2/π) arctan(c_1/c_2), in standard errors: largest of 19 angles",
            bound.errors,
            "unbiased but for a thirtieth of an error; normal quantile over 19 angles; differences are those of the odds",
        )
        .chance(2.0 * CHECK_LEVEL)
        .same_law(Relation::AtMost, bound.noticed(tolerance));
    let (odds, pair) = (prediction.odds, prediction.pair);
    Box::new(move |lab, findings| {
        let odds = lab.each(1..=angles, |k| {
            let c = direction(0.05 * k as f64);
            Ok((pair(c), odds(&c, tolerance, lab.cell_seed(&STUDY, 14 << 32 | k))))
        })?;
        let worst = largest(odds.iter().map(|(p, odds)| deviation(odds, &[*p, 1.0 - p])));
        let detects = bound.noticed(largest_error(odds.iter().map(|(_, odds)| odds)));
        findings.checks.push(expected.tested(worst, detects, angles));
        findings.protocol.push(format!(
            "The Monte Carlo for the odds, to standard errors of {tolerance}, against the closed form at {angles} angles of two samples."
        ));
        Ok(())
    })
}

/// Three samples: the lattice, for `c_1 ≥ c_2 ≥ c_3`, `Σ c = 1`; the guesses beside them.
pub(super) fn over_the_triangle(context: &Context, prediction: &Prediction, register: &mut Register) -> Part {
    let tolerance = context.effort.pick(2e-3, 1e-3, 5e-4);
    let starts = starts(context.effort.pick(7, 14, 18));
    let count = starts.len();
    let bound = LargestDeviation::over(3 * count);
    let expected = register
        .expect(
            format!("m = 3: Monte Carlo against the lattice, in standard errors: largest of three odds at {count} starts"),
            bound.errors,
            format!(
                "the lattice is right to 1e-5; normal quantile over {} numbers; differences are those of the odds",
                3 * count
            ),
        )
        .chance(2.0 * CHECK_LEVEL)
        .same_law(Relation::AtMost, bound.noticed(tolerance));
    let (odds, triangle) = (prediction.odds, prediction.triangle);
    Box::new(move |lab, findings| {
        let laws = lab.each((0..).zip(starts), |(k, c)| {
            Ok((c, triangle(c), odds(&c, tolerance, lab.cell_seed(&STUDY, 15 << 32 | k))))
        })?;
        let worst = largest(laws.iter().map(|(_, law, odds)| deviation(odds, law)));
        let detects = bound.noticed(largest_error(laws.iter().map(|(_, _, odds)| odds)));
        findings.checks.push(expected.tested(worst, detects, count as u64));
        findings.tables.push(Table::of(laws.iter().map(|(c, law, odds)| TriangleOdds::new(*c, *law, odds))));
        findings.protocol.push(format!(
            "The same, to standard errors of {tolerance}, against the lattice at {count} starts of three samples."
        ));
        Ok(())
    })
}

/// Points with denominators `n`.
fn starts(n: usize) -> Vec<[f64; 3]> {
    (1..n)
        .flat_map(|k| (1..=k).map(move |j| (k, j)))
        .filter(|(k, j)| k + j < n && n - k - j <= *j)
        .map(|(k, j)| [k, j, n - k - j].map(|x| x as f64 / n as f64))
        .collect()
}
