//! Six samples: the same odds and the same clock for every batch size.

use super::{DECIDED, Prediction, STUDY, unit};
use crate::error::Result;
use crate::rng::{Purpose, stream};
use crate::schedule::Schedule;
use crate::state::Neuron;
use crate::stats::{CHECK_LEVEL, Line, Mean, homogeneity};
use crate::study::ensemble::{Ensemble, lead};
use crate::study::{Context, Findings, Table};
use crate::theory::selection::{Diffusion, diffusion_rate, log_cosines};
use crate::vectors::largest;
use crate::verdict::{Check, Covered, Equality, Expectation, OneSided};

const RATIOS: [f64; 6] = [6.0, 5.0, 4.0, 3.0, 2.0, 1.0];

/// Who won, after how many steps, and how far the sum of log-cosines had fallen.
struct Decision {
    winner: usize,
    steps: f64,
    fall: f64,
}

/// What a batch size is held to.
struct Expected {
    same: OneSided,
    scaling: Covered,
    martingale: Equality,
}

fn expected(context: &Context, step_sizes: [f64; 2]) -> Expected {
    let [eta, half] = step_sizes;
    Expected {
        same: Expectation::new(
            "m = 6, b = 1 … 5 and the diffusion: P-value of equal odds (χ² test)",
            CHECK_LEVEL,
            format!("six rows of counts, one law but for an order η = {half}: a noncentrality below 0.2"),
        )
        .chance(2.0 * CHECK_LEVEL)
        .at_least(),
        scaling: Expectation::new(
            "m = 6, η → 0: log–log slope in κ of the mean time to selection, over b = 1 … 5",
            -1.0,
            format!("weighted line; η_B = {eta} and {half} extrapolated to 0; a bias below a quarter of an error"),
        )
        .chance(CHECK_LEVEL)
        .covered(context.effort.pick(0.25, 0.12, 0.08)),
        martingale: Expectation::new(
            "m = 6: (m − 1) κ T less the fall of Σ log cos, in the mean, in standard errors: largest over b",
            0.0,
            format!(
                "optional stopping of a martingale, any b; κ with log 1/(1 − η_B²) for η_B², the rate far out; η_B = {eta} and {half} extrapolated \
                 to 0; normal quantile over five, a skewness of 2 included"
            ),
        )
        .chance(CHECK_LEVEL)
        .within(5.5),
    }
}

pub(super) fn examine(context: &Context, prediction: &Prediction, findings: &mut Findings) -> Result<()> {
    // A bias of order η in the odds, against an error of the order of runs^(−1/2).
    let (replicas, step_sizes) =
        context.effort.pick((1000, [0.2, 0.1]), (5000, [0.2, 0.1]), (12_000, [0.1, 0.05]));
    let c = unit(&RATIOS);
    let Expected { same, scaling, martingale } = expected(context, step_sizes);
    let (mut counts, mut points, mut rows, mut worst) = (Vec::new(), Vec::new(), Vec::new(), 0f64);
    for batch in 1..RATIOS.len() {
        let (mut excesses, mut times) = (Vec::new(), Vec::new());
        for (k, eta) in step_sizes.into_iter().enumerate() {
            let seed = context.cell_seed(&STUDY, 4 << 32 | (batch as u64) << 8 | k as u64);
            let decisions = decisions(context, &c, batch, eta, replicas, seed)?;
            let steps = Mean::of(&decisions.iter().map(|d| d.steps).collect::<Vec<_>>());
            let kappa = (prediction.diffusion_rate)(RATIOS.len(), batch, eta);
            let rate = kappa / (eta * eta) * -(-eta * eta).ln_1p();
            let excess = decisions.iter().map(|d| 5.0 * rate * d.steps - d.fall);
            excesses.push(Mean::of(&excess.collect::<Vec<_>>()));
            times.push((eta * eta * steps.mean, eta * eta * steps.sem));
            let mut wins = vec![0; RATIOS.len()];
            decisions.iter().for_each(|d| wins[d.winner] += 1);
            rows.push(row(&format!("b = {batch}"), eta, kappa, &wins, steps));
            if k == 1 {
                counts.push(wins);
            }
        }
        let [excess, time] = [excesses.iter().map(|e| (e.mean, e.sem)).collect(), times].map(extrapolated);
        worst = largest([worst, (excess.0 / excess.1).abs()]);
        let per_square = (prediction.diffusion_rate)(RATIOS.len(), batch, 1.0);
        points.push((per_square.ln(), time.0.ln(), time.1 / time.0));
    }
    let paths = 2 * replicas;
    let wins = by_diffusion(context, &c, paths, context.cell_seed(&STUDY, 5 << 32));
    rows.push(row("diffusion", 0.0, 1.0, &wins, Mean { mean: f64::NAN, sem: f64::NAN, n: 0 }));
    counts.push(wins);
    let line = Line::fit(&points);
    findings.checks.push(same.measured(homogeneity(&counts), 5 * replicas + paths));
    findings.checks.push(scaling.estimated(line.slope, line.slope_interval(CHECK_LEVEL), 10 * replicas));
    findings.checks.push(martingale.measured(worst, 10 * replicas));
    findings.checks.push(large_steps(context, prediction, &c, replicas)?);
    findings.protocol.push(format!(
        "Six samples, c ∝ 6, 5, 4, 3, 2, 1, every batch size from 1 to 5: winners, times to selection and falls of Σ log cos of {replicas} runs at \
         each of η_B = {} and {}, the winners at the smaller in one test with those of {paths} paths of the diffusion. Control: {replicas} runs at b = 3 and \
         η_B = 0.45.",
        step_sizes[0], step_sizes[1],
    ));
    let header = vec![
        "law",
        "step_per_sample",
        "clock",
        "wins_1",
        "wins_2",
        "wins_3",
        "wins_4",
        "wins_5",
        "wins_6",
        "mean_steps",
        "standard_error",
    ];
    findings.tables.push(Table::raw("selection_batches", &header, rows));
    Ok(())
}

