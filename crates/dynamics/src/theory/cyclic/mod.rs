//! Cyclic SGD with one sample a step: GFHY Theorem 4, its rate, and (beyond the paper) where its basins meet.
//!
//! As `η → 0` a cycle on the manifold `N = 1` moves `y_j = log|c_j|` by `η² p_j`, `p = softmax(2y)`, up to a common
//! shift: the largest correlation wins. What the order does is of the next order, and adds up to a head start of
//! `O(η)` in log-ratio for the sample visited first ([`head_start`]). Where basins meet starts end in no datapoint ([`mixed`]).

pub mod lyapunov;
pub mod mixed;

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

/// Slope of the boundary for two samples: the limit is `a_0` iff `log(c_1/c_0) < (1 − ‖w_0‖²/2) η + O(η²)`, for
/// `c_0, c_1 > 0`, with or without a residual.
///
/// Two sources, each with `Δ log c_i = log(1 + η(2−N)/(1−η c_i²))` for the sample visited. While the norm grows, the
/// second sample of a cycle meets an `N` that is larger by half of what the cycle adds: `½ η (1 − ‖w_0‖²)` in all. On
/// the manifold it has been shrunk by the first: `η² (p_0 − p_1(1 − 2ηp_0))`, so at equality the log-ratio still grows
/// by `½ η³` a cycle, against `η² tanh d`: another `½ η`.
pub fn basin_slope(norm_sq: f64) -> f64 {
    1.0 - 0.5 * norm_sq
}

/// Head start `B` of the earlier of two leaders, `first < second` in the order of visits: it wins iff
/// `log(|c_second|/|c_first|) < B η + O(η²)`, all others fixed. For two samples it is [`basin_slope`].
///
/// Both at their geometric mean, with the samples `l` from `first` to `second − 1` between them: while the norm grows
/// they meet norms that differ by `Σ_l p_l` of what a cycle adds; on the manifold a cycle adds
/// `η³ e`, `e = 2p Σ_l p_l + Σ_l p_l (Σp² − p_l)`, where `N − 1 = (η/4)(1 − Σp²)`, and a lead `δ` grows by `2p η² δ`. So
/// `B = (1 − ‖w_0‖²) Σ_l p_l(0) + ∫ e(t) exp(−∫_0^t 2p) dt` along `dy_j/dt = p_j`.
pub fn head_start(c0: &[f64], norm_sq: f64, first: usize, second: usize) -> f64 {
    let mut y: Vec<f64> = c0.iter().map(|c| c.abs().ln()).collect();
    y[first] = 0.5 * (y[first] + y[second]);
    y[second] = y[first];
    let between = |p: &[f64]| -> f64 { p[first..second].iter().sum() };
    let (mut sum, mut weight) = ((1.0 - norm_sq) * between(&shares(&y)), 1.0);
    // Midpoint rule, second order; the weight falls at least like e^{−2t/m} at first, like e^{−t} in the end.
    let step = 0.02;
    while weight > 1e-7 {
        let half: Vec<f64> = y.iter().zip(shares(&y)).map(|(y, p)| y + 0.5 * step * p).collect();
        let p = shares(&half);
        let square: f64 = p.iter().map(|p| p * p).sum();
        let push =
            2.0 * p[first] * between(&p) + p[first..second].iter().map(|p| p * (square - p)).sum::<f64>();
        let decay = (-2.0 * p[first] * step).exp();
        sum += step * push * weight * decay.sqrt();
        weight *= decay;
        y.iter_mut().zip(&p).for_each(|(y, p)| *y += step * p);
    }
    sum
}

/// `softmax(2y)`.
fn shares(y: &[f64]) -> Vec<f64> {
    let top = y.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sizes: Vec<f64> = y.iter().map(|y| (2.0 * (y - top)).exp()).collect();
    let total: f64 = sizes.iter().sum();
    sizes.into_iter().map(|p| p / total).collect()
}

