//! GD and SGD from the same starts.

use super::grid::Size;
use super::{Options, Prediction};
use crate::data::Dataset;
use crate::error::Result;
use crate::measure::alignment::{best_match, cos_init};
use crate::measure::sparsity::participation_ratio;
use crate::problem::Problem;
use crate::schedule::Schedule;
use crate::study::Lab;
use crate::study::trial::Trial;
use crate::theory::gd;
use crate::train::Outcome;

/// What one start came to under one algorithm.
#[derive(Clone, Copy, Debug)]
pub(super) struct Alignment {
    pub max_cos: f64,
    pub cos_init: f64,
    pub participation: f64,
    /// Deviation of `cos(w, w_0)` from what theory says for this very start.
    pub off_closed_form: f64,
}

/// What one start came to under both.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    /// Number of active samples.
    pub active: usize,
    pub gd: Alignment,
    pub sgd: Alignment,
}

/// What the starts of one size came to.
#[derive(Debug)]
pub(super) struct Sampled {
    pub size: Size,
    pub pairs: Vec<Pair>,
}

impl Sampled {
    /// GD and SGD from every start of a size.
    pub fn measure(lab: &Lab, size: Size, options: &Options, prediction: &Prediction) -> Result<Self> {
        let dataset = Dataset::implicit_orthonormal(size.samples, size.dim)?;
        let problem = options.problem(dataset, size.activation, size.reduction)?;
        let pairs = lab.each(&size.live, |&replica| pair(&problem, &size, options, prediction, replica))?;
        Ok(Self { pairs: pairs.into_iter().flatten().collect(), size })
    }

    /// A quantity at all starts.
    pub fn of(&self, value: impl Fn(&Pair) -> f64) -> Vec<f64> {
        self.pairs.iter().map(value).collect()
    }
}

/// Both runs from one start; `None` if one does not arrive.
fn pair(
    problem: &Problem,
    size: &Size,
    options: &Options,
    prediction: &Prediction,
    replica: u64,
) -> Result<Option<Pair>> {
    let (dataset, activation) = (problem.dataset(), problem.activation());
    let start = options.start(dataset, size.seed, replica)?;
    let c0 = &start.correlations;
    let norm = start.norm_sq.sqrt();
    let align = |schedule: Schedule, set, along: &dyn Fn(usize) -> f64| -> Result<Option<Alignment>> {
        let case = Trial { problem, schedule: &schedule, start: &start, replica };
        let run = case.run_to(&mut case.reduced()?, set, 1e-8);
        let neuron = &run.neurons[0];
        let best = best_match(neuron, dataset, activation);
        let cos_init = cos_init(neuron, start.norm_sq);
        Ok((run.outcome == Outcome::Converged).then(|| Alignment {
            max_cos: best.cosine,
            cos_init,
            participation: participation_ratio(neuron),
            off_closed_form: cos_init - (prediction.cos_init)(along(best.index), norm),
        }))
    };
    let Some(mixture) = gd::limit(c0, activation) else { return Ok(None) };
    let length = gd::Radial::new(c0, start.residual, activation).active;
    let gd = align(Schedule::full_batch(size.samples)?, mixture, &|_| length)?;
    let datapoints = (prediction.sgd_limit)(c0, activation);
    let schedule = super::sgd_schedule(size.samples, size.reduction, size.seed)?;
    let sgd = align(schedule, datapoints, &|winner| c0[winner].abs())?;
    let active = c0.iter().filter(|&&c| activation.admits(c)).count();
    Ok(gd.zip(sgd).map(|(gd, sgd)| Pair { active, gd, sgd }))
}
