//! Six samples: the same odds and the same clock for every batch size.

use super::{CLAIM, DECIDED, Prediction, unit};
use crate::claims::flock::{Flock, lead};
use crate::claims::{Context, Findings, Table};
use crate::error::Result;
use crate::rng::{Purpose, stream};
use crate::schedule::Schedule;
use crate::state::Neuron;
use crate::stats::{CHECK_LEVEL, Line, Mean, homogeneity};
use crate::theory::selection::{Diffusion, clock, log_cosines};
use crate::verdict::{Check, Expectation};

const RATIOS: [f64; 6] = [6.0, 5.0, 4.0, 3.0, 2.0, 1.0];
const STEP_PER_SAMPLE: f64 = 0.1;

/// Who won, after how many steps, and how far the sum of log-cosines had fallen.
struct Decision {
    winner: usize,
    steps: f64,
    fall: f64,
}

pub(super) fn examine(context: &Context, prediction: &Prediction, findings: &mut Findings) -> Result<()> {
    let replicas = context.effort.pick(1000, 3000, 50_000);
    let c = unit(&RATIOS);
    let same = Expectation::new(
        "m = 6, b = 1 … 5 and the diffusion: P-value of equal odds (χ² test)",
        CHECK_LEVEL,
        "six rows of counts, one law",
    )
    .at_least();
    let scaling = Expectation::new(
        "m = 6: log–log slope of the mean time to selection in κ",
        -1.0,
        "weighted line through b = 1 … 5 and two step sizes; errors of the means",
    )
    .covered(context.effort.pick(0.1, 0.05, 0.02));
    let martingale = Expectation::new(
        "m = 6: (m − 1) κ T less the fall of Σ log cos, in the mean, in standard errors: largest over b",
        0.0,
        "optional stopping of a martingale, any b; η_B = 0.1 and 0.05 extrapolated to 0; five normal deviates",
    )
    .within(5.0);
    let (mut counts, mut points, mut rows, mut worst) = (Vec::new(), Vec::new(), Vec::new(), 0f64);
    for batch in 1..RATIOS.len() {
        let mut ratios = Vec::new();
        for eta in [STEP_PER_SAMPLE, 0.5 * STEP_PER_SAMPLE] {
            let runs = if eta == STEP_PER_SAMPLE { replicas } else { replicas / 4 };
            let seed =
                context.cell_seed(&CLAIM, 4 << 32 | (batch as u64) << 8 | u64::from(eta < STEP_PER_SAMPLE));
            let decisions = decisions(context, &c, batch, eta, runs, seed)?;
            let steps = Mean::of(&decisions.iter().map(|d| d.steps).collect::<Vec<_>>());
            let kappa = (prediction.clock)(RATIOS.len(), batch, eta);
            let excess = decisions.iter().map(|d| 5.0 * kappa * d.steps - d.fall);
            ratios.push(Mean::of(&excess.collect::<Vec<_>>()));
            points.push((kappa.ln(), steps.mean.ln(), steps.sem / steps.mean));
            let mut wins = vec![0; RATIOS.len()];
            decisions.iter().for_each(|d| wins[d.winner] += 1);
            rows.push(row(&format!("b = {batch}"), eta, kappa, &wins, steps));
            if eta == STEP_PER_SAMPLE {
                counts.push(wins);
            }
        }
        let (value, error) =
            (2.0 * ratios[1].mean - ratios[0].mean, (2.0 * ratios[1].sem).hypot(ratios[0].sem));
        worst = worst.max((value / error).abs());
    }
    let wins = by_diffusion(context, &c, 2 * replicas, context.cell_seed(&CLAIM, 5 << 32));
    rows.push(row("diffusion", 0.0, 1.0, &wins, Mean { mean: f64::NAN, sem: f64::NAN, n: 0 }));
    counts.push(wins);
    let line = Line::fit(&points);
    findings.checks.push(same.measured(homogeneity(&counts), 7 * replicas));
    findings.checks.push(scaling.estimated(line.slope, line.slope_interval(CHECK_LEVEL), 6 * replicas));
    findings.checks.push(martingale.measured(worst, 6 * replicas));
    findings.checks.push(large_steps(context, prediction, &c, replicas)?);
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
    findings.tables.push(Table { name: "selection_batches", header, rows });
    Ok(())
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
    let kappa = (prediction.clock)(c.len(), batch, eta);
    let excess: Vec<f64> = decisions(context, c, batch, eta, replicas, context.cell_seed(&CLAIM, 12 << 32))?
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
    let kappa = clock(c.len(), batch, eta);
    let flock = Flock::new(Schedule::sgd(c.len(), batch, seed)?, eta, 0.25 / kappa, 100.0 / kappa)?;
    let before = log_cosines(c);
    let rule = |steps: u64, neuron: &Neuron| {
        let (winner, others) = lead(neuron);
        (others < DECIDED).then(|| Decision {
            winner,
            steps: steps as f64,
            fall: before - log_cosines(&neuron.correlations),
        })
    };
    let start = flock.start(c, 0.0)?;
    Ok(flock.repeat(context, &start, replicas, rule)?.into_iter().flatten().collect())
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
            if cosines.iter().sum::<f64>() - largest < 1e-4 * largest {
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