/// Winner of cyclic SGD to first order in `η`: the largest correlation, unless the runner-up is visited earlier and
/// behind by less than its head start. The two largest alone are asked: where a third is within `O(η)` of them too, a
/// corner of the starts of order `η²`, it may win instead.
pub fn winner(c0: &[f64], norm_sq: f64, step_size: f64) -> usize {
    let mut order: Vec<usize> = (0..c0.len()).collect();
    order.sort_by(|&i, &j| c0[j].abs().total_cmp(&c0[i].abs()));
    let &[largest, second, ..] = order.as_slice() else { return 0 };
    if second > largest {
        return largest;
    }
    let behind = (c0[largest] / c0[second]).abs().ln();
    // No head start is above 5/2: with `Σp² ≤ p` for the leaders' `p`, e is at most 3p.
    if behind > 2.5 * step_size {
        return largest;
    }
    if behind < step_size * head_start(c0, norm_sq, second, largest) { second } else { largest }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cyclic SGD written out; the winner once it is a thousand times as large as all others.
    fn walk(c0: &[f64], residual: f64, eta: f64) -> usize {
        let (mut c, mut s) = (c0.to_vec(), residual);
        loop {
            for i in 0..c.len() {
                let norm_sq = c.iter().map(|c| c * c).sum::<f64>() + s * s;
                let (before, factor) = (c[i], 1.0 - eta * c[i] * c[i]);
                c.iter_mut().for_each(|c| *c *= factor);
                c[i] += eta * (2.0 - norm_sq) * before;
                s *= factor;
            }
            let total: f64 = c.iter().sum();
            if let Some(leader) = c.iter().position(|c| *c > 0.999 * total) {
                return leader;
            }
        }
    }

    /// Largest log-ratio of `second` over `first` at which `first` wins, by bisection.
    fn boundary(c0: &[f64], residual: f64, first: usize, second: usize, eta: f64) -> f64 {
        let (mut low, mut high) = (0.0, 2.0 * eta);
        for _ in 0..22 {
            let lead: f64 = 0.5 * (low + high);
            let mut c = c0.to_vec();
            c[second] *= (0.5 * lead).exp();
            c[first] *= (-0.5 * lead).exp();
            if walk(&c, residual, eta) == first { low = lead } else { high = lead }
        }
        0.5 * (low + high)
    }

    #[test]
    fn for_two_the_head_start_is_the_slope() {
        for norm in [0.1, 0.5, 0.95] {
            let c = [norm / 2f64.sqrt(); 2];
            assert!((head_start(&c, norm * norm, 0, 1) - basin_slope(norm * norm)).abs() < 1e-4, "{norm}");
        }
        // And with a residual, against the recursion itself, extrapolated from two step sizes.
        let c = [0.2; 2];
        let [coarse, fine] = [0.02, 0.01].map(|eta| boundary(&c, 0.5, 0, 1, eta) / eta);
        assert!((2.0 * fine - coarse - basin_slope(0.33)).abs() < 2e-3, "{coarse} {fine}");
    }

    #[test]
    fn head_starts_of_many_are_those_of_the_recursion() {
        // Leaders 1 and 3 of five, with others before, between and behind.
        let c = [0.15, 0.3, 0.22, 0.3, 0.1];
        let norm_sq: f64 = c.iter().map(|c| c * c).sum();
        let predicted = head_start(&c, norm_sq, 1, 3);
        let [coarse, fine] = [0.04, 0.02].map(|eta| boundary(&c, 0.0, 1, 3, eta) / eta);
        assert!((2.0 * fine - coarse - predicted).abs() < 0.02, "{coarse} {fine} {predicted}");
        assert_eq!(winner(&c, norm_sq, 0.1), 1);
        assert_eq!(winner(&[0.3, 0.1, 0.6], 0.46, 0.1), 2);
    }

    #[test]
    fn the_region_is_the_theorems() {
        assert_eq!(theorem_4(&[0.3, 0.3]), Some(LimitSet::Datapoints(vec![1, 0])));
        for outside in [[0.3, 0.31], [0.3, 0.0], [0.3, -0.1], [0.8, 0.6]] {
            assert_eq!(theorem_4(&outside), None, "{outside:?}");
        }
        assert_eq!(theorem_4(&[0.3, 0.2, 0.1]), None);
    }
}
