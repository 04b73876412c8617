//! Where runs are lost, by bisection: the threshold of the step size, and the residual at which GD ends at the spurious minimum.

use super::arrival::{ALGORITHMS, Setting, missed};
use super::{Prediction, STUDY};
use crate::data::Dataset;
use crate::engine::Engine;
use crate::error::Result;
use crate::init::Start;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;
use crate::study::trial::Trial;
use crate::study::{Context, Effort, Lab, Part};
use crate::verdict::Register;

/// Visits of each sample after which an arrival next to the threshold is looked at again. A run that is not random comes closer than it has
/// to before it turns: to the last bit, from which an error grows to a thousandth in 8000 visits if `η_B` is beyond the threshold by 0.001.
const MUCH_LATER: u64 = 8000;

/// Step size and norm with which GD is followed to the spurious minimum.
const SLOW: f64 = 5e-4;
const NORMS: [f64; 3] = [1.5, 1.8, 3.0];

fn seeds(effort: Effort) -> u64 {
    effort.pick(6, 20, 40)
}

/// What is run, in words.
pub(super) fn told(context: &Context) -> String {
    format!(
        "The threshold is found by bisection for each algorithm, with {} seeds of its own from ‖w_0‖ = 0.5. So is the residual at which GD \
         is lost to the spurious minimum, with m = 3, n = 5 and one direction a norm. Control: beyond the threshold nothing may arrive.",
        seeds(context.effort)
    )
}

/// The step size at which half of the runs from norm 1/2 arrive, algorithm by algorithm.
pub(super) fn thresholds(dataset: &Dataset, prediction: &Prediction, register: &mut Register) -> Part {
    let why = "bisection to 1e-3; closer to the threshold than 0.002 an error takes longer to shrink, or to grow, than one waits; farther off \
               half of the runs would have to miss";
    let held = ALGORITHMS.map(|algorithm| {
        let name = format!("{algorithm}: step size at which half of the runs arrive");
        register.expect(name, prediction.threshold, why).chance(missed(dataset.samples())).within(0.003)
    });
    let dataset = dataset.clone();
    Box::new(move |lab, findings| {
        let measured = lab.each(0..ALGORITHMS.len(), |algorithm| threshold(lab, &dataset, algorithm))?;
        let judged = held.into_iter().zip(measured);
        findings.checks.extend(judged.map(|(check, at)| check.measured(at, seeds(lab.effort))));
        Ok(())
    })
}

fn threshold(lab: &Lab, dataset: &Dataset, algorithm: usize) -> Result<f64> {
    let (replicas, seed) = (seeds(lab.effort), lab.cell_seed(&STUDY, 1 << 32 | algorithm as u64));
    bisect((0.3, 0.8), 1e-3, |eta| {
        let setting = Setting { algorithm, norm: 0.5, eta };
        Ok(Some(2 * setting.arrivals(dataset, replicas, seed, MUCH_LATER)?.hits < replicas))
    })
}

/// The share `s_0²/ρ²` of the residual beyond which GD with small steps ends at the spurious minimum, norm by norm.
pub(super) fn captures(prediction: &Prediction, register: &mut Register) -> Part {
    let held = NORMS.map(|norm| {
        let name = format!("GD, ‖w_0‖ = {norm}, μ = {SLOW}: residual s_0²/‖w_0‖² from which it is lost");
        let predicted = (prediction.captured_from)(norm) / (norm * norm);
        // The flow is the limit of small steps: what is left is of the order of μ N.
        let why = "bisection to 1e-4; discretisation moves it by the order of μ‖w_0‖²";
        register.expect(name, predicted, why).within(1e-3)
    });
    Box::new(move |lab, findings| {
        let dataset = Dataset::implicit_orthonormal(3, 5)?;
        let problem = Problem::new(dataset, Activation::Linear, Reduction::Sum, SLOW)?;
        let measured =
            lab.each(NORMS, |norm| bisect((0.0, 1.0 - 1e-9), 1e-4, |share| is_lost(&problem, norm, share)))?;
        let judged = held.into_iter().zip(measured);
        findings.checks.extend(judged.map(|(check, at)| check.measured(at, 1)));
        Ok(())
    })
}

/// Whether GD from this norm and share of the residual ends at the spurious minimum; `None` if two million steps do not decide it.
fn is_lost(problem: &Problem, norm: f64, share: f64) -> Result<Option<bool>> {
    let along = norm * ((1.0 - share) / 14.0).sqrt();
    let correlations = vec![along, 2.0 * along, -3.0 * along];
    let start = Start::from_coordinates(problem.dataset(), correlations, norm * share.sqrt(), 1, 0)?;
    let schedule = Schedule::full_batch(3)?;
    let trial = Trial { problem, schedule: &schedule, start: &start, replica: 0 };
    let mut engine = trial.reduced()?;
    // A run near the boundary lingers at N = 2, Πw = 0: no verdict before it has left that place.
    for _ in 0..2000 {
        engine.advance(1000);
        let at = engine.neurons(0).remove(0);
        let along_sq: f64 = at.correlations.iter().map(|c| c * c).sum();
        if at.norm_sq < 1.9 || along_sq < 1e-9 {
            return Ok(Some(at.norm_sq >= 2.0));
        }
    }
    Ok(None)
}

/// Where what is lost begins, to so many digits; NaN where it cannot be told: no number at all rather than a guess.
fn bisect(
    (mut low, mut high): (f64, f64),
    digits: f64,
    is_lost: impl Fn(f64) -> Result<Option<bool>>,
) -> Result<f64> {
    while high - low > digits {
        let middle = 0.5 * (low + high);
        match is_lost(middle)? {
            Some(true) => high = middle,
            Some(false) => low = middle,
            None => return Ok(f64::NAN),
        }
    }
    Ok(0.5 * (low + high))
}
