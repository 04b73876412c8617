//! The trajectory of a run as a table, one row an observation.

use serde::{Deserialize, Serialize};

use crate::data::Dataset;
use crate::engine::Engine;
use crate::init::Start;
use crate::measure::{alignment, sparsity};
use crate::model::Activation;
use crate::state::Neuron;
use crate::table;
use crate::train::{Cadence, Observer};

/// One observation of a neuron; also the final measures of a run.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Row {
    /// Steps taken.
    pub step: u64,
    /// Training loss over all samples.
    pub loss: f64,
    /// `‖w‖`.
    pub norm: f64,
    /// `max_i cos(w, x_i)`; absolute values where the sign of `w` is free (linear, tanh).
    pub max_cos: f64,
    /// Where it is attained.
    pub argmax: usize,
    /// `cos(w, w_0)`.
    pub cos_init: f64,
    /// Participation ratio of the correlations.
    pub participation_ratio: f64,
    /// `‖w − Πw‖`.
    pub residual: f64,
    /// Log-ratio `R` over the initially active samples.
    #[serde(rename = "R")]
    pub log_ratio: f64,
}

impl table::Row for Row {
    const TABLE: &'static str = "trajectory";
}

/// What measuring needs to know of a run besides the neuron.
#[derive(Clone, Debug)]
pub struct Gauge {
    dataset: Dataset,
    activation: Activation,
    init_norm_sq: f64,
    members: Vec<bool>,
}

impl Gauge {
    /// Measures relative to a start.
    pub fn new(dataset: &Dataset, activation: Activation, start: &Start) -> Self {
        Self {
            dataset: dataset.clone(),
            activation,
            init_norm_sq: start.norm_sq,
            members: start.correlations.iter().map(|&c| activation.admits(c)).collect(),
        }
    }

    /// All measures of a neuron.
    pub fn read(&self, step: u64, loss: f64, neuron: &Neuron) -> Row {
        let best = alignment::best_match(neuron, &self.dataset, self.activation);
        Row {
            step,
            loss,
            norm: neuron.norm_sq.sqrt(),
            max_cos: best.cosine,
            argmax: best.index,
            cos_init: alignment::cos_init(neuron, self.init_norm_sq),
            participation_ratio: sparsity::participation_ratio(neuron),
            residual: neuron.residual,
            log_ratio: sparsity::log_ratio(neuron, |i| self.members[i]),
        }
    }
}

/// Samples up to which a trajectory has all correlations beside its rows.
const MAX_SAMPLES: usize = 64;

/// Whether a trajectory over so many samples has all correlations beside its rows.
pub fn has_correlations(samples: usize) -> bool {
    samples <= MAX_SAMPLES
}

/// Records the first neuron of one replica.
#[derive(Debug)]
pub struct Trajectory {
    gauge: Gauge,
    cadence: Cadence,
    replica: usize,
    /// The rows so far.
    pub rows: Vec<Row>,
    /// Correlations of the neuron, `[rows, m]`, of up to 64 samples; else empty.
    pub correlations: Vec<f64>,
}

impl Trajectory {
    /// A recorder of `replica`.
    pub fn new(gauge: Gauge, cadence: Cadence, replica: usize) -> Self {
        Self { gauge, cadence, replica, rows: Vec::new(), correlations: Vec::new() }
    }
}

impl Observer for Trajectory {
    fn cadence(&self) -> Cadence {
        self.cadence
    }

    fn observe(&mut self, step: u64, engine: &dyn Engine) {
        let neuron = &engine.neurons(self.replica)[0];
        self.rows.push(self.gauge.read(step, engine.loss(self.replica), neuron));
        if has_correlations(neuron.correlations.len()) {
            self.correlations.extend(&neuron.correlations);
        }
    }
}
