//! Burn's networks until every sample is kept or lost, all seeds of a setting as one stack.

use std::fmt;

use burn::module::Module;
use nalgebra::DMatrix;

use super::curvature::{EDGE, largest_over_batches};
use crate::data::Dataset;
use crate::device::{Compute, to_host};
use crate::eigen;
use crate::engine::{Autodiff, Engine};
use crate::error::Result;
use crate::model::{Activation, Autoencoder, TiedDeep, TiedDeepConfig, flat};
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;
use crate::study::words::listed;
use crate::vectors::{largest, norm_of};

/// Samples, and their dimension.
pub(super) const SAMPLES: usize = 5;
const DIM: usize = 7;

/// Norm of every neuron at the start.
const NORM: f64 = 1.0;

/// Distance from itself or from 0 below which a sample counts as kept or lost; with full batches, the gradient of the mean loss.
const TOLERANCE: f64 = 1e-6;

/// Steps between looks, and those that a run is given.
const EVERY: u64 = 1000;
const BUDGET: u64 = 400_000;

/// Widths of the layers, batch size and step size per sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cell {
    pub widths: &'static [usize],
    pub batch: usize,
    pub step_per_sample: f64,
}

const fn cell(widths: &'static [usize], batch: usize) -> Cell {
    // A sample that passes L layers of gain 1 has the curvature 4L.
    Cell { widths, batch, step_per_sample: 0.12 / widths.len() as f64 }
}

/// Small batches of one layer, which has the law; of two and three layers, equally wide, narrowing and widening; full batches.
pub(super) const CELLS: [Cell; 12] = [
    cell(&[2], 1),
    cell(&[2, 2], 1),
    cell(&[2, 2], SAMPLES),
    cell(&[2, 2], 4),
    cell(&[3, 2], 1),
    cell(&[2, 3], 1),
    cell(&[3, 3], 2),
    cell(&[4, 1], 1),
    cell(&[7, 3], 1),
    cell(&[2, 2, 2], 1),
    cell(&[3, 2, 3], 1),
    cell(&[3, 2], SAMPLES),
];

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "layers of {}, b = {}", self.widths(), self.batch)
    }
}

/// A run at its end.
#[derive(Clone, Debug)]
pub(super) struct Ended {
    pub is_at_rest: bool,
    pub has_diverged: bool,
    pub steps: u64,
    /// Samples that are taken to themselves.
    pub kept: usize,
    /// Largest distance of what the map makes of a sample from the nearer of itself and 0.
    pub map_distance: f64,
    /// The same of `W_1ᵀW_1`.
    pub layer_distance: f64,
    /// Share of `‖W_1X‖²` on samples that are lost.
    pub on_lost: f64,
    /// Share of `‖XᵀW_1ᵀW_1X‖²` off the diagonal.
    pub off_diagonal: f64,
    /// Largest eigenvalue of `W_1ᵀW_1` on the samples.
    pub first_layer: f64,
    /// Largest `η_B λ_max` over the batches; NaN before the end.
    pub curvature: f64,
}

impl Ended {
    /// Whether the run has not come to rest and a step on some batch lengthens a deviation.
    pub fn is_at_edge(&self) -> bool {
        !self.is_at_rest && self.curvature >= EDGE
    }

    /// Whether the run has not come to rest though every step is stable.
    pub fn is_slow(&self) -> bool {
        !self.is_at_rest && self.curvature < EDGE
    }
}

impl Cell {
    /// Widths as in the name of the model.
    pub fn widths(&self) -> String {
        self.widths.iter().map(usize::to_string).collect::<Vec<_>>().join("-")
    }

    /// Neurons of the narrowest layer.
    pub fn narrowest(&self) -> usize {
        self.widths.iter().copied().min().map_or(0, |k| k.min(SAMPLES))
    }

    /// The runs of all pairs; data and start depend on the pair alone, batches on pair and batch size.
    pub fn run(&self, pairs: &[u64], seed: u64, compute: &Compute) -> Result<Vec<Ended>> {
        let dataset = Dataset::orthonormal(SAMPLES, DIM, seed)?;
        let problem =
            Problem::new(dataset.clone(), Activation::Linear, Reduction::Sum, self.step_per_sample)?;
        let schedule = Schedule::sgd(SAMPLES, self.batch, seed)?;
        let config = TiedDeepConfig::new(DIM, self.widths.to_vec(), Activation::Linear);
        let models = pairs.iter().map(|pair| config.init(&dataset, NORM, seed, *pair, compute));
        let models = flat::stacked(models.collect::<Result<Vec<_>>>()?, compute);
        let mut engine = Autodiff::new(models, &problem, &schedule, 0, compute)?;
        let mut ended: Vec<Option<Ended>> = vec![None; pairs.len()];
        while ended.iter().any(Option::is_none) {
            engine.advance(EVERY);
            for (replica, ended) in ended.iter_mut().enumerate().filter(|(_, ended)| ended.is_none()) {
                let mut now = self.look(&engine, replica, &dataset, compute)?;
                if now.is_at_rest || now.has_diverged || now.steps >= BUDGET {
                    engine.retire(replica);
                    if !now.has_diverged {
                        let (model, step) = (engine.model(replica), self.step_per_sample);
                        now.curvature = largest_over_batches(&model, &dataset, self.batch, step, compute)?;
                    }
                    *ended = Some(now);
                }
            }
        }
        Ok(ended.into_iter().flatten().collect())
    }

