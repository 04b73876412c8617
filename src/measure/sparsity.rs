//! How many samples a neuron mixes.

use crate::state::Neuron;

/// Participation ratio `(Σ c_i²)² / Σ c_i⁴`: 1 for a pure datapoint, `m` for an even mixture of all,
/// 0 for a neuron orthogonal to the data.
pub fn participation_ratio(neuron: &Neuron) -> f64 {
    let (square, fourth) =
        neuron.correlations.iter().fold((0.0, 0.0), |(two, four), c| (two + c * c, four + c.powi(4)));
    if fourth > 0.0 { square * square / fourth } else { 0.0 }
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
    fn log_ratio_takes_members_only() {
        let w = neuron(&[0.1, -0.6, 0.2]);
        assert!((log_ratio(&w, |_| true) - (0.6f64 / 0.3).ln()).abs() < 1e-14);
        assert!((log_ratio(&w, |i| i != 1) - 2f64.ln()).abs() < 1e-14);
        assert_eq!(log_ratio(&neuron(&[0.0, 1.0]), |_| true), f64::INFINITY);
    }
}
