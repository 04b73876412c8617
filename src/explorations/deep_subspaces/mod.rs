//! What deep tied linear networks keep of the samples: the whole map, and its first layer.

mod curvature;
mod figure;
mod runs;
mod tables;

use self::runs::{CELLS, Cell, Ended, SAMPLES};
use crate::error::Result;
use crate::study::paired::share;
use crate::study::words::left_out;
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
    statement: "Tied linear networks of several layers on m orthonormal samples, x̂ = Mx, M = W_1ᵀ⋯W_LᵀW_L⋯W_1. The gradient of every sample vanishes iff M takes every sample to itself or to 0. Such a state is stable \
                for batches of b samples and the step η_B per sample if η_B λ_max(H_B) < 2 for every batch B, H_B the Hessian of its loss. Conjecture: for b < m almost every run of SGD either ends in a stable state of this kind with as \
                many samples kept as the narrowest layer has neurons (at most m), or comes again and again to where η_B λ_max(H_B) ≥ 2 for some B. The layers do not end in projectors of their own.",
    formula: r"M a_i \in \{0, a_i\} \;\text{for every } i, \qquad \operatorname{rank} M = \min_l k_l, \qquad M = W_1^\top \cdots W_L^\top W_L \cdots W_1",
    figures: &[&figure::FIGURE],
    protocol: |context, _| protocol(context, &Options::default()),
};

/// What the command line may bend.
#[derive(Clone, Debug, Default, clap::Args, serde::Serialize)]
pub struct Options {
    /// Seeds shared by all settings (default: 4 at quick effort, else 32); at most 10000.
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
    let pairs = setting::check_pairs(options.pairs.unwrap_or(context.effort.pick(4, 32, 32)))?;
    let cells = context.effort.pick(&CELLS[..3], &CELLS[..], &CELLS[..]);
    let seed = context.cell_seed(&STUDY, 0);
    Ok(Box::new(move |lab| {
        let sweep = Sweep::new(cells.iter().copied(), 0..pairs).counted_on(&lab.progress);
        let seen = sweep.run(|cell, pairs| cell.run(pairs, seed, &lab.compute))?;
        Ok(Findings {
            protocol: vec![runs::sentence(cells, pairs)],
            estimates: of_all(&seen)
                .into_iter()
                .chain(cells.iter().flat_map(|cell| estimates(cell, seen.runs(cell))))
                .collect(),
            tables: vec![tables::runs(&seen), tables::summary(&seen)],
            ..Findings::default()
        })
    }))
}

/// What became of all runs with `b < m`.
fn of_all(seen: &Runs) -> Vec<Estimate> {
    let runs: Vec<&Ended> =
        seen.cells().filter(|(cell, _)| cell.batch < SAMPLES).flat_map(|(_, runs)| runs).collect();
    let share = |what: &str, is: fn(&Ended) -> bool| {
        let hits = runs.iter().filter(|run| is(run)).count() as u64;
        share(
            format!("all settings with b < m: runs {what}"),
            hits,
            runs.len() as u64,
            "of all settings together; the interval treats the runs as independent, although settings share seeds",
        )
    };
    let at_rest = share("at rest", |run| run.is_at_rest);
    let at_edge =
        share("not at rest, at the edge of stability (η_B λ_max of a batch 2 or more)", Ended::is_at_edge);
    let slow = share("not at rest, slow (η_B λ_max of every batch below 2)", Ended::is_slow);
    [at_rest, at_edge, slow].into_iter().flatten().collect()
}

/// How many runs end as conjectured, what holds the others, and what the first layers are.
fn estimates(cell: &Cell, runs: &[Ended]) -> Vec<Estimate> {
    let at_rest = || runs.iter().filter(|run| run.is_at_rest);
    let number = at_rest().count() as u64;
    let what = left_out(runs.len(), at_rest().count(), "at rest");
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
    let of_all = |what: &str, is: fn(&Ended) -> bool| {
        let hits = runs.iter().filter(|run| is(run)).count() as u64;
        paired::share(format!("{cell}: runs {what}"), hits, runs.len() as u64, "of all")
    };
    let at_edge = of_all("not at rest, at the edge of stability", Ended::is_at_edge);
    let slow = of_all("not at rest, slow", Ended::is_slow);
    share
        .into_iter()
        .chain(at_edge)
        .chain(slow)
        .chain(paired::estimate(name, &layers, "Student's interval over the same runs"))
        .collect()
}
