//! Mini-batch SGD: where it can end (GFHY Theorem 2) and how fast it gets there.

use crate::activation::Activation;
use crate::limit_set::LimitSet;

/// Limit set of SGD from correlations `c_0` for every `1 ≤ b < m` (Theorem 2): the datapoints
/// `a_i`, `i ∈ S⁺`; for the linear model `sign(c_i(0)) a_i`. Empty for an activation that is not the paper's: nothing
/// is predicted of it.
pub fn limit_set(c0: &[f64], activation: Activation) -> LimitSet {
    let admits = |c: f64| activation.has_unit_slope() && activation.admits(c);
    let sign = |c: f64| if admits(c) { if c > 0.0 { 1 } else { -1 } } else { 0 };
    LimitSet::Datapoints(c0.iter().map(|&c| sign(c)).collect())
}

/// Almost-sure rate `λ` at which `log |c_j|`, `j ≠ i*`, falls per step, for batches without
/// replacement (beyond the paper):
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

/// The same with replacement: `λ ≈ (b/m) log 1/(1 − η_B²)`.
///
/// `c_j` is multiplied by `1 + η_B (k_j − k_{i*})`, where `j` and `i*` are drawn `k` times each, and
/// `Var(k_j − k_{i*}) = 2b/m`. Exact for `b = 1`, to leading order in `η_B` beyond; the exact expectation
/// of the logarithm can be dominated by batches so rare that no run meets one.
pub fn rate_with_replacement(samples: usize, batch: usize, step_per_sample: f64) -> f64 {
    batch as f64 / samples as f64 * -(-step_per_sample * step_per_sample).ln_1p()
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
        // b = 2, m = 3, small η: all nine draws enumerated.
        let (m, eta) = (3, 1e-3f64);
        let count = |draw: [i32; 2], i: i32| draw.iter().filter(|&&k| k == i).count() as f64;
        let drift: f64 = (0..9)
            .map(|k| [k / 3, k % 3])
            .map(|draw| (1.0 + eta * (count(draw, 1) - count(draw, 0))).ln() / 9.0)
            .sum();
        assert!((rate_with_replacement(m, 2, eta) / -drift - 1.0).abs() < 1e-5);
    }

    #[test]
    fn signs_follow_the_active_set() {
        let c0 = [0.2, -0.3, 0.0];
        assert_eq!(limit_set(&c0, Activation::Relu), LimitSet::Datapoints(vec![1, 0, 0]));
        assert_eq!(limit_set(&c0, Activation::Linear), LimitSet::Datapoints(vec![1, -1, 0]));
        assert_eq!(limit_set(&c0, Activation::Tanh), LimitSet::Datapoints(vec![0, 0, 0]));
    }
}
