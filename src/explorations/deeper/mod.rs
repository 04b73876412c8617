//! What becomes of sparsity and of the memory of the start with more neurons and more layers, against the batch size.

mod estimates;
mod figure;
mod runs;
mod tables;

use itertools::iproduct;

use self::runs::Ended;
use crate::error::{Error, Result};
use crate::model::Architecture;
use crate::study::words::listed;
use crate::study::{Context, Effort, Findings, Kind, Lab, Protocol, Study, Sweep, Swept, paired, setting};
use crate::theory::sgd;

/// The exploration.
pub const STUDY: Study = Study {
    id: "deeper",
    kind: Kind::Exploration,
    joins: Effort::Full,
    number: 15,
    level: 0.0,
    title: "how many samples the neurons of shallow and deep tied autoencoders mix, against b/m",
    theorem: "open",
    source: "beyond the paper",
    statement: "Tied ReLU autoencoders of 1 to 8 neurons and 1 to 4 layers on orthonormal data: participation ratio and largest \
                cosine with a sample of the first-layer neurons, and their alignment with the start, against b/m. The paper \
                covers the single neuron only.",
    formula: r"\hat{x} = W_1^\top \varphi\bigl(W_2^\top \cdots \varphi(W_2\, \varphi(W_1 x))\bigr), \qquad \mathrm{PR}(w) = \frac{\bigl(\sum_i c_i^2\bigr)^2}{\sum_i c_i^4}, \quad c_i = \langle w, a_i \rangle",
    figures: &[&figure::FIGURE],
    protocol: |context, _| protocol(context, &Options::default()),
};

/// What the command line may bend.
#[derive(Clone, Debug, Default, clap::Args, serde::Serialize)]
pub struct Options {
    /// Number of samples m (default: 5, 6 or 7 by effort).
    #[arg(long)]
    pub samples: Option<usize>,
    /// Pairs of runs: seeds shared by all batch sizes and models (default: 6, 20 or 24 by effort); at most 10000.
    #[arg(long)]
    pub pairs: Option<u64>,
    /// Step size per sample η_B of one layer; L layers take η_B/L (default: 0.3).
    #[arg(long, allow_negative_numbers = true)]
    pub step_size: Option<f64>,
}

/// Initial norm of the neurons of one layer; of several it is 1, the norm at which they hand on what they are given.
const INIT_NORM: f64 = 0.5;

/// What is left of the way when a run stops, estimated from all parameters. Under random batches a lucky window makes the estimate a
/// hundred times too small now and then: it is set that much below what a participation ratio would show.
const TOLERANCE: f64 = 1e-6;

/// Differences between participation ratios, cosines or losses that are beyond what stopping early may leave.
const BEYOND: f64 = 1e-3;

/// Steps between displacements of the stop rule.
const WINDOW: u64 = 200;

/// Budget a layer, in units of `1/λ` of the single neuron at `b = 1`: selection takes it some 11, and `e^{−10}` of the way another 10;
/// several neurons, and neurons behind neurons, take several times as long.
const BUDGET: f64 = 60.0;

/// The models: side by side, then on top of each other. Where `k < m` no loss can vanish, and the noise of small batches does not
/// either unless all neurons are pure; with `k ≥ m` both may vanish before.
fn models(effort: Effort) -> Vec<Architecture> {
    let names: &[&str] = match effort {
        Effort::Quick => &["shallow:1", "shallow:4", "deep:4-4"],
        _ => &[
            "shallow:1",
            "shallow:2",
            "shallow:4",
            "shallow:8",
            "deep:8-8",
            "deep:4-4",
            "deep:4-4-4",
            "deep:4-4-4-4",
        ],
    };
    names.iter().map(|name| name.parse().expect("a known model")).collect()
}

/// The setting that all runs share.
struct Setting {
    samples: usize,
    dim: usize,
    step_size: f64,
    models: Vec<Architecture>,
    batches: Vec<usize>,
}

impl Setting {
    fn new(context: &Context, options: &Options) -> Result<Self> {
        let samples = options.samples.unwrap_or(context.effort.pick(5, 6, 7));
        if samples < 2 {
            return Err(Error::Usage(format!(
                "--samples {samples}: batches smaller than the data need at least 2"
            )));
        }
        let step_size =
            setting::check_step_size(options.step_size.unwrap_or(0.3), "the budget needs 0 < η_B < 1/2")?;
        let batches = match context.effort {
            Effort::Quick => vec![1, samples],
            _ => vec![1, samples / 2, samples - 1, samples],
        };
        Ok(Self {
            samples,
            dim: samples + 4,
            step_size,
            models: models(context.effort),
            batches: setting::batch_sizes(batches, samples),
        })
    }