/// Value at `η = 0` and its error, from those at `η` and `η/2`.
fn extrapolated(at: Vec<(f64, f64)>) -> (f64, f64) {
    (2.0 * at[1].0 - at[0].0, (2.0 * at[1].1).hypot(at[0].1))
}

/// The clock is that of small steps: long ones, which tell a rate from its leading order, run ahead of it.
fn large_steps(context: &Context, prediction: &Prediction, c: &[f64], replicas: u64) -> Result<Check> {
    let (batch, eta) = (3, 0.45);
    let check = Expectation::new(
        "m = 6, b = 3, η_B = 0.45: fall of Σ log cos less (m − 1) κ T, in the mean, is not 0",
        0.0,
        "a step size too large for the diffusion: far out the rate is log 1/(1 − η_B²), not η_B²",
    )
    .control()
    .exceeding();
    let kappa = (prediction.diffusion_rate)(c.len(), batch, eta);
    let excess: Vec<f64> = decisions(context, c, batch, eta, replicas, context.cell_seed(&STUDY, 12 << 32))?
        .iter()
        .map(|d| d.fall - 5.0 * kappa * d.steps)
        .collect();
    let mean = Mean::of(&excess);
    Ok(check.estimated(mean.mean, mean.interval(CHECK_LEVEL), replicas))
}

fn decisions(
    context: &Context,
    c: &[f64],
    batch: usize,
    eta: f64,
    replicas: u64,
    seed: u64,
) -> Result<Vec<Decision>> {
    let kappa = diffusion_rate(c.len(), batch, eta);
    let ensemble = Ensemble::new(Schedule::sgd(c.len(), batch, seed)?, eta, 0.25 / kappa, 100.0 / kappa)?;
    let before = log_cosines(c);
    let rule = |steps: u64, neuron: &Neuron| {
        let (winner, others) = lead(neuron);
        (others < DECIDED).then(|| Decision {
            winner,
            steps: steps as f64,
            fall: before - log_cosines(&neuron.correlations),
        })
    };
    let start = ensemble.start(c, 0.0)?;
    Ok(ensemble.repeat(context, &start, replicas, rule)?.into_iter().flatten().collect())
}

/// Winners of paths of the diffusion.
pub(super) fn by_diffusion(context: &Context, c: &[f64], paths: u64, seed: u64) -> Vec<u64> {
    use rayon::prelude::*;
    context.progress.inc_length(paths);
    let winner = |path: u64| {
        context.progress.inc(1);
        let mut rng = stream(seed, Purpose::Protocol, path);
        let mut diffusion = Diffusion::new(c);
        loop {
            diffusion.advance(&mut rng, 0.5);
            let cosines = diffusion.cosines();
            let (leader, largest) = cosines
                .iter()
                .copied()
                .enumerate()
                .fold((0, 0.0), |best, (j, c)| if c > best.1 { (j, c) } else { best });
            if cosines.iter().sum::<f64>() - largest < DECIDED * largest {
                return leader;
            }
        }
    };
    let none = || vec![0; c.len()];
    let count = |mut counts: Vec<u64>, winner: usize| {
        counts[winner] += 1;
        counts
    };
    let add = |a: Vec<u64>, b: Vec<u64>| a.iter().zip(b).map(|(a, b)| a + b).collect();
    (0..paths).into_par_iter().map(winner).fold(none, count).reduce(none, add)
}

fn row(law: &str, eta: f64, kappa: f64, wins: &[u64], steps: Mean) -> Vec<String> {
    let head = [law.to_string(), eta.to_string(), kappa.to_string()];
    let tail = [steps.mean.to_string(), steps.sem.to_string()];
    head.into_iter().chain(wins.iter().map(|w| w.to_string())).chain(tail).collect()
}
