//! The odds of two samples from the mean steps of what they are linear in: an estimator whose variance is smaller than that of counting by the square of the
//! step size.

use super::{Lab, Study};
use crate::error::Result;
use crate::schedule::Schedule;
use crate::update::Momentum;

/// Walks that a task makes.
const BLOCK: u64 = 500;

/// Walks of `(w, v)` in the coordinates along two orthonormal samples, one a step, linear model, from rest.
///
/// With a law `h` of the point `y` to which `w` flies freely, `w` itself without momentum, `Σ_t (h(y_{t+1}) − E[h(y_{t+1}) | w_t, v_t])` is a martingale.
/// So `Σ_t E[h(y_{t+1}) − h(y_t) | w_t, v_t]`, the sum over both draws of each step halved, has the mean `E h(y_T) − h(y_0)` (optional stopping: `h` is bounded, and `T` has a
/// finite mean). That is short of the deviation of the odds by the mean deviation where walks end, `E[P(y_T) − h(y_T)]`, of relative order `e^{−D}`, `D` their log-ratio there. The nearer `h` is to the odds, the smaller the variance.
pub(crate) struct MeanSteps {
    pub momentum: Momentum,
    /// The odds of the first sample for small steps, from a direction.
    pub law: fn([f64; 2]) -> f64,
    /// `ε = η/(1 − β)`.
    pub effective_step: f64,
    /// Log-ratio `|log(|y_1|/|y_2|)|` at which a walk ends.
    pub far: f64,
}

impl MeanSteps {
    /// The sums of so many walks from `w`, in their order.
    ///
    /// # Errors
    /// None for the one schedule that it makes.
    pub fn sums(&self, lab: &Lab, study: &Study, start: [f64; 2], walks: u64, cell: u64) -> Result<Vec<f64>> {
        let schedule = Schedule::sgd(2, 1, lab.cell_seed(study, cell))?;
        let blocks = lab.each((0..walks).step_by(BLOCK as usize), |first| {
            let walk = |replica| self.sum(start, &schedule, replica);
            Ok((first..walks.min(first + BLOCK)).map(walk).collect::<Vec<f64>>())
        })?;
        Ok(blocks.concat())
    }

    fn sum(&self, start: [f64; 2], schedule: &Schedule, replica: u64) -> f64 {
        let Momentum { decay, gradient_weight, velocity_weight } = self.momentum;
        let step = self.effective_step * (1.0 - decay);
        let ahead = step * velocity_weight / (1.0 - decay);
        let (mut w, mut v, mut total) = (start, [0.0; 2], 0.0);
        let mut batches = schedule.stream(replica);
        let far = self.far.exp();
        loop {
            let y = [w[0] - ahead * v[0], w[1] - ahead * v[1]];
            if y[0].abs() > far * y[1].abs() || y[1].abs() > far * y[0].abs() {
                return total;
            }
            let ahead_of = |g: [f64; 2]| {
                (self.law)([y[0] - self.effective_step * g[0], y[1] - self.effective_step * g[1]])
            };
            total += 0.5 * (ahead_of(gradient(w, 0)) + ahead_of(gradient(w, 1))) - (self.law)(y);
            let g = gradient(w, batches.next_batch()[0]);
            for k in 0..2 {
                w[k] -= step * (gradient_weight * g[k] + velocity_weight * v[k]);
                v[k] = decay * v[k] + g[k];
            }
        }
    }
}

/// Gradient of the loss of one of two orthonormal samples, `c_i² w + (N − 2) c_i e_i`.
fn gradient(w: [f64; 2], sample: usize) -> [f64; 2] {
    let (c, pull) = (w[sample], w[0] * w[0] + w[1] * w[1] - 2.0);
    let mut g = w.map(|w| c * c * w);
    g[sample] += pull * c;
    g
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Mean;
    use crate::theory::selection::{self, Chain};
    use crate::update::Rule;

    /// Thirty standard errors from the law of small steps, and as good as none from the chain.
    #[test]
    fn mean_steps_add_up_to_what_the_solved_chain_is_beside_the_law() {
        let (effective_step, angle) = (0.37, 0.41f64);
        let start = [angle.sin(), angle.cos()];
        let mean_steps = MeanSteps {
            momentum: Rule::Sgd.momentum().unwrap(),
            law: selection::pair,
            effective_step,
            far: 11.5,
        };
        let schedule = Schedule::sgd(2, 1, 5).unwrap();
        let seen: Mean = (0..4000).map(|replica| mean_steps.sum(start, &schedule, replica)).collect();
        let exact = Chain::new(effective_step).probability(start) - selection::pair(start);
        assert!((seen.mean - exact).abs() < 3.5 * seen.sem, "{seen:?}, exactly {exact}");
        assert!(seen.mean.abs() > 25.0 * seen.sem, "{seen:?}");
    }
}
