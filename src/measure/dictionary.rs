//! How well neurons have found the atoms of a dictionary.

use pathfinding::matrix::Matrix;
use pathfinding::prelude::kuhn_munkres;

use crate::data::{Dictionary, dot, norm};

/// Cosines are compared in units of 2⁻⁴⁰: whole numbers, which the assignment needs to come to an end, and small
/// enough for eight million pairs to add up.
const UNIT: f64 = 1.0 / (1u64 << 40) as f64;

/// One neuron with the atom it is matched to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// Index of the neuron.
    pub neuron: usize,
    /// Index of the atom.
    pub atom: usize,
    /// Cosine of the angle between them, with its sign.
    pub cosine: f64,
}

/// Neurons matched to atoms, one to one: `min(k, q)` pairs with the largest possible `Σ |cos|`, to within `k · 2⁻⁴⁰`.
///
/// The sign of a neuron is free: with a tied decoder it cancels. Optimal assignment (Kuhn 1955, Munkres 1957), not the best
/// atom of each neuron, so that two neurons cannot both recover one atom.
#[derive(Clone, Debug, PartialEq)]
pub struct Matching {
    /// The pairs, by neuron.
    pub pairs: Vec<Pair>,
}

impl Matching {
    /// Matches neurons `[k, n]`, row-major, to the atoms of a dictionary. A neuron that is 0 has cosine 0 with all.
    pub fn new(neurons: &[f64], dictionary: &Dictionary) -> Self {
        let cosines: Vec<Vec<f64>> =
            neurons.chunks_exact(dictionary.dim()).map(|w| cosines(w, dictionary)).collect();
        if cosines.is_empty() {
            return Self { pairs: Vec::new() };
        }
        let few_neurons = cosines.len() <= dictionary.len();
        let weight = |neuron: usize, atom: usize| (cosines[neuron][atom].abs() / UNIT).round() as i64;
        // Rows must not outnumber columns.
        let weights = if few_neurons {
            Matrix::from_fn(cosines.len(), dictionary.len(), |(neuron, atom)| weight(neuron, atom))
        } else {
            Matrix::from_fn(dictionary.len(), cosines.len(), |(atom, neuron)| weight(neuron, atom))
        };
        let (_, columns) = kuhn_munkres(&weights);
        let mut pairs: Vec<Pair> = columns
            .into_iter()
            .enumerate()
            .map(|(row, column)| if few_neurons { (row, column) } else { (column, row) })
            .map(|(neuron, atom)| Pair { neuron, atom, cosine: cosines[neuron][atom] })
            .collect();
        pairs.sort_by_key(|pair| pair.neuron);
        Self { pairs }
    }

    /// Mean `|cos|` of the pairs, in `[0, 1]`.
    pub fn mean_cosine(&self) -> f64 {
        self.pairs.iter().map(|pair| pair.cosine.abs()).sum::<f64>() / self.pairs.len() as f64
    }

    /// Atoms recovered: pairs with `|cos|` of at least `threshold`.
    pub fn recovered(&self, threshold: f64) -> usize {
        self.pairs.iter().filter(|pair| pair.cosine.abs() >= threshold).count()
    }
}

/// `|cos|` from which an atom counts as recovered in a run's summary: an angle of 8.1°.
pub const RECOVERED: f64 = 0.99;

/// Cosines of a vector with all atoms, `[q]`; 0 for the vector 0.
pub fn cosines(w: &[f64], dictionary: &Dictionary) -> Vec<f64> {
    let length = norm(w);
    dictionary
        .atoms()
        .map(|atom| if length == 0.0 { 0.0 } else { dot(w, atom) / (length * norm(atom)) })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permutation_with_signs_and_scales_is_undone() {
        for (k, q, n) in [(5, 5, 7), (3, 8, 8), (6, 4, 5), (9, 9, 4)] {
            let dictionary = Dictionary::uniform(q, n, 3).unwrap();
            let atoms: Vec<&[f64]> = dictionary.atoms().collect();
            // Neuron i is atom π(i) = 5i + 2 mod q, stretched and turned about; those beyond q are noise around 0.
            let neurons: Vec<f64> = (0..k)
                .flat_map(|i| {
                    let scale =
                        if i < q { (0.3 + i as f64) * if i % 2 == 0 { 1.0 } else { -1.0 } } else { 0.0 };
                    atoms[(5 * i + 2) % q].iter().map(move |x| scale * x).collect::<Vec<_>>()
                })
                .collect();
            let matching = Matching::new(&neurons, &dictionary);
            assert_eq!(matching.pairs.len(), k.min(q));
            // 5 is prime to 8, 4 and 9, so π is one to one; with q = 5 it is constant, and one atom has one neuron.
            if q == 5 {
                assert_eq!(matching.recovered(1.0 - 1e-12), 1);
                continue;
            }
            for pair in &matching.pairs {
                assert_eq!(pair.atom, (5 * pair.neuron + 2) % q);
                assert_eq!(pair.cosine > 0.0, pair.neuron % 2 == 0);
            }
            assert!((matching.mean_cosine() - 1.0).abs() < 1e-14);
            assert_eq!(matching.recovered(RECOVERED), k.min(q));
        }
    }

    #[test]
    fn the_assignment_is_the_best_of_all() {
        // All 120 permutations of five neurons over five atoms, several draws.
        for seed in 0..20 {
            let dictionary = Dictionary::uniform(5, 4, seed).unwrap();
            let neurons: Vec<f64> =
                Dictionary::uniform(5, 4, seed + 100).unwrap().atoms().flatten().copied().collect();
            let all: Vec<Vec<f64>> = neurons.chunks(4).map(|w| cosines(w, &dictionary)).collect();
            let best = itertools::Itertools::permutations(0..5usize, 5)
                .map(|order| order.iter().enumerate().map(|(i, &j)| all[i][j].abs()).sum::<f64>() / 5.0)
                .fold(0.0, f64::max);
            assert!((Matching::new(&neurons, &dictionary).mean_cosine() - best).abs() < 1e-11);
        }
    }

    #[test]
    fn greed_does_not_pay() {
        // Both neurons lie nearest to atom 0; matched one to one, one takes the other atom.
        let dictionary = Dictionary::orthonormal(2, 2, 1).unwrap();
        let atoms: Vec<&[f64]> = dictionary.atoms().collect();
        let mix = |a: f64, b: f64| [a * atoms[0][0] + b * atoms[1][0], a * atoms[0][1] + b * atoms[1][1]];
        let neurons = [mix(0.9, 0.1), mix(0.8, 0.6)].concat();
        let matching = Matching::new(&neurons, &dictionary);
        assert_eq!(matching.pairs.iter().map(|pair| pair.atom).collect::<Vec<_>>(), [0, 1]);
        let expected = (0.9 / 0.82f64.sqrt() + 0.6) / 2.0;
        assert!((matching.mean_cosine() - expected).abs() < 1e-14);
        assert_eq!(Matching::new(&[0.0, 0.0], &dictionary).mean_cosine(), 0.0);
    }
}
