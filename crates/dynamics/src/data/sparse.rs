//! Sparse coding: samples `x = Dᵀz + ε` with a k-sparse code `z` over the atoms of a dictionary, kept as ground truth.

use std::sync::Arc;

use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

use super::{Dataset, check_shape, correlated, orthonormal};
use crate::error::{Error, Result};
use crate::limits;
use crate::rng::{Purpose, below, stream};

/// A dictionary: `q` unit vectors in `R^n`, its atoms, as rows `d_j`, `[q, n]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Dictionary {
    atoms: Arc<[f64]>,
    dim: usize,
}

impl Dictionary {
    /// Orthonormal atoms, Haar-distributed.
    ///
    /// # Errors
    /// Those of [`Dataset::orthonormal`].
    pub fn orthonormal(atoms: usize, dim: usize, seed: u64) -> Result<Self> {
        let atoms = orthonormal::haar(atoms, dim, stream(seed, Purpose::Dictionary, 0))?;
        Ok(Self { atoms: atoms.into(), dim })
    }

    /// Independent atoms, uniform on the unit sphere; of any number, so overcomplete as well.
    ///
    /// # Errors
    /// [`Error::Empty`]; [`Error::TooLarge`].
    pub fn uniform(atoms: usize, dim: usize, seed: u64) -> Result<Self> {
        check_shape(atoms, dim)?;
        let atoms = correlated::unit_rows(atoms, dim, &mut stream(seed, Purpose::Dictionary, 0))?;
        Ok(Self { atoms: atoms.into(), dim })
    }

    /// Number of atoms `q`.
    pub fn len(&self) -> usize {
        self.atoms.len() / self.dim
    }

    /// Never: a dictionary has an atom at least.
    pub fn is_empty(&self) -> bool {
        self.atoms.is_empty()
    }

    /// Dimension `n`.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// The atoms, row by row.
    pub fn atoms(&self) -> impl ExactSizeIterator<Item = &[f64]> {
        self.atoms.chunks_exact(self.dim)
    }
}

/// How many atoms a sample mixes, and how much noise it has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SparseCode {
    /// Number of nonzero entries of `z`, `k`.
    pub nonzeros: usize,
    /// Noise level `σ`: `ε ~ N(0, (σ²/n) 1)`, so `E‖ε‖² = σ²`, whatever `n`.
    pub noise: f64,
}

impl Dataset {
    /// `samples` independent samples `x = Σ_j z_j d_j + ε`.
    ///
    /// The support of `z` is uniform among the subsets of `k` atoms, its entries there are `±1/√k` with independent fair
    /// signs, and `ε ~ N(0, (σ²/n) 1)` is independent of it. So `E z = 0`, `E z zᵀ = (1/q) 1`, and over orthonormal atoms
    /// without noise every sample has norm 1 (in general `E‖x‖² = 1 + σ²`). Sample `i` is a function of the seed, the
    /// dictionary, `code` and `i`: more samples continue fewer. The dictionary stays with the data.
    ///
    /// # Errors
    /// [`Error::Nonzeros`] unless `1 ≤ k ≤ q`; [`Error::NoiseLevel`] unless `σ ≥ 0` and finite; [`Error::Empty`];
    /// [`Error::TooLarge`] and [`Error::TooMuchWork`] beyond [`crate::limits`].
    pub fn sparse_coded(
        dictionary: &Dictionary,
        code: SparseCode,
        samples: usize,
        seed: u64,
    ) -> Result<Self> {
        let SparseCode { nonzeros, noise } = code;
        let (atoms, dim) = (dictionary.len(), dictionary.dim());
        check_shape(samples, dim)?;
        if !(1..=atoms).contains(&nonzeros) {
            return Err(Error::Nonzeros { nonzeros, atoms });
        }
        if !(noise >= 0.0 && noise.is_finite()) {
            return Err(Error::NoiseLevel(noise));
        }
        // A draw looks for each new index among those it has.
        limits::work("the codes of the samples", &[samples, nonzeros, nonzeros.max(dim)])?;
        let mut rows = vec![0.0; limits::entries("the data matrix", samples, dim)?];
        for (row, i) in rows.chunks_exact_mut(dim).zip(0..) {
            for (atom, value) in draw_code(atoms, nonzeros, seed, i) {
                super::axpy(value, &dictionary.atoms[atom * dim..(atom + 1) * dim], row);
            }
            if noise > 0.0 {
                let mut rng = stream(seed, Purpose::Noise, i);
                let scale = noise / (dim as f64).sqrt();
                row.iter_mut()
                    .for_each(|x| *x += scale * Distribution::<f64>::sample(&StandardNormal, &mut rng));
            }
        }
        Ok(Self { dictionary: Some(dictionary.clone()), ..Self::from_rows(rows, samples, dim)? })
    }
}

