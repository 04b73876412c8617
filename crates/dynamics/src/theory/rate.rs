//! How fast, by schedule (beyond the paper): what one step does to a loser of the selection, far out.
//!
//! At the datapoint `a_{i*}` (`N = 1`) a batch with `k_{i*}` copies of `i*` and `k_j` of `j` leaves `c_{i*}` alone and
//! multiplies `c_j` by `1 + η_B (k_j − k_{i*})`. So `log|c_j|` is asymptotically a random walk, and the law of its
//! steps is that of the batches. Rates are per step; `L = log 1/(1 − η_B²)`.

use super::sgd;
use crate::problem::Reduction;
use crate::schedule::ScheduleKind;

/// Mean fall of `log|c_j|` and variance, both a step in the long run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepLaw {
    /// The rate `λ`.
    pub rate: f64,
    /// Variance; 0 where the long run leaves nothing to chance.
    pub variance: f64,
}

/// The law for random batches and for cyclic ones of a single sample; `None` for cyclic batches of more
/// (see [`cyclic_blocks`]).
///
/// - Without replacement: `1 ∓ η_B` with probability `v = b(m−b)/(m(m−1))` each: `λ = v L` ([`sgd::rate`]).
/// - With replacement: the counts `(k_{i*}, k_j)` are multinomial, and the expectation a finite sum. For
///   `η_B k = 1`, `k ≤ b`, a batch with `k` more of `i*` sends `c_j` to 0 and the sum is infinite; near such `η_B`
///   batches so rare that no run meets one can dominate it. Never for `η_B b < 1`.
/// - Reshuffled epochs: every batch is uniform, so `λ` is the same as without replacement, whether `b` divides `m` or
///   not. If it does, an epoch multiplies `c_j` by `1 − η_B²`, or by 1 when `i*` and `j` come together: no term
///   of order `η_B` is left in the variance, and for `b = 1` nothing at all. The mean over all losers is then free
///   of chance for every such `b`: `b − 1` of them come with `i*`, once an epoch.
/// - Cyclic, `b = 1`: `λ = L/m`, without chance.
/// - Full batch: 0.
pub fn step_law(kind: ScheduleKind, samples: usize, batch: usize, step_per_sample: f64) -> Option<StepLaw> {
    let (m, b) = (samples as f64, batch as f64);
    let (up, down) = (step_per_sample.ln_1p(), (-step_per_sample).ln_1p());
    let rate = sgd::rate(samples, batch, step_per_sample);
    Some(match kind {
        ScheduleKind::Gd => StepLaw { rate: 0.0, variance: 0.0 },
        ScheduleKind::Sgd => {
            let each = b * (m - b) / (m * (m - 1.0));
            StepLaw { rate, variance: each * (up * up + down * down) - rate * rate }
        }
        ScheduleKind::Replacement => with_replacement(samples, batch, step_per_sample),
        ScheduleKind::Reshuffle => {
            let batches = (samples / batch) as f64;
            let used = batches * b;
            let pairs = m * (m - 1.0);
            let (apart, one) = (used * (used - b) / pairs, used * (m - used) / pairs);
            let mean = apart * (up + down) + one * (up + down);
            let square = apart * (up + down).powi(2) + one * (up * up + down * down);
            StepLaw { rate, variance: (square - mean * mean) / batches }
        }
        ScheduleKind::Cyclic if batch == 1 => StepLaw { rate, variance: 0.0 },
        ScheduleKind::Cyclic => return None,
    })
}

fn with_replacement(samples: usize, batch: usize, step_per_sample: f64) -> StepLaw {
    let (mut mean, mut square) = (0.0, 0.0);
    for (difference, probability) in differences(samples, batch) {
        let factor = (1.0 + step_per_sample * f64::from(difference)).abs().ln();
        mean += probability * factor;
        square += probability * factor * factor;
    }
    StepLaw { rate: -mean, variance: square - mean * mean }
}

