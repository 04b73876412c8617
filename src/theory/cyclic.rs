//! Cyclic SGD with one sample a step: GFHY Theorem 4 and its rate.

use crate::limit_set::LimitSet;

/// Theorem 4 (`m = n = 2`, `B_t = {t mod 2}`): from `c_0 ≥ c_1 > 0`, `‖w_0‖ < 1`, the limit is `a_0`.
/// `None` where the theorem says nothing.
pub fn theorem_4(c0: &[f64]) -> Option<LimitSet> {
    let &[first, second] = c0 else { return None };
    let covered = first >= second && second > 0.0 && first * first + second * second < 1.0;
    covered.then(|| LimitSet::Datapoints(vec![1, 0]))
}

/// Rate per step at which `log |c_j|` falls, `j ≠ i*`: each cycle of `m` steps multiplies `c_j` once
/// by `1 + η_B` and once by `1 − η_B`, so `λ = (1/m) log 1/(1 − η_B²)`.
pub fn rate(samples: usize, step_per_sample: f64) -> f64 {
    -(-step_per_sample * step_per_sample).ln_1p() / samples as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_is_the_theorems() {
        assert_eq!(theorem_4(&[0.3, 0.3]), Some(LimitSet::Datapoints(vec![1, 0])));
        for outside in [[0.3, 0.31], [0.3, 0.0], [0.3, -0.1], [0.8, 0.6]] {
            assert_eq!(theorem_4(&outside), None, "{outside:?}");
        }
        assert_eq!(theorem_4(&[0.3, 0.2, 0.1]), None);
    }
}
