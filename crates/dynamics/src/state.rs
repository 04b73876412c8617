//! What any engine can tell of a neuron, in numbers that need no `n`.

use serde::{Deserialize, Serialize};

use crate::data::{Dataset, dot, norm};
use crate::error::Result;

/// One neuron `w ∈ R^n`, seen from the data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Neuron {
    /// Correlations `c_i = ⟨w, x_i⟩`, `[m]`.
    pub correlations: Vec<f64>,
    /// Norm of the residual, `s = ‖w − Πw‖`.
    pub residual: f64,
    /// Squared norm `N = ‖w‖²`.
    pub norm_sq: f64,
    /// Overlap with the initial point, `⟨w, w_0⟩`.
    pub overlap_init: f64,
}

impl Neuron {
    /// Looks at an explicit vector `w`. The residual is measured from the vector `w − Πw`:
    /// `√(N − Σ c²)` would lose half the digits.
    ///
    /// # Errors
    /// [`Error::ImplicitData`](crate::Error::ImplicitData).
    pub fn observe(dataset: &Dataset, w: &[f64], w0: &[f64]) -> Result<Self> {
        Ok(Self {
            correlations: dataset.correlations(w)?,
            residual: norm(&dataset.residual(w)?),
            norm_sq: dot(w, w),
            overlap_init: dot(w, w0),
        })
    }

    /// Whether no sample activates a ReLU on this neuron: all `c_i ≤ 0`.
    pub fn is_silent(&self) -> bool {
        self.correlations.iter().all(|&c| c <= 0.0)
    }
}