/// Law of `k_j − k_{i*}` in a batch with replacement: a walk of `b` steps `±1` with probability `1/m` each.
fn differences(samples: usize, batch: usize) -> Vec<(i32, f64)> {
    let one = 1.0 / samples as f64;
    let mut law = vec![0.0; 2 * batch + 1];
    law[batch] = 1.0;
    for _ in 0..batch {
        let at =
            |k: usize, by: isize| k.checked_add_signed(by).and_then(|k| law.get(k)).copied().unwrap_or(0.0);
        law = (0..law.len()).map(|k| (1.0 - 2.0 * one) * at(k, 0) + one * (at(k, 1) + at(k, -1))).collect();
    }
    law.into_iter().enumerate().map(|(k, p)| (k as i32 - batch as i32, p)).collect()
}

/// Cyclic batches of any size: the rate of the loser `distance` places after (or before) the winner.
///
/// The windows of `b` neighbours start at the multiples of `g = gcd(b, m)`, `m/g` of them a period. As many hold `i*`
/// without `j` as `j` without `i*`, say `D`, so a period multiplies `c_j` by `(1 − η_B²)^D`: `λ = (g D/m) L`. Windows are
/// made of whole blocks of `g`, so samples of the same block have `D = 0` and never part, and at a distance of `r` blocks
/// `D = min(b', r, m' − r, m' − b')`, `b' = b/g`, `m' = m/g`. `winner` says where in its block `i*` is.
pub fn cyclic_blocks(samples: usize, batch: usize, winner: usize, loser: usize, step_per_sample: f64) -> f64 {
    let block = greatest_common_divisor(samples, batch);
    let holds = |start: usize, i: usize| (i + samples - start) % samples < batch;
    let starts = (0..samples).step_by(block);
    let apart = starts.filter(|&start| holds(start, winner) && !holds(start, loser)).count();
    (block * apart) as f64 / samples as f64 * -(-step_per_sample * step_per_sample).ln_1p()
}

/// Cyclic batches, `b < m`: the rate of the slowest losers outside the winner's block, those of the blocks next to it, over that at
/// `b = 1`: `g = gcd(b, m)`, since `D = 1` there. Only for `g = 1` are neighbours as slow as at `b = 1`.
pub fn slowest_over_single(samples: usize, batch: usize) -> usize {
    greatest_common_divisor(samples, batch)
}

fn greatest_common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

/// What a run costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// Steps: time on a device that takes any batch at once.
    Steps,
    /// Samples touched, `b` a step.
    Samples,
}