    /// A replica as it stands.
    fn look(
        &self,
        engine: &Autodiff<TiedDeep>,
        replica: usize,
        dataset: &Dataset,
        compute: &Compute,
    ) -> Result<Ended> {
        let map = map_of(&engine.model(replica), dataset, compute)?;
        let rows = dataset.rows()?.chunks_exact(DIM);
        // Of each sample: how far from itself, and from 0.
        let distances: Vec<(f64, f64)> = map
            .chunks_exact(DIM)
            .zip(rows)
            .map(|(y, x)| (norm_of(y.iter().zip(x).map(|(y, x)| y - x)), norm_of(y.iter().copied())))
            .collect();
        let is_kept: Vec<bool> = distances.iter().map(|(kept, lost)| kept < lost).collect();
        let map_distance = largest(distances.iter().map(|(kept, lost)| kept.min(*lost)));
        let rests = if self.batch == SAMPLES { engine.slope(replica) } else { map_distance };
        let layer = FirstLayer::of(engine, replica, &is_kept);
        Ok(Ended {
            is_at_rest: rests < TOLERANCE,
            has_diverged: engine.diverged_at(replica).is_some(),
            steps: engine.steps_taken(),
            kept: is_kept.iter().filter(|kept| **kept).count(),
            map_distance,
            layer_distance: layer.distance,
            on_lost: layer.on_lost,
            off_diagonal: layer.off_diagonal,
            first_layer: layer.largest,
            curvature: f64::NAN,
        })
    }
}

/// What a model makes of the samples, `[m, n]`.
fn map_of(model: &TiedDeep, dataset: &Dataset, compute: &Compute) -> Result<Vec<f64>> {
    let x = compute.tensor(dataset.rows()?, [1, dataset.samples(), dataset.dim()]);
    Ok(to_host(model.valid().reconstruct(x)))
}

/// `G = XᵀW_1ᵀW_1X` of a network, entry by entry.
struct FirstLayer {
    distance: f64,
    on_lost: f64,
    off_diagonal: f64,
    largest: f64,
}

impl FirstLayer {
    fn of(engine: &Autodiff<TiedDeep>, replica: usize, is_kept: &[bool]) -> Self {
        let neurons = engine.neurons(replica);
        let gram = DMatrix::from_fn(SAMPLES, SAMPLES, |i, j| {
            neurons.iter().map(|neuron| neuron.correlations[i] * neuron.correlations[j]).sum::<f64>()
        });
        let identity = DMatrix::<f64>::identity(SAMPLES, SAMPLES);
        let nearer = |i: usize| gram.column(i).norm().min((gram.column(i) - identity.column(i)).norm());
        let lost = (0..SAMPLES).filter(|i| !is_kept[*i]).map(|i| gram[(i, i)]).sum::<f64>();
        let diagonal = gram.diagonal().norm_squared();
        Self {
            distance: largest((0..SAMPLES).map(nearer)),
            on_lost: lost / gram.trace(),
            off_diagonal: 1.0 - diagonal / gram.norm_squared(),
            largest: eigen::symmetric(gram).map_or(f64::NAN, |found| found.eigenvalues.max()),
        }
    }
}

/// What is run, in words.
pub(super) fn sentence(cells: &[Cell], pairs: u64) -> String {
    let cells: Vec<String> =
        cells.iter().map(|cell| format!("{} (b = {})", cell.widths(), cell.batch)).collect();
    format!(
        "Burn's autodiff trains tied linear networks on m = {SAMPLES} orthonormal samples in {DIM} dimensions, sum reduction, η_B = 0.12/L, random batches, neurons of norm {NORM} at the start: layers of {}, \
         {pairs} seeds each as one stack. A run is at rest when every sample is taken to itself or to 0 within {TOLERANCE:.0e}, with full batches when the gradient of the mean loss is below that; it is given {BUDGET} steps. At the end of each, \
         the largest η_B λ_max(H_B) over all batches is measured, H_B the Hessian of the loss of a batch: a run that is not at rest is at the edge of stability if that is {EDGE} or more, and slow if it is less.",
        listed(&cells)
    )
}
