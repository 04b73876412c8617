//! Which sizes, norms and step sizes Theorem 1 is tried on.

use itertools::iproduct;

use super::compare::Cell;
use super::{Context, Options, STUDY, Tolerances};
use crate::data::{Dataset, FromFile};
use crate::error::Result;
use crate::limits;
use crate::model::Activation;
use crate::problem::Reduction;

/// Step sizes, unless the command line gives one.
const STEP_SIZES: [f64; 2] = [0.2, 0.137];

/// Initial norm, unless the command line gives one.
const NORM: f64 = 0.5;

/// Trainings of the Burn model, and how many are left out because their `μ` is too small for the precision.
pub(super) struct Cells {
    pub cells: Vec<Cell>,
    pub left_out: usize,
}

/// Sizes and seeds at one norm; or the size that the command line asks for.
pub(super) fn sizes(context: &Context, options: &Options, tolerances: &Tolerances) -> Result<Cells> {
    let standard = [(1, 4), (2, 2), (3, 7), (5, 5), (7, 19), (12, 17), (24, 31), (36, 70)];
    let full = [standard.as_slice(), &[(40, 40), (64, 100), (96, 128), (128, 131)]].concat();
    let sizes = match (options.samples, options.dim) {
        (None, None) => context.effort.pick(vec![(2, 2), (5, 9), (12, 17)], standard.to_vec(), full),
        (m, n) => {
            let m = m.or(n).unwrap_or(1);
            let n = n.unwrap_or(m);
            // Under the mean reduction the way takes 100 m steps and more, each over all samples.
            limits::work("gradient descent (100 m steps of m n)", &[100, m, m, n])?;
            vec![(m, n)]
        }
    };
    let own = options.data.as_ref().map(Dataset::from_file).transpose()?;
    let sizes = if own.is_some() { &sizes[..1] } else { &sizes };
    let (seeds, norms) = (context.effort.pick(1, 2, 2), [options.init_norm.unwrap_or(NORM)]);
    let mut cells = Vec::new();
    for (k, &(m, n)) in sizes.iter().enumerate() {
        for draw in 0..seeds {
            let seed = context.cell_seed(&STUDY, k as u64 * 64 + draw);
            let dataset = match &own {
                Some(dataset) => dataset.clone(),
                None => Dataset::orthonormal(m, n, seed)?,
            };
            dataset.require_orthonormal()?;
            cells.extend(every_way(&dataset, options, &norms, seed));
        }
    }
    Ok(Cells::of(cells, tolerances))
}

/// Initial norms over the range of the theorem, at small sizes.
pub(super) fn norms(context: &Context, options: &Options, tolerances: &Tolerances) -> Result<Cells> {
    let norms =
        context.effort.pick(vec![0.05, 0.31, 0.77, 0.99], vec![0.05, 0.13, 0.31, 0.47, 0.77, 0.93, 0.99], {
            vec![0.05, 0.08, 0.13, 0.2, 0.31, 0.47, 0.62, 0.77, 0.86, 0.93, 0.99]
        });
    let sizes = context.effort.pick(vec![(3, 5)], vec![(3, 5), (8, 8)], vec![(3, 5), (8, 8), (16, 21)]);
    let mut cells = Vec::new();
    for (k, (m, n)) in sizes.into_iter().enumerate() {
        let seed = context.cell_seed(&STUDY, 300_000 + k as u64);
        cells.extend(every_way(&Dataset::orthonormal(m, n, seed)?, options, &norms, seed));
    }
    Ok(Cells::of(cells, tolerances))
}

/// Sizes beyond what Burn trains in seconds, for the reduced engine.
pub(super) fn large(context: &Context, options: &Options) -> Result<Vec<Cell>> {
    let sizes =
        context.effort.pick(vec![(150, 151)], vec![(150, 151), (512, 700)], vec![(512, 700), (1024, 1500)]);
    let mut cells = Vec::new();
    for (k, (m, n)) in sizes.into_iter().enumerate() {
        for (activation, reduction) in Activation::PAPER.into_iter().zip(Reduction::ALL) {
            let seed = context.cell_seed(&STUDY, 100_000 + k as u64);
            let step_size = options.step_size.unwrap_or(0.19);
            let init_norm = options.init_norm.unwrap_or(NORM);
            let dataset = Dataset::implicit_orthonormal(m, n)?;
            cells.push(Cell { dataset, activation, reduction, step_size, init_norm, seed });
        }
    }
    Ok(cells)
}

/// Both activations and reductions, at each norm and step size.
fn every_way(dataset: &Dataset, options: &Options, norms: &[f64], seed: u64) -> Vec<Cell> {
    let step_sizes = options.step_size.map_or(STEP_SIZES.to_vec(), |eta| vec![eta]);
    let cell = |(activation, reduction, &init_norm, &step_size)| {
        let dataset = dataset.clone();
        Cell { dataset, activation, reduction, step_size, init_norm, seed }
    };
    iproduct!(Activation::PAPER, Reduction::ALL, norms, &step_sizes).map(cell).collect()
}

impl Cells {
    fn of(mut cells: Vec<Cell>, tolerances: &Tolerances) -> Self {
        let all = cells.len();
        cells.retain(|cell| {
            cell.reduction.step_per_sample(cell.step_size, cell.dataset.samples()) >= tolerances.smallest_mu
        });
        // Longest first: the last ones to finish are then short, and no core idles.
        cells.sort_by_key(|cell| std::cmp::Reverse(cell.dataset.samples()));
        Self { left_out: all - cells.len(), cells }
    }
}
