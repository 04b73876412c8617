//! Two samples in the plane: from one start, GD, cyclic SGD and random SGD on their ways to the circle of minima.

use serde::{Deserialize, Serialize};

use super::theorem::two;
use super::{Options, STUDY, TOLERANCE};
use crate::error::Result;
use crate::init::Start;
use crate::model::Activation;
use crate::schedule::Schedule;
use crate::study::trace::NeuronTrace;
use crate::study::trial::Trial;
use crate::study::{Lab, Row, Table};
use crate::theory;
use crate::train::{Plan, StopRule, train};

/// A start in the theorem's region, `c_0 > c_1 > 0`, somewhat inside.
const START: [f64; 2] = [0.3, 0.24];

/// Runs of random SGD.
const RANDOM: u64 = 4;

/// Coordinates at one step, and the point that theory predicts as the limit; NaN where it predicts none.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct InPlane {
    pub algorithm: String,
    pub run: u64,
    pub step_size: f64,
    pub step: u64,
    pub c_0: f64,
    pub c_1: f64,
    pub limit_0: f64,
    pub limit_1: f64,
}

impl Row for InPlane {
    const TABLE: &'static str = "plane";
}

/// The ways of GD, cyclic SGD and several runs of random SGD.
pub(super) fn table(lab: &Lab, options: &Options) -> Result<Table> {
    let random = Schedule::sgd(2, 1, lab.cell_seed(&STUDY, 3 << 32))?;
    let mut ways = vec![("GD", Schedule::full_batch(2)?, 0), ("cyclic", Schedule::cyclic(2, 1)?, 0)];
    ways.extend((0..RANDOM).map(|run| ("SGD", random.clone(), run)));
    let rows = lab.each(&ways, |(algorithm, schedule, run)| way(options, algorithm, schedule, *run))?;
    Ok(Table::of(rows.into_iter().flatten()))
}

/// One way.
fn way(options: &Options, algorithm: &str, schedule: &Schedule, run: u64) -> Result<Vec<InPlane>> {
    let problem = two(options.step_size.unwrap_or(0.2), Activation::Linear)?;
    let start = Start::from_coordinates(problem.dataset(), START.to_vec(), 0.0, 0, 0)?;
    let set = theory::predicted_limit(schedule, &START, Activation::Linear).expect("both are active");
    let limit = match algorithm {
        "GD" => START.map(|c| c / START[0].hypot(START[1])),
        "cyclic" => [1.0, 0.0],
        _ => [f64::NAN; 2],
    };
    let trial = Trial { problem: &problem, schedule, start: &start, replica: run };
    let mut trace = NeuronTrace::new(40);
    let stop = StopRule::Limit { sets: vec![set], tolerance: TOLERANCE };
    // Without a budget (beyond the threshold) the first steps are all there is to see.
    let plan = Plan { budget: trial.budget(TOLERANCE), stop, check_every: 16 };
    train(&mut trial.reduced()?, &plan, &mut [&mut trace]);
    let row = |(step, neuron): &(u64, crate::state::Neuron)| InPlane {
        algorithm: algorithm.into(),
        run,
        step_size: problem.step_size(),
        step: *step,
        c_0: neuron.correlations[0],
        c_1: neuron.correlations[1],
        limit_0: limit[0],
        limit_1: limit[1],
    };
    Ok(trace.states.iter().map(row).collect())
}
