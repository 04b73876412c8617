//! Runs until every sample is silent or reconstructed.

use std::fmt;

use nalgebra::DMatrix;

use crate::engine::TiedLayer;
use crate::error::Result;
use crate::init::Rows;
use crate::model::Activation;
use crate::schedule::Schedule;
use crate::theory::subspace::relu::impure_triples;

/// `η_B`.
pub(super) const STEP: f64 = 0.1;

/// Distance of a sample from what the layer makes of it, and its size on the neurons, below which it counts as reconstructed, or as silent.
const TOLERANCE: f64 = 1e-8;

/// Correlation above which a neuron counts as active at the end, and distance from a state of theory within which it counts as that.
const ACTIVE: f64 = 1e-6;

/// Steps between looks, and those that a run is given: more than thirty times the mean.
const EVERY: u64 = 64;
const BUDGET: u64 = 1_000_000;

/// Neurons, samples, batch size, and norm of a neuron at the start.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    pub neurons: usize,
    pub samples: usize,
    pub batch: usize,
    pub norm: f64,
}

const fn cell(neurons: usize, samples: usize, batch: usize, norm: f64) -> Cell {
    Cell { neurons, samples, batch, norm }
}

/// Over neurons, samples, batch sizes and norms.
pub(super) const CELLS: [Cell; 14] = [
    cell(2, 6, 1, 0.5),
    cell(3, 6, 1, 0.5),
    cell(4, 6, 1, 0.5),
    cell(5, 6, 1, 0.5),
    cell(3, 3, 1, 0.5),
    cell(3, 4, 1, 0.5),
    cell(3, 9, 1, 0.5),
    cell(3, 3, 2, 0.5),
    cell(4, 6, 2, 0.5),
    cell(4, 6, 5, 0.5),
    cell(3, 3, 1, 0.1),
    cell(3, 3, 1, 0.9),
    cell(4, 6, 1, 0.1),
    cell(4, 6, 1, 0.9),
];

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { neurons, samples, batch, norm } = self;
        write!(f, "k = {neurons}, m = {samples}, b = {batch}, norm {norm}")
    }
}

/// A run at its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    /// Whether every sample is silent or reconstructed.
    pub is_absorbed: bool,
    pub steps: u64,
    /// Samples that are reconstructed, and those of them that two neurons or more are active on.
    pub reconstructed: usize,
    pub shared_samples: usize,
    /// Neurons that are active on two samples or more.
    pub impure_neurons: usize,
    /// Of three neurons with such an one: whether they are at one of the impure states of theory that reconstruct three samples.
    pub is_triple: bool,
}

impl Cell {
    /// One run; directions of the neurons are those of the pair.
    pub fn run(self, seed: u64, pair: u64) -> Result<End> {
        let mut rows = Rows::new(self.norm, seed, pair)?;
        let rows: Vec<Vec<f64>> = (0..self.neurons).map(|_| rows.draw(self.samples)).collect();
        let start = DMatrix::from_fn(self.neurons, self.samples, |k, i| rows[k][i]);
        let schedule = Schedule::sgd(self.samples, self.batch, seed)?;
        let mut layer = TiedLayer::new(&start, Activation::Relu, &schedule, STEP, pair)?;
        while !is_absorbed(&layer) && layer.steps_taken() < BUDGET {
            layer.advance(EVERY);
        }
        Ok(End::of(&layer))
    }
}

/// Whether every sample is silent or reconstructed.
fn is_absorbed(layer: &TiedLayer) -> bool {
    let (c, map) = (layer.correlations(), layer.map());
    (0..c.ncols()).all(|i| {
        let silent = c.column(i).iter().all(|c| *c <= TOLERANCE);
        let square: f64 =
            map.column(i).iter().enumerate().map(|(j, x)| (x - f64::from(i == j)).powi(2)).sum();
        silent || square.sqrt() <= TOLERANCE
    })
}

impl End {
    fn of(layer: &TiedLayer) -> Self {
        let c = layer.correlations();
        let active: Vec<usize> =
            c.column_iter().map(|column| column.iter().filter(|c| **c > ACTIVE).count()).collect();
        Self {
            is_absorbed: is_absorbed(layer),
            steps: layer.steps_taken(),
            reconstructed: active.iter().filter(|neurons| **neurons > 0).count(),
            shared_samples: active.iter().filter(|neurons| **neurons > 1).count(),
            impure_neurons: c
                .row_iter()
                .filter(|row| row.iter().filter(|c| **c > ACTIVE).count() > 1)
                .count(),
            is_triple: is_triple(&c),
        }
    }
}

/// Whether three samples and three neurons are as in one of the [`impure_triples`].
fn is_triple(c: &DMatrix<f64>) -> bool {
    let seen: Vec<usize> = (0..c.ncols()).filter(|&i| c.column(i).max() > ACTIVE).collect();
    let kept = c.select_columns(&seen);
    kept.shape() == (3, 3) && impure_triples().iter().any(|triple| (triple - &kept).amax() < ACTIVE)
}
