//! Event by event, far out: how far R moves when the leader is drawn, and when another sample is.

use super::drift::FAR;
use super::{Prediction, STUDY, Walk};
use crate::data::Dataset;
use crate::engine::Engine;
use crate::error::Result;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;
use crate::stats::{CHECK_LEVEL, binomial_interval};
use crate::study::{Context, Effort};
use crate::theory::sgd;
use crate::vectors::largest;
use crate::verdict::{Check, Expectation};

/// Consecutive steps of a walk that are watched.
pub(super) const STEPS: u64 = 64;

/// What one walk shows.
#[derive(Default)]
struct Watched {
    /// Steps at which the leader was drawn.
    drawn: u64,
    /// Deviations of the increment from its prediction, where the leader was drawn and where it was not.
    off_drawn: f64,
    off_other: f64,
}

/// Walks a setting.
pub(super) fn walks(effort: Effort) -> u64 {
    effort.pick(400, 1000, 4000)
}

/// One sample a step on `samples` orthonormal ones: the checks of its events.
pub(super) fn checks(
    context: &Context,
    prediction: &Prediction,
    eta: f64,
    (samples, activation): (usize, Activation),
) -> Result<Vec<Check>> {
    let relu = if activation == Activation::Relu { ", ReLU" } else { "" };
    let name = |what: &str| format!("m = {samples}, b = 1{relu}, R > {FAR}: {what}");
    let exact = "every step of 64 a walk; what is neglected is of order e^{−2R}, below 1e-17; rounding";
    let rise =
        Expectation::new(name("increment of R when i* is drawn, less log 1/(1−η), largest"), 0.0, exact)
            .within(1e-12);
    let fall = Expectation::new(
        name("increment of R when j ≠ i* is drawn, plus log(1 + ηp_j), largest"),
        0.0,
        exact,
    )
    .within(1e-12);
    let share = Expectation::new(
        name("share of the steps at which i* is drawn"),
        (prediction.share_drawn)(samples),
        "the draws after the first look that finds R above 20 are independent of it",
    )
    .covered(context.effort.pick(0.02, 0.01, 0.005));

    let seed = context.cell_seed(&STUDY, 12 << 32 | samples as u64);
    let dataset = Dataset::implicit_orthonormal(samples, samples + 2)?;
    let problem = Problem::new(dataset, activation, Reduction::Sum, eta)?;
    let schedule = Schedule::sgd(samples, 1, seed)?;
    let walks = walks(context.effort);
    let watched = context.each(0..walks, |replica| {
        let Some(mut walk) = Walk::new(&problem, &schedule, seed, replica)? else { return Ok(None) };
        let look = (0.5 / sgd::rate(samples, 1, eta)) as u64;
        let far = (0..400).any(|_| {
            walk.engine.advance(look);
            walk.level() > FAR
        });
        Ok(far.then(|| watch(&mut walk, &schedule, replica, prediction, eta)))
    })?;
    let watched: Vec<Watched> = watched.into_iter().flatten().collect();
    let n = watched.len() as u64 * STEPS;
    let drawn: u64 = watched.iter().map(|walk| walk.drawn).sum();
    Ok(vec![
        rise.measured(largest(watched.iter().map(|walk| walk.off_drawn)), n),
        fall.measured(largest(watched.iter().map(|walk| walk.off_other)), n),
        share.estimated(drawn as f64 / n as f64, binomial_interval(drawn, n.max(1), CHECK_LEVEL), n),
    ])
}

/// Takes [`STEPS`] steps and holds those from above [`FAR`] against the prediction.
fn watch(walk: &mut Walk, schedule: &Schedule, replica: u64, prediction: &Prediction, eta: f64) -> Watched {
    let mut watched = Watched::default();
    for _ in 0..STEPS {
        let (before, level) = (walk.engine.neurons(0).remove(0).correlations, walk.level());
        let sample = schedule.batch(replica, walk.engine.steps_taken())[0];
        walk.engine.advance(1);
        let increment = walk.level() - level;
        let leader = walk.leader(&before);
        watched.drawn += u64::from(sample == leader);
        if level <= FAR {
            continue;
        }
        if sample == leader {
            let off = (increment - (prediction.rise)(eta)).abs();
            watched.off_drawn = largest([watched.off_drawn, off]);
        } else {
            // A sample that ReLU shuts out takes no part.
            let rivals = || walk.active.iter().copied().filter(|&j| j != leader);
            let size = if rivals().any(|j| j == sample) { before[sample].abs() } else { 0.0 };
            let total: f64 = rivals().map(|j| before[j].abs()).sum();
            let off = (increment + (prediction.fall)(eta, size / total)).abs();
            watched.off_other = largest([watched.off_other, off]);
        }
    }
    watched
}
