//! Handwritten digits: what a neuron looks like as an image, after gradient descent and after SGD.

mod estimates;
mod figure;
mod image;
mod runs;
mod tables;

use self::runs::{Learned, Setting};
use crate::data::digits::{Digits, digits};
use crate::data::{Dataset, Normalisation};
use crate::error::{Error, Result};
use crate::measure::subspace::principal_components;
use crate::study::words::listed;
use crate::study::{Context, Effort, Findings, Kind, Protocol, Study, Sweep, Swept, paired, setting};

/// The exploration.
pub const STUDY: Study = Study {
    id: "digits",
    kind: Kind::Exploration,
    joins: Effort::Full,
    number: 17,
    level: 0.0,
    title: "what a neuron trained on handwritten digits looks like, against the batch size",
    theorem: "open",
    source: "beyond the paper",
    statement: "One ReLU neuron on the 1,797 handwritten digits of 8×8 pixels, the mean image subtracted, then unit norm: how close it comes \
                to a single image, to the first principal component, to one digit, under gradient descent and SGD. Samples are \
                correlated, so that no theorem of the paper applies.",
    formula: r"\hat{x} = w\, \varphi(\langle w, x \rangle), \qquad x_i = \frac{z_i - \bar{z}}{\|z_i - \bar{z}\|}, \quad z_i \in \{0, \dots, 16\}^{64}",
    figures: &[&figure::FIGURE],
    protocol: |context, _| protocol(context, &Options::default()),
};

/// What the command line may bend.
#[derive(Clone, Debug, Default, clap::Args, serde::Serialize)]
pub struct Options {
    /// Take the first images only, so many (default: 300 at quick effort, else all 1797).
    #[arg(long)]
    pub samples: Option<usize>,
    /// Pairs of runs: seeds shared by all batch sizes (default: 6, 24 or 32 by effort); at most 10000.
    #[arg(long)]
    pub pairs: Option<u64>,
    /// Nominal step size η; η_B = η/b (default: 0.2).
    #[arg(long, allow_negative_numbers = true)]
    pub step_size: Option<f64>,
}

/// Initial norm.
const INIT_NORM: f64 = 0.5;

/// What is left of the way when gradient descent stops; SGD does not stop before its budget.
const TOLERANCE: f64 = 1e-4;

/// Steps between displacements of the stop rule.
const WINDOW: u64 = 50;

/// Seeds whose neurons are shown as images.
const SHOWN: usize = 3;

/// The runs by batch size and pair.
type Runs = Swept<usize, Learned>;

/// What there is to run; there is no expectation to register.
///
/// # Errors
/// Bad options: fewer than two pairs, more images than there are, a step size that is not between 0 and 1/2.
pub fn protocol(context: &Context, options: &Options) -> Result<Protocol> {
    let pairs = setting::check_pairs(options.pairs.unwrap_or(context.effort.pick(6, 24, 32)))?;
    let setting = setting_of(context, options)?;
    let samples = setting.dataset.samples();
    let batches =
        context.effort.pick(vec![1, samples], vec![1, 3, 10, 100, samples], vec![1, 3, 10, 30, 100, samples]);
    let batches = setting::batch_sizes(batches, samples);
    Ok(Box::new(move |lab| {
        let sweep = Sweep::new(batches.iter().copied(), 0..pairs).counted_on(&lab.progress);
        let groups = sweep.run(|batch, pairs| setting.run(*batch, pairs, &lab.compute))?;
        Ok(Findings {
            protocol: sentences(&setting, &batches, pairs),
            estimates: estimates::estimates(&groups, &setting),
            notes: estimates::notes(&groups, &setting),
            tables: vec![
                tables::runs(&groups, &setting),
                tables::summary(&groups, &setting),
                tables::neurons(&groups, &setting)?,
            ],
            ..Findings::default()
        })
    }))
}

fn setting_of(context: &Context, options: &Options) -> Result<Setting> {
    let Digits { images, labels } = digits();
    let samples = options.samples.unwrap_or(context.effort.pick(300, images.samples(), images.samples()));
    if !(2..=images.samples()).contains(&samples) {
        return Err(Error::Usage(format!(
            "--samples {samples}: there are {} images; take at least 2",
            images.samples()
        )));
    }
    let step_size =
        setting::check_step_size(options.step_size.unwrap_or(0.2), "single images need 0 < η < 1/2")?;
    let rows = images.rows()?[..samples * images.dim()].to_vec();
    let dataset = Dataset::from_rows(rows, samples, images.dim())?.normalised(Normalisation::CentredUnit)?;
    let component = principal_components(&dataset, 1)?.map(|matrix| matrix.as_slice().to_vec());
    let (budget, seed) = (context.effort.pick(20_000, 20_000, 50_000), context.cell_seed(&STUDY, 0));
    Ok(Setting { dataset, labels, component, step_size, budget, seed })
}

/// What is run, in words.
fn sentences(setting: &Setting, batches: &[usize], pairs: u64) -> Vec<String> {
    let Setting { dataset, step_size, budget, .. } = setting;
    vec![
        format!(
            "The hand-derived gradient trains a ReLU neuron on {} images with η = {step_size} (mean reduction) at b = {}, from the same {pairs} starts of \
             norm {INIT_NORM} at every batch size, so that the differences between b = m and smaller b are paired.",
            dataset.samples(),
            listed(batches)
        ),
        format!(
            "Gradient descent runs until what is left of the way is estimated at {TOLERANCE:.0e}, for at most {budget} steps; SGD, which has no limit here, for \
             {budget} steps. The neurons of the first {SHOWN} seeds are kept as images, each with the sample nearest to it."
        ),
    ]
}
