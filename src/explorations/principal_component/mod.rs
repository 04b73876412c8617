//! Where a linear neuron on real data sits between single samples and the first principal component, against step size, batch size and spectral gap.

mod figure;
mod runs;
mod tables;

use self::runs::{Cell, Images, Seen};
use crate::error::Result;
use crate::stats::{ESTIMATE_LEVEL, Mean};
use crate::study::{Context, Effort, Findings, Kind, Protocol, Study, Sweep, Swept, setting};
use crate::verdict::Estimate;

/// The exploration.
pub const STUDY: Study = Study {
    id: "principal_component",
    kind: Kind::Exploration,
    joins: Effort::Full,
    number: 26,
    level: 0.0,
    title: "how far from the first principal component of handwritten digits SGD keeps a neuron",
    theorem: "open",
    source: "beyond the paper",
    statement: "One linear neuron on handwritten digits, mean image subtracted, then unit norm. The loss has its minima at ±e_1, the first principal component; SGD does not come to rest, and stays at an angle \
                θ to it, as under Oja's rule: to leading order E sin²θ is proportional to the step size per sample, and grows as the spectral gap closes.",
    formula: r"\mathbb{E} \sin^2\theta = \eta_B\, \frac{m-b}{m-1} \sum_{k \ge 2} \frac{\mathbb{E}[x_1^2 x_k^2]}{2(\lambda_1 - \lambda_k)} \,(1 + O(b\,\eta_B)), \qquad x_k = \langle x, e_k \rangle",
    figures: &[&figure::FIGURE],
    protocol: |context, _| protocol(context, &Options::default()),
};

/// What the command line may bend.
#[derive(Clone, Debug, Default, clap::Args, serde::Serialize)]
pub struct Options {
    /// Runs of each setting (default: 8, 64 or 128 by effort); at most 10000.
    #[arg(long)]
    pub pairs: Option<u64>,
}

/// The step sizes per sample whose ratios to the leading order are extrapolated to 0, the larger first: it is twice the other.
const EXTRAPOLATED: (f64, f64) = (0.05, 0.025);

/// The runs by setting.
type Runs<'a> = Swept<Cell<'a>, Seen>;

/// What there is to run; there is no expectation to register.
///
/// # Errors
/// Fewer than two runs a setting, or too many.
pub fn protocol(context: &Context, options: &Options) -> Result<Protocol> {
    let pairs = setting::check_pairs(options.pairs.unwrap_or(context.effort.pick(8, 64, 128)))?;
    let images = runs::IMAGES.iter().map(|labels| Images::of(labels)).collect::<Result<Vec<_>>>()?;
    let seed = context.cell_seed(&STUDY, 0);
    Ok(Box::new(move |lab| {
        let sweep = Sweep::new(Cell::all(&images), 0..pairs).counted_on(&lab.progress);
        let seen = sweep.run(|cell, pairs| cell.run(pairs, seed, &lab.compute))?;
        Ok(Findings {
            protocol: vec![runs::sentence(&images, pairs)],
            estimates: images.iter().map(|images| ratio(&seen, images)).collect(),
            tables: vec![tables::runs(&seen), tables::summary(&seen)],
            ..Findings::default()
        })
    }))
}

/// Mean of `sin² θ` over its leading order, extrapolated to the step size 0, where it is 1.
fn ratio(seen: &Runs, images: &Images) -> Estimate {
    let at = |step_per_sample: f64| {
        let of_these = |(cell, _): &(&Cell, &[Seen])| {
            cell.images.name == images.name && cell.batch == 1 && cell.step_per_sample == step_per_sample
        };
        let (cell, runs) = seen.cells().find(of_these).expect("a setting of the sweep");
        let law = cell.law();
        Mean::of(&runs.iter().map(|run| run.sine_sq / law).collect::<Vec<_>>())
    };
    let mean = Mean::extrapolated(at(EXTRAPOLATED.0), at(EXTRAPOLATED.1));
    Estimate {
        name: format!("{}: mean of sin² θ over its leading order as η → 0", images.name),
        value: mean.mean,
        interval: mean.interval(ESTIMATE_LEVEL),
        n: mean.n as u64,
        method: format!(
            "b = 1; 2 f(η/2) − f(η) from η = {} and {}, Student's interval over runs",
            EXTRAPOLATED.0, EXTRAPOLATED.1
        ),
    }
}
