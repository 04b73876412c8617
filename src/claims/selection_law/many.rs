//! Three samples and more: lattice, Monte Carlo, paths of the diffusion and SGD against each other; two guesses that are wrong.

use rayon::prelude::*;
use statrs::function::beta::beta_reg;

use super::batches::by_diffusion;
use super::pair::{at, frequency};
use super::{Prediction, STUDY, winners};
use crate::error::Result;
use crate::schedule::Schedule;
use crate::stats::{CHECK_LEVEL, binomial_interval, combination, normal_quantile};
use crate::study::ensemble::Ensemble;
use crate::study::{Context, Findings, Table};
use crate::theory::selection::{Odds, diffusion_rate, proportional, spherical};
use crate::vectors::{largest, smallest};
use crate::verdict::{Check, Expectation, OneSidedInterval};

const THREE: [f64; 3] = [0.5, 0.3, 0.2];

/// Step sizes, the second half of the first, for the extrapolation.
const STEP_SIZES: [f64; 2] = [0.2, 0.1];

pub(super) fn examine(context: &Context, prediction: &Prediction, findings: &mut Findings) -> Result<()> {
    findings.checks.extend(three(context, prediction, &mut findings.protocol)?);
    findings.checks.push(two(context, prediction, &mut findings.protocol));
    let (check, table) = over_the_triangle(context, prediction, &mut findings.protocol);
    findings.checks.push(check);
    findings.tables.push(table);
    let (checks, table) = many(context, prediction, &mut findings.protocol);
    findings.checks.extend(checks);
    findings.tables.push(table);
    Ok(())
}

/// One start three ways. The leader speaks for all.
fn three(context: &Context, prediction: &Prediction, protocol: &mut Vec<String>) -> Result<Vec<Check>> {
    let expected = (prediction.triangle)(THREE)[0];
    let (paths, runs) = context.effort.pick((10_000, 12_000), (200_000, 200_000), (3_000_000, 400_000));
    let by_paths = Expectation::new(
        "m = 3, c ∝ (5, 3, 2): P(i* = 1) by paths of the diffusion",
        expected,
        "the lattice solution, right to 1e-5; paths have no time step, and turn again with probability 1e-5",
    )
    .chance(0.2 * CHECK_LEVEL)
    .covered(2.5 / (paths as f64).sqrt());
    let by_runs = Expectation::new(
        "m = 3, c ∝ (5, 3, 2), η → 0: P(i* = 1) of SGD by extrapolation",
        expected,
        "the lattice solution; 2 P(η/2) − P(η) at η = 0.2 leaves an order η², below 5e-4",
    )
    .chance(CHECK_LEVEL)
    .covered(6.25 / (runs as f64).sqrt());
    let above_shares = above(
        "m = 3, c ∝ (5, 3, 2): P(i* = 1) by SGD at η = 0.1 exceeds |c_1|/Σ|c|",
        proportional(&THREE)[0],
    );
    let count = by_diffusion(context, &THREE, paths, context.cell_seed(&STUDY, 6 << 32))[0];
    let mut wins = [0; 2];
    for (k, eta) in STEP_SIZES.into_iter().enumerate() {
        let kappa = diffusion_rate(3, 1, eta);
        let schedule = Schedule::sgd(3, 1, context.cell_seed(&STUDY, 7 << 32 | k as u64))?;
        wins[k] =
            winners(context, &Ensemble::new(schedule, eta, 1.0 / kappa, 80.0 / kappa)?, &THREE, runs)?[0];
    }
    let [coarse, fine] = wins.map(|wins| frequency(wins, runs));
    let (value, interval) = combination(&[(2.0, fine.0, fine.1), (-1.0, coarse.0, coarse.1)], CHECK_LEVEL);
    protocol.push(format!(
        "Three samples, c ∝ (5, 3, 2): a lattice solution of the exit problem against {paths} paths of the diffusion, sampled without time \
         step, and against {runs} runs of SGD (b = 1) at each of η = {} and {}, extrapolated.",
        STEP_SIZES[0], STEP_SIZES[1],
    ));
    Ok(vec![
        by_paths.estimated(count as f64 / paths as f64, binomial_interval(count, paths, CHECK_LEVEL), paths),
        by_runs.estimated(value, interval, 2 * runs),
        above_shares.estimated(fine.0, binomial_interval(wins[1], runs, CHECK_LEVEL), runs),
    ])
}

fn above(name: impl Into<String>, guess: f64) -> OneSidedInterval {
    Expectation::new(name, guess, "a natural guess, and not the law").control().exceeding()
}

/// Largest deviation from a law, in standard errors.
fn deviation(odds: &Odds, law: &[f64]) -> f64 {
    let errors = odds.probabilities.iter().zip(&odds.errors);
    largest(errors.zip(law).map(|((p, error), law)| (p - law).abs() / error))
}

