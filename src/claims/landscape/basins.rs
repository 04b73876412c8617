//! Where descent goes from next to the points without projection, and from the dead region.

use super::{Prediction, SADDLE, SPURIOUS};
use crate::data::{Dataset, norm};
use crate::engine::Engine;
use crate::error::Result;
use crate::init::Start;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;
use crate::study::trial::{Trial, go_on};
use crate::study::{Context, Lab, Part};
use crate::train::Outcome;
use crate::verdict::Register;

/// Descent from beside the saddle, from beside the spurious minimum, and from the dead region.
pub(super) fn descents(
    context: &Context,
    dataset: &Dataset,
    prediction: &Prediction,
    register: &mut Register,
) -> Part {
    let m = dataset.samples();
    // The loss after thousands of steps, of which only the last few hundred roundings are not contracted.
    let tolerance = 256.0 * context.compute.precision().unit_roundoff();
    let name = "GD from beside the saddle: final loss";
    let why = "it is strict, so descent leaves";
    let leaves = register.expect(name, (prediction.minimum_loss)(m), why).within(tolerance);
    let mut control = |name: &str, predicted: f64, why: &str, tolerance: f64| {
        register.expect(name, predicted, why).control().within(tolerance)
    };
    let blank = prediction.blank_loss;
    let stays = control("GD from beside the spurious minimum: final loss", blank, "it attracts", tolerance);
    let kept = prediction.residual_kept.sqrt();
    let keeps = control("… with the residual left almost as it was", kept, "decay by Σ μ c² only", 1e-3);
    let name = "the dead ReLU region: final loss, outcome dead";
    let dies = control(name, blank, "nothing is reconstructed", tolerance);
    let name = "the dead ReLU region: distance moved in 100 steps";
    let rests = control(name, prediction.dead_movement, "the gradient is exactly 0, not small", 0.0);
    let dataset = dataset.clone();
    Box::new(move |lab, findings| {
        // Uneven, and of norm 0.01 whatever m.
        let uneven: Vec<f64> = (0..m).map(|i| 1.0 + i as f64).collect();
        let weak: Vec<f64> = uneven.iter().map(|c| 0.01 * c / norm(&uneven)).collect();
        let negative = weak.iter().map(|c| -c).collect();
        let left = descend(lab, &dataset, SADDLE, weak.clone(), Activation::Linear)?;
        let caught = descend(lab, &dataset, SPURIOUS, weak, Activation::Linear)?;
        let dead = descend(lab, &dataset, 0.3, negative, Activation::Relu)?;
        let if_dead = |value: f64| if dead.outcome == Outcome::Dead { value } else { f64::NAN };
        findings.checks.extend([
            leaves.measured(left.loss, 1),
            stays.measured(caught.loss, 1),
            keeps.measured(caught.residual, 1),
            dies.measured(if_dead(dead.loss), 1),
            rests.measured(if_dead(dead.moved), 1),
        ]);
        Ok(())
    })
}

/// Where a descent ended.
struct End {
    outcome: Outcome,
    loss: f64,
    residual: f64,
    moved: f64,
}

/// Full-batch descent of the Burn model from given correlations and squared residual, 3000 steps, and 100 more.
fn descend(
    lab: &Lab,
    dataset: &Dataset,
    residual_sq: f64,
    c0: Vec<f64>,
    activation: Activation,
) -> Result<End> {
    let problem = Problem::new(dataset.clone(), activation, Reduction::Sum, 0.2)?;
    let schedule = Schedule::full_batch(dataset.samples())?;
    let start = Start::from_coordinates(dataset, c0, residual_sq.sqrt(), 5, 0)?;
    let case = Trial { problem: &problem, schedule: &schedule, start: &start, replica: 0 };
    let mut engine = case.autodiff(&lab.compute)?;
    let before = engine.weights(0)?;
    let run = case.run_for(&mut engine, 3000);
    // The loop stops a dead run at once: make it go on all the same.
    go_on(&mut engine, 100)?;
    let moved = engine.weights(0)?.iter().zip(&before).map(|(a, b)| a - b).collect::<Vec<_>>();
    let residual = engine.neurons(0)[0].residual;
    Ok(End { outcome: run.outcome, loss: run.loss, residual, moved: norm(&moved) })
}
