//! The odds of any subspace, by a Monte Carlo without time step.
//!
//! As for one neuron (`selection::monte_carlo`), with sets in the place of samples: at the points of a Poisson process of rate `½ M`, `M = min(k, m − k)`, the
//! product of `1 − ΣP_ii(1 − P_ii)/M` has, given the path, the mean `exp(−½∫ΣP_ii(1 − P_ii)) = e^{−A/2}`: the sum is that of `m − k` neurons as well, and at most `M`.
//!
//! **End.** A path that goes on from a subspace where `R_S = Σ_{B≠S} |π̂_B/π̂_S|` has the factor `E_S e^{−A/2} = P(S)/|π̂_S|` before it. This is at most 1, and at
//! least `P(S) = 1 − Σ_{B≠S} P(B) ≥ 1 − R_S`, because `P(B) ≤ |π̂_B|`. The path ends when that leaves open less than a share of the tolerance.

use std::f64::consts::FRAC_2_PI;

use chacha20::ChaCha8Rng;
use rand_distr::{Distribution, Exp1, StandardNormal};

use super::super::selection::{Odds, average};
use super::sets;

/// Estimates from the `|π̂_S|` of all sets of `k` of `m` samples; sets that cannot win take no part.
pub(super) fn estimate(cosines: &[f64], samples: usize, neurons: usize, tolerance: f64, seed: u64) -> Odds {
    let present: Vec<usize> = (0..cosines.len()).filter(|&k| cosines[k] > 0.0).collect();
    let law = match present.len() {
        0 => Odds { probabilities: vec![], errors: vec![], paths: 0 },
        1 => Odds { probabilities: vec![1.0], errors: vec![0.0], paths: 0 },
        count => {
            let mut path = Path::new(cosines, &present, samples, neurons);
            average(count, tolerance, seed, |moments, rng, open| moments.add(path.follow(rng, open)))
        }
    };
    let missing = if present.is_empty() { f64::NAN } else { 0.0 };
    let (mut probabilities, mut errors) = (vec![missing; cosines.len()], vec![missing; cosines.len()]);
    for (at, &set) in present.iter().enumerate() {
        (probabilities[set], errors[set]) = (law.probabilities[at], law.errors[at]);
    }
    Odds { probabilities, errors, paths: law.paths }
}

/// A Brownian motion of the samples, and for every set the product over the Poisson points of the motion that drifts towards it.
struct Path {
    neurons: usize,
    /// `M = min(k, m − k)`.
    bound: f64,
    sets: Vec<Vec<usize>>,
    /// Samples that two sets do not share, `k − |S ∩ B|`.
    apart: Vec<Vec<usize>>,
    cosines: Vec<f64>,
    y: Vec<f64>,
    /// `|π_S| e^{y_S}` without drift, over the largest.
    sizes: Vec<f64>,
    products: Vec<f64>,
    diagonal: Vec<f64>,
}

impl Path {
    fn new(cosines: &[f64], present: &[usize], samples: usize, neurons: usize) -> Self {
        let all = sets(samples, neurons);
        let sets: Vec<Vec<usize>> = present.iter().map(|&k| all[k].clone()).collect();
        let apart =
            |a: &Vec<usize>| sets.iter().map(|b| a.iter().filter(|i| !b.contains(i)).count()).collect();
        let cosines: Vec<f64> = present.iter().map(|&k| cosines[k]).collect();
        Self {
            neurons,
            bound: neurons.min(samples - neurons) as f64,
            apart: sets.iter().map(apart).collect(),
            y: vec![0.0; samples],
            sizes: cosines.clone(),
            products: cosines.clone(),
            diagonal: vec![0.0; samples],
            cosines,
            sets,
        }
    }

    /// Takes in the point that the motion has come to at `time`.
    fn multiply(&mut self, time: f64) {
        let logs: Vec<f64> = self
            .sets
            .iter()
            .zip(&self.cosines)
            .map(|(set, cosine)| cosine.ln() + set.iter().map(|&i| self.y[i]).sum::<f64>())
            .collect();
        let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        self.sizes.iter_mut().zip(logs).for_each(|(size, log)| *size = (log - top).exp());
        let decays: Vec<f64> = (0..=self.neurons).map(|apart| (-2.0 * time * apart as f64).exp()).collect();
        for (product, apart) in self.products.iter_mut().zip(&self.apart) {
            self.diagonal.fill(0.0);
            let mut total = 0.0;
            for ((set, size), &apart) in self.sets.iter().zip(&self.sizes).zip(apart) {
                let weight = size * size * decays[apart];
                total += weight;
                set.iter().for_each(|&i| self.diagonal[i] += weight);
            }
            let spread = |&weight: &f64| weight / total * (1.0 - weight / total);
            *product *= 1.0 - self.diagonal.iter().map(spread).sum::<f64>() / self.bound;
        }
    }

    /// `R_S` under the drift towards `S`, at most 1.
    fn rivals(&self, set: usize, time: f64) -> f64 {
        let weighed = self.sizes.iter().zip(&self.apart[set]);
        let others = weighed.filter(|(_, apart)| **apart > 0);
        let sum: f64 = others.map(|(size, &apart)| size * (-time * apart as f64).exp()).sum();
        (sum / self.sizes[set]).min(1.0)
    }

    /// One value of every estimator, set by set.
    fn follow(&mut self, rng: &mut ChaCha8Rng, open: f64) -> &[f64] {
        self.y.fill(0.0);
        self.sizes.copy_from_slice(&self.cosines);
        self.products.copy_from_slice(&self.cosines);
        let mut time = 0.0;
        loop {
            let rivals: Vec<f64> = (0..self.sets.len()).map(|set| self.rivals(set, time)).collect();
            let left: f64 = self.products.iter().zip(&rivals).map(|(product, rivals)| product * rivals).sum();
            if left <= open {
                let ends = self.products.iter_mut().zip(rivals);
                ends.for_each(|(product, rivals)| *product *= 1.0 - FRAC_2_PI * rivals);
                return &self.products;
            }
            let wait: f64 = Exp1.sample(rng);
            let wait = 2.0 * wait / self.bound;
            time += wait;
            for y in &mut self.y {
                let noise: f64 = StandardNormal.sample(rng);
                *y += wait.sqrt() * noise;
            }
            self.multiply(time);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rivals_fade_with_the_samples_that_they_do_not_share() {
        // The six pairs of four samples; from the pair {0, 1} four are one apart, {2, 3} is two apart.
        let cosines = [0.6, 0.2, 0.1, 0.3, 0.05, 0.4];
        let path = Path::new(&cosines, &[0, 1, 2, 3, 4, 5], 4, 2);
        let expected = ((0.2 + 0.1 + 0.3 + 0.05) * (-0.9f64).exp() + 0.4 * (-1.8f64).exp()) / 0.6;
        assert!((path.rivals(0, 0.9) - expected).abs() < 1e-15, "{} {expected}", path.rivals(0, 0.9));
        assert_eq!(path.rivals(4, 0.0), 1.0);
    }
}
