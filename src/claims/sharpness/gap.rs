//! The gap between the traces over random starts, as the number of samples grows.

use super::super::{Context, Table};
use super::{Prediction, STUDY};
use crate::data::Dataset;
use crate::error::Result;
use crate::init::Start;
use crate::limit_set::LimitSet;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;
use crate::stats::{CHECK_LEVEL, Mean};
use crate::study::trial::Trial;
use crate::theory::budget::MISS;
use crate::theory::{gd, sgd};
use crate::train::Outcome;
use crate::verdict::{Check, Expectation};

/// Sizes `m`; the last is the one that is judged.
const SAMPLES: [usize; 3] = [10, 50, 250];

/// Distances from their limits at which GD and SGD stop, and the correlation above which a sample counts as mixed. A true weight this
/// small has a probability below 1e-8.
const ARRIVAL: (f64, f64) = (1e-12, 1e-5);
const MIXED: (f64, f64) = (1e-10, 1e-4);

/// The gaps at one size, in kinks over `2m`.
pub(super) struct Gap {
    samples: usize,
    mean: Mean,
}

/// Kinks of the ends of GD and of SGD (`b = 1`), from the same Gaussian starts, on the reduced engine.
pub(super) fn measure(context: &Context) -> Result<Vec<Gap>> {
    let starts = context.effort.pick(400, 600, 4000);
    let of = |&samples: &usize| {
        let seed = context.cell_seed(&STUDY, 2 << 32 | samples as u64);
        let dataset = Dataset::implicit_orthonormal(samples, samples + 1)?;
        let problem = Problem::new(dataset, Activation::Relu, Reduction::Sum, 0.2)?;
        let gaps = context.each(0..starts, |replica| one(&problem, seed, replica))?;
        let gaps: Vec<f64> = gaps.into_iter().flatten().collect();
        Ok(Gap { samples, mean: Mean::of(&gaps) })
    };
    SAMPLES.iter().map(of).collect()
}

/// The gap from one start; `None` if no sample is active.
fn one(problem: &Problem, seed: u64, replica: u64) -> Result<Option<f64>> {
    let samples = problem.dataset().samples();
    let start = Start::gaussian(problem.dataset(), 0.5, seed, replica)?;
    let Some(mixture) = gd::limit(&start.correlations, Activation::Relu) else { return Ok(None) };
    let support = |schedule: Schedule, set: LimitSet, arrival: f64, mixed: f64| -> Result<f64> {
        let case = Trial { problem, schedule: &schedule, start: &start, replica };
        let run = case.run_to(&mut case.reduced()?, set, arrival);
        let support = run.neurons[0].correlations.iter().filter(|&&c| c > mixed).count();
        Ok(if run.outcome == Outcome::Converged { support as f64 } else { f64::NAN })
    };
    let datapoints = sgd::limit_set(&start.correlations, Activation::Relu);
    let gd = support(Schedule::full_batch(samples)?, mixture, ARRIVAL.0, MIXED.0)?;
    let sgd = support(Schedule::sgd(samples, 1, seed)?, datapoints, ARRIVAL.1, MIXED.1)?;
    Ok(Some((gd - sgd) / (2 * samples) as f64))
}

pub(super) fn judge(gaps: &[Gap], prediction: &Prediction) -> Check {
    let &Gap { samples, mean } = gaps.last().expect("there are sizes");
    let name =
        format!("mean gap between the traces over Gaussian starts, m = {samples}, b = 1: tends to 1/4");
    let why =
        "the difference of binomial numbers of kinks, 1/2m each; half-widths of 0.0036 at most are expected";
    Expectation::new(name, (prediction.mean_gap)(samples), why)
        .chance(MISS * mean.n as f64)
        .covered(0.005)
        .estimated(mean.mean, mean.interval(CHECK_LEVEL), mean.n as u64)
}

pub(super) fn protocol(gaps: &[Gap]) -> String {
    let sizes: Vec<String> = gaps.iter().map(|gap| gap.samples.to_string()).collect();
    format!(
        "The kinks at the ends of GD and of SGD with b = 1, counted on the reduced engine (f64) from the same Gaussian starts: \
         m = {}, n = m + 1, {} starts at the largest.",
        sizes.join(", "),
        gaps.last().map_or(0, |gap| gap.mean.n),
    )
}

/// One row a size: the mean gap, its standard error, and what is expected.
pub(super) fn table(gaps: &[Gap], prediction: &Prediction) -> Table {
    let mut table = Table::new("sharpness_gap", &["samples", "starts", "gap", "standard_error", "predicted"]);
    for Gap { samples, mean } in gaps {
        table.push(&[samples, &mean.n, &mean.mean, &mean.sem, &(prediction.mean_gap)(*samples)]);
    }
    table
}
