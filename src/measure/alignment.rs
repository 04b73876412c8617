//! Alignment of a neuron with the samples and with its initial point.

use crate::data::Dataset;
use crate::model::Activation;
use crate::state::Neuron;

/// The sample a neuron is most aligned with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BestMatch {
    /// Index of the sample.
    pub index: usize,
    /// Cosine with it: `max_i cos(w, x_i)`, where the sign is free (linear, tanh)
    /// `max_i |cos(w, x_i)|`. 0 for a vanishing neuron.
    pub cosine: f64,
}

/// `max_i cos(w, x_i)` and where it is attained (the first one on a tie).
pub fn best_match(neuron: &Neuron, dataset: &Dataset, activation: Activation) -> BestMatch {
    let overlap = |i: usize| {
        let c = neuron.correlations[i] / dataset.row_norm(i);
        if activation.is_odd() { c.abs() } else { c }
    };
    let mut index = 0;
    for i in 1..neuron.correlations.len() {
        if overlap(i) > overlap(index) {
            index = i;
        }
    }
    let norm = neuron.norm_sq.sqrt();
    BestMatch { index, cosine: if norm > 0.0 { overlap(index) / norm } else { 0.0 } }
}

/// `cos(w, w_0)`, given `‖w_0‖²`.
pub fn cos_init(neuron: &Neuron, init_norm_sq: f64) -> f64 {
    let scale = (neuron.norm_sq * init_norm_sq).sqrt();
    if scale > 0.0 { neuron.overlap_init / scale } else { 0.0 }
}