    /// What is run, in words.
    fn sentences(&self, pairs: u64) -> Vec<String> {
        let &Self { samples, dim, step_size, .. } = self;
        vec![
            format!(
                "Burn's autodiff trains the ReLU models {} on m = {samples} orthonormal samples in {dim} dimensions at b = {}, each from the same {pairs} seeds \
                 as one stack: a seed fixes data, start and the stream of batches, so that the differences between b = m and smaller b are paired.",
                listed(&self.models),
                listed(&self.batches)
            ),
            format!(
                "L layers take steps of η_B/L with η_B = {step_size}, since the curvature at a sample that is reconstructed grows as 4L, and start at norm 1 if \
                 L > 1, since the signal passes all of them; one layer starts at norm {INIT_NORM}."
            ),
            format!(
                "A run ends when what is left of the way, from all parameters, is estimated at {TOLERANCE:.0e}, or with its budget, which grows with L; the \
                 share of runs that stopped before it is reported. The theorems speak of the model shallow:1 alone."
            ),
        ]
    }

    /// Step size per sample. Where a sample passes `L` layers of gain `s_l = 1`, its loss `½(1 − Π s_l²)²` has curvature `4L`, and
    /// steps are stable below `2/(4L)`.
    fn step_per_sample(&self, model: &Architecture) -> f64 {
        self.step_size / model.layers() as f64
    }

    /// Most steps of a run, two whole windows or more; the same for every batch size.
    fn budget(&self, model: &Architecture) -> u64 {
        let rate = sgd::rate(self.samples, 1, self.step_size);
        ((BUDGET * model.layers() as f64 / rate).ceil() as u64).next_multiple_of(2 * WINDOW)
    }
}

/// Norm at which the neurons of a model start.
fn init_norm(model: &Architecture) -> f64 {
    if model.layers() == 1 { INIT_NORM } else { 1.0 }
}

/// A model at a batch size.
#[derive(Clone, Debug, PartialEq)]
struct Cell {
    model: Architecture,
    batch: usize,
}

impl Cell {
    fn of(model: &Architecture, batch: usize) -> Self {
        Self { model: model.clone(), batch }
    }
}

/// All runs, by model, batch size and pair.
struct Grid<'a> {
    setting: &'a Setting,
    runs: Swept<Cell, Ended>,
}

impl<'a> Grid<'a> {
    fn run(lab: &Lab, setting: &'a Setting, pairs: u64) -> Result<Self> {
        let cells = iproduct!(&setting.models, &setting.batches);
        let cells = cells.map(|(model, &batch)| Cell::of(model, batch));
        let sweep = Sweep::new(cells, 0..pairs).counted_on(&lab.progress);
        Ok(Self { setting, runs: sweep.run(|cell, pairs| setting.run(lab, cell, pairs))? })
    }

    /// A model with the full batch.
    fn full(&self, model: &Architecture) -> Cell {
        Cell::of(model, self.setting.samples)
    }

    /// The runs of a model at all batch sizes.
    fn of_model(&self, model: &Architecture) -> impl Iterator<Item = &Ended> {
        self.runs.cells().filter(move |(cell, _)| cell.model == *model).flat_map(|(_, runs)| runs)
    }
}

/// What there is to run; there is no expectation to register.
///
/// # Errors
/// Bad options: fewer than two pairs or samples, a step size per sample that is not between 0 and 1/2.
pub fn protocol(context: &Context, options: &Options) -> Result<Protocol> {
    let pairs = setting::check_pairs(options.pairs.unwrap_or(context.effort.pick(6, 20, 24)))?;
    setting::check_work(pairs, options.samples.unwrap_or(1))?;
    let setting = Setting::new(context, options)?;
    Ok(Box::new(move |lab| {
        let grid = Grid::run(lab, &setting, pairs)?;
        Ok(Findings {
            protocol: setting.sentences(pairs),
            estimates: estimates::estimates(&grid),
            notes: estimates::notes(&grid),
            tables: vec![tables::runs(&grid), tables::summary(&grid)],
            ..Findings::default()
        })
    }))
}
