//! A linear network of one neuron a layer in the coordinates of orthonormal samples.

/// The tied network `x̂ = g ⟨w, x⟩ w`, `g = Π_{l=2}^{L} v_l²`: a first layer `w ∈ Rⁿ` and `L − 1` layers of one weight each, each read upwards and downwards.
///
/// With `c_i = ⟨w, a_i⟩`, `N = ‖w‖²` and `C = Σ_{i∈B} c_i²` a step on a batch is
///
/// ```text
/// w   ← (1 − η_B g² C) w + η_B g (2 − gN) Σ_{i∈B} c_i a_i
/// v_l ← v_l + 2 η_B g C (1 − gN)/v_l
/// ```
///
/// which needs `c` and the squared norm of what lies outside the span of the samples alone. With `L = 1` it is the recursion of the single neuron. Per-sample loss
/// `½(1 − 2g c_i² + g² c_i² N)`.
#[derive(Clone, Debug, PartialEq)]
pub struct WidthOne {
    correlations: Vec<f64>,
    residual_sq: f64,
    gains: Vec<f64>,
}

impl WidthOne {
    /// From correlations `c`, `[m]`, the squared norm of the residual, and the weights `v_2, …, v_L`.
    pub fn new(correlations: Vec<f64>, residual_sq: f64, gains: Vec<f64>) -> Self {
        Self { correlations, residual_sq, gains }
    }

    /// `L` layers of norm 1, in the span of the samples; only the direction of `c` counts. It is balanced, `N = v_l²`, and on the manifold of minima, `gN = 1`.
    ///
    /// # Panics
    /// Without layers.
    pub fn balanced(c: &[f64], layers: usize) -> Self {
        let norm = crate::vectors::norm(c);
        Self::new(c.iter().map(|c| c / norm).collect(), 0.0, vec![1.0; layers - 1])
    }

    /// One step of size `step_per_sample` `= η_B` on a batch of distinct samples.
    ///
    /// # Panics
    /// If there is no such sample.
    pub fn step(&mut self, batch: &[usize], step_per_sample: f64) {
        let (gain, norm_sq) = (self.gain(), self.norm_sq());
        let energy: f64 = batch.iter().map(|&i| self.correlations[i].powi(2)).sum();
        let shrink = 1.0 - step_per_sample * gain * gain * energy;
        let pull = step_per_sample * gain * (2.0 - gain * norm_sq);
        let grown = 1.0 + pull / shrink;
        batch.iter().for_each(|&i| self.correlations[i] *= grown);
        self.correlations.iter_mut().for_each(|c| *c *= shrink);
        self.residual_sq *= shrink * shrink;
        let force = 2.0 * step_per_sample * gain * energy * (1.0 - gain * norm_sq);
        self.gains.iter_mut().for_each(|v| *v += force / *v);
    }

    /// `c_i = ⟨w, a_i⟩`, `[m]`.
    pub fn correlations(&self) -> &[f64] {
        &self.correlations
    }

    /// `v_2, …, v_L`.
    pub fn gains(&self) -> &[f64] {
        &self.gains
    }

    /// `N = ‖w‖²`.
    pub fn norm_sq(&self) -> f64 {
        self.residual_sq + self.correlations.iter().map(|c| c * c).sum::<f64>()
    }

    /// `g = Π v_l²`.
    pub fn gain(&self) -> f64 {
        self.gains.iter().map(|v| v * v).product()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::selection::{diffusion_rate, weights};
    use crate::vectors::participation_ratio;

    #[test]
    fn the_martingale_has_no_mean_step_to_second_order() {
        // Mean over all batches of the change of e^{A/2} Σ√p, where A grows by κ (1 − Σp²) in a step from N = 1.
        let (c, layers) = ([0.7, 0.5, 0.4, 0.3], 3);
        let value =
            |net: &WidthOne, a: f64| (0.5 * a).exp() * weights(net.correlations()).iter().sum::<f64>();
        let mean_step = |eta: f64| {
            let start = WidthOne::balanced(&c, layers);
            let da = diffusion_rate(4, 2, eta) * (1.0 - 1.0 / participation_ratio(&c));
            let mut total = 0.0;
            for (i, j) in [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)] {
                let mut net = start.clone();
                net.step(&[i, j], eta);
                total += value(&net, da) - value(&start, 0.0);
            }
            total / 6.0
        };
        let (one, half) = (mean_step(0.02), mean_step(0.01));
        assert!(one.abs() < 2e-6 && (one / half).abs() > 6.5, "{one} {half}");
    }

    #[test]
    fn full_batches_keep_balance_in_the_span_only() {
        // N where full batches end from N_0 = v_l² = 0.64; with a residual by a separate program.
        let end = |residual_sq: f64, layers: usize| {
            let start = [0.3, -0.2, 0.25, 0.1];
            let scale = (0.64 - residual_sq).sqrt() / crate::vectors::norm(&start);
            let c = start.iter().map(|c| scale * c).collect();
            let mut net = WidthOne::new(c, residual_sq, vec![0.8; layers - 1]);
            (0..4000).for_each(|_| net.step(&[0, 1, 2, 3], 0.06));
            net.norm_sq()
        };
        assert!((end(0.0, 2) - 1.0).abs() < 1e-12 && (end(0.0, 3) - 1.0).abs() < 1e-12);
        assert!((end(0.4096, 2) - 1.00893).abs() < 6e-6, "{}", end(0.4096, 2));
        assert!((end(0.4096, 3) - 1.01131).abs() < 6e-6, "{}", end(0.4096, 3));
    }

    #[test]
    fn gradients_are_those_of_the_loss() {
        // Differences of the loss over a batch in c, the residual's scale and every gain, at an awkward point.
        let (c, residual_sq, gains): ([f64; 3], f64, [f64; 2]) = ([0.6, -0.4, 0.5], 0.3, [0.9, 1.2]);
        let (batch, eta) = ([2, 0], 1e-3);
        let loss = |x: &[f64]| {
            let (c, r, v) = (&x[..3], x[3], &x[4..]);
            let norm_sq = c.iter().map(|c| c * c).sum::<f64>() + r * r;
            let g: f64 = v.iter().map(|v| v * v).product();
            batch
                .iter()
                .map(|&i| 0.5 * (1.0 - 2.0 * g * c[i] * c[i] + (g * c[i]).powi(2) * norm_sq))
                .sum::<f64>()
        };
        let point = [c[0], c[1], c[2], residual_sq.sqrt(), gains[0], gains[1]];
        let mut net = WidthOne::new(c.to_vec(), residual_sq, gains.to_vec());
        net.step(&batch, eta);
        let there = [net.correlations(), &[net.residual_sq.sqrt()], net.gains()].concat();
        for k in 0..6 {
            let at = |h: f64| {
                let mut x = point;
                x[k] += h;
                loss(&x)
            };
            let slope = (at(1e-5) - at(-1e-5)) / 2e-5;
            assert!((there[k] - (point[k] - eta * slope)).abs() < 1e-12, "{k}: {} {slope}", there[k]);
        }
    }
}
