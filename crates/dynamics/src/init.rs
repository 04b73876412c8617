//! Initial points `w_0 = ρ g/‖g‖`, `g ~ N(0, I_n)`, drawn in coordinates.
//!
//! For orthonormal data the law of `w_0` is that of `m` Gaussians for the correlations, one
//! `χ²_{n−m}` for the squared residual, scaled to norm `ρ`, and a uniform direction for the residual.
//! Drawing it so gives every engine the same point from the same seed, whether or not it knows `n`
//! numbers.

use chacha20::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::data::{Dataset, dot, norm};
use crate::draws::{chi_squared, normal};
use crate::error::{Error, Result};
use crate::rng::{Purpose, stream};

/// The initial point of one replica.
#[derive(Clone, Debug)]
pub struct Start {
    /// Correlations `c_i(0) = ⟨w_0, x_i⟩`, `[m]`.
    pub correlations: Vec<f64>,
    /// Residual norm `s(0) = ‖w_0 − Πw_0‖`.
    pub residual: f64,
    /// Squared norm `N(0) = ‖w_0‖²`.
    pub norm_sq: f64,
    /// The vector `w_0` itself, `[n]`, when the data is materialised.
    pub weights: Option<Vec<f64>>,
}

impl Start {
    /// Draws `w_0` with norm `init_norm` for one replica.
    ///
    /// # Errors
    /// [`Error::InitNorm`] unless `init_norm` is positive and finite (between 1e-150 and 1e150).
    pub fn gaussian(dataset: &Dataset, init_norm: f64, seed: u64, replica: u64) -> Result<Self> {
        check_norm(init_norm)?;
        let mut rng = stream(seed, Purpose::Init, replica);
        let mut normals = |count: usize| -> Vec<f64> { (0..count).map(|_| normal(&mut rng)).collect() };
        if !dataset.is_orthonormal() {
            let direction = normals(dataset.dim());
            return Self::from_weights(dataset, scaled(direction, init_norm));
        }
        let mut coordinates = normals(dataset.samples());
        let codimension = dataset.dim() - dataset.samples();
        // Room for one more, not for twice as many.
        coordinates.reserve_exact(1);
        coordinates.push(if codimension == 0 { 0.0 } else { chi_squared(codimension, &mut rng).sqrt() });
        let mut coordinates = scaled(coordinates, init_norm);
        let residual = coordinates.pop().expect("the residual was pushed above");
        Self::from_coordinates(dataset, coordinates, residual, seed, replica)
    }

    /// The point `w_0 = Σ c_i a_i + s u` over orthonormal data, `u` a unit vector orthogonal to the
    /// data drawn from `(seed, replica)`.
    ///
    /// # Errors
    /// [`Error::Length`] unless there is one correlation a sample; [`Error::NoResidual`] if a residual is
    /// asked for and the data spans the whole space, or if the data is not orthonormal.
    pub fn from_coordinates(
        dataset: &Dataset,
        correlations: Vec<f64>,
        residual: f64,
        seed: u64,
        replica: u64,
    ) -> Result<Self> {
        dataset.require_orthonormal()?;
        let (samples, dim) = (dataset.samples(), dataset.dim());
        if correlations.len() != samples {
            return Err(Error::Length {
                what: "the correlations",
                expected: samples,
                got: correlations.len(),
            });
        }
        if residual != 0.0 && samples == dim {
            return Err(Error::NoResidual { samples });
        }
        let norm_sq = dot(&correlations, &correlations) + residual * residual;
        let weights = if dataset.is_materialised() {
            let mut w = dataset.combine(&correlations)?;
            if residual != 0.0 {
                let mut rng = stream(seed, Purpose::Residual, replica);
                let direction: Vec<f64> = StandardNormal.sample_iter(&mut rng).take(dim).collect();
                let direction = scaled(dataset.residual(&direction)?, residual);
                w.iter_mut().zip(direction).for_each(|(w, u)| *w += u);
            }
            Some(w)
        } else {
            None
        };
        Ok(Self { correlations, residual, norm_sq, weights })
    }

