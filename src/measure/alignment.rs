//! Alignment of a neuron with the samples and with its initial point.

use crate::data::Dataset;
use crate::model::Activation;
use crate::state::Neuron;
use crate::vectors::{self, geometric_mean};

/// The sample a neuron is most aligned with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BestMatch {
    /// Index of the sample.
    pub index: usize,
    /// Cosine with it: `max_i cos(w, x_i)`, where the sign is free (linear, tanh)
    /// `max_i |cos(w, x_i)|`. 0 with a sample, and of a neuron, that is 0; NaN for a neuron with an entry that is.
    pub cosine: f64,
}

/// `max_i cos(w, x_i)` and where it is attained (the first one on a tie).
pub fn best_match(neuron: &Neuron, dataset: &Dataset, activation: Activation) -> BestMatch {
    let overlap = |(i, &c): (usize, &f64)| {
        let c = if activation.is_odd() { c.abs() } else { c };
        let length = dataset.row_norm(i);
        if length == 0.0 { 0.0 } else { c / length }
    };
    let overlaps: Vec<f64> = neuron.correlations.iter().enumerate().map(overlap).collect();
    let norm = neuron.norm_sq.sqrt();
    match vectors::arg_max(overlaps.iter().copied()) {
        None => BestMatch { index: 0, cosine: f64::NAN },
        Some(index) if norm == 0.0 => BestMatch { index, cosine: 0.0 },
        Some(index) => BestMatch { index, cosine: overlaps[index] / norm },
    }
}

/// `cos(w, w_0)`, given `‖w_0‖²`; 0 where one of the two is 0.
pub fn cos_init(neuron: &Neuron, init_norm_sq: f64) -> f64 {
    let scale = geometric_mean(neuron.norm_sq, init_norm_sq);
    if scale == 0.0 { 0.0 } else { neuron.overlap_init / scale }
}
