//! Three samples and more: lattice, paths of the diffusion and SGD against each other; two guesses that are wrong; the
//! fast approximation.

use rayon::prelude::*;

use super::batches::by_diffusion;
use super::{CLAIM, Prediction, winners};
use crate::claims::flock::Flock;
use crate::claims::protocol::largest;
use crate::claims::{Context, Findings, Table};
use crate::error::Result;
use crate::schedule::Schedule;
use crate::stats::{CHECK_LEVEL, binomial_interval, normal_quantile};
use crate::theory::selection::{accuracy, clock, proportional, spherical};
use crate::verdict::{Check, Expectation};

const THREE: [f64; 3] = [0.5, 0.3, 0.2];

pub(super) fn examine(context: &Context, prediction: &Prediction, findings: &mut Findings) -> Result<()> {
    findings.checks.extend(three(context, prediction)?);
    let (check, table) = over_the_triangle(context, prediction);
    findings.checks.push(check);
    findings.tables.push(table);
    let starts = [
        ("c ∝ 6, 5, 4, 3, 2, 1", even_ratios(6)),
        (ONE_AND_FIVE, vec![1.0, 0.2, 0.2, 0.2, 0.2, 0.2]),
        ("sizes of Gaussians", half_normal(20)),
        ("sizes of Gaussians", half_normal(40)),
    ];
    for (k, (name, c)) in starts.iter().enumerate() {
        findings.checks.extend(approximation(context, prediction, name, c, k as u64));
    }
    Ok(())
}

/// Where the guesses are off most.
const ONE_AND_FIVE: &str = "c ∝ 5, 1, 1, 1, 1, 1";

fn even_ratios(m: usize) -> Vec<f64> {
    (1..=m).map(|k| k as f64).collect()
}

/// Typical sizes of Gaussian correlations: quantiles of a Rayleigh variable.
fn half_normal(m: usize) -> Vec<f64> {
    (1..=m).map(|k| (-2.0 * (1.0 - (k as f64 - 0.5) / m as f64).ln()).sqrt()).collect()
}

/// One start three ways, and the two guesses. The leader speaks for all: there both are off most.
fn three(context: &Context, prediction: &Prediction) -> Result<Vec<Check>> {
    let expected = (prediction.triangle)(THREE)[0];
    let (paths, runs) = context.effort.pick((10_000, 10_000), (200_000, 200_000), (3_000_000, 1_000_000));
    let half_width = |n: u64| 2.5 / (n as f64).sqrt();
    let by_paths = Expectation::new(
        "m = 3, c ∝ (5, 3, 2): P(i* = 1) by paths of the diffusion",
        expected,
        "the lattice solution, right to 1e-5; paths have no time step",
    )
    .covered(half_width(paths));
    let by_runs = Expectation::new(
        "m = 3, c ∝ (5, 3, 2): P(i* = 1) by SGD at η = 0.1",
        expected,
        "the lattice solution; the first correction at this η is of the order of 0.001",
    )
    .covered(half_width(runs));
    let count = by_diffusion(context, &THREE, paths, context.cell_seed(&CLAIM, 6 << 32))[0];
    let of_paths = binomial_interval(count, paths, CHECK_LEVEL);
    let kappa = clock(3, 1, 0.1);
    let schedule = Schedule::sgd(3, 1, context.cell_seed(&CLAIM, 7 << 32))?;
    let wins = winners(context, &Flock::new(schedule, 0.1, 1.0 / kappa, 80.0 / kappa)?, &THREE, runs)?[0];
    let of_runs = binomial_interval(wins, runs, CHECK_LEVEL);
    let share = |count: u64, n: u64| count as f64 / n as f64;
    let mut checks = vec![
        by_paths.estimated(share(count, paths), of_paths, paths),
        by_runs.estimated(share(wins, runs), of_runs, runs),
        above(BY_SGD, "|c_1|/Σ|c|", proportional(&THREE)[0]).estimated(share(wins, runs), of_runs, runs),
    ];
    // A hundredth is not to be seen in a quick look.
    if half_width(runs) < 0.009 {
        checks.push(above(BY_SGD, "spherical area", spherical(&THREE)[0]).estimated(
            share(wins, runs),
            of_runs,
            runs,
        ));
    }
    Ok(checks)
}