    /// An explicit vector `w_0` of length `n`, over any materialised data.
    ///
    /// # Errors
    /// [`Error::Length`]; [`Error::ImplicitData`].
    pub fn from_weights(dataset: &Dataset, weights: Vec<f64>) -> Result<Self> {
        if weights.len() != dataset.dim() {
            return Err(Error::Length {
                what: "the initial point",
                expected: dataset.dim(),
                got: weights.len(),
            });
        }
        Ok(Self {
            correlations: dataset.correlations(&weights)?,
            residual: norm(&dataset.residual(&weights)?),
            norm_sq: dot(&weights, &weights),
            weights: Some(weights),
        })
    }

    /// The vector `w_0`.
    ///
    /// # Errors
    /// [`Error::ImplicitData`] over implicit data.
    pub fn weights(&self, dataset: &Dataset) -> Result<&[f64]> {
        self.weights.as_deref().ok_or(Error::ImplicitData { samples: dataset.samples(), dim: dataset.dim() })
    }
}

/// Initial weights `ρ g/‖g‖` of the neurons beyond the first, one after the other: of a model with fewer neurons in
/// its first layer, or with fewer layers, they are the same as far as they go.
#[derive(Debug)]
pub struct Rows {
    rng: ChaCha8Rng,
    init_norm: f64,
}

impl Rows {
    /// The rows of one replica, from the first.
    ///
    /// # Errors
    /// [`Error::InitNorm`].
    pub fn new(init_norm: f64, seed: u64, replica: u64) -> Result<Self> {
        check_norm(init_norm)?;
        Ok(Self { rng: stream(seed, Purpose::Neurons, replica), init_norm })
    }

    /// The next row, `[dim]`.
    pub fn draw(&mut self, dim: usize) -> Vec<f64> {
        let direction = StandardNormal.sample_iter(&mut self.rng).take(dim).collect();
        scaled(direction, self.init_norm)
    }
}

fn check_norm(init_norm: f64) -> Result<()> {
    // Beyond these bounds the squared norm leaves the range of f64.
    if (1e-150..=1e150).contains(&init_norm) { Ok(()) } else { Err(Error::InitNorm(init_norm)) }
}

/// Rescales a vector to the given norm.
fn scaled(mut vector: Vec<f64>, target: f64) -> Vec<f64> {
    let factor = target / norm(&vector);
    vector.iter_mut().for_each(|x| *x *= factor);
    vector
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_and_vector_agree() {
        let data = Dataset::orthonormal(5, 13, 2).unwrap();
        let start = Start::gaussian(&data, 0.37, 9, 4).unwrap();
        let again = Start::from_weights(&data, start.weights.clone().unwrap()).unwrap();
        for (a, b) in start.correlations.iter().zip(&again.correlations) {
            assert!((a - b).abs() < 1e-15, "{a} {b}");
        }
        assert!((start.residual - again.residual).abs() < 1e-15);
        assert!((again.norm_sq.sqrt() - 0.37).abs() < 1e-15);
    }

    #[test]
    fn implicit_data_starts_at_the_same_coordinates() {
        let explicit = Start::gaussian(&Dataset::orthonormal(4, 6, 1).unwrap(), 0.5, 3, 7).unwrap();
        let implicit = Start::gaussian(&Dataset::implicit_orthonormal(4, 6).unwrap(), 0.5, 3, 7).unwrap();
        assert_eq!(explicit.correlations, implicit.correlations);
        assert_eq!(explicit.residual, implicit.residual);
        assert!(implicit.weights.is_none());
    }

    #[test]
    fn the_law_of_the_norm_split_is_beta() {
        // ‖Πw_0‖²/‖w_0‖² ~ Beta(m/2, (n−m)/2): mean m/n, here 3/11, sd of the mean of 4000 draws
        // √(ab/((a+b)²(a+b+1)))/√4000 with a = 1.5, b = 4: 0.00276.
        let data = Dataset::implicit_orthonormal(3, 11).unwrap();
        let mean = (0..4000)
            .map(|r| {
                let start = Start::gaussian(&data, 2.0, 1, r).unwrap();
                1.0 - start.residual.powi(2) / start.norm_sq
            })
            .sum::<f64>()
            / 4000.0;
        assert!((mean - 3.0 / 11.0).abs() < 4.5 * 0.00276, "{mean}");
    }

    #[test]
    fn nonsense_norms_are_refused() {
        let data = Dataset::implicit_orthonormal(2, 2).unwrap();
        for rho in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(matches!(Start::gaussian(&data, rho, 1, 0), Err(Error::InitNorm(_))));
        }
    }
}
