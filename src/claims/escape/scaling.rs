//! How the time to commit goes with `κ`, and with the number of samples.

use serde::{Deserialize, Serialize};

use super::Prediction;
use super::departure::{Departure, mixture};
use crate::stats::{CHECK_LEVEL, Line, Mean};
use crate::study::{Context, Part, Row, Table};
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
    let expected = register
        .expect(
            format!("m = {SAMPLES}: log–log slope of the mean time to commit in κ"),
            -1.0,
            "b = 1, 2, 3, 5, η = 0.1 and 0.05, each extrapolated with 2η to first order: κ over a factor of 7; errors of the means",
        )
        .covered(context.effort.pick(0.4, 0.15, 0.05));
    let rate = prediction.diffusion_rate;
    Box::new(move |lab, findings| {
        let (mut points, mut rows) = (Vec::new(), Vec::new());
        for (k, batch) in BATCHES.into_iter().enumerate() {
            let mut coarser: Option<Mean> = None;
            for (l, step_size) in STEP_SIZES.into_iter().enumerate() {
                let cell = 5 << 32 | (k as u64) << 8 | l as u64;
                let departure = Departure { alpha: mixture(&[1.0; SAMPLES]), batch, step_size, cell };
                let mean = Mean::of(&departure.steps(lab, replicas)?);
                let clock = rate(SAMPLES, batch, step_size);
                // Of κT, from η and 2η, without what is of order η.
                if let Some(coarser) = coarser {
                    let time = 2.0 * mean.mean - 4.0 * coarser.mean;
                    let error = (2.0 * mean.sem).hypot(4.0 * coarser.sem);
                    points.push((clock.ln(), time.ln(), error / time));
                }
                rows.push(row(batch, step_size, clock, mean));
                coarser = Some(mean);
            }
        }
        let line = Line::fit(&points);
        let interval = line.slope_interval(CHECK_LEVEL);
        findings.checks.push(expected.estimated(line.slope, interval, 12 * replicas));
        findings.tables.push(Table::of(rows));
        findings.protocol.push(format!(
            "For m = {SAMPLES} and b = 1, 2, 3, 5, {replicas} runs at each of η_B = 0.2, 0.1, 0.05 give the power of κ in the mean time."
        ));
        Ok(())
    })
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
            let Mean { mean, sem, n } = Mean::of(&departure.steps(lab, replicas)?);
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
