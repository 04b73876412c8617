//! What update rules, weight decay and label noise do to pure and mixed limits, in the standard basis and in a rotated one.

mod figure;
mod runs;
mod tables;

use self::runs::{Cell, Ended, Setting};
use crate::error::Result;
use crate::study::{Context, Effort, Findings, Kind, Protocol, Study, Sweep, Swept, paired, setting};
use crate::verdict::Estimate;

/// The exploration.
pub const STUDY: Study = Study {
    id: "optimisers",
    kind: Kind::Exploration,
    joins: Effort::Full,
    number: 19,
    level: 0.0,
    title: "what Adam, RMSProp, sign descent, weight decay and label noise do to pure and mixed limits",
    theorem: "open",
    source: "beyond the paper",
    statement: "The linear neuron on orthonormal samples, from one start and one stream of batches under every rule, once with the samples along \
                the coordinate axes and once rotated. Gradient descent does not see the difference; rules that act on each coordinate by itself do.",
    formula: r"\mathrm{PR}(w) = \frac{\bigl(\sum_i c_i^2\bigr)^2}{\sum_i c_i^4}, \quad c_i = \langle w, a_i \rangle, \qquad a_i = e_i \;\text{ or }\; a_i = Q e_i",
    figures: &[&figure::FIGURE],
    protocol: |context, _| protocol(context, &Options::default()),
};

/// What the command line may bend.
#[derive(Clone, Debug, Default, clap::Args, serde::Serialize)]
pub struct Options {
    /// Number of samples m (default: 4, 6 or 8 by effort).
    #[arg(long)]
    pub samples: Option<usize>,
    /// Seeds shared by all rules, bases and batch sizes (default: 6, 30 or 40 by effort); at most 10000.
    #[arg(long)]
    pub pairs: Option<u64>,
}

/// The runs by cell and pair.
type Runs = Swept<Cell, Ended>;

/// What there is to run; there is no expectation to register.
///
/// # Errors
/// Fewer than two pairs or samples.
pub fn protocol(context: &Context, options: &Options) -> Result<Protocol> {
    let pairs = setting::check_pairs(options.pairs.unwrap_or(context.effort.pick(6, 30, 40)))?;
    setting::check_work(pairs, options.samples.unwrap_or(1))?;
    let samples = options.samples.unwrap_or(context.effort.pick(4, 6, 8));
    let setting = Setting::new(samples, pairs, context.effort.pick(4000, 20_000, 30_000))?;
    Ok(Box::new(move |lab| {
        let sweep = Sweep::new(setting.cells(), 0..pairs).counted_on(&lab.progress);
        let groups = sweep.run(|cell, pairs| setting.run(lab, cell, pairs))?;
        Ok(Findings {
            protocol: setting.sentences(),
            estimates: estimates(&groups),
            tables: vec![tables::runs(&groups), tables::summary(&groups)],
            ..Findings::default()
        })
    }))
}

/// The participation ratios of every cell, and what rotating the samples changes, seed by seed.
fn estimates(groups: &Runs) -> Vec<Estimate> {
    let mixed = |ended: &Ended| ended.participation_ratio;
    let mut estimates = Vec::new();
    for (cell, _) in groups.cells().filter(|(cell, _)| !cell.is_rotated) {
        let name = format!("{}, b = {}", cell.name, cell.batch);
        let values = groups.values(cell, mixed);
        let method = "Student's interval over seeds";
        estimates.extend(paired::estimate(format!("PR in the standard basis: {name}"), &values, method));
        let differences = groups.differences(&Cell { is_rotated: true, ..*cell }, cell, mixed);
        let method = "Student's interval of paired differences: same start and batches, other axes";
        let name = format!("PR, rotated minus standard basis: {name}");
        estimates.extend(paired::estimate(name, &differences, method));
    }
    estimates
}
