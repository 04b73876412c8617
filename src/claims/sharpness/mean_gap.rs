//! The gap between the traces over random starts, as the number of samples grows.

use serde::{Deserialize, Serialize};

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
use crate::study::{Context, Lab, Part, Row, Table};
use crate::theory::budget::MISS;
use crate::theory::{gd, sgd};
use crate::train::Outcome;
use crate::verdict::Register;

/// Sizes `m`; the last is the one that is judged.
const SAMPLES: [usize; 3] = [10, 50, 250];
const JUDGED: usize = SAMPLES[SAMPLES.len() - 1];

/// Distances from their limits at which GD and SGD stop, and the correlation above which a sample counts as mixed. A true weight this
/// small has a probability below 1e-8.
const ARRIVAL: (f64, f64) = (1e-12, 1e-5);
const MIXED: (f64, f64) = (1e-10, 1e-4);

/// The mean gap at one size.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct MeanGap {
    samples: usize,
    starts: usize,
    gap: f64,
    standard_error: f64,
    predicted: f64,
}

impl Row for MeanGap {
    const TABLE: &'static str = "sharpness_gap";
}

/// Kinks of the ends of GD and of SGD (`b = 1`), from the same Gaussian starts, on the reduced engine.
pub(super) fn over_starts(context: &Context, prediction: &Prediction, register: &mut Register) -> Part {
    let starts = context.effort.pick(400, 600, 4000);
    let mean_gap = prediction.mean_gap;
    let name = format!("mean gap between the traces over Gaussian starts, m = {JUDGED}, b = 1: tends to 1/4");
    let why =
        "the difference of binomial numbers of kinks, 1/2m each; half-widths of 0.0036 at most are expected";
    let expected = register.expect(name, mean_gap(JUDGED), why).chance(MISS * starts as f64).covered(0.005);
    Box::new(move |lab, findings| {
        let means = SAMPLES.map(|samples| gaps(lab, samples, starts).map(|gaps| Mean::of(&gaps)));
        let means = means.into_iter().collect::<Result<Vec<_>>>()?;
        let judged = means[means.len() - 1];
        let interval = judged.interval(CHECK_LEVEL);
        findings.checks.push(expected.estimated(judged.mean, interval, judged.n as u64));
        findings.protocol.push(format!(
            "The kinks at the ends of GD and of SGD with b = 1, counted on the reduced engine (f64) from the same Gaussian starts: \
             m = {}, n = m + 1, {} starts at the largest.",
            SAMPLES.map(|samples| samples.to_string()).join(", "),
            judged.n,
        ));
        findings.tables.push(Table::of(SAMPLES.into_iter().zip(means).map(|(samples, mean)| MeanGap {
            samples,
            starts: mean.n,
            gap: mean.mean,
            standard_error: mean.sem,
            predicted: mean_gap(samples),
        })));
        Ok(())
    })
}

/// The gaps at one size, in kinks over `2m`.
fn gaps(lab: &Lab, samples: usize, starts: u64) -> Result<Vec<f64>> {
    let seed = lab.cell_seed(&STUDY, 2 << 32 | samples as u64);
    let dataset = Dataset::implicit_orthonormal(samples, samples + 1)?;
    let problem = Problem::new(dataset, Activation::Relu, Reduction::Sum, 0.2)?;
    let gaps = lab.each(0..starts, |replica| gap(&problem, seed, replica))?;
    Ok(gaps.into_iter().flatten().collect())
}

/// The gap from one start; `None` if no sample is active.
fn gap(problem: &Problem, seed: u64, replica: u64) -> Result<Option<f64>> {
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