/// The Monte Carlo where there is a closed form.
fn two(context: &Context, prediction: &Prediction, protocol: &mut Vec<String>) -> Check {
    let tolerance = context.effort.pick(2e-3, 1e-3, 2e-4);
    let angles = 19;
    let check = Expectation::new(
        "m = 2: Monte Carlo against (2/π) arctan(c_1/c_2), in standard errors: largest of 19 angles",
        0.0,
        "unbiased but for a thirtieth of an error; normal quantile over 19 angles",
    )
    .chance(2.0 * CHECK_LEVEL)
    .within(normal_quantile(CHECK_LEVEL / f64::from(angles)));
    let deviations: Vec<f64> = (1..=angles)
        .into_par_iter()
        .map(|k| {
            let c = at(0.05 * f64::from(k));
            let odds = (prediction.odds)(&c, tolerance, context.cell_seed(&STUDY, 14 << 32 | k as u64));
            deviation(&odds, &[(prediction.pair)(c), 1.0 - (prediction.pair)(c)])
        })
        .collect();
    protocol.push(format!(
        "The Monte Carlo for the odds, to standard errors of {tolerance}, against the closed form at {angles} angles of two samples."
    ));
    check.measured(largest(deviations), angles as u64)
}

/// The Monte Carlo against the lattice, for `c_1 ≥ c_2 ≥ c_3`, `Σ c = 1`; the guesses beside them.
fn over_the_triangle(
    context: &Context,
    prediction: &Prediction,
    protocol: &mut Vec<String>,
) -> (Check, Table) {
    let n: usize = context.effort.pick(7, 14, 24);
    let tolerance = context.effort.pick(2e-3, 1e-3, 3e-4);
    let points: Vec<[f64; 3]> = (1..n)
        .flat_map(|k| (1..=k).map(move |j| (k, j)))
        .filter(|(k, j)| k + j < n && n - k - j <= *j)
        .map(|(k, j)| [k, j, n - k - j].map(|x| x as f64 / n as f64))
        .collect();
    let count = points.len();
    let check = Expectation::new(
        format!("m = 3: Monte Carlo against the lattice, in standard errors: largest of three odds at {count} starts"),
        0.0,
        format!("the lattice is right to 1e-5; normal quantile over {} numbers", 3 * count),
    )
    .chance(2.0 * CHECK_LEVEL)
    .within(normal_quantile(CHECK_LEVEL / (3 * count) as f64));
    let laws: Vec<([f64; 3], [f64; 3], Odds)> = points
        .into_par_iter()
        .enumerate()
        .map(|(k, c)| {
            let seed = context.cell_seed(&STUDY, 15 << 32 | k as u64);
            (c, (prediction.triangle)(c), (prediction.odds)(&c, tolerance, seed))
        })
        .collect();
    protocol.push(format!(
        "The same, to standard errors of {tolerance}, against the lattice at {count} starts of three samples."
    ));
    let worst = largest(laws.iter().map(|(_, law, odds)| deviation(odds, law)));
    let rows = laws.iter().map(|(c, law, odds)| {
        let rest = [odds.probabilities.as_slice(), &odds.errors, &proportional(c), &spherical(c)].concat();
        c.iter().chain(law).chain(&rest).map(|x| x.to_string()).collect()
    });
    let header = vec![
        "c_1",
        "c_2",
        "c_3",
        "lattice_1",
        "lattice_2",
        "lattice_3",
        "monte_carlo_1",
        "monte_carlo_2",
        "monte_carlo_3",
        "standard_error_1",
        "standard_error_2",
        "standard_error_3",
        "proportional_1",
        "proportional_2",
        "proportional_3",
        "spherical_1",
        "spherical_2",
        "spherical_3",
    ];
    let table = Table::raw("selection_triangle", &header, rows.collect());
    (check.measured(worst, count as u64), table)
}

/// One large and many equal, two large, even and geometric scales, typical sizes of Gaussians.
fn starts() -> Vec<(&'static str, Vec<f64>)> {
    let then = |first: &[f64], ones: usize| [first, &vec![1.0; ones]].concat();
    vec![
        ("6, 5, 4, 3, 2, 1", (1..=6).rev().map(f64::from).collect()),
        ("5, five of 1", then(&[5.0], 5)),
        ("10, five of 1", then(&[10.0], 5)),
        ("8, seven of 1", then(&[8.0], 7)),
        ("10, nine of 1", then(&[10.0], 9)),
        (LARGEST_START, then(&[20.0], 19)),
        ("5, 5, eight of 1", then(&[5.0, 5.0], 8)),
        ("powers of 2", (0..10).rev().map(|k| f64::from(1 << k)).collect()),
        ("Gaussian", half_normal(20)),
        ("Gaussian", half_normal(40)),
        ("Gaussian", half_normal(100)),
    ]
}

