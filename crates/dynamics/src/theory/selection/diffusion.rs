//! Paths of the limit diffusion, exactly in law and without a time step.

use rand::{Rng, RngExt};
use rand_distr::{Distribution, Exp1, StandardNormal};

/// A path of `dy_j = softmax(2y)_j dτ + dW_j`, seen at times of one's choice.
///
/// The drift is `∇ log φ`, `φ = (Σ e^{2y})^{1/2}`, so over a time `t` the path has the density
/// `φ(y_t)/φ(y_0) · exp(−∫ (1 − ½ Σ p²))` with respect to a Brownian motion. Since the rate is bounded this is
/// sampled without error (exact algorithm of Beskos and Roberts, Ann. Appl. Probab. 15, 2005):
///
/// - an end point of density `Σ e^{y}` times the Gaussian's is a Gaussian with one coordinate shifted by `t`, which one
///   by the odds `e^{y_j(0)}`; it is kept with probability `φ/Σ e^y ≥ 1/√m`;
/// - the path in between is a Brownian bridge, shown at the points of a Poisson process of rate `½(1 − 1/m)`, and
///   kept if none of them kills it; each does with the odds of `½(1 − Σ p²)` to that rate.
#[derive(Clone, Debug)]
pub struct Diffusion {
    /// Indices of the samples that take part, of so many.
    places: Vec<usize>,
    samples: usize,
    /// `y` of these, up to a common shift.
    y: Vec<f64>,
    end: Vec<f64>,
    between: Vec<f64>,
}

impl Diffusion {
    /// A path from `c`; only ratios of sizes matter. A sample with `c_j = 0` takes no part.
    ///
    /// # Panics
    /// If none takes part.
    pub fn new(c: &[f64]) -> Self {
        let places: Vec<usize> = (0..c.len()).filter(|&j| c[j] != 0.0).collect();
        assert!(!places.is_empty(), "a path of the diffusion from correlations that are all zero");
        let y: Vec<f64> = places.iter().map(|&j| c[j].abs().ln()).collect();
        Self { end: vec![0.0; y.len()], between: vec![0.0; y.len()], y, places, samples: c.len() }
    }

    /// Sizes `|c_j|` on the unit sphere.
    pub fn cosines(&self) -> Vec<f64> {
        let top = highest(&self.y);
        let norm = self.y.iter().map(|y| (2.0 * (y - top)).exp()).sum::<f64>().sqrt();
        let mut cosines = vec![0.0; self.samples];
        for (&j, y) in self.places.iter().zip(&self.y) {
            cosines[j] = (y - top).exp() / norm;
        }
        cosines
    }

    /// Moves on by a time `t`. The cost rises with `e^{t/2}`: take long ways in stretches of about ½.
    pub fn advance(&mut self, rng: &mut impl Rng, t: f64) {
        let top = highest(&self.y);
        self.y.iter_mut().for_each(|y| *y -= top);
        while !(self.propose_end(rng, t) && self.survives(rng, t)) {}
        self.y.copy_from_slice(&self.end);
    }

    fn propose_end(&mut self, rng: &mut impl Rng, t: f64) -> bool {
        let mut left = rng.random::<f64>() * self.y.iter().map(|y| y.exp()).sum::<f64>();
        let passed = |y: &f64| {
            left -= y.exp();
            left < 0.0
        };
        let shifted = self.y.iter().position(passed).unwrap_or(self.y.len() - 1);
        let deviation = t.sqrt();
        for (end, y) in self.end.iter_mut().zip(&self.y) {
            let noise: f64 = StandardNormal.sample(rng);
            *end = y + deviation * noise;
        }
        self.end[shifted] += t;
        let top = highest(&self.end);
        let (one, two) =
            self.end.iter().map(|y| (y - top).exp()).fold((0.0, 0.0), |(a, b), e| (a + e, b + e * e));
        rng.random::<f64>() * one < two.sqrt()
    }

    fn survives(&mut self, rng: &mut impl Rng, t: f64) -> bool {
        let rate = 0.5 * (1.0 - 1.0 / self.y.len() as f64);
        self.between.copy_from_slice(&self.y);
        let mut left = t;
        loop {
            let wait: f64 = Exp1.sample(rng);
            let wait = wait / rate;
            // A single sample has nothing to lose: the rate is 0, the wait infinite.
            if wait >= left {
                return true;
            }
            let (share, deviation) = (wait / left, (wait * (left - wait) / left).sqrt());
            for (at, end) in self.between.iter_mut().zip(&self.end) {
                let noise: f64 = StandardNormal.sample(rng);
                *at += share * (end - *at) + deviation * noise;
            }
            left -= wait;
            if rng.random::<f64>() * rate < 0.5 * (1.0 - purity(&self.between)) {
                return false;
            }
        }
    }
}

