//! The loss landscape: minima, saddles, and the flat places.

/// Value of the training loss at its global minima: `(m − 1)/(2m)`.
pub fn minimum_loss(samples: usize) -> f64 {
    let m = samples as f64;
    (m - 1.0) / (2.0 * m)
}

/// Training loss from `C` (the squared correlations of the active samples) and `N = ‖w‖²`: `½(1 + (N − 2) C/m)`.
pub fn loss(samples: usize, active_sq: f64, norm_sq: f64) -> f64 {
    0.5 * (1.0 + (norm_sq - 2.0) * active_sq / samples as f64)
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

/// Norm of the gradient of the training loss, from `C` (the squared correlations of the active samples) and
/// `N = ‖w‖²`: `√((C + N − 2)² C + C² (N − C))/m`.
///
/// `m ∇L = C w + (N − 2) Σ_{active} c_i a_i` has the coefficient `C + N − 2` on the active part of `w`, and `C`
/// on the rest. Zero exactly where `C = 0` or `C = N = 1`.
pub fn gradient_norm(samples: usize, active_sq: f64, norm_sq: f64) -> f64 {
    let (c, n) = (active_sq, norm_sq);
    ((c + n - 2.0).powi(2) * c + c * c * (n - c).max(0.0)).sqrt() / samples as f64
}

/// Initial norm below which the gradient flow of the linear model takes every start with `Πw_0 ≠ 0` to a global
/// minimum (beyond the paper): `√2`, where [`captured_from`] begins.
pub const SAFE_NORM: f64 = std::f64::consts::SQRT_2;

/// Squared residual `s_0²` from which gradient descent with small steps is caught by the spurious minimum, for
/// an initial norm `ρ > √2` (linear model, beyond the paper): `2√(ρ² − 1)`.
///
/// Along the gradient flow `(N − 1)/s⁴ = K` is constant, so `C = 1 − s² + K s⁴` as `s` falls. A start with
/// `N > 2` meets `C = 0` on the way iff that quadratic has a root, `K ≤ 1/4`.
pub fn captured_from(norm: f64) -> f64 {
    2.0 * (norm * norm - 1.0).sqrt()
}

/// Squared norm of the noise of single samples at a global minimum with correlations `c`:
/// `Σ ‖∇ℓ_i‖² = Σ (c_i² − c_i⁴)`, by [`sample_gradient_at_minimum`] and `⟨w, a_i⟩ = c_i`. That is `1 − 1/PR`, `PR` the
/// participation ratio: 0 at a datapoint only.
pub fn noise_at_minimum(correlations: &[f64]) -> f64 {
    correlations.iter().map(|c| c * c - c.powi(4)).sum()
}

/// Gradient of one sample's loss at a global minimum `w`, as `(coefficient of a_i, coefficient of w)`, for an
/// active sample with correlation `c_i`: `∇ℓ_i = −c_i a_i + c_i² w`. It vanishes only at `c_i ∈ {0, ±1}`.
pub fn sample_gradient_at_minimum(correlation: f64) -> (f64, f64) {
    (-correlation, correlation * correlation)
}

/// Noise of single samples at a small distance ε from a datapoint `a_j`, over ε: for `w = a_j + ε u`, `‖u‖ = 1`, `u_i = ⟨u, a_i⟩`,
/// `(Σ ‖∇ℓ_i‖²)^½ = ε √(1 + 15 u_j² + Σ_{i≠j} φ(u_i)²) + O(ε²)`. `along` is `u_j`, `rivals` are the `φ(u_i)`, `i ≠ j`.
///
/// To first order `∇ℓ_j = ε (u + 3 u_j a_j)` and `∇ℓ_i = −ε φ(u_i) a_i`: 4ε along the datapoint, √2 ε towards another sample, ε along
/// the residual. The noise falls with the distance, which is why a constant step size does not keep SGD from converging.
pub fn noise_near_datapoint(along: f64, rivals: &[f64]) -> f64 {
    (1.0 + 15.0 * along * along + rivals.iter().map(|u| u * u).sum::<f64>()).sqrt()
}

/// Bound on the probability that SGD, once it is close to a datapoint at a distance `D`, is farther than `factor · D` from it
/// `time/λ` steps later, `λ` the [rate](super::sgd::rate): `exp(−θ log factor + time ((1+η)^θ + (1−η)^θ − 2)/log(1/(1−η²)))` with
/// `θ = ½(1 + log factor/time)`, at least 2; about `exp(−(log factor + time)²/4 time)`.
///
/// Up to `O(D)` a rival's correlation is multiplied by `1 + η` when it is drawn without the datapoint and by `1 − η` when the
/// datapoint is drawn without it, events of one and the same probability, of which `λ` is the `log 1/(1−η²)`-fold. That gives the
/// `θ`-th moment of its growth `M_j`. For all rivals together, whatever their number and their weights `q_j` in `D²`, by Jensen
/// `(Σ q_j M_j²)^{θ/2} ≤ Σ q_j M_j^θ`; the bound is Markov's.
///
/// It is 1 from `η = ½` on, where SGD does not converge.
///
/// # Panics
/// If `θ` is below 2.
pub fn straying(factor: f64, time: f64, step_per_sample: f64) -> f64 {
    let (log, eta) = (factor.ln(), step_per_sample);
    if eta >= 0.5 {
        return 1.0;
    }
    let order = 0.5 * (1.0 + log / time);
    assert!(order >= 2.0, "a factor below the cube of e^time");
    let growth = ((1.0 + eta).powf(order) + (1.0 - eta).powf(order) - 2.0) / -(-eta * eta).ln_1p();
    (time * growth - order * log).exp()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Purpose, stream};

    #[test]
    fn the_noise_at_a_minimum_is_that_of_the_gradients_of_its_samples() {
        // Σ (c² − c⁴) by hand; and, with ⟨w, a_i⟩ = c_i, Σ ‖−c_i a_i + c_i² w‖² = Σ c_i² − 2 c_i⁴ + c_i⁴.
        assert!((noise_at_minimum(&[0.6, 0.0, -0.8]) - 0.4608).abs() < 1e-15);
        let of_gradient = |c: f64| {
            let (own, along) = sample_gradient_at_minimum(c);
            own * own + 2.0 * own * along * c + along * along
        };
        let c = [0.48f64, -0.64, 0.6];
        assert!((noise_at_minimum(&c) - c.map(of_gradient).iter().sum::<f64>()).abs() < 1e-15);
    }

    #[test]
    fn the_minimum_is_the_loss_formula_at_norm_one() {
        for m in [1, 2, 7, 40] {
            assert!((minimum_loss(m) - loss(m, 1.0, 1.0)).abs() < 1e-16);
        }
    }

    #[test]
    fn the_invariant_of_the_flow_is_one() {
        // dr/dt = r(2 − N − r²), ds/dt = −s r², N = r² + s²: the derivative of (N − 1)/s⁴ vanishes.
        for (r, s) in [(0.3f64, 1.4f64), (1.1, 0.6), (0.01, 2.0)] {
            let n = r * r + s * s;
            let (dr, ds) = (r * (2.0 - n - r * r), -s * r * r);
            let change = (2.0 * r * dr + 2.0 * s * ds) / s.powi(4) - 4.0 * (n - 1.0) * ds / s.powi(5);
            assert!(change.abs() < 1e-12 * (1.0 + 1.0 / s.powi(5)), "{r} {s}: {change}");
        }
        // A tangency never lies beyond the sphere itself: 2√(ρ² − 1) ≤ ρ², with equality at √2.
        assert!((captured_from(SAFE_NORM) - 2.0).abs() < 1e-15);
        assert!(captured_from(1.7) < 1.7 * 1.7);
    }

    #[test]
    fn the_gradient_vanishes_where_it_should() {
        assert_eq!(gradient_norm(5, 1.0, 1.0), 0.0);
        assert_eq!(gradient_norm(5, 0.0, 2.6), 0.0);
        // C w + (N − 2) Σ c_i a_i, coordinate by coordinate: two samples along the axes, a part outside their span.
        let (w, m) = ([0.5f64, -0.9, 0.7], 2);
        let (c, n) = (w[0] * w[0] + w[1] * w[1], w.iter().map(|w| w * w).sum::<f64>());
        let of = |k: usize| c * w[k] + if k < m { (n - 2.0) * w[k] } else { 0.0 };
        let expected = (of(0).powi(2) + of(1).powi(2) + of(2).powi(2)).sqrt() / m as f64;
        assert!((gradient_norm(m, c, n) - expected).abs() < 1e-15);
        // On the manifold's ray: ½((N − 1)² + m − 1)/m has the derivative 2√N (N − 1)/m.
        assert!((gradient_norm(7, 1.21, 1.21) - 2.0 * 1.1 * 0.21 / 7.0).abs() < 1e-15);
    }

    #[test]
    fn curvature_is_that_of_the_loss_formula() {
        // c = t along one sample, residual s: L = ½(1 + (t² + s² − 2) t²/m); second difference at t = 0.
        let (m, s, h): (usize, f64, f64) = (5, 0.9, 1e-4);
        let loss = |t: f64| 0.5 * (1.0 + (t * t + s * s - 2.0) * t * t / m as f64);
        let difference = (loss(h) - 2.0 * loss(0.0) + loss(-h)) / (h * h);
        assert!((difference - curvature_without_projection(s * s, m)).abs() < 1e-6);
    }

    /// `Σ ‖∇ℓ_i‖²` of the formula `φ_i² w + (N − 2) φ_i a_i`, in coordinates: the samples first, then the residual.
    fn noise(w: &[f64], samples: usize, relu: bool) -> f64 {
        let norm_sq: f64 = w.iter().map(|x| x * x).sum();
        let of = |i: usize| {
            let phi = if relu { w[i].max(0.0) } else { w[i] };
            let entry = |k: usize| phi * phi * w[k] + if k == i { (norm_sq - 2.0) * phi } else { 0.0 };
            (0..w.len()).map(|k| entry(k).powi(2)).sum::<f64>()
        };
        (0..samples).map(of).sum::<f64>().sqrt()
    }

    #[test]
    fn noise_goes_as_the_distance_with_its_constant() {
        let half = 0.5f64;
        for u in [
            [1.0, 0.0, 0.0, 0.0],
            [-1.0, 0.0, 0.0, 0.0],
            [0.0, 1.0, 0.0, 0.0],
            [0.0, 0.0, -1.0, 0.0],
            [0.0, 0.0, 0.0, 1.0],
            [half, half, -half, half],
            [-half, half, -half, half],
        ] {
            for relu in [false, true] {
                let rivals = [1, 2].map(|i| if relu { u[i].max(0.0) } else { u[i] });
                let law = noise_near_datapoint(u[0], &rivals);
                for epsilon in [1e-2, 1e-4, 1e-6] {
                    let w: Vec<f64> =
                        u.iter().enumerate().map(|(k, u)| f64::from(k == 0) + epsilon * u).collect();
                    let off = (noise(&w, 3, relu) / (law * epsilon) - 1.0).abs();
                    assert!(off < 2.0 * epsilon + 1e-9, "{u:?} {relu} {epsilon}: {off:e}");
                }
            }
        }
    }

    #[test]
    fn few_stray_and_the_bound_holds() {
        // Two rivals at the datapoint's linearisation, m = 3, η = 0.2, time 0.5: the walks in full, 20,000 of them.
        let (eta, time, factor): (f64, f64, f64) = (0.2, 0.5, 5.0);
        let steps = (time / (-(-eta * eta).ln_1p() / 3.0)).round() as usize;
        let mut rng = stream(9, Purpose::Protocol, 0);
        let mut strayed = 0;
        for _ in 0..20_000 {
            let mut rivals = [1.0f64, 0.3];
            for _ in 0..steps {
                match rand::RngExt::random_range(&mut rng, 0..3) {
                    0 => rivals.iter_mut().for_each(|c| *c *= 1.0 - eta),
                    i => rivals[i - 1] *= 1.0 + eta,
                }
            }
            strayed += u32::from(rivals[0].hypot(rivals[1]) > factor * 1.09f64.sqrt());
        }
        let (share, bound) = (f64::from(strayed) / 20_000.0, straying(factor, time, eta));
        assert!(share > 0.05 * bound && share < bound, "{share:e} {bound:e}");
        // The Gaussian form of it.
        assert!((straying(1e4, 1.0, 0.17).ln() + (1e4f64.ln() + 1.0).powi(2) / 4.0).abs() < 0.1);
    }
}
