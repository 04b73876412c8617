//! The oracle: update rules on a single neuron, in plain vectors.

use puremix::noise::normals;
use puremix::rng::Purpose;

/// A single neuron in plain vectors, rule by rule as PyTorch documents them.
pub struct Oracle {
    pub w: Vec<f64>,
    first: Vec<f64>,
    second: Vec<f64>,
}

/// What the oracle follows, as numbers.
#[derive(Clone, Copy)]
pub struct Setting<'a> {
    pub rule: &'a str,
    pub relu: bool,
    pub eta: f64,
    pub decay: f64,
    pub weight: f64,
    pub label: f64,
    pub gradient: f64,
}

impl Oracle {
    pub fn at(w: &[f64]) -> Self {
        Self { w: w.to_vec(), first: vec![0.0; w.len()], second: vec![0.0; w.len()] }
    }

    /// Step `t` (from 0) on the rows of a batch; `seed` and `replica` are those of the noise.
    pub fn step(&mut self, rows: &[&[f64]], t: u64, (seed, replica): (u64, u64), set: Setting) {
        let (n, w) = (self.w.len(), self.w.clone());
        let mut xi = Vec::new();
        normals(seed, Purpose::LabelNoise, replica, t, rows.len() * n, &mut xi);
        let mut g = vec![0.0; n];
        for (x, xi) in rows.iter().zip(xi.chunks(n)) {
            let c: f64 = w.iter().zip(*x).map(|(w, x)| w * x).sum();
            let (phi, slope) = if set.relu && c <= 0.0 { (0.0, 0.0) } else { (c, 1.0) };
            // r = y − w φ; ∇ = −φ r − φ' ⟨r, w⟩ x.
            let rest: Vec<f64> = (0..n).map(|k| x[k] + set.label * xi[k] - w[k] * phi).collect();
            let along: f64 = rest.iter().zip(&w).map(|(r, w)| r * w).sum();
            (0..n).for_each(|k| g[k] -= set.weight * (phi * rest[k] + slope * along * x[k]));
        }
        let mut zeta = Vec::new();
        normals(seed, Purpose::GradientNoise, replica, t, n, &mut zeta);
        let (name, numbers) = set.rule.split_once(':').unwrap_or((set.rule, ""));
        let numbers: Vec<f64> = numbers.split(',').filter_map(|x| x.parse().ok()).collect();
        let number = |k: usize, default: f64| numbers.get(k).copied().unwrap_or(default);
        for k in 0..n {
            let mut gradient = g[k] + set.gradient * zeta[k];
            if name == "adamw" {
                self.w[k] *= 1.0 - set.eta * set.decay;
            } else {
                gradient += set.decay * self.w[k];
            }
            let (first, second) = (&mut self.first[k], &mut self.second[k]);
            let direction = match name {
                "sgd" => gradient,
                "sign" => {
                    if gradient == 0.0 {
                        0.0
                    } else {
                        gradient.signum()
                    }
                }
                "heavy-ball" => {
                    *first = number(0, 0.0) * *first + gradient;
                    *first
                }
                "nesterov" => {
                    *first = number(0, 0.0) * *first + gradient;
                    gradient + number(0, 0.0) * *first
                }
                "rmsprop" => {
                    *first = number(0, 0.99) * *first + (1.0 - number(0, 0.99)) * gradient * gradient;
                    gradient / (first.sqrt() + number(1, 1e-8))
                }
                _ => {
                    let (b1, b2) = (number(0, 0.9), number(1, 0.999));
                    *first += (gradient - *first) * (1.0 - b1);
                    *second = b2 * *second + (1.0 - b2) * gradient * gradient;
                    let steps = t as i32 + 1;
                    let root = second.sqrt() / (1.0 - b2.powi(steps)).sqrt();
                    *first / (1.0 - b1.powi(steps)) / (root + number(2, 1e-8))
                }
            };
            self.w[k] -= set.eta * direction;
        }
    }
}

impl Oracle {
    /// A step of a linear neuron without noise, for long walks.
    pub fn plain_step(&mut self, rows: &[&[f64]], set: Setting) {
        let (name, beta) = set.rule.split_once(':').unwrap();
        let beta: f64 = beta.parse().unwrap();
        let norm_sq: f64 = self.w.iter().map(|w| w * w).sum();
        let mut g = vec![0.0; self.w.len()];
        for x in rows {
            let c: f64 = self.w.iter().zip(*x).map(|(w, x)| w * x).sum();
            let (energy, pull) = (c * c, (norm_sq - 2.0) * c);
            g.iter_mut().zip(&self.w).zip(*x).for_each(|((g, w), x)| *g += energy * w + pull * x);
        }
        for ((w, v), g) in self.w.iter_mut().zip(&mut self.first).zip(g) {
            *v = beta * *v + g;
            *w -= set.eta * if name == "nesterov" { g + beta * *v } else { *v };
        }
    }
}
