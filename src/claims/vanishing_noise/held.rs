//! What the ends of both algorithms are held to.

use super::Prediction;
use super::draw::{Arrival, Draw, MIXED};
use super::ends::Ends;
use crate::study::Context;
use crate::theory::budget::MISS;
use crate::theory::landscape;
use crate::vectors::{largest, smallest};
use crate::verdict::{Always, Check, Equality, OneSided, Register};

pub(super) struct Held {
    at_datapoints: Equality,
    closed_form: Equality,
    noise: Equality,
    sgd: Always,
    gd_from_sgd: Equality,
    least_noise: OneSided,
    gd_from_mixture: Equality,
}

impl Held {
    pub fn new(
        context: &Context,
        draws: &[Draw],
        step_size: f64,
        prediction: &Prediction,
        register: &mut Register,
    ) -> Self {
        let precision = context.compute.precision();
        let arrival @ Arrival { gd, sgd, .. } = Arrival::of(precision);
        // A few roundings of numbers of size 1.
        let tolerance = 64.0 * precision.unit_roundoff();
        let rounding = "rounding of numbers of size 1";
        // At a_i the closed form −c_i a_i + c_i² w is the sum of its coefficients along a_i.
        let (of_row, of_w) = (prediction.sample_gradient)(1.0);
        let at_datapoints = register
            .expect("largest sample gradient at a datapoint", (of_row + of_w).abs(), rounding)
            .within(tolerance);
        let name = "sample gradients at w_GD: largest deviation from −c_i a_i + c_i² w";
        let closed_form = register.expect(name, 0.0, rounding).within(tolerance);
        // The closed form holds at the minimum: the distance to it counts too.
        let name = "noise at w_GD: largest deviation of Σ ‖∇ℓ_i‖² from Σ (c_i² − c_i⁴)";
        let noise = register.expect(name, 0.0, rounding).within(tolerance + 8.0 * gd);
        let runs = (context.effort.pick(0.2, 0.6, 0.9), draws.len() as u64);
        let stays = stays(arrival, step_size, runs, register);
        let name = "GD from where SGD ended: largest movement in 300 steps";
        let gd_from_sgd = register.expect(name, prediction.gd_moves, rounding).within(2.0 * sgd);
        let name = "smallest noise at w_GD, (Σ ‖∇ℓ_i‖²)^½";
        let why = format!(
            "starts are drawn until Σ (α_i² − α_i⁴) ≥ {MIXED}, of which this is the root, less a twentieth"
        );
        let least_noise = register.expect(name, 0.95 * MIXED.sqrt(), why).control().at_least();
        let name = "GD from where GD ended: largest movement in 300 steps";
        let why = "without noise the mixture is a fixed point too";
        let gd_from_mixture = register.expect(name, prediction.gd_moves, why).control().within(2.0 * gd);
        Self { at_datapoints, closed_form, noise, sgd: stays, gd_from_sgd, least_noise, gd_from_mixture }
    }

    pub fn judge(self, runs: &[Ends]) -> [Check; 7] {
        let n = runs.len() as u64;
        let worst = |of: fn(&Ends) -> f64| largest(runs.iter().map(of));
        [
            self.at_datapoints.measured(worst(|run| run.at_datapoints), n),
            self.closed_form.measured(worst(|run| run.mixture.off_closed_form), n),
            self.noise.measured(worst(|run| run.mixture.noise_off), n),
            self.sgd.counted(runs.iter().filter(|run| run.stays).count() as u64, n),
            self.gd_from_sgd.measured(worst(|run| run.gd_from_sgd), n),
            self.least_noise.measured(smallest(runs.iter().map(|run| run.mixture.noise)), n),
            self.gd_from_mixture.measured(worst(|run| run.gd_from_mixture), n),
        ]
    }
}

/// SGD ends in a datapoint and stays by it, in every one of so many runs.
fn stays(arrival: Arrival, step_size: f64, (least, runs): (f64, u64), register: &mut Register) -> Always {
    let Arrival { time, factor, .. } = arrival;
    let strays = landscape::straying(factor, time, step_size);
    let why = format!(
        "training the Burn model; {time}/λ steps after it has arrived a run is {factor:.0e} times as far from the datapoint with \
         a probability below {strays:.0e}, by the moments of the rivals' growth"
    );
    let name = "SGD (b = 1) from where GD ended: runs that end in a datapoint and stay by it";
    register.expect(name, 1.0, why).always(least, MISS + strays, runs)
}
