//! Runs of SGD along which `A` is summed, to their winners.

use crate::engine::Engine;
use crate::error::Result;
use crate::init::Start;
use crate::schedule::Schedule;
use crate::state::Neuron;
use crate::study::Lab;
use crate::study::ensemble::{Ensemble, lead};
use crate::vectors::{norm, participation_ratio, unit};

/// Replicas of a task.
const BLOCK: u64 = 64;

/// Time `κt` between looks at the larger step size; at the smaller it is half of it. The sum over looks is the trapezoidal rule.
const LOOK: f64 = 0.04;

/// Sum of the others over the leader at which a run counts as decided: another end has a probability below it.
const DECIDED: f64 = 1e-3;

/// Where `A` is stopped: `e^{A/2}` has no fourth moment, and stopped here it is below 4.6. Few runs come so far.
const STOP: f64 = 3.0;

/// Time at which the martingale is looked at before the end.
pub(super) const EARLY: f64 = 0.7;

/// Time after which a run is given up.
const LATE: f64 = 300.0;

/// What a run came to.
#[derive(Clone, Debug)]
pub(super) struct Ended {
    /// `e^{A/2} |c_j|/‖c‖` at the first look from `τ = 0.7` on, `[m]`.
    pub early: Vec<f64>,
    /// The same where the run was decided, or where `A` reached its stop before.
    pub stopped: Vec<f64>,
    pub winner: usize,
    /// `A` at the end, not stopped.
    pub area: f64,
}

/// A run under way.
struct Walk {
    area: f64,
    impurity: f64,
    early: Option<Vec<f64>>,
    stopped: Option<Vec<f64>>,
}

/// `1 − Σp²`.
fn impurity(neuron: &Neuron) -> f64 {
    1.0 - 1.0 / participation_ratio(&neuron.correlations)
}

impl Walk {
    fn new(neuron: &Neuron) -> Self {
        Self { area: 0.0, impurity: impurity(neuron), early: None, stopped: None }
    }

    /// Takes in a look after the time `between`, at the time `now`; what came of the run, if it is decided.
    fn look(&mut self, neuron: &Neuron, between: f64, now: f64) -> Option<Ended> {
        let impurity = impurity(neuron);
        self.area += 0.5 * between * (self.impurity + impurity);
        self.impurity = impurity;
        let (winner, others) = lead(neuron);
        let is_decided = others < DECIDED;
        let factor = (0.5 * self.area).exp() / norm(&neuron.correlations);
        let weighted = || neuron.correlations.iter().map(|c| factor * c.abs()).collect();
        if self.early.is_none() && now >= EARLY {
            self.early = Some(weighted());
        }
        if self.stopped.is_none() && (is_decided || self.area >= STOP) {
            self.stopped = Some(weighted());
        }
        match (&self.early, &self.stopped) {
            (Some(early), Some(stopped)) if is_decided => {
                Some(Ended { early: early.clone(), stopped: stopped.clone(), winner, area: self.area })
            }
            _ => None,
        }
    }
}

/// So many runs under a schedule from `c` on the unit sphere, with the time `rate` a step; a run that is not decided is in no list.
pub(super) fn follow(
    lab: &Lab,
    schedule: Schedule,
    step_per_sample: f64,
    rate: f64,
    c: &[f64],
    replicas: u64,
) -> Result<Vec<Ended>> {
    // A quarter of the rate, half of the time between looks.
    let every = (LOOK * step_per_sample / (LARGEST_STEP * rate)).round().max(1.0);
    let ensemble = Ensemble::new(schedule, step_per_sample, every, LATE / rate)?;
    let start = ensemble.start(&unit(c), 0.0)?;
    let blocks = lab.each((0..replicas).step_by(BLOCK as usize), |first| {
        let count = BLOCK.min(replicas - first) as usize;
        block(&ensemble, &vec![start.clone(); count], first, (every as u64, rate, LATE))
    })?;
    Ok(blocks.concat())
}

/// The larger of the usual step sizes.
pub(super) const LARGEST_STEP: f64 = 0.2;

fn block(
    ensemble: &Ensemble,
    starts: &[Start],
    first: u64,
    (every, rate, late): (u64, f64, f64),
) -> Result<Vec<Ended>> {
    let mut engine = ensemble.engine(starts, first)?;
    let mut walks: Vec<(usize, Walk)> =
        (0..starts.len()).map(|replica| (replica, Walk::new(&engine.neurons(replica)[0]))).collect();
    let mut ended = Vec::new();
    while !walks.is_empty() && engine.steps_taken() as f64 * rate < late {
        engine.advance(every);
        let now = engine.steps_taken() as f64 * rate;
        walks.retain_mut(|(replica, walk)| {
            let end = walk.look(&engine.neurons(*replica)[0], every as f64 * rate, now);
            let is_running = end.is_none();
            if let Some(end) = end {
                engine.retire(*replica);
                ended.push(end);
            }
            is_running
        });
    }
    Ok(ended)
}
