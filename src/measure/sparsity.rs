//! How many samples a neuron mixes.

use crate::state::Neuron;
use crate::vectors;

/// Participation ratio `(Σ c_i²)² / Σ c_i⁴`: 1 for a pure datapoint, `m` for an even mixture of all,
/// 0 for a neuron orthogonal to the data, at any scale.
pub fn participation_ratio(neuron: &Neuron) -> f64 {
    vectors::participation_ratio(&neuron.correlations)
}

/// Hoyer's sparsity `(√m − ‖v‖₁/‖v‖₂)/(√m − 1)` of a vector of length `m`: 1 if a single entry is not 0, 0 if all
/// have the same size (P. O. Hoyer, JMLR 5, 2004). Invariant under scaling, signs and order. 1 for `m = 1`; 0 for
/// the vector 0, of which nothing stands out.
pub fn hoyer(v: &[f64]) -> f64 {
    let (sum, square) = scaled(v).fold((0.0, 0.0), |(one, two), x| (one + x.abs(), two + x * x));
    let root = (v.len() as f64).sqrt();
    match square {
        0.0 => 0.0,
        _ if v.len() == 1 => 1.0,
        square => ((root - sum / f64::sqrt(square)) / (root - 1.0)).clamp(0.0, 1.0),
    }
}

/// Effective support `exp(−Σ p_i log p_i)`, `p_i = v_i²/‖v‖²`: the exponential of the Shannon entropy of the energy, 1 for
/// a single entry, `m` for `m` of the same size, 0 for the vector 0. The participation ratio is the same with
/// Rényi's entropy of order 2, and never larger.
pub fn effective_support(v: &[f64]) -> f64 {
    let square: f64 = scaled(v).map(|x| x * x).sum();
    if square == 0.0 {
        return 0.0;
    }
    let parts = scaled(v).map(|x| x * x / square).filter(|&p| p > 0.0);
    parts.map(|p| -p * p.ln()).sum::<f64>().exp()
}

/// The entries over the largest of them, whose squares then neither overflow nor vanish together.
fn scaled(v: &[f64]) -> impl Iterator<Item = f64> {
    let largest = vectors::largest_size(v.iter().copied());
    v.iter().map(move |x| if largest == 0.0 { 0.0 } else { x / largest })
}

/// The log-ratio `R = log(|c_{i*}| / Σ_{j ≠ i*} |c_j|)`, `i* = argmax |c|`, over the
/// samples that `member` admits (`S⁺` for ReLU). Infinite for a pure datapoint, NaN over nothing.
pub fn log_ratio(neuron: &Neuron, member: impl Fn(usize) -> bool) -> f64 {
    let (mut largest, mut rest) = (0.0f64, 0.0);
    for (_, c) in neuron.correlations.iter().enumerate().filter(|(i, _)| member(*i)) {
        let c = c.abs();
        if c > largest {
            rest += largest;
            largest = c;
        } else {
            rest += c;
        }
    }
    (largest / rest).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn neuron(correlations: &[f64]) -> Neuron {
        Neuron { correlations: correlations.to_vec(), residual: 0.0, norm_sq: 1.0, overlap_init: 0.0 }
    }

    #[test]
    fn participation_counts_equal_parts() {
        assert!((participation_ratio(&neuron(&[0.3, -0.3, 0.3, 0.0])) - 3.0).abs() < 1e-14);
        assert!((participation_ratio(&neuron(&[0.0, 0.7])) - 1.0).abs() < 1e-15);
        assert_eq!(participation_ratio(&neuron(&[0.0, 0.0])), 0.0);
    }

    #[test]
    fn hoyer_and_support_at_closed_forms() {
        // One entry; k equal ones of m; nothing; a single number.
        assert_eq!((hoyer(&[0.0, -0.7, 0.0]), effective_support(&[0.0, -0.7, 0.0])), (1.0, 1.0));
        let even = [0.3, 0.0, -0.3, 0.3, 0.0, 0.0, 0.0];
        assert!((hoyer(&even) - (7f64.sqrt() - 3f64.sqrt()) / (7f64.sqrt() - 1.0)).abs() < 1e-15);
        assert!((effective_support(&even) - 3.0).abs() < 1e-14);
        assert_eq!((hoyer(&[0.2; 9]), hoyer(&[0.0; 4]), hoyer(&[-5.0])), (0.0, 0.0, 1.0));
        assert!((effective_support(&[0.2; 9]) - 9.0).abs() < 1e-13);
        assert_eq!(effective_support(&[0.0; 4]), 0.0);
        // p = (4, 1)/5: H = log 5 − (4/5) log 4.
        let support = (5f64.ln() - 0.8 * 4f64.ln()).exp();
        assert!((effective_support(&[2.0, 1.0]) - support).abs() < 1e-14);
        assert!((hoyer(&[2.0, 1.0]) - (2f64.sqrt() - 3.0 / 5f64.sqrt()) / (2f64.sqrt() - 1.0)).abs() < 1e-15);
        // Far from the range of squares.
        assert!((effective_support(&[2e-200, 1e-200]) - support).abs() < 1e-14);
    }

    use proptest::test_runner::{Config, RngSeed};

    proptest::proptest! {
        #![proptest_config(Config { rng_seed: RngSeed::Fixed(7), ..Config::with_cases(300) })]

        #[test]
        fn measures_see_neither_scale_nor_sign_nor_order(
            v in proptest::collection::vec(-1.0f64..1.0, 1..12), scale in 1e-3f64..1e3, shift in 0usize..12
        ) {
            let mut other: Vec<f64> = v.iter().map(|x| -scale * x).collect();
            other.rotate_left(shift % v.len());
            for measure in [hoyer, effective_support] {
                proptest::prop_assert!((measure(&v) - measure(&other)).abs() < 1e-12 * v.len() as f64);
            }
            let participation = participation_ratio(&neuron(&v));
            proptest::prop_assert!((0.0..=1.0).contains(&hoyer(&v)));
            proptest::prop_assert!(participation <= effective_support(&v) * (1.0 + 1e-12));
            proptest::prop_assert!(effective_support(&v) <= v.len() as f64 * (1.0 + 1e-12));
        }
    }

    #[test]
    fn log_ratio_takes_members_only() {
        let w = neuron(&[0.1, -0.6, 0.2]);
        assert!((log_ratio(&w, |_| true) - (0.6f64 / 0.3).ln()).abs() < 1e-14);
        assert!((log_ratio(&w, |i| i != 1) - 2f64.ln()).abs() < 1e-14);
        assert_eq!(log_ratio(&neuron(&[0.0, 1.0]), |_| true), f64::INFINITY);
    }
}
