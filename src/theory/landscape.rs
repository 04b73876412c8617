//! The loss landscape: minima, saddles, and the flat places.

/// Value of the training loss at its global minima: `(m − 1)/(2m)`.
pub fn minimum_loss(samples: usize) -> f64 {
    let m = samples as f64;
    (m - 1.0) / (2.0 * m)
}

/// Value where nothing is reconstructed: at `Πw = 0`, and for ReLU wherever all `c_i ≤ 0`: `1/2`.
pub const BLANK_LOSS: f64 = 0.5;

/// Second derivative of the linear model's loss along the span at `Πw = 0`, `‖w‖² = N`: `(N − 2)/m`.
///
/// Negative for `N < 2`: a strict saddle, which descent leaves. Positive for `N > 2`: a spurious minimum,
/// flat along the residual.
pub fn curvature_without_projection(norm_sq: f64, samples: usize) -> f64 {
    (norm_sq - 2.0) / samples as f64
}

/// Gradient of one sample's loss at a global minimum `w`, as `(coefficient of a_i, coefficient of w)`, for an
/// active sample with correlation `c_i`: `∇ℓ_i = −c_i a_i + c_i² w`. It vanishes only at `c_i ∈ {0, ±1}`.
pub fn sample_gradient_at_minimum(correlation: f64) -> (f64, f64) {
    (-correlation, correlation * correlation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minimum_is_the_loss_formula_at_norm_one() {
        // L = ½(1 + (N − 2) C/m) at N = C = 1.
        for m in [1, 2, 7, 40] {
            assert!((minimum_loss(m) - 0.5 * (1.0 - 1.0 / m as f64)).abs() < 1e-16);
        }
    }

    #[test]
    fn curvature_is_that_of_the_loss_formula() {
        // c = t along one sample, residual s: L = ½(1 + (t² + s² − 2) t²/m); second difference at t = 0.
        let (m, s, h): (usize, f64, f64) = (5, 0.9, 1e-4);
        let loss = |t: f64| 0.5 * (1.0 + (t * t + s * s - 2.0) * t * t / m as f64);
        let difference = (loss(h) - 2.0 * loss(0.0) + loss(-h)) / (h * h);
        assert!((difference - curvature_without_projection(s * s, m)).abs() < 1e-6);
    }
}