const BY_SGD: &str = "m = 3, c ∝ (5, 3, 2): P(i* = 1) by SGD";

fn above(what: &str, guess: &str, value: f64) -> crate::verdict::Exceeding {
    let name = format!("{what} exceeds {guess}");
    Expectation::new(name, value, "a natural guess, and not the law").control().exceeding()
}

/// The approximation and the guesses against the lattice, for `c_1 ≥ c_2 ≥ c_3`, `Σ c = 1`.
fn over_the_triangle(context: &Context, prediction: &Prediction) -> (Check, Table) {
    let n: usize = context.effort.pick(7, 14, 24);
    let points: Vec<[f64; 3]> = (1..n)
        .flat_map(|k| (1..=k).map(move |j| (k, j)))
        .filter(|(k, j)| k + j < n && n - k - j <= *j)
        .map(|(k, j)| [k, j, n - k - j].map(|x| x as f64 / n as f64))
        .collect();
    let check = Expectation::new(
        "m = 3: largest error of the fast approximation over the triangle of starts",
        0.0,
        "against the lattice; the accuracy it is documented with",
    )
    .within(accuracy(3));
    let laws: Vec<([f64; 3], [f64; 3], Vec<f64>)> = points
        .into_par_iter()
        .map(|c| (c, (prediction.triangle)(c), (prediction.probabilities)(&c)))
        .collect();
    let error = |law: &[f64; 3], other: &[f64]| largest(law.iter().zip(other).map(|(a, b)| (a - b).abs()));
    let worst = largest(laws.iter().map(|(_, law, fast)| error(law, fast)));
    let rows = laws.iter().map(|(c, law, fast)| {
        let guesses = [fast.as_slice(), &proportional(c), &spherical(c)].concat();
        c.iter().chain(law).chain(&guesses).map(|x| x.to_string()).collect()
    });
    let header = vec![
        "c_1",
        "c_2",
        "c_3",
        "lattice_1",
        "lattice_2",
        "lattice_3",
        "fast_1",
        "fast_2",
        "fast_3",
        "proportional_1",
        "proportional_2",
        "proportional_3",
        "spherical_1",
        "spherical_2",
        "spherical_3",
    ];
    let table = Table { name: "selection_triangle", header, rows: rows.collect() };
    (check.measured(worst, laws.len() as u64), table)
}

/// The approximation against paths of the diffusion, for any number of samples; and where the guesses are off most, those.
fn approximation(
    context: &Context,
    prediction: &Prediction,
    start: &str,
    c: &[f64],
    cell: u64,
) -> Vec<Check> {
    let law = (prediction.probabilities)(c);
    let widest = law.iter().map(|p| p * (1.0 - p)).fold(0.0, f64::max);
    let precision = context.effort.pick(4.0, 0.7, 0.1) * accuracy(c.len());
    let quantile = normal_quantile(CHECK_LEVEL / c.len() as f64);
    let paths = (widest * (quantile / precision).powi(2)).ceil() as u64;
    let check = Expectation::new(
        format!("m = {}, {start}: largest error of the fast approximation", c.len()),
        0.0,
        "against paths of the diffusion; the accuracy it is documented with, and the noise of all frequencies together",
    )
    .within(accuracy(c.len()) + precision);
    let counts = by_diffusion(context, c, paths, context.cell_seed(&CLAIM, 8 << 32 | cell));
    let share = |count: u64| count as f64 / paths as f64;
    let worst = largest(counts.iter().zip(&law).map(|(count, p)| (share(*count) - p).abs()));
    let mut checks = vec![check.measured(worst, paths)];
    if start == ONE_AND_FIVE {
        let interval = binomial_interval(counts[0], paths, CHECK_LEVEL);
        let what = format!("m = {}, {start}: P(i* = 1) by paths of the diffusion", c.len());
        for (guess, value) in [("|c_1|/Σ|c|", proportional(c)[0]), ("spherical area", spherical(c)[0])] {
            checks.push(above(&what, guess, value).estimated(share(counts[0]), interval, paths));
        }
    }
    checks
}
