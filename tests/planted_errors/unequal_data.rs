//! Wrong theories of `unequal_data`, each of which turns the checks that it is about.

use puremix::claims::unequal_data::Prediction;
use puremix::theory::unequal::{self, Unequal};

use super::planted;

#[test]
fn every_check_can_fail() {
    let planted = planted!(unequal_data);
    let right = Prediction::default();
    let changes = "drift of log|u_1/u_0| near sample 0 changes its sign";
    // A run of the protocol sees errors of several kinds, each about checks of its own. Thresholds of the weights at a larger step size, above those that
    // hold. The fall to leading order. Odds of equal data that exceed the law.
    let high = |problem: &Unequal, i: usize| {
        let factor = if problem.norms_sq.iter().all(|n| *n == 1.0) { 1.7 } else { 1.0 };
        Unequal { step_size: factor * problem.step_size, ..problem.clone() }.can_be_limit(i)
    };
    let drift = |problem: &Unequal, i: usize, j: usize| {
        let Unequal { norms_sq: n, shares: q, step_size } = problem;
        step_size * (q[j] * n[j] - q[i] * n[i])
    };
    let tilted = |u: [f64; 2]| unequal::arcsine(u, 0.8);
    planted.turns_only(
        Prediction { can_be_limit: high, drift, equal_odds: tilted, ..right.clone() },
        &[
            "that stay with",
            changes,
            "in which no run from a random start ends",
            "mean fall",
            "exceeds the odds of equal data",
        ],
    );
    // Thresholds of a smaller step size, below. Odds of equal data.
    let low = |problem: &Unequal, i: usize| {
        Unequal { step_size: 0.5 * problem.step_size, ..problem.clone() }.can_be_limit(i)
    };
    let equal = |u: [f64; 2], _, far| unequal::arcsine_stopped(u, 0.0, far);
    planted.turns_only(
        Prediction { can_be_limit: low, odds: equal, ..right.clone() },
        &["that leave a sample", changes, "against I_p"],
    );
    // Thresholds of the weights to leading order, which runs that come to their ends tell from the right ones only where the step size is sought. Odds of the other
    // sign. The mixture of full batches on equal data.
    let leading = |problem: &Unequal, i: usize| {
        let Unequal { norms_sq, shares: q, step_size } = problem;
        let are_equal = norms_sq.iter().all(|n| *n == 1.0);
        if are_equal { q.iter().all(|q_j| *q_j < (1.0 + step_size) * q[i]) } else { problem.can_be_limit(i) }
    };
    let opposite = |u: [f64; 2], tilt: f64, far| unequal::arcsine_stopped(u, -tilt, far);
    let mixture = |_: &[f64], u: &[f64]| {
        let norm = u.iter().map(|u| u * u).sum::<f64>().sqrt();
        Some(u.iter().map(|u| u / norm).collect())
    };
    planted.turns_only(
        Prediction { can_be_limit: leading, odds: opposite, full_batch: mixture, ..right },
        &["that leave a sample", changes, "against I_p", "full batch"],
    );
    planted.complete();
}
