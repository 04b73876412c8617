//! What deep tied linear networks keep of the samples: the whole map, and its first layer.

mod figure;
mod runs;
mod tables;

use self::runs::{CELLS, Cell, Ended, SAMPLES};
use crate::error::Result;
use crate::study::paired::share;
use crate::study::{Context, Effort, Findings, Kind, Protocol, Study, Sweep, Swept, paired, setting};
use crate::verdict::Estimate;

/// The exploration.
pub const STUDY: Study = Study {
    id: "deep_subspaces",
    kind: Kind::Exploration,
    joins: Effort::Full,
    number: 27,
    level: 0.0,
    title: "whether deep tied linear networks end in coordinate projectors, as a whole and layer by layer",
    theorem: "open",
    source: "beyond the paper",
    statement: "Tied linear networks of several layers on m orthonormal samples, x̂ = Mx, M = W_1ᵀ⋯W_LᵀW_L⋯W_1. The gradient of every sample vanishes iff M takes every sample to itself or to 0. Conjecture: for b < m \
                SGD ends so from almost every start at which it is stable, with as many samples kept as the narrowest layer has neurons (at most m). Its layers do not end in projectors of their own.",
    formula: r"M a_i \in \{0, a_i\} \;\text{for every } i, \qquad \operatorname{rank} M = \min_l k_l, \qquad M = W_1^\top \cdots W_L^\top W_L \cdots W_1",
    figures: &[&figure::FIGURE],
    protocol: |context, _| protocol(context, &Options::default()),
};

/// What the command line may bend.
#[derive(Clone, Debug, Default, clap::Args, serde::Serialize)]
pub struct Options {
    /// Seeds shared by all settings (default: 4, 32 or 128 by effort); at most 10000.
    #[arg(long)]
    pub pairs: Option<u64>,
}

/// The runs by setting.
type Runs = Swept<Cell, Ended>;

/// What there is to run; there is no expectation to register.
///
/// # Errors
/// Fewer than two pairs, or too many.
pub fn protocol(context: &Context, options: &Options) -> Result<Protocol> {
    let pairs = setting::check_pairs(options.pairs.unwrap_or(context.effort.pick(4, 32, 128)))?;
    let cells = context.effort.pick(&CELLS[..3], &CELLS[..], &CELLS[..]);
    let seed = context.cell_seed(&STUDY, 0);
    Ok(Box::new(move |lab| {
        let sweep = Sweep::new(cells.iter().copied(), 0..pairs).counted_on(&lab.progress);
        let seen = sweep.run(|cell, pairs| cell.run(pairs, seed, &lab.compute))?;
        Ok(Findings {
            protocol: vec![runs::sentence(cells, pairs)],
            estimates: cells.iter().flat_map(|cell| estimates(cell, seen.runs(cell))).collect(),
            tables: vec![tables::runs(&seen), tables::summary(&seen)],
            ..Findings::default()
        })
    }))
}

/// How many runs end as conjectured, and what their first layers are.
fn estimates(cell: &Cell, runs: &[Ended]) -> Vec<Estimate> {
    let at_rest = || runs.iter().filter(|run| run.is_at_rest);
    let number = at_rest().count() as u64;
    let what = format!("of {} runs, the others had not come to rest in the time given", runs.len());
    if cell.batch == SAMPLES {
        let distances: Vec<f64> = at_rest().map(|run| run.map_distance).collect();
        let name = format!("{cell}: distance of the map from a coordinate projector");
        return paired::estimate(name, &distances, format!("Student's interval over seeds; {what}"))
            .into_iter()
            .collect();
    }
    let hits = at_rest().filter(|run| run.kept == cell.narrowest()).count() as u64;
    let layers: Vec<f64> = at_rest().map(|run| run.layer_distance).collect();
    let name = format!("{cell}: distance of W_1ᵀW_1 from a coordinate projector");
    let share = share(
        format!("{cell}: runs at rest that keep {} samples and lose the others", cell.narrowest()),
        hits,
        number,
        &what,
    );
    share
        .into_iter()
        .chain(paired::estimate(name, &layers, "Student's interval over the same runs"))
        .collect()
}
