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
use crate::theory::selection::{clock, proportional, spherical};
use crate::verdict::{Check, Expectation};

const THREE: [f64; 3] = [0.5, 0.3, 0.2];

pub(super) fn examine(context: &Context, prediction: &Prediction, findings: &mut Findings) -> Result<()> {
    findings.checks.extend(three(context, prediction)?);
    let (check, table) = over_the_triangle(context, prediction);
    findings.checks.push(check);
    findings.tables.push(table);
    for (k, c) in [even_ratios(6), vec![1.0, 0.2, 0.2, 0.2, 0.2, 0.2], half_normal(20)].iter().enumerate() {
        findings.checks.push(approximation(context, prediction, c, k as u64));
    }
    Ok(())
}

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
        above("|c_1|/Σ|c|", proportional(&THREE)[0]).estimated(share(wins, runs), of_runs, runs),
    ];
    // A hundredth is not to be seen in a quick look.
    if half_width(runs) < 0.009 {
        checks.push(above("spherical area", spherical(&THREE)[0]).estimated(
            share(wins, runs),
            of_runs,
            runs,
        ));
    }
    Ok(checks)
}

fn above(guess: &str, value: f64) -> crate::verdict::Exceeding {
    let name = format!("m = 3, c ∝ (5, 3, 2): P(i* = 1) by SGD exceeds {guess}");
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
        "against the lattice; twice what was seen when it was fitted",
    )
    .within(0.003);
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

/// The approximation against paths of the diffusion, for any number of samples.
fn approximation(context: &Context, prediction: &Prediction, c: &[f64], cell: u64) -> Check {
    let paths = context.effort.pick(2000, 20_000, 400_000);
    // Widest interval of a frequency that is not above 0.7, and what the approximation may be off.
    let tolerance = 0.006 + normal_quantile(CHECK_LEVEL) * 0.5 / (paths as f64).sqrt();
    let name = format!("m = {}: largest error of the fast approximation, start {}", c.len(), cell + 1);
    let why = "0.006, a little more than was seen when it was fitted, and the noise of the paths";
    let check = Expectation::new(name, 0.0, why).within(tolerance);
    let counts = by_diffusion(context, c, paths, context.cell_seed(&CLAIM, 8 << 32 | cell));
    let law = (prediction.probabilities)(c);
    let worst = largest(counts.iter().zip(&law).map(|(count, p)| (*count as f64 / paths as f64 - p).abs()));
    check.measured(worst, paths)
}
