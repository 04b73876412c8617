//! Six samples to a hundred: the Monte Carlo against paths of the diffusion; two guesses that are wrong.

use serde::{Deserialize, Serialize};
use statrs::function::beta::beta_reg;

use super::pair::frequency;
use super::{Prediction, STUDY, paths};
use crate::error::Result;
use crate::stats::{CHECK_LEVEL, binomial_interval, normal_quantile, noticed_share};
use crate::study::{Context, Lab, Part, Row, Table};
use crate::theory::selection::{proportional, spherical};
use crate::vectors::{largest, smallest};
use crate::verdict::{OneSidedInterval, Register, Relation};

/// The odds of the leader from one start: by the Monte Carlo, by paths of the diffusion, and by two guesses.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct LeaderOdds {
    pub start: String,
    pub samples: usize,
    monte_carlo_paths: u64,
    pub diffusion_paths: u64,
    pub odds_1: f64,
    standard_error_of_odds_1: f64,
    pub frequency_1: f64,
    pub standard_error_of_frequency_1: f64,
    pub proportional_1: f64,
    pub spherical_1: f64,
    least_p_value_times_samples: f64,
}

impl Row for LeaderOdds {
    const TABLE: &'static str = "selection_odds";
}

/// A start: its correlations, in words and in numbers.
type Start = (&'static str, Vec<f64>);

/// What came of one start.
struct Seen {
    row: LeaderOdds,
    /// Paths that the leader won.
    wins: u64,
    /// Least P-value of a frequency.
    least: f64,
}

/// One large and many equal, two large, even and geometric scales, typical sizes of Gaussians.
fn starts() -> Vec<Start> {
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
pub(super) fn many(context: &Context, prediction: &Prediction, register: &mut Register) -> Part {
    let paths: u64 = context.effort.pick(6000, 60_000, 120_000);
    let starts = starts();
    let numbers: usize = starts.iter().map(|(_, c)| c.len()).sum();
    let pooled = register
        .expect(
            format!(
                "m = 6 to 100, {} starts pooled: least P-value of a frequency among paths of the diffusion under the odds of the Monte Carlo, times \
                 their number",
                starts.len()
            ),
            CHECK_LEVEL,
            format!(
                "exact binomial tests of {numbers} frequencies; the odds of the largest have a seventh of its error; differences are those of \
                 one frequency"
            ),
        )
        .chance(2.0 * CHECK_LEVEL)
        .same_law(Relation::AtLeast, context.effort.pick(0.046, 0.0145, 0.0104));
    let guesses = guesses(&starts, prediction, register);
    let prediction = prediction.clone();
    Box::new(move |lab, findings| {
        let seen = from_all(lab, &starts, paths, &prediction)?;
        let least = smallest(seen.iter().map(|seen| seen.least));
        let n = paths * starts.len() as u64;
        let detects = noticed_share(paths, CHECK_LEVEL / numbers as f64);
        findings.checks.push(pooled.tested((least * numbers as f64).min(1.0), detects, n));
        let far = seen.iter().filter(|seen| seen.row.start == LARGEST_START);
        for (guess, Seen { row, wins, .. }) in guesses.into_iter().zip(far.cycle()) {
            let interval = binomial_interval(*wins, paths, CHECK_LEVEL);
            findings.checks.push(guess.estimated(row.frequency_1, interval, paths));
        }
        findings.tables.push(Table::of(seen.into_iter().map(|seen| seen.row)));
        findings.protocol.push(format!(
            "The same, to a seventh of the error of a frequency, against the winners of {paths} paths of the diffusion from each of {} starts of 6 to 100 \
             samples: one large and many equal, two large, even and geometric scales, sizes of Gaussians.",
            starts.len()
        ));
        Ok(())
    })
}

/// The guesses for the leader where they are far off, which its frequency must exceed.
fn guesses(starts: &[Start], prediction: &Prediction, register: &mut Register) -> Vec<OneSidedInterval> {
    let what = format!("m = 20, c ∝ {LARGEST_START}: P(i* = 1) by paths of the diffusion exceeds");
    let far = starts.iter().filter(|(name, _)| *name == LARGEST_START);
    let [shares, area] = prediction.guesses;
    let guesses = far.flat_map(|(_, c)| [("|c_1|/Σ|c|", shares(c)[0]), ("spherical area", area(c)[0])]);
    guesses
        .map(|(name, guess)| {
            let why = "a natural guess, and not the law";
            register.expect(format!("{what} {name}"), guess, why).control().exceeding()
        })
        .collect()
}

fn from_all(lab: &Lab, starts: &[Start], paths: u64, prediction: &Prediction) -> Result<Vec<Seen>> {
    let odds = lab.each((0..).zip(starts), |(k, (_, c))| {
        Ok((prediction.odds)(c, tolerance(c, paths), lab.cell_seed(&STUDY, 16 << 32 | k)))
    })?;
    let mut seen = Vec::new();
    for (k, ((name, c), odds)) in (0..).zip(starts.iter().zip(&odds)) {
        let counts = paths::winners(lab, prediction.path, c, paths, lab.cell_seed(&STUDY, 8 << 32 | k))?;
        let least = smallest(counts.iter().zip(&odds.probabilities).map(|(&n, &p)| p_value(n, paths, p)));
        let (frequency_1, standard_error_of_frequency_1) = frequency(counts[0], paths);
        let row = LeaderOdds {
            start: (*name).into(),
            samples: c.len(),
            monte_carlo_paths: odds.paths,
            diffusion_paths: paths,
            odds_1: odds.probabilities[0],
            standard_error_of_odds_1: odds.errors[0],
            frequency_1,
            standard_error_of_frequency_1,
            proportional_1: proportional(c)[0],
            spherical_1: spherical(c)[0],
            least_p_value_times_samples: (least * c.len() as f64).min(1.0),
        };
        seen.push(Seen { row, wins: counts[0], least });
    }
    Ok(seen)
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