/// Batch size without replacement at which the time `1/λ` costs least, of `1 … m − 1`.
///
/// Sum: `λ ∝ b(m − b)`, least steps at `b = m/2`, least samples at `b = 1`. Mean: `η_B = η/b` makes
/// `λ ≈ η² (m − b)/(b m(m − 1))`, and `b = 1` is best for both.
pub fn best_batch(samples: usize, step_size: f64, reduction: Reduction, cost: Cost) -> usize {
    let price = |b: usize| {
        let steps = 1.0 / sgd::rate(samples, b, reduction.step_per_sample(step_size, b));
        if cost == Cost::Samples { b as f64 * steps } else { steps }
    };
    (1..samples).min_by(|&a, &b| price(a).total_cmp(&price(b))).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Long-run law by brute force: all equally likely epochs (or batches), each a list of batches.
    fn enumerated(epochs: &[Vec<Vec<usize>>], eta: f64) -> StepLaw {
        let count = |batch: &[usize], i: usize| batch.iter().filter(|k| **k == i).count() as f64;
        let fall = |epoch: &Vec<Vec<usize>>| -> f64 {
            epoch.iter().map(|batch| -(1.0 + eta * (count(batch, 1) - count(batch, 0))).abs().ln()).sum()
        };
        let falls: Vec<f64> = epochs.iter().map(fall).collect();
        let (n, steps) = (falls.len() as f64, epochs[0].len() as f64);
        let mean = falls.iter().sum::<f64>() / n;
        let variance = falls.iter().map(|f| (f - mean).powi(2)).sum::<f64>() / n;
        StepLaw { rate: mean / steps, variance: variance / steps }
    }

    fn permutations(m: usize) -> Vec<Vec<usize>> {
        if m == 0 {
            return vec![Vec::new()];
        }
        let shorter = permutations(m - 1);
        let insert = |p: &Vec<usize>, at: usize| [&p[..at], &[m - 1], &p[at..]].concat();
        shorter.iter().flat_map(|p| (0..m).map(move |at| insert(p, at))).collect()
    }

    fn close(a: StepLaw, b: StepLaw, what: &str) {
        assert!(
            (a.rate - b.rate).abs() < 1e-14 && (a.variance - b.variance).abs() < 1e-14,
            "{what}: {a:?} {b:?}"
        );
    }

    #[test]
    fn laws_are_the_enumerated_ones() {
        let eta = 0.17;
        for (m, b) in [(4usize, 1usize), (4, 2), (5, 2), (6, 3), (6, 4), (3, 3)] {
            let epochs: Vec<Vec<Vec<usize>>> = permutations(m)
                .iter()
                .map(|p| p.chunks_exact(b).map(|batch| batch.to_vec()).collect())
                .collect();
            close(
                step_law(ScheduleKind::Reshuffle, m, b, eta).unwrap(),
                enumerated(&epochs, eta),
                "reshuffled",
            );
            let single: Vec<Vec<Vec<usize>>> = epochs.iter().map(|epoch| vec![epoch[0].clone()]).collect();
            close(step_law(ScheduleKind::Sgd, m, b, eta).unwrap(), enumerated(&single, eta), "without");
            let draws: Vec<Vec<Vec<usize>>> = (0..m.pow(b as u32))
                .map(|k| vec![(0..b).map(|digit| k / m.pow(digit as u32) % m).collect()])
                .collect();
            close(step_law(ScheduleKind::Replacement, m, b, eta).unwrap(), enumerated(&draws, eta), "with");
        }
    }

    #[test]
    fn cyclic_windows_are_walked() {
        let eta: f64 = 0.21;
        for (m, b) in [(5usize, 2usize), (7, 3), (6, 4), (8, 2), (7, 1), (9, 6)] {
            for (winner, loser) in [(0, 1), (1, 0), (2, 4), (3, 0)] {
                let mut fall = 0.0;
                for step in 0..m {
                    let batch: Vec<usize> = (0..b).map(|k| (step * b + k) % m).collect();
                    fall -= match (batch.contains(&winner), batch.contains(&loser)) {
                        (true, false) => (1.0 - eta).ln(),
                        (false, true) => (1.0 + eta).ln(),
                        _ => 0.0,
                    };
                }
                let rate = cyclic_blocks(m, b, winner, loser, eta);
                assert!((rate - fall / m as f64).abs() < 1e-15, "m = {m}, b = {b}: {winner} {loser}");
            }
        }
        assert_eq!(cyclic_blocks(8, 2, 0, 1, eta), 0.0);
        // Across blocks of two of six the rate is L/3, twice that of single samples.
        assert!((cyclic_blocks(6, 4, 1, 2, eta) + (-eta * eta).ln_1p() / 3.0).abs() < 1e-15);
        for (m, b) in [(5, 2), (6, 4), (8, 2), (9, 6), (12, 8), (10, 4)] {
            let rates = (1..m).map(|j| cyclic_blocks(m, b, 0, j, eta) / cyclic_blocks(m, 1, 0, 1, eta));
            let slowest = rates.filter(|rate| *rate > 0.0).fold(f64::INFINITY, f64::min);
            assert!(
                (slowest - slowest_over_single(m, b) as f64).abs() < 1e-12,
                "m = {m}, b = {b}: {slowest}"
            );
        }
    }

    #[test]
    fn the_best_batch_depends_on_the_reduction() {
        use Cost::{Samples, Steps};
        assert_eq!(best_batch(9, 0.2, Reduction::Sum, Steps), 4);
        assert_eq!(best_batch(12, 0.1, Reduction::Sum, Steps), 6);
        assert_eq!(best_batch(12, 0.1, Reduction::Sum, Samples), 1);
        assert_eq!(best_batch(12, 0.1, Reduction::Mean, Steps), 1);
        assert_eq!(best_batch(12, 0.1, Reduction::Mean, Samples), 1);
    }
}
