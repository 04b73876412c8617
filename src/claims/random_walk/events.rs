//! Event by event, far out: how far R moves when the leader is drawn, and when another sample is.

use super::active::Active;
use super::steps::FAR;
use super::{Prediction, STUDY};
use crate::data::Dataset;
use crate::engine::{Engine, Reduced};
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;
use crate::stats::{CHECK_LEVEL, binomial_interval};
use crate::study::replicas::Replicas;
use crate::study::{Context, Effort, Part};
use crate::theory::sgd;
use crate::vectors::largest;
use crate::verdict::Register;

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
    effort.pick(400, 1000, 2000)
}

/// One sample a step on `samples` orthonormal ones: every event is held against its prediction, and their frequency.
pub(super) fn part(
    context: &Context,
    prediction: &Prediction,
    eta: f64,
    (samples, activation): (usize, Activation),
    register: &mut Register,
) -> Part {
    let relu = if activation == Activation::Relu { ", ReLU" } else { "" };
    let name = |what: &str| format!("m = {samples}, b = 1{relu}, R > {FAR}: {what}");
    let exact = "every step of 64 a walk; what is neglected is of order e^{−2R}, below 1e-17; rounding";
    let mut off = |what: &str| register.expect(name(what), 0.0, exact).within(1e-12);
    let rise = off("increment of R when i* is drawn, less log 1/(1−η), largest");
    let fall = off("increment of R when j ≠ i* is drawn, plus log(1 + ηp_j), largest");
    let why = "the draws after the first look that finds R above 20 are independent of it";
    let share = register.expect(
        name("share of the steps at which i* is drawn"),
        (prediction.share_drawn)(samples, 1),
        why,
    );
    let share = share.covered(context.effort.pick(0.02, 0.01, 0.0071));
    let prediction = prediction.clone();
    Box::new(move |lab, findings| {
        let seed = lab.cell_seed(&STUDY, 12 << 32 | samples as u64);
        let dataset = Dataset::implicit_orthonormal(samples, samples + 2)?;
        let problem = Problem::new(dataset, activation, Reduction::Sum, eta)?;
        let replicas = Replicas { problem, schedule: Schedule::sgd(samples, 1, seed)?, init_norm: 0.5, seed };
        let look = (0.5 / sgd::rate(samples, 1, eta)) as u64;
        let watched = replicas.each(lab, walks(lab.effort), |replica, start, engine| {
            let active = Active::of(start, activation)?;
            let far = (0..400).any(|_| {
                engine.advance(look);
                active.level(&engine.neurons(0)[0]) > FAR
            });
            far.then(|| {
                watch(engine, &active, |step| replicas.schedule.batch(replica, step)[0], &prediction, eta)
            })
        })?;
        let watched: Vec<Watched> = watched.into_iter().flatten().collect();
        let n = watched.len() as u64 * STEPS;
        let drawn: u64 = watched.iter().map(|walk| walk.drawn).sum();
        let interval = binomial_interval(drawn, n.max(1), CHECK_LEVEL);
        findings.checks.extend([
            rise.measured(largest(watched.iter().map(|walk| walk.off_drawn)), n),
            fall.measured(largest(watched.iter().map(|walk| walk.off_other)), n),
            share.estimated(drawn as f64 / n as f64, interval, n),
        ]);
        Ok(())
    })
}

/// Takes [`STEPS`] steps and holds those from above [`FAR`] against the prediction.
fn watch(
    engine: &mut Reduced,
    active: &Active,
    sample: impl Fn(u64) -> usize,
    prediction: &Prediction,
    eta: f64,
) -> Watched {
    let mut watched = Watched::default();
    for _ in 0..STEPS {
        let (neuron, sample) = (engine.neurons(0).remove(0), sample(engine.steps_taken()));
        engine.advance(1);
        let (level, before) = (active.level(&neuron), neuron.correlations);
        let increment = active.level(&engine.neurons(0)[0]) - level;
        let leader = active.leader(&before);
        watched.drawn += u64::from(sample == leader);
        if level <= FAR {
            continue;
        }
        if sample == leader {
            let off = (increment - (prediction.rise)(eta)).abs();
            watched.off_drawn = largest([watched.off_drawn, off]);
        } else {
            // A sample that ReLU shuts out takes no part.
            let losers = active.losers(&before);
            let size = if losers.contains(&sample) { before[sample].abs() } else { 0.0 };
            let total: f64 = losers.iter().map(|&j| before[j].abs()).sum();
            let off = (increment + (prediction.fall)(eta, size / total)).abs();
            watched.off_other = largest([watched.off_other, off]);
        }
    }
    watched
}
