//! Three samples, one start three ways: lattice, paths of the diffusion and SGD; and a guess that is wrong.

use super::pair::frequency;
use super::{Prediction, STUDY, paths, winners};
use crate::error::Result;
use crate::schedule::Schedule;
use crate::stats::{CHECK_LEVEL, binomial_interval, combination};
use crate::study::ensemble::Ensemble;
use crate::study::{Context, Lab, Part};
use crate::theory::selection::diffusion_rate;
use crate::verdict::{OneSidedInterval, Register};

const THREE: [f64; 3] = [0.5, 0.3, 0.2];

/// Step sizes, the second half of the first, for the extrapolation.
const STEP_SIZES: [f64; 2] = [0.2, 0.1];

/// The leader speaks for all.
pub(super) fn three_ways(context: &Context, prediction: &Prediction, register: &mut Register) -> Part {
    let expected = (prediction.triangle)(THREE)[0];
    let (paths, runs) = context.effort.pick((15_000, 15_000), (300_000, 240_000), (1_200_000, 400_000));
    let by_paths = register
        .expect(
            "m = 3, c ∝ (5, 3, 2): P(i* = 1) by paths of the diffusion",
            expected,
            "the lattice solution, right to 1e-5; paths have no time step, and turn again with probability 1e-5",
        )
        .chance(0.2 * CHECK_LEVEL)
        .covered(3.05 / (paths as f64).sqrt());
    let by_runs = register
        .expect(
            "m = 3, c ∝ (5, 3, 2), η → 0: P(i* = 1) of SGD by extrapolation",
            expected,
            "the lattice solution; 2 P(η/2) − P(η) at η = 0.2 leaves an order η², below 5e-4",
        )
        .chance(CHECK_LEVEL)
        .covered(6.8 / (runs as f64).sqrt());
    let above_shares = above_shares(prediction, register);
    let path = prediction.path;
    Box::new(move |lab, findings| {
        let count = paths::winners(lab, path, &THREE, paths, lab.cell_seed(&STUDY, 6 << 32))?[0];
        let wins = [wins(lab, 0, runs)?, wins(lab, 1, runs)?];
        let [coarse, fine] = wins.map(|wins| frequency(wins, runs));
        let (value, interval) =
            combination(&[(2.0, fine.0, fine.1), (-1.0, coarse.0, coarse.1)], CHECK_LEVEL);
        let of_paths = binomial_interval(count, paths, CHECK_LEVEL);
        findings.checks.extend([
            by_paths.estimated(count as f64 / paths as f64, of_paths, paths),
            by_runs.estimated(value, interval, 2 * runs),
            above_shares.estimated(fine.0, binomial_interval(wins[1], runs, CHECK_LEVEL), runs),
        ]);
        findings.protocol.push(format!(
            "Three samples, c ∝ (5, 3, 2): a lattice solution of the exit problem against {paths} paths of the diffusion, sampled without time \
             step, and against {runs} runs of SGD (b = 1) at each of η = {} and {}, extrapolated.",
            STEP_SIZES[0], STEP_SIZES[1],
        ));
        Ok(())
    })
}

/// The leader wins more often than its share of the `|c_j|`.
fn above_shares(prediction: &Prediction, register: &mut Register) -> OneSidedInterval {
    let name = "m = 3, c ∝ (5, 3, 2): P(i* = 1) by SGD at η = 0.1 exceeds |c_1|/Σ|c|";
    let why = "a natural guess, and not the law";
    register.expect(name, (prediction.guesses[0])(&THREE)[0], why).control().exceeding()
}

/// Wins of the leader at a step size.
fn wins(lab: &Lab, k: usize, runs: u64) -> Result<u64> {
    let eta = STEP_SIZES[k];
    let kappa = diffusion_rate(3, 1, eta);
    let schedule = Schedule::sgd(3, 1, lab.cell_seed(&STUDY, 7 << 32 | k as u64))?;
    let ensemble = Ensemble::new(schedule, eta, 1.0 / kappa, 80.0 / kappa)?;
    Ok(winners(lab, &ensemble, &THREE, runs)?[0])
}
