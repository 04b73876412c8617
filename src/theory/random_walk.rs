//! The random walk behind Theorem 2 (GFHY Proposition 8): exact one-step drift, its
//! asymptotic lower bound, bounded increments.
//!
//! The state is `(c, N)` over orthonormal data; `R = log(|c_{i*}| / Σ_{j≠i*} |c_j|)`, `i* = argmax |c|`,
//! over the samples of the active set.

use statrs::function::erf::erfc;

use super::quadrature::simpson;
use crate::model::Activation;

/// The log-ratio `R` of correlations, over the active samples.
pub fn log_ratio(c: &[f64], active: &[usize]) -> f64 {
    let (mut largest, mut rest) = (0.0f64, 0.0);
    for &i in active {
        let size = c[i].abs();
        rest += size.min(largest);
        largest = largest.max(size);
    }
    (largest / rest).ln()
}

/// One step on the correlations, written out plainly.
///
/// # Panics
/// For an activation that is not the paper's.
pub fn step(
    c: &[f64],
    norm_sq: f64,
    batch: &[usize],
    step_per_sample: f64,
    activation: Activation,
) -> Vec<f64> {
    activation.require_unit_slope();
    let energy: f64 = batch.iter().map(|&i| activation.apply(c[i]).powi(2)).sum();
    let mut next: Vec<f64> = c.iter().map(|c| c * (1.0 - step_per_sample * energy)).collect();
    for &i in batch {
        next[i] += step_per_sample * (2.0 - norm_sq) * activation.apply(c[i]);
    }
    next
}

/// Conditional expectation of `R_{t+1} − R_t` at a state, over all `C(m, b)` batches, exactly.
///
/// # Panics
/// For an activation that is not the paper's.
pub fn drift(c: &[f64], norm_sq: f64, batch: usize, step_per_sample: f64, activation: Activation) -> f64 {
    let active: Vec<usize> = (0..c.len()).filter(|&i| activation.admits(c[i])).collect();
    let now = log_ratio(c, &active);
    let (mut sum, mut count) = (0.0, 0u64);
    for_each_subset(c.len(), batch, |subset| {
        sum += log_ratio(&step(c, norm_sq, subset, step_per_sample, activation), &active) - now;
        count += 1;
    });
    sum / count as f64
}

/// Calls `visit` with every subset of `0..m` of size `b`, in lexicographic order.
pub fn for_each_subset(m: usize, b: usize, mut visit: impl FnMut(&[usize])) {
    let mut subset: Vec<usize> = (0..b).collect();
    loop {
        visit(&subset);
        let Some(k) = (0..b).rev().find(|&k| subset[k] < m - b + k) else { return };
        subset[k] += 1;
        for j in k + 1..b {
            subset[j] = subset[j - 1] + 1;
        }
    }
}

/// Lower bound on the drift as `R → ∞` for `b = 1`: `(1/m)(log 1/(1−η) − η)`, positive.
pub fn asymptotic_drift_bound(samples: usize, step_size: f64) -> f64 {
    (-(-step_size).ln_1p() - step_size) / samples as f64
}

/// Growth of `E R` between the times `λt = from` and `λt = to`, both long after selection, with `rivals`
/// samples beside the leader (beyond the paper): `(to − from) − e_k(√to − √from)`, `e_k` the expected
/// maximum of `k` independent standard Gaussians.
///
/// The `log|c_j/c_{i*}|` are random walks of drift `−λ` and variance `2λ` a step, half of it shared, since
/// every draw of `i*` lowers all of them; `R` is the distance to the highest of them. So `R_t/t → λ`, but
/// only like `1/√t` for more than one rival.
pub fn mean_growth(rivals: usize, from: f64, to: f64) -> f64 {
    (to - from) - mean_highest(rivals) * (to.sqrt() - from.sqrt())
}

/// Expected maximum of `k` independent standard Gaussians: `∫ x d(Φ(x)^k)`.
fn mean_highest(k: usize) -> f64 {
    let phi = |x: f64| 0.5 * erfc(-x / std::f64::consts::SQRT_2);
    let above = simpson(|x| 1.0 - phi(x).powi(k as i32), 0.0, 12.0, 2400);
    above - simpson(|x| phi(x).powi(k as i32), -12.0, 0.0, 2400)
}

/// Bound on `|R_{t+1} − R_t|` for every batch size, step size per sample `η < 1/2`, `‖w‖² ≤ 2`: `log(1 + 2η)`.
///
/// With `C_B = Σ_{i∈B} c_i²` a coordinate in the batch is multiplied by `1 − ηC_B + η(2 − N)`, any other by
/// `1 − ηC_B`, and a sum of coordinates by something between: no ratio of theirs changes by more than
/// `1 + η(2 − N)/(1 − ηC_B)`, and `R` is the largest of such ratios.
/// Over `C_B ≤ N ≤ 2` that is largest at `N = 0`, where it is `1 + 2η`, since `(2 − N)/(1 − ηN) ≤ 2` is
/// `N(1 − 2η) ≥ 0`; at a datapoint (`C_B = N = 1`) it is `1/(1 − η)`, the paper's bound.
pub fn largest_increment(step_size: f64) -> f64 {
    (2.0 * step_size).ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subsets_are_all_there() {
        let mut seen = Vec::new();
        for_each_subset(5, 3, |subset| seen.push(subset.to_vec()));
        assert_eq!(seen.len(), 10);
        seen.dedup();
        assert_eq!(seen.len(), 10);
        let mut count = 0;
        for_each_subset(4, 4, |_| count += 1);
        assert_eq!(count, 1);
    }

    #[test]
    fn the_bound_is_reached_when_one_rival_is_left() {
        // Near a datapoint with a single rival: R grows by log 1/(1−η) w.p. 1/m, falls by log(1+η) w.p. 1/m.
        let eta: f64 = 0.17;
        let exact = drift(&[1.0, 1e-9, 0.0], 1.0, 1, eta, Activation::Relu);
        assert!((exact - (-(1.0 - eta).ln() - (1.0 + eta).ln()) / 3.0).abs() < 1e-8, "{exact}");
        assert!(exact > asymptotic_drift_bound(3, eta));
    }

    #[test]
    fn the_growth_factor_is_largest_at_the_origin() {
        let eta = 0.37;
        let factor = |c2: f64, n: f64| 1.0 + eta * (2.0 - n) / (1.0 - eta * c2);
        for k in 0..=50 {
            for l in 0..=k {
                let (n, c2) = (f64::from(k) / 25.0, f64::from(l) / 25.0);
                assert!(factor(c2, n).ln() <= largest_increment(eta) + 1e-15);
            }
        }
        assert!((factor(1.0, 1.0) - 1.0 / (1.0 - eta)).abs() < 1e-15);
    }

    #[test]
    fn the_highest_of_a_few_gaussians_is_known() {
        let pi = std::f64::consts::PI;
        for (k, expected) in [(1, 0.0), (2, 1.0 / pi.sqrt()), (3, 1.5 / pi.sqrt())] {
            assert!((mean_highest(k) - expected).abs() < 1e-10, "{k}: {}", mean_highest(k));
        }
        assert!((mean_growth(1, 3.0, 10.0) - 7.0).abs() < 1e-9);
    }

    #[test]
    fn the_full_batch_does_not_drift() {
        let exact = drift(&[0.4, 0.3, -0.2], 0.3, 3, 0.1, Activation::Linear);
        assert!(exact.abs() < 1e-15, "{exact}");
    }
}
