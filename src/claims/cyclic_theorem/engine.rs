//! What is proved is about what the engine does: its cycles lie in the enclosures of the map, and `W` grows along them.

use itertools::Itertools;
use puremix_proof::chart::{LEAST_NORM, RESIDUAL};
use puremix_proof::cycle::{cycle, growth, norm};
use puremix_proof::interval::Interval;

use super::{Prediction, STUDY};
use crate::engine::Engine;
use crate::error::Result;
use crate::schedule::Schedule;
use crate::study::ensemble::Ensemble;
use crate::study::{Context, Part};
use crate::verdict::Register;

/// Step sizes of the theorem, if none is asked for, and the norm of the starts.
const STEP_SIZES: [f64; 3] = [0.01, 0.11, 0.2];
const INIT_NORM: f64 = 0.9;

/// Cycles of a run, times `η`: the norm settles as `e^{−4ηt}`, the residual as `e^{−ηt}`.
const CYCLES: f64 = 20.0;

/// Relative half-width by which arguments are widened for what the engine rounds.
const WIDENED: f64 = 16.0 * f64::EPSILON;

/// `W`, a difference of numbers up to 1, is rounded to some ten places, before a cycle and after it.
const ROUNDED: f64 = 20.0 * f64::EPSILON;

/// The engine at the beginning of a cycle: what it will visit, `s` and `N`.
#[derive(Clone, Copy)]
struct Beginning<const M: usize> {
    visited: [f64; M],
    residual_sq: f64,
    norm_sq: f64,
}

/// What was seen of the cycles of some runs.
struct Seen {
    cycles: u64,
    enclosed: u64,
    /// Largest distance of a gain of `W` from its enclosure.
    beside: f64,
    /// Cycles that begin in the region, and the least gain of `W` over them.
    inside: u64,
    least: f64,
}

impl Seen {
    const NONE: Self = Self { cycles: 0, enclosed: 0, beside: 0.0, inside: 0, least: f64::INFINITY };

    fn and(self, other: Self) -> Self {
        Self {
            cycles: self.cycles + other.cycles,
            enclosed: self.enclosed + other.enclosed,
            beside: self.beside.max(other.beside),
            inside: self.inside + other.inside,
            least: self.least.min(other.least),
        }
    }
}

pub(super) fn agrees(
    context: &Context,
    step_size: Option<f64>,
    prediction: &Prediction,
    register: &mut Register,
) -> Part {
    let step_sizes = step_size.map_or(STEP_SIZES.to_vec(), |step_size| vec![step_size]);
    let runs: u64 = context.effort.pick(12, 60, 300);
    let checks = [2, 3].map(|samples| {
        let name = |what: &str| format!("m = {samples}, cycles of the engine: {what}");
        let why = "q, s and N after the cycle, from an interval of 16 roundings about q and s before it";
        let enclosed =
            register.expect(name("share that lies in the enclosure of the map"), 1.0, why).within(0.0);
        let why = "the same intervals; W of either end is rounded to some ten places";
        let beside = register
            .expect(name("largest distance of the gain of W from the enclosure of its growth"), 0.0, why)
            .within(ROUNDED);
        let why = "Lemma 3; W of either end is rounded to some ten places";
        let grows = register.expect(name("least gain of W in the region"), -ROUNDED, why);
        (enclosed, beside, grows.at_least())
    });
    let prediction = prediction.clone();
    Box::new(move |lab, findings| {
        let cells: Vec<(usize, f64)> = [2, 3].into_iter().cartesian_product(step_sizes.clone()).collect();
        let seen = lab.each(cells.iter().zip(0..), |(&(samples, eta), cell)| {
            let seed = lab.cell_seed(&STUDY, cell);
            match samples {
                2 => followed::<2>(eta, runs, seed, &prediction),
                _ => followed::<3>(eta, runs, seed, &prediction),
            }
        })?;
        let mut seen = seen.into_iter();
        for (enclosed, beside, grows) in checks {
            let seen = seen.by_ref().take(step_sizes.len()).fold(Seen::NONE, Seen::and);
            findings.checks.push(enclosed.measured(seen.enclosed as f64 / seen.cycles as f64, seen.cycles));
            findings.checks.push(beside.measured(seen.beside, seen.cycles));
            findings.checks.push(grows.measured(seen.least, seen.inside));
        }
        findings.protocol.push(format!(
            "The reduced engine, f64, from {runs} Gaussian starts of norm {INIT_NORM} in m + 1 dimensions a cell, m = 2 and 3, η = {}: every cycle of {CYCLES}/η.",
            step_sizes.iter().join(", ")
        ));
        Ok(())
    })
}

/// Follows runs from random starts, cycle by cycle.
fn followed<const M: usize>(eta: f64, runs: u64, seed: u64, prediction: &Prediction) -> Result<Seen> {
    let ensemble = Ensemble::new(Schedule::cyclic(M, 1)?, eta, 1.0, 1.0)?;
    let starts = ensemble.gaussian(INIT_NORM, seed, 0, runs)?;
    let mut engine = ensemble.engine(&starts, 0)?;
    let mut before: Vec<Option<Beginning<M>>> = vec![None; starts.len()];
    let mut seen = Seen::NONE;
    for _ in 0..=(CYCLES / eta).ceil() as u64 {
        let mut now: Vec<Beginning<M>> = (0..starts.len())
            .map(|run| {
                let neuron = &engine.neurons(run)[0];
                Beginning { visited: [0.0; M], residual_sq: neuron.residual.powi(2), norm_sq: neuron.norm_sq }
            })
            .collect();
        for sample in 0..M {
            for (run, now) in now.iter_mut().enumerate() {
                now.visited[sample] = engine.neurons(run)[0].correlations[sample].powi(2);
            }
            engine.advance(1);
        }
        for (before, now) in before.iter_mut().zip(now) {
            if let Some(before) = before.replace(now) {
                seen = seen.and(compared(&before, &now, eta, prediction));
            }
        }
    }
    Ok(seen)
}

/// A cycle of the engine beside what is proved about.
fn compared<const M: usize>(
    before: &Beginning<M>,
    after: &Beginning<M>,
    eta: f64,
    prediction: &Prediction,
) -> Seen {
    let about = |x: f64| Interval::new(x * (1.0 - WIDENED), x * (1.0 + WIDENED));
    let (q, s, step_size) = (before.visited.map(about), about(before.residual_sq), Interval::point(eta));
    let norm = norm(&q, s, step_size);
    let image = cycle(&q, norm, step_size, prediction.inequality.push);
    let holds = |interval: Interval, x: f64| interval.low <= x && x <= interval.high;
    let enclosed = holds(norm, before.norm_sq)
        && holds(image.norm, after.norm_sq)
        && holds(s * image.kept.square(), after.residual_sq)
        && image.visited.iter().zip(after.visited).all(|(interval, q)| holds(*interval, q));
    let unit = q[1..].iter().fold(q[0], |sum, q| sum + *q).recip();
    let growth = growth(&q, &q.map(|q| q * unit), s, step_size, prediction.inequality);
    let of = |at: &Beginning<M>| (prediction.lyapunov)(&at.visited, at.residual_sq, eta);
    let gain = of(after) - of(before);
    let inside = before.residual_sq <= RESIDUAL && (LEAST_NORM..=1.0 + eta / 4.0).contains(&before.norm_sq);
    Seen {
        cycles: 1,
        enclosed: enclosed.into(),
        beside: (growth.low - gain).max(gain - growth.high).max(0.0),
        inside: inside.into(),
        least: if inside { gain } else { f64::INFINITY },
    }
}
