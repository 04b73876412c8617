//! Averages over long runs, cell by cell, and what the stationary laws say of them.

use std::f64::consts::{FRAC_PI_2, FRAC_PI_4};

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

/// Bins of the angle to the nearer axis, `0 … π/4`.
const BINS: usize = 6;

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

/// A bin of the histogram of one cause, extrapolated to `η = 0`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Bin {
    pub cause: String,
    /// `σ`, or `r = ρ/η`.
    pub size: f64,
    /// Ends of the bin, of the angle to the nearer axis.
    pub from: f64,
    pub to: f64,
    /// Share of the time there, with its standard error and the law.
    pub share: f64,
    pub se_share: f64,
    pub predicted: f64,
    /// Runs at each of two step sizes, the larger of which is given.
    pub runs: u64,
    pub step_size: f64,
}

impl Row for Bin {
    const TABLE: &'static str = "persistent_density";
}

/// How long a run goes on, on the clock `κt`, and how many there are.
fn runs_and_time(context: &Context) -> (u64, f64) {
    context.effort.pick((64, 60.0), (256, 120.0), (512, 250.0))
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
        .same_law(Relation::AtMost, context.effort.pick(0.18, 0.062, 0.0315));
    let over_bins = LargestDeviation::over_means(BINS * CAUSES.len(), runs as usize - 1);
    let density = register
        .expect(
            "histogram of the angle to the nearer axis, share of the time in six bins, η → 0, in standard errors: largest deviation over 30",
            over_bins.errors,
            "densities ∝ 1/(sin² 2θ + a) and ∝ exp(−2r/sin 2θ)/sin² 2θ, integrated over bins of π/24; 2 f(η/2) − f(η); Student's quantile over 30 shares; differences are those of the shares",
        )
        .chance(CHANCE)
        .same_law(Relation::AtMost, context.effort.pick(0.18, 0.062, 0.0315));
    let prediction = prediction.clone();
    Box::new(move |lab, findings| {
        let seen = (0..).zip(CAUSES).map(|(k, cause)| measure(lab, &prediction, cause, (runs, time), k));
        let (rows, bins): (Vec<Averages>, Vec<Vec<Bin>>) =
            seen.collect::<Result<Vec<_>>>()?.into_iter().unzip();
        let of = |row: &Averages| {
            [(row.mixing - row.predicted_mixing, row.se_mixing), (row.near - row.predicted_near, row.se_near)]
        };
        let deviations: Vec<(f64, f64)> = rows.iter().flat_map(of).collect();
        let (worst, detects) = bound.of(&deviations);
        findings.checks.push(expected.tested(worst, detects, 2 * runs));
        let bins: Vec<Bin> = bins.concat();
        let deviations: Vec<(f64, f64)> =
            bins.iter().map(|bin| (bin.share - bin.predicted, bin.se_share)).collect();
        let (worst, detects) = over_bins.of(&deviations);
        findings.checks.push(density.tested(worst, detects, 2 * runs));
        findings.tables.push(Table::of(bins));
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

/// Averages and histogram of a cause.
fn measure(
    lab: &Lab,
    prediction: &Prediction,
    cause: Cause,
    (runs, time): (u64, f64),
    k: u64,
) -> Result<(Averages, Vec<Bin>)> {
    let at = |l: u64| {
        let (plane, seed) = (cause.plane(STEP_SIZE / (1 << l) as f64), lab.cell_seed(&STUDY, k << 8 | l));
        lab.each(0..runs, |replica| Ok(average(plane, cause, seed, replica, time)))
    };
    let (coarse, fine) = (at(0)?, at(1)?);
    let mixing = Mean::extrapolated_of(&coarse, &fine, |seen| seen.mixing);
    let near = Mean::extrapolated_of(&coarse, &fine, |seen| seen.near);
    // Probability of being within an angle of either axis.
    let within = |angle: f64| match cause {
        Cause::Labels(sigma) => 2.0 * (prediction.label_law)(sigma, angle),
        Cause::Correlation(r) => 2.0 * (prediction.correlated_law)(r, angle),
    };
    let bin = |b: usize| {
        let [from, to] = [b, b + 1].map(|edge| FRAC_PI_4 * edge as f64 / BINS as f64);
        let share = Mean::extrapolated_of(&coarse, &fine, |seen| seen.bins[b]);
        let below = if b == 0 { 0.0 } else { within(from) };
        let above = if b + 1 == BINS { 1.0 } else { within(to) };
        Bin {
            cause: cause.name().into(),
            size: cause.size(),
            from,
            to,
            share: share.mean,
            se_share: share.sem,
            predicted: above - below,
            runs,
            step_size: STEP_SIZE,
        }
    };
    let averages = Averages {
        cause: cause.name().into(),
        size: cause.size(),
        step_size: STEP_SIZE,
        mixing: mixing.mean,
        se_mixing: mixing.sem,
        predicted_mixing: match cause {
            Cause::Labels(sigma) => (prediction.label_mixing)(sigma),
            Cause::Correlation(r) => (prediction.correlated_mixing)(r),
        },
        near: near.mean,
        se_near: near.sem,
        predicted_near: within(NEAR),
        runs,
    };
    Ok((averages, (0..BINS).map(bin).collect()))
}

/// Averages along a run.
struct Seen {
    /// Of `sin² 2θ` or `|sin 2θ|`.
    mixing: f64,
    /// Shares of its time near a datapoint, and in the bins.
    near: f64,
    bins: [f64; BINS],
}

fn average(plane: Plane, cause: Cause, seed: u64, replica: u64, time: f64) -> Seen {
    let steps = |time: f64| (time / diffusion_rate(2, 1, plane.step_size)) as u64;
    let mut rng = stream(seed, Purpose::Protocol, replica);
    let (sine, cosine) = std::f64::consts::FRAC_PI_8.sin_cos();
    let mut w = [sine, cosine];
    for _ in 0..steps(BURN_IN) {
        w = plane.draw(w, &mut rng);
    }
    // Below which |sin 2θ| the angle to an axis is in a bin or an earlier one.
    let edges: [f64; BINS] = std::array::from_fn(|b| (FRAC_PI_2 * (b + 1) as f64 / BINS as f64).sin());
    let near = (2.0 * NEAR).sin();
    let (mut mixed, mut close, mut counts, steps) = (0.0, 0u64, [0u64; BINS], steps(time));
    for _ in 0..steps {
        w = plane.draw(w, &mut rng);
        let s = mixing(w);
        mixed += if matches!(cause, Cause::Labels(_)) { s * s } else { s };
        close += u64::from(s < near);
        counts[edges[..BINS - 1].partition_point(|edge| *edge <= s)] += 1;
    }
    let share = |count: u64| count as f64 / steps as f64;
    Seen { mixing: mixed / steps as f64, near: share(close), bins: counts.map(share) }
}