/// Support and values of the code of sample `i`.
fn draw_code(atoms: usize, nonzeros: usize, seed: u64, i: u64) -> Vec<(usize, f64)> {
    let mut rng = stream(seed, Purpose::Codes, i);
    // Floyd: each subset of `nonzeros` indices is as likely as any other.
    let mut support: Vec<usize> = Vec::with_capacity(nonzeros);
    for last in atoms - nonzeros..atoms {
        let index = below(&mut rng, last + 1);
        support.push(if support.contains(&index) { last } else { index });
    }
    let value = 1.0 / (nonzeros as f64).sqrt();
    support.into_iter().map(|atom| (atom, if rng.next_u64() >> 63 == 0 { value } else { -value })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{dot, norm};

    const QUIET: SparseCode = SparseCode { nonzeros: 3, noise: 0.0 };

    #[test]
    fn supports_are_uniform_and_signs_fair() {
        // C(5, 2) = 10 supports times 4 pairs of signs: 40 cells, 40_000 draws; χ² with 39 degrees of freedom,
        // P(> 92) < 5e-6.
        let mut counts = std::collections::BTreeMap::new();
        for i in 0..40_000 {
            let mut code = draw_code(5, 2, 3, i);
            code.sort_by_key(|entry| entry.0);
            assert!(code.iter().all(|(_, value)| (value.abs() - 0.5f64.sqrt()).abs() < 1e-15));
            let key: Vec<(usize, bool)> = code.iter().map(|&(atom, value)| (atom, value > 0.0)).collect();
            *counts.entry(key).or_insert(0u32) += 1;
        }
        assert_eq!(counts.len(), 40);
        let statistic: f64 = counts.values().map(|&k| (f64::from(k) - 1e3).powi(2) / 1e3).sum();
        assert!(statistic < 92.0, "χ² = {statistic}");
    }

    #[test]
    fn orthonormal_atoms_give_unit_samples_that_they_explain() {
        let dictionary = Dictionary::orthonormal(7, 9, 2).unwrap();
        let data = Dataset::sparse_coded(&dictionary, QUIET, 50, 2).unwrap();
        assert_eq!(data.dictionary(), Some(&dictionary));
        for row in data.rows().unwrap().chunks_exact(9) {
            assert!((norm(row) - 1.0).abs() < 1e-14);
            let code: Vec<f64> = dictionary.atoms().map(|atom| dot(atom, row)).collect();
            assert_eq!(code.iter().filter(|z| z.abs() > 0.5).count(), 3, "{code:?}");
            assert!(code.iter().all(|z| z.abs() < 1e-14 || (z.abs() - 1.0 / 3f64.sqrt()).abs() < 1e-14));
        }
        // More samples continue fewer.
        let fewer = Dataset::sparse_coded(&dictionary, QUIET, 20, 2).unwrap();
        assert_eq!(fewer.rows().unwrap(), &data.rows().unwrap()[..20 * 9]);
    }

    #[test]
    fn noise_has_its_level() {
        // ‖ε‖² n/σ² ~ χ²_n: over 3000 samples in R^6 the mean of ‖ε‖² is σ² with standard error σ² √(2/(6·3000)).
        let dictionary = Dictionary::uniform(11, 6, 4).unwrap();
        assert_eq!((dictionary.len(), dictionary.dim()), (11, 6));
        let draw = |noise| {
            let data = Dataset::sparse_coded(&dictionary, SparseCode { noise, ..QUIET }, 3000, 4).unwrap();
            data.rows().unwrap().to_vec()
        };
        let (quiet, noisy) = (draw(0.0), draw(0.7));
        let mean = quiet.iter().zip(&noisy).map(|(a, b)| (a - b).powi(2)).sum::<f64>() / 3000.0;
        assert!((mean / 0.49 - 1.0).abs() < 4.5 * (2.0f64 / 18_000.0).sqrt(), "{mean}");
    }

    #[test]
    fn the_second_moment_of_the_samples_is_that_of_the_law() {
        // E x xᵀ = (1/q) Σ d_j d_jᵀ + (σ²/n) 1: along an atom of an orthonormal dictionary 1/q + σ²/n. Per sample the
        // square of that component has variance below E⟨x,d⟩⁴ < 1: 20_000 samples, bound 4.5/√20000 × its sd,
        // at most √(3 (1/k)(1/q) + …) < 0.5.
        let (q, n, sigma) = (4, 7, 0.3);
        let dictionary = Dictionary::orthonormal(q, n, 6).unwrap();
        let code = SparseCode { nonzeros: 2, noise: sigma };
        let data = Dataset::sparse_coded(&dictionary, code, 20_000, 6).unwrap();
        for atom in dictionary.atoms() {
            let c = data.correlations(atom).unwrap();
            let mean = dot(&c, &c) / 20_000.0;
            let expected = 1.0 / q as f64 + sigma * sigma / n as f64;
            assert!((mean - expected).abs() < 4.5 * 0.5 / 20_000f64.sqrt(), "{mean} {expected}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        let dictionary = Dictionary::orthonormal(4, 5, 1).unwrap();
        let refuse = |nonzeros, noise| {
            let code = SparseCode { nonzeros, noise };
            Dataset::sparse_coded(&dictionary, code, 3, 1).unwrap_err().to_string()
        };
        assert!(refuse(0, 0.0).contains("1..=4"), "{}", refuse(0, 0.0));
        assert!(refuse(5, 0.0).contains("got 5"));
        assert!(refuse(2, -0.1).contains("-0.1"));
        assert!(refuse(2, f64::NAN).contains("NaN"));
        assert!(Dictionary::orthonormal(6, 5, 1).is_err());
    }
}
