//! The random walk behind Theorem 2 (GFHY Proposition 8): exact one-step drift, its
//! asymptotic lower bound, bounded increments.
//!
//! That a process with bounded increments and a drift that is positive in the end is transient is the kind of statement that M. Menshikov and
//! A. Wade prove, also for drifts that vanish (Rate of escape and central limit theorem for the supercritical Lamperti problem, Stochastic
//! Process. Appl. 120, 2010), on whom Proposition 8 rests.
//!
//! The state is `(c, N)` over orthonormal data; `R = log(|c_{i*}| / Σ_{j≠i*} |c_j|)`, `i* = argmax |c|`,
//! over the samples of the active set.

use statrs::function::erf::erfc;

use super::quadrature::simpson;
use super::sgd;
use crate::activation::Activation;

/// The log-ratio `R` of correlations, over the active samples.
pub fn log_ratio(c: &[f64], active: &[usize]) -> f64 {
    let (mut largest, mut rest) = (0.0f64, 0.0);
    for &i in active {
        // A size that is no number ends up in the rest.
        let size = c[i].abs();
        let (high, low) = if size > largest { (size, largest) } else { (largest, size) };
        (largest, rest) = (high, rest + low);
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
    let mut next = vec![0.0; c.len()];
    step_into(&mut next, c, norm_sq, batch, step_per_sample, activation);
    next
}

/// The same, into room that is there.
///
/// # Panics
/// For an activation that is not the paper's.
pub fn step_into(
    next: &mut [f64],
    c: &[f64],
    norm_sq: f64,
    batch: &[usize],
    step_per_sample: f64,
    activation: Activation,
) {
    activation.require_unit_slope();
    let energy: f64 = batch.iter().map(|&i| activation.apply(c[i]).powi(2)).sum();
    next.iter_mut().zip(c).for_each(|(next, c)| *next = c * (1.0 - step_per_sample * energy));
    for &i in batch {
        next[i] += step_per_sample * (2.0 - norm_sq) * activation.apply(c[i]);
    }
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

/// Growth of `R` at a datapoint when `i*` alone is drawn: all others are multiplied by `1 − η`, so `log 1/(1−η)`.
pub fn rise(step_size: f64) -> f64 {
    -(-step_size).ln_1p()
}

/// Fall of `R` at a datapoint when `j ≠ i*` alone is drawn, `p_j = |c_j|/Σ_{k≠i*}|c_k|`: `log(1 + ηp_j)`.
pub fn fall(step_size: f64, share: f64) -> f64 {
    (step_size * share).ln_1p()
}

/// Variance `σ²` a step of what parts one loser from another, halved (beyond the paper): near `a_{i*}` a batch multiplies
/// `c_j` by `1 + η_B(1[j∈B] − 1[i*∈B])`, so for two losers `j`, `l`
///
/// ```text
/// σ² = ½ E[(Δ log|c_j/c_l|)²] = P(j∈B, l∉B, i*∉B) log²(1 + η_B) + P(j∈B, l∉B, i*∈B) log²(1 − η_B)
/// ```
///
/// with the probabilities `b(m−b)(m−b−1)/(m(m−1)(m−2))` and `b(b−1)(m−b)/(m(m−1)(m−2))`. To leading order in `η_B` it is `λ`.
///
/// # Panics
/// For fewer than three samples, of which only one can lose.
pub fn parting(samples: usize, batch: usize, step_per_sample: f64) -> f64 {
    assert!(samples > 2, "two losers among {samples} samples");
    let (m, b) = (samples as f64, batch as f64);
    let pairs = b * (m - b) / (m * (m - 1.0) * (m - 2.0));
    let (up, down) = (step_per_sample.ln_1p(), (-step_per_sample).ln_1p());
    pairs * ((m - b - 1.0) * up * up + (b - 1.0) * down * down)
}

/// Expected growth of `R` over so many steps from a state long after selection, given the losers' `y_j = log|c_j/c_{i*}|` there, `[k]`
/// (beyond the paper).
///
/// The `y_j` are random walks of drift `−λ` ([`sgd::rate`]). Part of their noise is common to all, since a draw of `i*` lowers all of
/// them, and moves `R` by 0 in the mean; the rest has variance `σ²` a step ([`parting`]). `R = −log Σ_j e^{y_j}` follows the highest of them:
///
/// ```text
/// E R_{t+T} = λT − E max_j(y_j + sZ_j) − (π²/12) f(0) + O(s⁻²),    s = σ√T,  Z_j independent standard Gaussians
/// ```
///
/// with the density `f(0)` of a tie at the top, `Σ_{j≠l} ∫ f_j f_l Π_{i≠j,l} F_i`. From an even state the maximum is `e_k σ√T`: so `R_t/t → λ`,
/// but only like `1/√t` for more than one rival. What is neglected is the skewness of the steps, some `η/6` in all.
pub fn mean_growth(samples: usize, batch: usize, step_per_sample: f64, losers: &[f64], steps: f64) -> f64 {
    let ahead = sgd::rate(samples, batch, step_per_sample) * steps;
    if losers.len() < 2 {
        return ahead;
    }
    let spread = (parting(samples, batch, step_per_sample) * steps).sqrt();
    let top = losers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let now = losers.iter().map(|y| (y - top).exp()).sum::<f64>().ln();
    ahead + now - highest_of_gaussians(losers, top, spread)
}

/// `E log Σ_j exp(y_j + sZ_j) − top` for a large `s`: the expected maximum, and what a tie at the top adds.
fn highest_of_gaussians(y: &[f64], top: f64, s: f64) -> f64 {
    // Distribution function of the maximum at top + s x, and the density of a tie there, in units of s.
    let at = |x: f64| {
        let (mut all, mut sum, mut squares) = (1.0, 0.0, 0.0);
        for y in y {
            let z = x + (top - y) / s;
            let below = 0.5 * erfc(-z / std::f64::consts::SQRT_2);
            let hazard = (-0.5 * z * z).exp() / (std::f64::consts::TAU.sqrt() * below);
            (all, sum, squares) = (all * below, sum + hazard, squares + hazard * hazard);
        }
        (all, (sum * sum - squares) * all)
    };
    let (reach, intervals) = (10.0, 400);
    let above = simpson(|x| 1.0 - at(x).0, 0.0, reach, intervals);
    let below = simpson(|x| at(x).0, -reach, 0.0, intervals);
    let tie = simpson(|x| at(x).1, -reach, reach, 2 * intervals);
    s * (above - below) + std::f64::consts::PI.powi(2) / 12.0 * tie / s
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
    use rand::RngExt;

    use super::*;
    use crate::rng::{Purpose, stream};
    use crate::stats::Mean;

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
        assert!((factor(0.0, 0.0).ln() - largest_increment(eta)).abs() < 1e-15);
    }

    #[test]
    fn the_highest_of_a_few_gaussians_is_known() {
        // Even: e_k s and a tie of density k(k − 1)∫φ²Φ^{k−2}/s, which is 1/√π for two, 3/(2√π) for three.
        let root = std::f64::consts::PI.sqrt();
        for (k, highest, tie) in [(2, 1.0 / root, 1.0 / root), (3, 1.5 / root, 1.5 / root)] {
            let (s, y) = (7.3, vec![-4.0; k]);
            let expected = s * highest + std::f64::consts::PI.powi(2) / 12.0 * tie / s;
            let found = highest_of_gaussians(&y, -4.0, s);
            assert!((found - expected).abs() < 1e-9, "{k}: {found} {expected}");
        }
        // Two uneven ones: E max = Δ Φ(Δ/s√2) + s√2 φ(Δ/s√2) above the lower one, Clark (1961).
        let (s, gap) = (5.0, 3.7);
        let z = gap / (s * std::f64::consts::SQRT_2);
        let density = (-0.5 * z * z).exp() / std::f64::consts::TAU.sqrt();
        let phi = 0.5 * erfc(-z / std::f64::consts::SQRT_2);
        let highest = gap * phi + s * std::f64::consts::SQRT_2 * density - gap;
        let tie = 2.0 * density / (s * std::f64::consts::SQRT_2);
        let found = highest_of_gaussians(&[-gap, 0.0], 0.0, s);
        let expected = highest + std::f64::consts::PI.powi(2) / 12.0 * tie;
        assert!((found - expected).abs() < 1e-9, "{found} {expected}");
    }

    #[test]
    fn the_growth_of_r_is_that_of_simulated_walks() {
        // m = 5, b = 2, η_B = 0.2: the limit walk itself, batches drawn; 4000 walks of 20,000 steps.
        let (m, b, eta, steps, walks) = (5, 2, 0.2f64, 20_000, 4000);
        let losers = [-30.0, -33.0, -31.0, -60.0f64];
        let mut rng = stream(61, Purpose::Protocol, 0);
        let level = |y: &[f64]| -y.iter().map(|y| y.exp()).sum::<f64>().ln();
        let growths: Vec<f64> = (0..walks)
            .map(|_| {
                let mut y = losers;
                for _ in 0..steps {
                    let i = rng.random_range(0..m);
                    let j = (i + rng.random_range(1..m)) % m;
                    let winner = [i, j].contains(&0);
                    for (k, y) in y.iter_mut().enumerate() {
                        match (winner, [i, j].contains(&(k + 1))) {
                            (true, false) => *y += (1.0 - eta).ln(),
                            (false, true) => *y += (1.0 + eta).ln(),
                            _ => {}
                        }
                    }
                }
                level(&y) - level(&losers)
            })
            .collect();
        let mean = Mean::of(&growths);
        let expected = mean_growth(m, b, eta, &losers, f64::from(steps));
        assert!((mean.mean - expected).abs() < 4.0 * mean.sem, "{mean:?} {expected}");
        assert!(mean.sem < 2e-3 * expected);
        let alone = mean_growth(m, b, eta, &losers[..1], 700.0);
        assert!((alone - 700.0 * sgd::rate(m, b, eta)).abs() < 1e-12);
    }

    #[test]
    fn what_parts_two_losers_is_the_enumerated_variance() {
        let (m, eta) = (6, 0.17);
        for b in 1..m {
            let mut at_datapoint = vec![1e-9; m];
            at_datapoint[0] = 1.0;
            let (mut sum, mut count) = (0.0, 0.0);
            for_each_subset(m, b, |batch| {
                let next = step(&at_datapoint, 1.0, batch, eta, Activation::Linear);
                sum += 0.5 * (next[2] / next[4]).ln().powi(2);
                count += 1.0;
            });
            assert!((sum / count - parting(m, b, eta)).abs() < 1e-12, "b = {b}: {}", sum / count);
        }
        let small = parting(6, 3, 1e-4) / sgd::rate(6, 3, 1e-4);
        assert!((small - 1.0).abs() < 1e-3, "{small}");
    }

    #[test]
    fn the_full_batch_does_not_drift() {
        let exact = drift(&[0.4, 0.3, -0.2], 0.3, 3, 0.1, Activation::Linear);
        assert!(exact.abs() < 1e-15, "{exact}");
    }
}
