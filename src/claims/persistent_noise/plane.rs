//! Two samples in a plane, one a step, with fresh noise of the targets: the recursion of `w` itself.

use crate::draws::normal;
use crate::rng::{ChaCha8Rng, below};

/// Two unit samples and what a step on one of them does.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plane {
    samples: [[f64; 2]; 2],
    pub step_size: f64,
    /// Standard deviation `σ` of label noise.
    pub sigma: f64,
}

impl Plane {
    /// Samples with inner product `ρ`, on either side of the diagonal: `(cos α, sin α)` and `(sin α, cos α)`, `sin 2α = ρ`.
    pub fn new(step_size: f64, sigma: f64, rho: f64) -> Self {
        let (sine, cosine) = (0.5 * rho.asin()).sin_cos();
        Self { samples: [[cosine, sine], [sine, cosine]], step_size, sigma }
    }

    /// The samples, `[2, 2]` row-major.
    pub fn rows(&self) -> Vec<f64> {
        self.samples.concat()
    }

    /// The first sample.
    pub fn datapoint(&self) -> [f64; 2] {
        self.samples[0]
    }

    /// A step on sample `i` with the target `x_i + σξ`: `w ← w − η (c² w + (N − 2) c x − σ (c ξ + ⟨w, ξ⟩ x))`.
    pub fn step(&self, w: [f64; 2], i: usize, xi: [f64; 2]) -> [f64; 2] {
        let x = self.samples[i];
        let dot = |a: [f64; 2], b: [f64; 2]| a[0] * b[0] + a[1] * b[1];
        let (c, norm_sq) = (dot(w, x), dot(w, w));
        let pull = (norm_sq - 2.0) * c - self.sigma * dot(w, xi);
        let part = |k: usize| w[k] - self.step_size * (c * c * w[k] + pull * x[k] - self.sigma * c * xi[k]);
        [part(0), part(1)]
    }

    /// A step with draws from a stream.
    pub fn draw(&self, w: [f64; 2], rng: &mut ChaCha8Rng) -> [f64; 2] {
        let i = below(rng, 2);
        let xi = if self.sigma == 0.0 { [0.0; 2] } else { [normal(rng), normal(rng)] };
        self.step(w, i, xi)
    }
}

/// `|sin 2θ|` of a direction, 0 along an axis and 1 half-way.
pub(super) fn mixing(w: [f64; 2]) -> f64 {
    2.0 * (w[0] * w[1]).abs() / (w[0] * w[0] + w[1] * w[1])
}
