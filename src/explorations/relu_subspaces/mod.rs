//! How often SGD is caught in an impure absorbing state of several tied ReLU neurons, against their number, samples, batch size and initial norm.

mod figure;
mod runs;
mod tables;

use self::runs::{CELLS, Cell, End, STEP};
use crate::error::Result;
use crate::study::paired::share;
use crate::study::words::left_out;
use crate::study::{Context, Effort, Findings, Kind, Protocol, Study, Sweep, Swept, setting};

/// The exploration.
pub const STUDY: Study = Study {
    id: "relu_subspaces",
    kind: Kind::Exploration,
    joins: Effort::Full,
    number: 23,
    level: 0.0,
    title: "how often SGD is caught in impure absorbing states of several ReLU neurons",
    theorem: "open",
    source: "beyond the paper",
    statement: "k tied ReLU neurons on m orthonormal samples, x̂ = Wᵀφ(Wx). At an absorbing state every sample is either silent or reconstructed, at most k are reconstructed, and for k ≤ 2 \
                every neuron is active on one sample at most. For k ≥ 3 that is not so: the neurons (1, 1, −1)/√2, (−1, 1, 1)/√2, (1, −1, 1)/√2 reconstruct three samples, each active on two. For k = 3 the states that are not pure are these, six for every three samples, and a family with two angles \
                that reconstructs two samples.",
    formula: r"a_i = W^\top \varphi(W a_i) \;\text{ or }\; \varphi(W a_i) = 0 \quad \text{for every } i; \qquad W = \tfrac{1}{\sqrt 2}\begin{pmatrix} 1 & 1 & -1 \\ -1 & 1 & 1 \\ 1 & -1 & 1 \end{pmatrix}",
    figures: &[&figure::FIGURE],
    protocol: |context, _| protocol(context, &Options::default()),
};

/// What the command line may bend.
#[derive(Clone, Debug, Default, clap::Args, serde::Serialize)]
pub struct Options {
    /// Seeds shared by all cells (default: 50, 400 or 1000 by effort); at most 10000.
    #[arg(long)]
    pub pairs: Option<u64>,
}

/// The runs by setting.
type Runs = Swept<Cell, End>;

/// What there is to run; there is no expectation to register.
///
/// # Errors
/// Fewer than two pairs, or too many.
pub fn protocol(context: &Context, options: &Options) -> Result<Protocol> {
    let pairs = setting::check_pairs(options.pairs.unwrap_or(context.effort.pick(50, 400, 1000)))?;
    Ok(Box::new(move |lab| {
        let seed = lab.cell_seed(&STUDY, 0);
        let sweep = Sweep::new(CELLS, 0..pairs).counted_on(&lab.progress);
        let seen: Runs = sweep.run_each(|cell, pair| cell.run(seed, pair))?;
        let ended = seen.cells().flat_map(|(_, ends)| ends).filter(|end| end.is_absorbed).count();
        let estimates = seen.cells().filter_map(|(cell, ends)| {
            let absorbed = || ends.iter().filter(|end| end.is_absorbed);
            let impure = absorbed().filter(|end| end.impure_neurons > 0).count() as u64;
            let what = left_out(ends.len(), absorbed().count(), "absorbed");
            share(format!("runs caught in an impure state: {cell}"), impure, absorbed().count() as u64, &what)
        });
        let of_three = || seen.cells().filter(|(cell, _)| cell.neurons == 3).flat_map(|(_, ends)| ends);
        let impure = of_three().filter(|end| end.is_absorbed && end.impure_neurons > 0).count() as u64;
        let triples = of_three().filter(|end| end.is_absorbed && end.is_triple).count() as u64;
        let triples = share(
            "k = 3: impure ends that are one of the six states (J − 2P)/√2 of three samples",
            triples,
            impure,
            "over all settings with three neurons; entries within 1e-6",
        );
        Ok(Findings {
            estimates: estimates.chain(triples).collect(),
            tables: vec![tables::runs(&seen), tables::summary(&seen)],
            protocol: vec![format!(
                "Tied ReLU neurons by the recursion in C = WXᵀ, n = m, random batches, sum reduction, η_B = {STEP}: {pairs} runs at each of {} settings (k, m, b, norm of a neuron), with \
                 directions of the neurons and random batches shared where k, norm or nothing but b differs, until every sample is silent or reconstructed to 1e-8; {ended} of {} runs \
                 stopped so. A state is impure if a neuron is active on two samples or more.",
                CELLS.len(),
                pairs as usize * CELLS.len()
            )],
            ..Findings::default()
        })
    }))
}
