//! Which sizes, batches and step sizes Theorem 2 is tried on.

use super::super::Context;
use super::Options;
use crate::model::Activation;
use crate::problem::Reduction;
use crate::theory::sgd;

/// Steps times batch entries beyond which a cell under the mean reduction is run at a larger step.
const WORK_CAP: f64 = 1e7;

/// The step per sample of those cells: well below the wall at 1/2, unlike that of any other cell.
const CAPPED_STEP: f64 = 0.125;

/// One size, batch size, activation and step size, over many seeds.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    pub samples: usize,
    pub dim: usize,
    pub batch: usize,
    pub activation: Activation,
    pub reduction: Reduction,
    pub step_size: f64,
    pub replicas: u64,
}

/// Cells reported together as one check.
pub(super) struct Group {
    pub name: String,
    pub cells: Vec<Cell>,
}

/// The cells of a protocol, and what a reader must know of them.
pub(super) fn groups(context: &Context, options: &Options, notes: &mut Vec<String>) -> Vec<Group> {
    let eta = options.step_size.unwrap_or(0.2);
    let cells = |samples: usize, dim: usize, batches: &[usize], reduction: Reduction, replicas: u64| {
        let replicas = options.replicas.unwrap_or(replicas);
        let of = |activation: Activation| {
            batches.iter().map(move |&batch| Cell {
                samples,
                dim,
                batch,
                activation,
                reduction,
                step_size: eta,
                replicas,
            })
        };
        Activation::PAPER.into_iter().flat_map(of).collect::<Vec<_>>()
    };
    if let Some(m) = options.samples {
        let batches: Vec<usize> = options.batch.map_or((1..m.max(2)).collect(), |b| vec![b]);
        let dim = options.dim.unwrap_or((3 * m).div_ceil(2));
        let replicas = context.effort.pick(20, 200, 2000);
        let group = |reduction: Reduction| Group {
            name: format!("m = {m}, n = {dim}, b in {batches:?}, {}", reduction.name()),
            cells: cells(m, dim, &batches, reduction, replicas),
        };
        return Reduction::ALL.map(group).into();
    }
    let every: Vec<usize> = (1..12).collect();
    let sizes = context.effort.pick(vec![16, 64], vec![16, 64, 128], vec![16, 32, 64, 128, 256]);
    let spread = |reduction: Reduction, replicas: u64| {
        sizes.iter().flat_map(|&m| cells(m, m + m / 2, &[1, m / 4, m - 1], reduction, replicas)).collect()
    };
    let largest = sizes[sizes.len() - 1];
    let mut groups = vec![
        Group {
            name: "every b from 1 to 11, m = 12, n = 17, sum".into(),
            cells: cells(12, 17, &every, Reduction::Sum, context.effort.pick(40, 200, 3000)),
        },
        Group {
            name: "every b from 1 to 11, m = 12, n = 17, mean".into(),
            cells: cells(12, 17, &every, Reduction::Mean, context.effort.pick(3, 11, 500)),
        },
        Group {
            name: format!("b in {{1, m/4, m − 1}}, m = 16 to {largest}, sum"),
            cells: spread(Reduction::Sum, context.effort.pick(10, 14, 300)),
        },
        Group {
            name: format!("b in {{1, m/4, m − 1}}, m = 16 to {largest}, mean"),
            cells: spread(Reduction::Mean, context.effort.pick(5, 14, 100)),
        },
    ];
    let cap = WORK_CAP * context.effort.pick(0.1, 1.0, 30.0);
    notes.extend(tame(&mut groups, cap));
    groups
}

/// Raises the step size of cells under the mean reduction that would take too long, and says so.
///
/// There `η_B = η/b` and the time to select grows like `m² b/η²` for `b` near `m`: at `m = 256`,
/// `b = 255` and `η = 1/5` the rate law asks for 10¹⁰ steps.
fn tame(groups: &mut [Group], cap: f64) -> Option<String> {
    let mut raised = Vec::new();
    for cell in groups.iter_mut().flat_map(|group| &mut group.cells) {
        let rate =
            sgd::rate(cell.samples, cell.batch, cell.reduction.step_per_sample(cell.step_size, cell.batch));
        if cell.reduction == Reduction::Mean && cell.batch as f64 * 30.0 / rate > cap {
            cell.step_size = CAPPED_STEP * cell.batch as f64;
            raised.push(format!("({}, {})", cell.samples, cell.batch));
        }
    }
    raised.sort();
    raised.dedup();
    (!raised.is_empty()).then(|| {
        format!(
            "Under the mean reduction η_B = η/b, and near b = m the rate λ = [b(m − b)/(m(m − 1))] log 1/(1 − η_B²) asks for up to 10^10 steps \
             at η = 1/5. The cells (m, b) = {} ran at η = b/8 instead, that is η_B = 1/8: inside the theorem's \
             1/5 for the step per sample, outside it for the nominal η, and the very dynamics of the sum at η = 1/8: \
             they add seeds, not a regime. Use --effort full for fewer of them.",
            raised.join(", ")
        )
    })
}
