//! Whether a run reaches its predicted limit and stays.

use crate::data::Dataset;
use crate::engine::Engine;
use crate::error::Result;
use crate::init::Start;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::schedule::{Schedule, ScheduleKind};
use crate::study::pool::Tally;
use crate::study::trial::Trial;
use crate::theory;
use crate::theory::budget::late;
use crate::train::{Plan, StopRule, train};

/// The four algorithms of the map; all under the sum reduction, so that the axis is `η_B`.
pub(super) const ALGORITHMS: [&str; 4] = ["GD", "SGD, b = 1", "SGD, b = m/2", "cyclic"];

/// A run has arrived when it comes this close to the predicted set …
pub(super) const TOLERANCE: f64 = 1e-6;
/// … and is still this close much later. Just beyond the threshold a run comes close before the instability throws
/// it out; below the threshold the distance fluctuates, by far less than this factor of 1000.
pub(super) const STILL_CLOSE: f64 = 1e-3;

/// It is looked at so many times much later, [`APART`] visits of each sample after one another: far beyond the threshold a run may be
/// chaotic, and is this close by chance in a share of up to 2e-3 of the time.
pub(super) const LOOKS: u64 = 4;
const APART: u64 = 20;

/// Bound on the probability that a run beyond the threshold counts as arrived: a chaotic one is within 1e-6 at one of 1900 looks with a
/// probability of some 4e-3, and then within 1e-3 at four looks, each as good as independent, with some 2e-11.
pub(super) const BY_CHANCE: f64 = 1e-12;

/// Times `λt` that a run of SGD has to arrive, and after which it is looked at again.
const TIMES: (f64, f64) = (160.0, 110.0);

/// Bound on the probability that a run that converges is not counted: of SGD that it is late, or has come back at one of the looks.
/// For the others it is next to nothing: cyclic batches would have to start within e^(−30) of a boundary.
pub(super) fn missed(samples: usize) -> f64 {
    late(samples, TIMES.0, TOLERANCE) + LOOKS as f64 * late(samples, TIMES.1, STILL_CLOSE / TOLERANCE)
}

/// One setting of the map.
#[derive(Clone, Copy)]
pub(super) struct Setting {
    pub algorithm: usize,
    pub norm: f64,
    pub eta: f64,
}

impl Setting {
    pub fn label(self) -> String {
        format!("{}, ‖w_0‖ = {}, η_B = {:.3}", ALGORITHMS[self.algorithm], self.norm, self.eta)
    }

    fn schedule(self, samples: usize, seed: u64) -> Result<Schedule> {
        Ok(match self.algorithm {
            0 => Schedule::full_batch(samples)?,
            1 => Schedule::sgd(samples, 1, seed)?,
            2 => Schedule::sgd(samples, samples / 2, seed)?,
            _ => Schedule::cyclic(samples, 1)?,
        })
    }

    /// How many of so many runs arrive at their predicted limit set, and are there `later` visits of each sample later.
    pub fn arrivals(self, dataset: &Dataset, replicas: u64, seed: u64, later: u64) -> Result<Tally> {
        let problem = Problem::new(dataset.clone(), Activation::Linear, Reduction::Sum, self.eta)?;
        let schedule = self.schedule(dataset.samples(), seed)?;
        let tallies = (0..replicas).map(|replica| {
            let start = Start::gaussian(dataset, self.norm, seed, replica)?;
            arrives(&Trial { problem: &problem, schedule: &schedule, start: &start, replica }, later)
        });
        Ok(tallies.collect::<Result<Vec<_>>>()?.into_iter().sum())
    }
}

fn arrives(trial: &Trial, later: u64) -> Result<Tally> {
    let Trial { problem, schedule, start, .. } = trial;
    let samples = schedule.samples() as u64;
    let Some(set) = theory::predicted_limit(schedule, &start.correlations, Activation::Linear) else {
        return Ok(Tally::of(None));
    };
    let mut engine = trial.reduced()?;
    let stop = StopRule::Limit { sets: vec![set.clone()], tolerance: TOLERANCE };
    // What the rate law asks of SGD with b = 1, the slowest; next to the threshold a radial error takes some 10⁴ steps.
    let eta = problem.step_per_sample(1).min(0.9);
    let rate = |batch: usize| theory::sgd::rate(schedule.samples(), batch, eta);
    let plan = Plan { budget: (7500 * samples).max((TIMES.0 / rate(1)) as u64), stop, check_every: 32 };
    let mut tally = Tally::of(Some(&train(&mut engine, &plan, &mut []).0[0]));
    // Chance may bring a run of SGD back for a while; the others know none.
    let back = if schedule.kind() == ScheduleKind::Sgd { TIMES.1 / rate(schedule.batch_size()) } else { 0.0 };
    engine.advance((later * samples).max(back as u64));
    for _ in 0..LOOKS {
        tally.hits *= u64::from(set.distance(&engine.neurons(0)[0]) <= STILL_CLOSE);
        engine.advance(APART * samples);
    }
    Ok(tally)
}
