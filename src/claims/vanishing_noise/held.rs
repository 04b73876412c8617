//! What the ends of both algorithms are held to.

use super::Prediction;
use super::draw::{Arrival, Draw};
use super::ends::Ends;
use crate::device::Precision;
use crate::study::Effort;
use crate::theory::budget::MISS;
use crate::theory::landscape;
use crate::vectors::{largest, smallest};
use crate::verdict::{Check, Equality, Register};

/// Judges a check by what the draws came to.
pub(super) type Judge = Box<dyn FnOnce(&[Ends]) -> Check>;

/// The largest of a number over all draws.
fn worst(expected: Equality, of: fn(&Ends) -> f64) -> Judge {
    Box::new(move |runs| expected.measured(largest(runs.iter().map(of)), runs.len() as u64))
}

/// Sample gradients at datapoints, and where GD ended.
pub(super) fn gradients(
    prediction: &Prediction,
    precision: Precision,
    register: &mut Register,
) -> [Judge; 3] {
    // A few roundings of numbers of size 1.
    let tolerance = 64.0 * precision.unit_roundoff();
    let why = "rounding of numbers of size 1";
    let mut check = |name: &str, predicted: f64, tolerance: f64, of: fn(&Ends) -> f64| {
        worst(register.expect(name, predicted, why).within(tolerance), of)
    };
    // At a_i the closed form −c_i a_i + c_i² w is the sum of its coefficients along a_i.
    let (of_row, of_w) = (prediction.sample_gradient)(1.0);
    [
        check("largest sample gradient at a datapoint", (of_row + of_w).abs(), tolerance, |run| {
            run.at_datapoints
        }),
        check(
            "sample gradients at w_GD: largest deviation from −c_i a_i + c_i² w",
            0.0,
            tolerance,
            |run| run.mixture.off_closed_form,
        ),
        check(
            "noise at w_GD: largest deviation of Σ ‖∇ℓ_i‖² from Σ (c_i² − c_i⁴)",
            0.0,
            // The closed form holds at the minimum: the distance to it counts too.
            tolerance + 8.0 * Arrival::of(precision).gd,
            |run| run.mixture.noise_off,
        ),
    ]
}

/// SGD leaves the mixture for a datapoint, by which it stays; GD moves from neither.
pub(super) fn movements(
    draws: &[Draw],
    prediction: &Prediction,
    step_size: f64,
    (effort, precision): (Effort, Precision),
    register: &mut Register,
) -> [Judge; 4] {
    let Arrival { gd, sgd, time, factor } = Arrival::of(precision);
    let strays = landscape::straying(factor, time, step_size);
    let why = format!(
        "training the Burn model; {time}/λ steps after it has arrived a run is {factor:.0e} times as far from the datapoint with \
         a probability below {strays:.0e}, by the moments of the rivals' growth"
    );
    let name = "SGD (b = 1) from where GD ended: runs that end in a datapoint and stay by it";
    let least = effort.pick(0.6, 0.75, 0.9);
    let stays = register.expect(name, 1.0, why).always(least, MISS + strays, draws.len() as u64);
    let name = "GD from where SGD ended: largest movement in 300 steps";
    let why = "rounding of numbers of size 1";
    let from_sgd = register.expect(name, prediction.gd_moves, why).within(2.0 * sgd);
    let noises = draws.iter().map(|draw| (prediction.noise)(&draw.active()).sqrt());
    let why = "the closed form at the mixtures of these starts, of which none is next to a datapoint, less a twentieth";
    let name = "smallest noise at w_GD, (Σ ‖∇ℓ_i‖²)^½";
    let noise = register.expect(name, 0.95 * smallest(noises), why).control().at_least();
    let name = "GD from where GD ended: largest movement in 300 steps";
    let why = "without noise the mixture is a fixed point too";
    let from_mixture = register.expect(name, prediction.gd_moves, why).control().within(2.0 * gd);
    [
        Box::new(|runs| stays.counted(runs.iter().filter(|run| run.stays).count() as u64, runs.len() as u64)),
        worst(from_sgd, |run| run.gd_from_sgd),
        Box::new(|runs| {
            noise.measured(smallest(runs.iter().map(|run| run.mixture.noise)), runs.len() as u64)
        }),
        worst(from_mixture, |run| run.gd_from_mixture),
    ]
}
