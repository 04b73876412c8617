//! Averages over long runs, cell by cell, and what the stationary laws say of them.

use serde::{Deserialize, Serialize};

use super::plane::{Plane, mixing};
use super::{Prediction, STUDY};
use crate::error::Result;
use crate::rng::{Purpose, stream};
use crate::stats::{CHECK_LEVEL, LargestDeviation, Mean};
use crate::study::words::listed;
use crate::study::{Context, Lab, Part, Row, Table};
use crate::theory::selection::diffusion_rate;
use crate::verdict::{Register, Relation};

/// What keeps a neuron from a datapoint.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cause {
    /// Label noise `σ`.
    Labels(f64),
    /// A correlation `ρ = rη`.
    Correlation(f64),
}

impl Cause {
    /// The plane at a step size.
    pub fn plane(self, step_size: f64) -> Plane {
        match self {
            Self::Labels(sigma) => Plane::new(step_size, sigma, 0.0),
            Self::Correlation(r) => Plane::new(step_size, 0.0, r * step_size),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Labels(_) => "label noise",
            Self::Correlation(_) => "correlation",
        }
    }

    fn size(self) -> f64 {
        match self {
            Self::Labels(size) | Self::Correlation(size) => size,
        }
    }
}

pub(super) const CAUSES: [Cause; 5] = [
    Cause::Labels(0.1),
    Cause::Labels(0.2),
    Cause::Labels(0.4),
    Cause::Correlation(0.15),
    Cause::Correlation(0.5),
];

/// The larger step size.
const STEP_SIZE: f64 = 0.1;

/// Angle within which a neuron counts as near a datapoint.
const NEAR: f64 = 0.15;

/// Time `κt` before averages begin, from an angle of `π/8`.
const BURN_IN: f64 = 40.0;

/// What is left of the order `η²`, a tenth of a standard error at full effort.
const CHANCE: f64 = 1.2 * CHECK_LEVEL;

/// Averages of one cause, extrapolated to `η = 0`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Averages {
    pub cause: String,
    /// `σ`, or `r = ρ/η`.
    pub size: f64,
    pub step_size: f64,
    /// Mean of `sin² 2θ` under label noise, of `|sin 2θ|` under correlation, with its standard error and the law.
    pub mixing: f64,
    pub se_mixing: f64,
    pub predicted_mixing: f64,
    /// Share of the time within 0.15 of an axis.
    pub near: f64,
    pub se_near: f64,
    pub predicted_near: f64,
    pub runs: u64,
}

impl Row for Averages {
    const TABLE: &'static str = "persistent_noise";
}

/// How long a run goes on, on the clock `κt`, and how many there are.
fn runs_and_time(context: &Context) -> (u64, f64) {
    context.effort.pick((64, 60.0), (256, 120.0), (1024, 250.0))
}

/// Registers the averages and measures them.
pub(super) fn averages(context: &Context, prediction: &Prediction, register: &mut Register) -> Part {
    let (runs, time) = runs_and_time(context);
    let bound = LargestDeviation::over_means(2 * CAUSES.len(), runs as usize - 1);
    let expected = register
        .expect(
            "time averages of sin² 2θ (label noise), |sin 2θ| (correlation) and being near a datapoint, η → 0, in standard errors: largest deviation",
            bound.errors,
            "√(a(1+a)) − a with a = 4σ²; K_0(2r)/K_1(2r); the laws of the angle; 2 f(η/2) − f(η); Student's quantile over ten averages; differences are those of the averages",
        )
        .chance(CHANCE)
        .same_law(Relation::AtMost, context.effort.pick(0.18, 0.062, 0.022));
    let prediction = prediction.clone();
    Box::new(move |lab, findings| {
        let rows = (0..).zip(CAUSES).map(|(k, cause)| row(lab, &prediction, cause, (runs, time), k));
        let rows: Vec<Averages> = rows.collect::<Result<_>>()?;
        let of = |row: &Averages| {
            [(row.mixing - row.predicted_mixing, row.se_mixing), (row.near - row.predicted_near, row.se_near)]
        };
        let deviations: Vec<(f64, f64)> = rows.iter().flat_map(of).collect();
        let (worst, detects) = bound.of(&deviations);
        findings.checks.push(expected.tested(worst, detects, 2 * runs));
        let names: Vec<String> =
            CAUSES.iter().map(|cause| format!("{} {}", cause.name(), cause.size())).collect();
        findings.protocol.push(format!(
            "The recursion of w in a plane, two samples, one a step: {}. {runs} runs each at η = {STEP_SIZE} and half of it, averaged over a time κt = {time} after one of {BURN_IN}.",
            listed(&names)
        ));
        findings.tables.push(Table::of(rows));
        Ok(())
    })
}

fn row(
    lab: &Lab,
    prediction: &Prediction,
    cause: Cause,
    (runs, time): (u64, f64),
    k: u64,
) -> Result<Averages> {
    let at = |l: u64| {
        let (plane, seed) = (cause.plane(STEP_SIZE / (1 << l) as f64), lab.cell_seed(&STUDY, k << 8 | l));
        lab.each(0..runs, |replica| Ok(average(plane, cause, seed, replica, time)))
    };
    let (coarse, fine) = (at(0)?, at(1)?);
    let extrapolated = |of: fn(&(f64, f64)) -> f64| {
        Mean::extrapolated(coarse.iter().map(of).collect(), fine.iter().map(of).collect())
    };
    let (mixing, near) = (extrapolated(|seen| seen.0), extrapolated(|seen| seen.1));
    let (predicted_mixing, predicted_near) = match cause {
        Cause::Labels(sigma) => ((prediction.label_mixing)(sigma), 2.0 * (prediction.label_law)(sigma, NEAR)),
        Cause::Correlation(r) => {
            ((prediction.correlated_mixing)(r), 2.0 * (prediction.correlated_law)(r, NEAR))
        }
    };
    Ok(Averages {
        cause: cause.name().into(),
        size: cause.size(),
        step_size: STEP_SIZE,
        mixing: mixing.mean,
        se_mixing: mixing.sem,
        predicted_mixing,
        near: near.mean,
        se_near: near.sem,
        predicted_near,
        runs,
    })
}

/// The average of `sin² 2θ` or `|sin 2θ|` along a run, and the share of its time near a datapoint.
fn average(plane: Plane, cause: Cause, seed: u64, replica: u64, time: f64) -> (f64, f64) {
    let steps = |time: f64| (time / diffusion_rate(2, 1, plane.step_size)) as u64;
    let mut rng = stream(seed, Purpose::Protocol, replica);
    let (sine, cosine) = std::f64::consts::FRAC_PI_8.sin_cos();
    let mut w = [sine, cosine];
    for _ in 0..steps(BURN_IN) {
        w = plane.draw(w, &mut rng);
    }
    let near = (2.0 * NEAR).sin();
    let (mut mixed, mut close, steps) = (0.0, 0u64, steps(time));
    for _ in 0..steps {
        w = plane.draw(w, &mut rng);
        let s = mixing(w);
        mixed += if matches!(cause, Cause::Labels(_)) { s * s } else { s };
        close += u64::from(s < near);
    }
    (mixed / steps as f64, close as f64 / steps as f64)
}
