//! Counts against laws that are given.

use statrs::distribution::{ChiSquared, ContinuousCDF};

use super::power::noticed_noncentrality;

/// Counts of one cell, and the probabilities that they are held against.
#[derive(Clone, Debug)]
pub struct Fit {
    /// How often each outcome was seen.
    pub counts: Vec<u64>,
    /// Its probability; what has probability 0 must not occur.
    pub law: Vec<f64>,
}

impl Fit {
    fn runs(&self) -> f64 {
        self.counts.iter().sum::<u64>() as f64
    }

    fn statistic(&self) -> f64 {
        let runs = self.runs();
        let of = |(&count, &p): (&u64, &f64)| match (count, p > 0.0) {
            (0, false) => 0.0,
            (_, false) => f64::INFINITY,
            (count, true) => (count as f64 - runs * p).powi(2) / (runs * p),
        };
        self.counts.iter().zip(&self.law).map(of).sum()
    }
}

/// Degrees of freedom of all cells together.
fn freedom(cells: &[Fit]) -> usize {
    cells.iter().map(|cell| cell.law.iter().filter(|p| **p > 0.0).count().saturating_sub(1)).sum()
}

/// χ² test that every cell has its law: the probability, were it so, of a sum of the cells' statistics as large as theirs. Expected counts should be 5 or more.
///
/// # Panics
/// Unless some cell has two outcomes that are possible.
pub fn goodness_of_fit(cells: &[Fit]) -> f64 {
    let law = ChiSquared::new(freedom(cells) as f64).expect("two outcomes at least");
    let statistic: f64 = cells.iter().map(Fit::statistic).sum();
    if statistic.is_nan() { f64::NAN } else { law.sf(statistic) }
}

/// Smallest `w = (Σ_k (p_k − q_k)²/q_k)^½` by which the law `p` behind the shortest cell may differ from the law `q` that it is held against for
/// [`goodness_of_fit`] at `level` to notice it with probability [`POWER`](super::POWER): the noncentrality of the statistic is `n w²`.
///
/// # Panics
/// As [`goodness_of_fit`].
pub fn noticed_misfit(cells: &[Fit], level: f64) -> f64 {
    let shortest = cells.iter().map(Fit::runs).fold(f64::INFINITY, f64::min);
    (noticed_noncentrality(freedom(cells), level) / shortest).sqrt()
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;
    use crate::rng::{Purpose, stream};

    #[test]
    fn a_textbook_test_comes_out_as_in_the_book() {
        // Mendel's peas, 315, 101, 108, 32 against 9 : 3 : 3 : 1. R: chisq.test gives χ² = 0.47002, P = 0.9254.
        let law = [9.0, 3.0, 3.0, 1.0].map(|share| share / 16.0).to_vec();
        let peas = Fit { counts: vec![315, 101, 108, 32], law };
        assert!((peas.statistic() - 0.470_024).abs() < 1e-6);
        assert!((goodness_of_fit(std::slice::from_ref(&peas)) - 0.925_426).abs() < 1e-6);
        // An outcome that cannot be: it takes no part, or refutes.
        let law = vec![0.5, 0.0, 0.5];
        let never = Fit { counts: vec![40, 0, 60], law: law.clone() };
        assert!((goodness_of_fit(&[never]) - 0.045_500).abs() < 1e-6);
        assert_eq!(goodness_of_fit(&[peas, Fit { counts: vec![50, 1, 50], law }]), 0.0);
    }

    #[test]
    fn what_is_said_to_be_noticed_is_noticed_as_often() {
        // Two cells, of 3000 counts with the law (0.5, 0.3, 0.2), and of 2000 whose law is off by what is to be noticed.
        let (law, level) = (vec![0.5, 0.3, 0.2], 1e-3);
        let cell = |counts| Fit { counts, law: law.clone() };
        let misfit = noticed_misfit(&[cell(vec![1500, 900, 600]), cell(vec![1000, 600, 400])], level);
        // Moves `s` from the second outcome to the first: w² = s² (1/0.5 + 1/0.3).
        let moved = misfit / (1.0f64 / 0.5 + 1.0 / 0.3).sqrt();
        let mut rng = stream(8, Purpose::Protocol, 0);
        let mut drawn = |runs: usize, moved: f64| {
            let mut counts = vec![0; 3];
            for _ in 0..runs {
                let u: f64 = rng.random();
                counts[usize::from(u > 0.5 + moved) + usize::from(u > 0.8)] += 1;
            }
            cell(counts)
        };
        let (mut noticed, mut wrong) = (0, 0);
        for _ in 0..1000 {
            noticed += u32::from(goodness_of_fit(&[drawn(3000, 0.0), drawn(2000, moved)]) < level);
            wrong += u32::from(goodness_of_fit(&[drawn(3000, 0.0), drawn(2000, 0.0)]) < 0.1);
        }
        // 900 with deviation 9.5, and 100 with deviation 9.5.
        assert!(noticed.abs_diff(900) < 45 && wrong.abs_diff(100) < 45, "{noticed} {wrong}");
    }
}
