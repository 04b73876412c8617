//! Mini-batch SGD: where it can end (GFHY Theorem 2) and how fast it gets there (SPEC §7).

use crate::limit_set::LimitSet;
use crate::model::Activation;

/// Limit set of SGD from correlations `c_0` for every `1 ≤ b < m` (Theorem 2): the datapoints
/// `a_i`, `i ∈ S⁺`; for the linear model `sign(c_i(0)) a_i`.
pub fn limit_set(c0: &[f64], activation: Activation) -> LimitSet {
    let sign = |c: f64| if activation.admits(c) { if c > 0.0 { 1 } else { -1 } } else { 0 };
    LimitSet::Datapoints(c0.iter().map(|&c| sign(c)).collect())
}

/// Almost-sure rate `λ` at which `log |c_j|`, `j ≠ i*`, falls per step, for batches without
/// replacement (SPEC §7, beyond the paper):
/// `λ = [b(m − b)/(m(m − 1))] · log 1/(1 − η_B²)`.
///
/// Near `a_{i*}` a batch with `i*` and without `j` multiplies `c_j` by `1 − η_B`, one with `j` and
/// without `i*` by `1 + η_B`; each has probability `b(m − b)/(m(m − 1))`, the rest leave it alone.
/// Zero at `b = m`: the full batch selects nothing.
pub fn rate(samples: usize, batch: usize, step_per_sample: f64) -> f64 {
    if batch >= samples {
        return 0.0;
    }
    let (m, b) = (samples as f64, batch as f64);
    b * (m - b) / (m * (m - 1.0)) * -(-step_per_sample * step_per_sample).ln_1p()
}

/// The same with replacement: `j` and `i*` are each drawn a `Bin(b, 1/m)` number of times. Exact
/// for `b = 1`, where it equals [`rate`] to `λ = (1/m) log 1/(1 − η_B²)`; for larger `b` the joint
/// count `(k_i, k_j)` multiplies `c_j` by `1 + η_B (k_j − k_i)` and the expectation is summed.
pub fn rate_with_replacement(samples: usize, batch: usize, step_per_sample: f64) -> f64 {
    if samples < 2 {
        return 0.0;
    }
    // The difference k_j − k_i is a sum of b independent steps: ±1 with probability 1/m each.
    let p = 1.0 / samples as f64;
    let mut law = vec![0.0; 2 * batch + 1];
    law[batch] = 1.0;
    for _ in 0..batch {
        let mut next = vec![0.0; law.len()];
        for (k, &mass) in law.iter().enumerate().filter(|(_, mass)| **mass > 0.0) {
            next[k] += mass * (1.0 - 2.0 * p);
            next[k - 1] += mass * p;
            next[k + 1] += mass * p;
        }
        law = next;
    }
    let drift = |k: usize| (1.0 + step_per_sample * (k as f64 - batch as f64)).abs().ln();
    -law.iter().enumerate().filter(|(_, mass)| **mass > 0.0).map(|(k, mass)| mass * drift(k)).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rate_is_the_enumerated_drift() {
        // m = 5, all batches of size b enumerated, i* = 0, j = 1, η_B = 0.13.
        let (m, eta) = (5usize, 0.13f64);
        for b in 1..=m {
            let batches: Vec<u32> = (0..1u32 << m).filter(|set| set.count_ones() as usize == b).collect();
            let drift: f64 = batches
                .iter()
                .map(|set| match (set & 1 > 0, set & 2 > 0) {
                    (true, false) => (1.0 - eta).ln(),
                    (false, true) => (1.0 + eta).ln(),
                    _ => 0.0,
                })
                .sum::<f64>()
                / batches.len() as f64;
            assert!((rate(m, b, eta) + drift).abs() < 1e-16, "b = {b}");
        }
    }

    #[test]
    fn replacement_agrees_at_one_and_differs_beyond() {
        assert!((rate(7, 1, 0.2) - rate_with_replacement(7, 1, 0.2)).abs() < 1e-16);
        assert!(rate_with_replacement(3, 3, 0.1) > 0.0);
    }

    #[test]
    fn signs_follow_the_active_set() {
        let c0 = [0.2, -0.3, 0.0];
        assert_eq!(limit_set(&c0, Activation::Relu), LimitSet::Datapoints(vec![1, 0, 0]));
        assert_eq!(limit_set(&c0, Activation::Linear), LimitSet::Datapoints(vec![1, -1, 0]));
    }
}