fn highest(y: &[f64]) -> f64 {
    y.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

/// `Σ p²`, `p = softmax(2y)`.
fn purity(y: &[f64]) -> f64 {
    let top = highest(y);
    let (one, two) =
        y.iter().map(|y| (2.0 * (y - top)).exp()).fold((0.0, 0.0), |(a, b), e| (a + e, b + e * e));
    two / (one * one)
}

#[cfg(test)]
mod tests {
    use super::super::{log_cosines, pair};
    use super::*;
    use crate::rng::{Purpose, stream};

    #[test]
    fn two_coordinates_follow_the_closed_forms() {
        // Winner, from paths of 40 000 until the ratio is 1e4; and E log(c_1 c_2) falls by τ, seen at τ = 1.3.
        let mut rng = stream(41, Purpose::Protocol, 0);
        let (c, paths) = ([0.4, 0.7], 40_000);
        let (mut wins, mut falls) = (0.0, Vec::new());
        for _ in 0..paths {
            let mut path = Diffusion::new(&c);
            path.advance(&mut rng, 0.9);
            path.advance(&mut rng, 0.4);
            falls.push(log_cosines(&c) - log_cosines(&path.cosines()));
            while path.cosines().iter().all(|c| *c > 1e-4) {
                path.advance(&mut rng, 0.5);
            }
            wins += if path.cosines()[0] > 0.5 { 1.0 } else { 0.0 };
        }
        let n = f64::from(paths);
        assert!((wins / n - pair(c)).abs() < 4.5 * 0.0024, "{}", wins / n);
        let mean = falls.iter().sum::<f64>() / n;
        let deviation = (falls.iter().map(|f| (f - mean).powi(2)).sum::<f64>() / n).sqrt();
        assert!((mean - 1.3).abs() < 4.5 * deviation / n.sqrt(), "{mean} ± {deviation}/√n");
    }

    #[test]
    fn bridges_survive_as_often_as_the_equation_says() {
        // Of two samples the difference is a bridge of variance 2 a unit of time, killed at the rate V(d) = sech²(d)/4: the share that survives is the kernel of
        // u_t = u'' − V u over that of u_t = u''. Its steps are halves of V before and after the heat kernel, on a grid.
        let (t, h, steps) = (4.0, 0.1, 40);
        let (dt, place) = (t / f64::from(steps), |i: i32| h * f64::from(i));
        let heat = |d: f64, t: f64| (-d * d / (4.0 * t)).exp() / (4.0 * std::f64::consts::PI * t).sqrt();
        let half = |d: f64| (-0.125 * dt / d.cosh().powi(2)).exp();
        for (from, to) in [(0, 0), (4, -8), (9, 2)] {
            let first = |i: i32| half(place(from)) * heat(place(i - from), dt) * half(place(i));
            let mut u: Vec<f64> = (-120..=120).map(first).collect();
            for _ in 1..steps {
                let next = |i: i32| -> f64 {
                    let reached =
                        (-120..=120).zip(&u).map(|(j, u)| u * half(place(j)) * heat(place(i - j), dt));
                    h * half(place(i)) * reached.sum::<f64>()
                };
                u = (-120..=120).map(next).collect();
            }
            let expected = u[(to + 120) as usize] / heat(place(to - from), t);
            let mut path = Diffusion::new(&[1.0, 1.0]);
            path.y = vec![place(from) + 0.3, 0.3];
            path.end = vec![-0.2, -0.2 - place(to)];
            let mut rng = stream(45, Purpose::Protocol, 0);
            let survived = (0..20_000).filter(|_| path.survives(&mut rng, t)).count() as f64 / 20_000.0;
            assert!((survived - expected).abs() < 4.5 * 0.0035, "{from} {to}: {survived} {expected}");
        }
    }

    #[test]
    fn a_zero_takes_no_part() {
        let path = |c: &[f64]| {
            let (mut path, mut rng) = (Diffusion::new(c), stream(7, Purpose::Protocol, 1));
            (0..5).for_each(|_| path.advance(&mut rng, 0.5));
            path.cosines()
        };
        let (with, without) = (path(&[0.3, 0.0, 0.5, -0.2]), path(&[0.3, 0.5, -0.2]));
        assert_eq!(with, [without[0], 0.0, without[1], without[2]]);
        assert!((without.iter().map(|c| c * c).sum::<f64>() - 1.0).abs() < 1e-14);
    }

    #[test]
    #[should_panic(expected = "all zero")]
    fn no_path_starts_from_nothing() {
        Diffusion::new(&[0.0, -0.0]);
    }

    #[test]
    fn one_sample_goes_nowhere() {
        let mut path = Diffusion::new(&[0.3]);
        path.advance(&mut stream(1, Purpose::Protocol, 0), 0.7);
        assert_eq!(path.cosines(), [1.0]);
    }
}
