//! Depth at width one (beyond the paper): odds without depth, and the norm that noise moves into the first layer.
//!
//! The tied linear network `x̂ = g ⟨w, x⟩ w` with `g = Π_{l=2}^{L} v_l²` has the loss `½(1 − 2g c_i² + g² c_i² N)` on a sample of correlation `c_i`, and
//!
//! ```text
//! ∇_w ℓ_i = g [(gN − 2) c_i a_i + g c_i² w],        ∂ℓ_i/∂v_l = (2g/v_l) c_i² (gN − 1).
//! ```
//!
//! Its minima over the neuron's scale form the manifold `gN = 1`. There the scalars feel no force and `w` turns: with `u = c/√N`, `p_i = u_i²`, a batch moves the
//! direction by `(η_B/N) Σ_{i∈B} u_i (a_i − u_i w/√N)`. This is a step of the single neuron of step size `η_B/N = η_B g`: as `η → 0` the log-ratios of the correlations follow the diffusion
//! of [`selection`](super::selection) on the clock `dτ = η_B² v g² dt`, and the odds do not depend on the depth.
//!
//! **Balance.** The flow of every single loss keeps `N − v_l²`: both move by `−4g c_i² (gN − 1)`. The part of a step along the circle adds its square to `N`, in the mean
//! `(η_B² v/N)(1 − Σp²)`, and not to `v_l²`, whose steps are smaller by the order `η`, for `gN − 1` is. The flow then takes both back to the manifold, so that
//!
//! ```text
//! d(N − v_l²) = (η_B² v/N)(1 − Σp²) dt = N (1 − Σp²) dτ = N dA,      A = ∫(1 − Σp²) dτ.
//! ```
//!
//! From a balanced start with `N_0 = 1` all `v_l²` stay equal, `v_l² = N^{−1/(L−1)}`, and `(1 + N^{−L/(L−1)}/(L−1)) dN = N dA` integrates to
//!
//! ```text
//! A = log N + (1 − N^{−L/(L−1)})/L.
//! ```
//!
//! Noise moves norm from the scalars into the first layer, as much as the run was mixed. What is known of `A` is thereby known of the norm at the end: by
//! [`weights`](super::selection::weights), `E e^{A/2} = ‖c‖₁/‖c‖₂`; and for two samples the angle `θ = gd d` of `d = log(c_1/c_2)` has no drift and the variance `2 sech² d dτ = 4 dA`:
//! on the clock `4A` it is a Brownian motion, and `4A` its exit time from `(−π/2, π/2)`, whose mean is `π²/4 − gd(d_0)²`.

use std::f64::consts::FRAC_PI_2;

use super::selection::angle;

/// `A = log N + (1 − N^{−L/(L−1)})/L` of the squared norm `N` of the first of `L ≥ 2` layers, from a balanced start with `N_0 = 1`.
pub fn integrated_impurity(layers: usize, norm_sq: f64) -> f64 {
    let l = layers as f64;
    norm_sq.ln() + (1.0 - norm_sq.powf(-l / (l - 1.0))) / l
}

/// The squared norm of the first layer after so much of `A`: the inverse of [`integrated_impurity`].
pub fn norm_sq(layers: usize, integrated: f64) -> f64 {
    // A is concave in log N with slopes between 1 and 1 + 1/(L − 1) where N ≥ 1: Newton's method from the right converges from one side.
    let l = layers as f64;
    let mut log = integrated;
    for _ in 0..60 {
        let rest = (-log * l / (l - 1.0)).exp();
        log -= (log + (1.0 - rest) / l - integrated) / (1.0 + rest / (l - 1.0));
    }
    log.exp()
}

/// Two samples: mean of `A`, `¼(π²/4 − gd(d_0)²)` with `gd d = 2 arctan(c_1/c_2) − π/2`. What is to come of a run that is stopped has the same mean, from where it is.
pub fn mean_integrated_impurity(c: [f64; 2]) -> f64 {
    let gudermannian = 2.0 * angle(c) - FRAC_PI_2;
    0.25 * (FRAC_PI_2 * FRAC_PI_2 - gudermannian * gudermannian)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_balance_is_where_small_steps_lead() {
        // The noise alone: N gains N dA, and the flow, which keeps N − v², takes gN back to 1.
        for layers in [2, 3, 5] {
            let (da, mut n, mut squares) = (1e-4, 1.0f64, vec![1.0f64; layers - 1]);
            for _ in 0..12_000 {
                n += n * da;
                for _ in 0..3 {
                    let gain: f64 = squares.iter().product();
                    let slope = gain + n * squares.iter().map(|x| gain / x).sum::<f64>();
                    let back = (gain * n - 1.0) / slope;
                    n -= back;
                    squares.iter_mut().for_each(|x| *x -= back);
                }
            }
            assert!((integrated_impurity(layers, n) - 1.2).abs() < 2e-4, "{layers}: {n}");
            assert!((norm_sq(layers, 1.2) - n).abs() < 3e-4, "{layers}");
        }
        for (layers, a) in [(2, 0.0), (2, 1e-3), (4, 0.7), (3, 9.0)] {
            assert!((integrated_impurity(layers, norm_sq(layers, a)) - a).abs() < 1e-12, "{layers} {a}");
        }
    }

    #[test]
    fn the_mean_solves_the_backward_equation() {
        // f'' + tanh d f' = −½ sech² d, and 0 at the ends.
        let (far, h) = (40f64, 1e-4);
        let f = |d: f64| mean_integrated_impurity([d.exp(), -1.0]);
        for d in [-1.9, -0.4, 0.0, 0.7, 2.1f64] {
            let (first, second) =
                ((f(d + h) - f(d - h)) / (2.0 * h), (f(d + h) - 2.0 * f(d) + f(d - h)) / (h * h));
            assert!((second + d.tanh() * first + 0.5 / d.cosh().powi(2)).abs() < 1e-6, "{d}");
        }
        assert!(f(far).abs() < 1e-12 && f(-far).abs() < 1e-12);
        // From an even start: π²/16.
        assert!((f(0.0) - 0.616_850_275_068_084_9).abs() < 1e-12);
    }
}