/// Where both guesses are far off.
const LARGEST_START: &str = "20, nineteen of 1";

/// Typical sizes of Gaussian correlations, in descending order: quantiles of `|G|`.
fn half_normal(m: usize) -> Vec<f64> {
    (0..m).map(|k| normal_quantile((k as f64 + 0.5) / m as f64)).collect()
}

/// A seventh of the error of the largest frequency among so many paths, from the guess that comes out too small.
fn tolerance(c: &[f64], paths: u64) -> f64 {
    let largest = largest(proportional(c));
    (largest * (1.0 - largest) / paths as f64).sqrt() / 7.0
}

/// The Monte Carlo against frequencies among paths of the diffusion, for any number of samples.
fn many(context: &Context, prediction: &Prediction, protocol: &mut Vec<String>) -> (Vec<Check>, Table) {
    let paths: u64 = context.effort.pick(6000, 60_000, 400_000);
    let starts = starts();
    let numbers: usize = starts.iter().map(|(_, c)| c.len()).sum();
    let check = Expectation::new(
        format!(
            "m = 6 to 100, {} starts pooled: least P-value of a frequency among paths of the diffusion under the odds of the Monte Carlo, times \
             their number",
            starts.len()
        ),
        CHECK_LEVEL,
        format!("exact binomial tests of {numbers} frequencies; the odds of the largest have a seventh of its error"),
    )
    .chance(2.0 * CHECK_LEVEL)
    .at_least();
    let guesses = [("|c_1|/Σ|c|", proportional as fn(&[f64]) -> Vec<f64>), ("spherical area", spherical)];
    let what = format!("m = 20, c ∝ {LARGEST_START}: P(i* = 1) by paths of the diffusion exceeds");
    let odds: Vec<Odds> = starts
        .par_iter()
        .enumerate()
        .map(|(k, (_, c))| {
            (prediction.odds)(c, tolerance(c, paths), context.cell_seed(&STUDY, 16 << 32 | k as u64))
        })
        .collect();
    let (mut min, mut rows, mut controls) = (1f64, Vec::new(), Vec::new());
    for (k, ((name, c), odds)) in starts.iter().zip(&odds).enumerate() {
        let counts = by_diffusion(context, c, paths, context.cell_seed(&STUDY, 8 << 32 | k as u64));
        let p_values = counts.iter().zip(&odds.probabilities).map(|(&n, &p)| p_value(n, paths, p));
        let of_start = smallest(p_values);
        min = smallest([min, of_start]);
        let (share, error) = frequency(counts[0], paths);
        let law = [odds.probabilities[0], odds.errors[0], share, error];
        let guess = guesses.map(|(_, guess)| guess(c)[0]);
        let numbers = law.into_iter().chain(guess).chain([(of_start * c.len() as f64).min(1.0)]);
        let head = [(*name).to_string(), c.len().to_string(), odds.paths.to_string(), paths.to_string()];
        rows.push(head.into_iter().chain(numbers.map(|x| x.to_string())).collect());
        if *name == LARGEST_START {
            let interval = binomial_interval(counts[0], paths, CHECK_LEVEL);
            controls.extend(guesses.iter().zip(guess).map(|((name, _), value)| {
                above(format!("{what} {name}"), value).estimated(share, interval, paths)
            }));
        }
    }
    protocol.push(format!(
        "The same, to a seventh of the error of a frequency, against the winners of {paths} paths of the diffusion from each of {} starts of 6 to 100 \
         samples: one large and many equal, two large, even and geometric scales, sizes of Gaussians.",
        starts.len()
    ));
    let header = vec![
        "start",
        "samples",
        "monte_carlo_paths",
        "diffusion_paths",
        "odds_1",
        "standard_error_of_odds_1",
        "frequency_1",
        "standard_error_of_frequency_1",
        "proportional_1",
        "spherical_1",
        "least_p_value_times_samples",
    ];
    let pooled = check.measured((min * numbers as f64).min(1.0), paths * starts.len() as u64);
    let checks = std::iter::once(pooled).chain(controls).collect();
    (checks, Table::raw("selection_odds", &header, rows))
}

/// Probability, at most 1, of twice the smaller tail of a binomial law at a count.
fn p_value(count: u64, trials: u64, p: f64) -> f64 {
    let at_least = |k: u64| match k {
        0 => 1.0,
        k if k > trials => 0.0,
        k => beta_reg(k as f64, (trials - k + 1) as f64, p.clamp(0.0, 1.0)),
    };
    (2.0 * at_least(count).min(1.0 - at_least(count + 1))).min(1.0)
}
