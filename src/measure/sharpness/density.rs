//! The spectral density by stochastic Lanczos quadrature.

use rand::Rng;

use super::Operator;
use super::lanczos::krylov;
use super::trace::rademacher;
use crate::stats::Mean;

/// A quadrature of the spectral density `(1/d) Σ_k δ(λ − λ_k)`: point masses that sum to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct SpectralDensity {
    /// `(λ, mass)`, ascending in `λ`, all probes pooled.
    pub masses: Vec<(f64, f64)>,
    /// Each probe's masses, for standard errors.
    probes: Vec<Vec<(f64, f64)>>,
}

impl SpectralDensity {
    /// Share of the eigenvalues in `(low, high]`, over the probes.
    pub fn share(&self, low: f64, high: f64) -> Mean {
        let share = |probe: &Vec<(f64, f64)>| -> f64 {
            probe.iter().filter(|(value, _)| low < *value && *value <= high).map(|(_, mass)| mass).sum()
        };
        Mean::of(&self.probes.iter().map(share).collect::<Vec<_>>())
    }
}

/// Stochastic Lanczos quadrature with Rademacher probes and `steps` Lanczos steps each (Ubaru, Chen, Saad,
/// 2017). `None` if a small eigen-solver does not converge.
pub fn spectral_density(
    operator: &impl Operator,
    steps: usize,
    probes: usize,
    rng: &mut impl Rng,
) -> Option<SpectralDensity> {
    let probes: Vec<Vec<(f64, f64)>> = (0..probes)
        .map(|_| {
            let space = krylov(operator, rademacher(operator.dim(), rng), steps, |_| false);
            let ritz = space.ritz()?;
            let mass = |k: usize| ritz.eigenvectors[(0, k)].powi(2);
            Some((0..space.len()).map(|k| (ritz.eigenvalues[k], mass(k))).collect())
        })
        .collect::<Option<_>>()?;
    let count = probes.len() as f64;
    let mut masses: Vec<(f64, f64)> =
        probes.iter().flatten().map(|(value, mass)| (*value, mass / count)).collect();
    masses.sort_by(|a, b| a.0.total_cmp(&b.0));
    Some(SpectralDensity { masses, probes })
}
