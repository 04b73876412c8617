//! The cosines by training the Burn model.

use super::{Options, Prediction, STUDY, sgd_schedule};
use crate::data::Dataset;
use crate::error::Result;
use crate::measure::alignment::{best_match, cos_init};
use crate::model::Activation;
use crate::problem::Reduction;
use crate::schedule::Schedule;
use crate::study::trial::Trial;
use crate::study::words::in_words;
use crate::study::{Context, Lab, Part};
use crate::theory::budget::MISS;
use crate::theory::gd;
use crate::train::Outcome;
use crate::vectors::largest;
use crate::verdict::Register;

/// One training.
struct Training {
    samples: usize,
    dim: usize,
    activation: Activation,
    reduction: Reduction,
    full_batch: bool,
    replica: u64,
}

/// Trainings from a few starts, against the closed forms.
pub(super) fn trainings(
    context: &Context,
    options: &Options,
    prediction: &Prediction,
    register: &mut Register,
) -> Part {
    let sizes = context.effort.pick(vec![(10, 14)], vec![(10, 14), (56, 80)], vec![(10, 14), (100, 300)]);
    let replicas = context.effort.pick(2, 4, 8);
    let precision = context.compute.precision();
    let target = precision.pick(1e-9, 1e-5);
    let trainings = every_way(&sizes, replicas);
    let n = trainings.len() as u64;
    // The cosine of two unit vectors with a third differs by no more than the vectors; twice that, for norms and samples that are rounded too.
    let why = "twice the distance from the limit at which training stops; of SGD whichever sample won";
    let name = "cosines by training the Burn model: largest deviation from their closed forms";
    let expected = register.expect(name, 0.0, why).chance(MISS * n as f64).within(2.0 * target);
    let (options, prediction) = (options.clone(), *prediction);
    Box::new(move |lab, findings| {
        let off = lab.each(&trainings, |training| training.deviation(lab, &options, &prediction, target))?;
        findings.checks.push(expected.measured(largest(off), n));
        findings.protocol.push(format!(
            "{n} trainings from {replicas} starts a case, m × n = {}, both reductions: the cosines by training the Burn model in {} \
             against their closed forms.",
            in_words(&sizes),
            precision.name()
        ));
        Ok(())
    })
}

/// All activations, reductions and algorithms. SGD, and GD under the mean, at the large size take tens of thousands of steps: the small one is
/// enough.
fn every_way(sizes: &[(usize, usize)], replicas: u64) -> Vec<Training> {
    let mut trainings = Vec::new();
    for (k, &(samples, dim)) in sizes.iter().enumerate() {
        for activation in Activation::PAPER {
            for reduction in Reduction::ALL {
                for full_batch in [true, false] {
                    if k == 0 || (full_batch && reduction == Reduction::Sum) {
                        trainings.extend((0..replicas).map(|replica| Training {
                            samples,
                            dim,
                            activation,
                            reduction,
                            full_batch,
                            replica,
                        }));
                    }
                }
            }
        }
    }
    trainings
}

impl Training {
    /// Largest deviation of its two cosines from theory; 0 from a start of which theory does not speak.
    fn deviation(&self, lab: &Lab, options: &Options, prediction: &Prediction, target: f64) -> Result<f64> {
        let &Self { samples, dim, activation, reduction, full_batch, replica } = self;
        let seed = lab.cell_seed(&STUDY, 9 << 32 | samples as u64);
        let problem = options.problem(Dataset::orthonormal(samples, dim, seed)?, activation, reduction)?;
        let start = options.start(problem.dataset(), seed, replica)?;
        let c0 = &start.correlations;
        let Some(mixture) = gd::limit(c0, activation) else { return Ok(0.0) };
        let (schedule, set) = if full_batch {
            (Schedule::full_batch(samples)?, mixture)
        } else {
            (sgd_schedule(samples, reduction, seed)?, (prediction.sgd_limit)(c0, activation))
        };
        let case = Trial { problem: &problem, schedule: &schedule, start: &start, replica };
        let run = case.run_to(&mut case.autodiff(&lab.compute)?, set, target);
        let best = best_match(&run.neurons[0], problem.dataset(), activation);
        let arrived = if run.outcome == Outcome::Converged { 1.0 } else { f64::NAN };
        let length = gd::Radial::new(c0, start.residual, activation).active;
        let c_best = c0[best.index].abs();
        let (max_cos, along) =
            if full_batch { (c_best / length, length) } else { (prediction.sgd_max_cos, c_best) };
        let closed_form = (prediction.cos_init)(along, start.norm_sq.sqrt());
        let off_init = cos_init(&run.neurons[0], start.norm_sq) - closed_form;
        Ok(arrived * largest([(best.cosine - max_cos).abs(), off_init.abs()]))
    }
}
