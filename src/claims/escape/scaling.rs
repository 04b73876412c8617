//! How the time to commit goes with `κ`, and with the number of samples.

use serde::{Deserialize, Serialize};

use super::Prediction;
use super::departure::{Departure, mixture};
use crate::error::Result;
use crate::stats::{CHECK_LEVEL, Interval, Line, Mean, combination};
use crate::study::{Context, Lab, Part, Row, Table};
use crate::theory::selection::diffusion_rate;
use crate::verdict::Register;

/// Samples of the even mixture whose time is seen against `κ`.
const SAMPLES: usize = 6;

const BATCHES: [usize; 4] = [1, 2, 3, 5];

/// Step sizes, each half of the one before.
const STEP_SIZES: [f64; 3] = [0.2, 0.1, 0.05];

/// The mean time to commit at one batch size and step size.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct MeanTime {
    pub samples: usize,
    pub batch: usize,
    pub step_per_sample: f64,
    pub clock: f64,
    pub mean_steps: f64,
    pub se_steps: f64,
    pub kappa_t: f64,
    pub se_kappa_t: f64,
    pub runs: usize,
}

impl Row for MeanTime {
    const TABLE: &'static str = "escape_scaling";
}

/// The same from the even mixture of so many samples, for which there is no law here.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct MeanTimeOfSize {
    samples: usize,
    step_per_sample: f64,
    kappa_t: f64,
    standard_error: f64,
    runs: usize,
}

impl Row for MeanTimeOfSize {
    const TABLE: &'static str = "escape_sizes";
}

/// Six even samples: the mean time against `κ`, over batch sizes and step sizes.
pub(super) fn against_the_clock(
    context: &Context,
    replicas: u64,
    prediction: &Prediction,
    register: &mut Register,
) -> Part {
    let power = register
        .expect(
            format!("m = {SAMPLES}: log–log slope of the mean time to commit in κ"),
            -1.0,
            "b = 1, 2, 3, 5 and η = 0.2, 0.1, 0.05: a plane in log κ and η, which takes up what is of first order in η; κ over a factor of 29; \
             errors of the means",
        )
        .chance(CHECK_LEVEL)
        .covered(context.effort.pick(0.3, 0.115, 0.057));
    let constant = register
        .expect(
            format!("m = {SAMPLES}: mean κT until committed less the mean fall of Σ log cos over m − 1, η → 0"),
            0.0,
            "optional stopping of a martingale, which gives the constant before the power; κ with log 1/(1 − η_B²) for η_B², the rate far out; a \
             line in η through all means, which leaves a third of an error at most",
        )
        .chance(2.0 * CHECK_LEVEL)
        .covered(context.effort.pick(1.02, 0.38, 0.19));
    let prediction = prediction.clone();
    Box::new(move |lab, findings| {
        let (rows, excesses) = over_batches(lab, replicas, &prediction)?;
        let line = in_the_clock(&rows);
        findings.checks.push(power.estimated(line.slope, line.slope_interval(CHECK_LEVEL), 12 * replicas));
        let (value, interval) = at_step_size_zero(&excesses);
        findings.checks.push(constant.estimated(value, interval, 12 * replicas));
        findings.tables.push(Table::of(rows));
        findings.protocol.push(format!(
            "For m = {SAMPLES} and b = 1, 2, 3, 5, {replicas} runs at each of η_B = 0.2, 0.1, 0.05 give the power of κ in the mean time, and the constant by \
             the fall of Σ log cos until then."
        ));
        Ok(())
    })
}

/// The mean times, and the means of `κT` less the fall of `Σ log cos` over `m − 1`.
fn over_batches(lab: &Lab, replicas: u64, prediction: &Prediction) -> Result<(Vec<MeanTime>, Vec<Mean>)> {
    let (mut rows, mut excesses) = (Vec::new(), Vec::new());
    let fall = (prediction.fall)(SAMPLES);
    for (k, batch) in (0..).zip(BATCHES) {
        for (l, step_size) in (0..).zip(STEP_SIZES) {
            let cell = 5 << 32 | k << 8 | l;
            let departure = Departure { alpha: mixture(&[1.0; SAMPLES]), batch, step_size, cell };
            let runs = departure.commitments(lab, replicas)?;
            let clock = (prediction.diffusion_rate)(SAMPLES, batch, step_size);
            let rate = clock / (step_size * step_size) * -(-step_size * step_size).ln_1p();
            excesses.push(runs.iter().map(|run| rate * run.steps - run.fall / fall).collect());
            rows.push(row(batch, step_size, clock, runs.iter().map(|run| run.steps).collect()));
        }
    }
    Ok((rows, excesses))
}

/// The logarithm of the mean time as a plane in `log κ` and `η`, along `log κ`: by least squares, that is the line in what of `log κ` is not
/// linear in `η` (Frisch and Waugh).
fn in_the_clock(rows: &[MeanTime]) -> Line {
    let by_step_size: Vec<_> = rows.iter().map(|row| (row.step_per_sample, row.clock.ln(), 0.0)).collect();
    let slope = Line::unweighted(&by_step_size).slope;
    let points = rows.iter().map(|row| {
        let rest = row.clock.ln() - slope * row.step_per_sample;
        (rest, row.mean_steps.ln(), row.se_steps / row.mean_steps)
    });
    Line::unweighted(&points.collect::<Vec<_>>())
}

/// Value at `η = 0` of the line through means at all step sizes, the batch sizes together.
fn at_step_size_zero(means: &[Mean]) -> (f64, Interval) {
    // Those of least squares at η, η/2 and η/4.
    let weights = [-0.5, 0.5, 1.0].map(|weight| weight / BATCHES.len() as f64);
    let terms = means.iter().zip(weights.iter().cycle());
    combination(&terms.map(|(mean, &weight)| (weight, mean.mean, mean.sem)).collect::<Vec<_>>(), CHECK_LEVEL)
}

fn row(batch: usize, step_per_sample: f64, clock: f64, steps: Mean) -> MeanTime {
    let Mean { mean, sem, n } = steps;
    MeanTime {
        samples: SAMPLES,
        batch,
        step_per_sample,
        clock,
        mean_steps: mean,
        se_steps: sem,
        kappa_t: clock * mean,
        se_kappa_t: clock * sem,
        runs: n,
    }
}

/// The time to commit from the even mixture of `m` samples: no law for it here, but numbers, at one step size.
pub(super) fn over_sizes(replicas: u64) -> Part {
    Box::new(move |lab, findings| {
        let step_size = 0.1;
        let mut rows = Vec::new();
        let sizes: &[usize] = lab.effort.pick(&[2, 8], &[2, 4, 8, 16, 32], &[2, 4, 8, 16, 32, 64]);
        for &samples in sizes {
            let alpha = mixture(&vec![1.0; samples]);
            let departure = Departure { alpha, batch: 1, step_size, cell: 6 << 32 | samples as u64 };
            let runs = departure.commitments(lab, replicas)?;
            let Mean { mean, sem, n } = runs.iter().map(|run| run.steps).collect();
            let kappa = diffusion_rate(samples, 1, step_size);
            let (kappa_t, standard_error) = (kappa * mean, kappa * sem);
            rows.push(MeanTimeOfSize {
                samples,
                step_per_sample: step_size,
                kappa_t,
                standard_error,
                runs: n,
            });
        }
        findings.tables.push(Table::of(rows));
        Ok(())
    })
}
