//! Two samples in the plane: from one start, GD, cyclic SGD and random SGD on their ways to the circle of minima.

use super::super::{Context, Table};
use super::{Options, STUDY, TOLERANCE, two};
use crate::error::Result;
use crate::init::Start;
use crate::model::Activation;
use crate::schedule::Schedule;
use crate::study::trace::NeuronTrace;
use crate::study::trial::Trial;
use crate::theory;
use crate::train::{Plan, StopRule, train};

/// A start in the theorem's region, `c_0 > c_1 > 0`, somewhat inside.
const START: [f64; 2] = [0.3, 0.24];

/// Runs of random SGD.
const RANDOM: u64 = 4;

/// Coordinates `(c_0, c_1)` along the way, and the point that theory predicts where it predicts one.
pub(super) fn table(context: &Context, options: &Options) -> Result<Table> {
    let header = ["algorithm", "run", "step_size", "step", "c_0", "c_1", "limit_0", "limit_1"];
    let mut table = Table::new("plane", &header);
    let problem = two(options.step_size.unwrap_or(0.2), Activation::Linear)?;
    let start = Start::from_coordinates(problem.dataset(), START.to_vec(), 0.0, 0, 0)?;
    let random = Schedule::sgd(2, 1, context.cell_seed(&STUDY, 3 << 32))?;
    let mut ways = vec![("GD", Schedule::full_batch(2)?, 0), ("cyclic", Schedule::cyclic(2, 1)?, 0)];
    ways.extend((0..RANDOM).map(|run| ("SGD", random.clone(), run)));
    for (algorithm, schedule, run) in ways {
        let set = theory::predicted_limit(&schedule, &START, Activation::Linear).expect("both are active");
        let limit = match algorithm {
            "GD" => START.map(|c| c / START[0].hypot(START[1])),
            "cyclic" => [1.0, 0.0],
            _ => [f64::NAN; 2],
        };
        let case = Trial { problem: &problem, schedule: &schedule, start: &start, replica: run };
        let mut footprints = NeuronTrace::new(40);
        let stop = StopRule::Limit { sets: vec![set], tolerance: TOLERANCE };
        // Without a budget (beyond the threshold) the first steps are all there is to see.
        let plan = Plan { budget: case.budget(TOLERANCE), stop, check_every: 16 };
        train(&mut case.reduced()?, &plan, &mut [&mut footprints]);
        for (step, neuron) in &footprints.states {
            let [c_0, c_1] = [neuron.correlations[0], neuron.correlations[1]];
            table.push(&[&algorithm, &run, &problem.step_size(), step, &c_0, &c_1, &limit[0], &limit[1]]);
        }
    }
    Ok(table)
}
