//! Wrong theories of `unequal_data`, each of which turns the checks that it is about.

use puremix::claims::unequal_data::{self, Options, Prediction};
use puremix::theory::unequal::{self, Unequal};

use super::Planted;

#[test]
fn every_check_can_fail() {
    let planted = Planted::new(
        |context, prediction| unequal_data::findings(context, &Options::default(), prediction),
        unequal_data::STUDY.protocol,
    );
    let right = Prediction::default();
    let turns = |prediction: Prediction, checks: &[&str], count: usize| {
        let seen = planted.turns(&prediction);
        for check in checks {
            assert!(seen.iter().any(|name| name.contains(check)), "`{check}` does not turn: {seen:?}");
        }
        assert_eq!(seen.len(), count, "{seen:?}");
    };
    // Thresholds of the weights at a larger step size, above those that hold, and of a smaller one, below.
    let high = |problem: &Unequal, i: usize| {
        let factor = if problem.norms_sq.iter().all(|n| *n == 1.0) { 1.7 } else { 1.0 };
        Unequal { step_size: factor * problem.step_size, ..problem.clone() }.can_be_limit(i)
    };
    let changes = "drift of log|u_1/u_0| near sample 0 changes its sign";
    turns(Prediction { can_be_limit: high, ..right.clone() }, &["that stay with", changes], 2);
    let low = |problem: &Unequal, i: usize| {
        Unequal { step_size: 0.5 * problem.step_size, ..problem.clone() }.can_be_limit(i)
    };
    turns(Prediction { can_be_limit: low, ..right.clone() }, &["that leave a sample", changes], 2);
    // Thresholds of the weights to leading order, which runs that come to their ends do not tell from the right ones.
    let leading = |problem: &Unequal, i: usize| {
        let Unequal { norms_sq, shares: q, step_size } = problem;
        let are_equal = norms_sq.iter().all(|n| *n == 1.0);
        if are_equal { q.iter().all(|q_j| *q_j < (1.0 + step_size) * q[i]) } else { problem.can_be_limit(i) }
    };
    turns(Prediction { can_be_limit: leading, ..right.clone() }, &[changes], 1);
    // The fall to leading order.
    let drift = |problem: &Unequal, i: usize, j: usize| {
        let Unequal { norms_sq: n, shares: q, step_size } = problem;
        step_size * (q[j] * n[j] - q[i] * n[i])
    };
    turns(Prediction { drift, ..right.clone() }, &["mean fall"], 1);
    // Odds of equal data, and of the other sign.
    let equal = |u: [f64; 2], _, far| unequal::arcsine_stopped(u, 0.0, far);
    turns(Prediction { odds: equal, ..right.clone() }, &["against I_p"], 1);
    let opposite = |u: [f64; 2], tilt: f64, far| unequal::arcsine_stopped(u, -tilt, far);
    turns(Prediction { odds: opposite, ..right.clone() }, &["against I_p"], 1);
    let tilted = |u: [f64; 2]| unequal::arcsine(u, 0.8);
    turns(Prediction { equal_odds: tilted, ..right.clone() }, &["exceeds the odds of equal data"], 1);
    // The mixture of full batches on equal data.
    let mixture = |_: &[f64], u: &[f64]| {
        let norm = u.iter().map(|u| u * u).sum::<f64>().sqrt();
        Some(u.iter().map(|u| u / norm).collect())
    };
    turns(Prediction { full_batch: mixture, ..right }, &["full batch"], 1);
    planted.complete();
}
