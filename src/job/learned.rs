//! What the neurons of the first replica learned, in `summary.json`: keys that are there only where they say something.

use serde::Serialize;

use super::{Finished, Job};
use crate::error::Result;
use crate::measure::dictionary::{Matching, RECOVERED};
use crate::measure::neurons::NeuronGauge;
use crate::measure::subspace;
use crate::text::number;
use crate::train::Outcome;

/// Final measures beyond those of a single neuron over orthonormal data.
#[derive(Default, Serialize)]
pub(super) struct Learned {
    /// Number of neurons, of more than one.
    #[serde(skip_serializing_if = "Option::is_none")]
    neurons: Option<usize>,
    /// Those that no sample activates, of a model without biases.
    #[serde(skip_serializing_if = "Option::is_none")]
    dead_neurons: Option<usize>,
    /// Mean `|cos|` of neurons matched to atoms, over data with a dictionary.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean_matched_cos: Option<f64>,
    /// Atoms matched with `|cos|` of 0.99 at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovered_atoms: Option<usize>,
    /// Smallest and largest principal angle, in radians, between the span of the neurons and as many leading principal
    /// components of the data; over data that has such.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pca_angle_min: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pca_angle_max: Option<f64>,
}

impl Learned {
    /// # Errors
    /// None in practice: weights are there only where data is.
    pub fn new(job: &Job, Finished { run, .. }: &Finished) -> Result<Self> {
        let dataset = job.problem.dataset();
        let (Some(weights), false) = (&run.weights, run.outcome == Outcome::Diverged) else {
            return Ok(Self::default());
        };
        let mut learned = Self::default();
        let k = run.neurons.len();
        if k > 1 {
            let gauge = NeuronGauge::new(dataset, job.problem.activation(), vec![0.0; k]);
            let rows = gauge.read(run.steps, &run.neurons, None);
            learned.neurons = Some(k);
            // With a bias, correlations alone do not tell.
            learned.dead_neurons =
                (!job.options.model.bias).then(|| rows.iter().filter(|row| row.dead).count());
        }
        if let Some(dictionary) = dataset.dictionary() {
            let matching = Matching::new(weights, dictionary);
            learned.mean_matched_cos = Some(matching.mean_cosine());
            learned.recovered_atoms = Some(matching.recovered(RECOVERED));
        }
        if !dataset.is_orthonormal() {
            let angles = subspace::angles_to_principal_components(weights, dataset)?.unwrap_or_default();
            (learned.pca_angle_min, learned.pca_angle_max) =
                (angles.first().copied(), angles.last().copied());
        }
        Ok(learned)
    }

    /// Lines for the terminal.
    pub fn describe(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some((neurons, dead)) = self.neurons.zip(self.dead_neurons) {
            lines.push(format!("  dead neurons         {dead} of {neurons}"));
        }
        if let (Some(mean), Some(recovered)) = (self.mean_matched_cos, self.recovered_atoms) {
            lines.push(format!("  matched to atoms     mean |cos| {}, {recovered} recovered", number(mean)));
        }
        if let (Some(min), Some(max)) = (self.pca_angle_min, self.pca_angle_max) {
            lines.push(if min == max {
                format!("  angle to PCA         {} rad", number(min))
            } else {
                format!("  angles to PCA        {} to {} rad", number(min), number(max))
            });
        }
        lines
    }
}
