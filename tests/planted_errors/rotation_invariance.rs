//! Wrong theories of `rotation_invariance`, each of which turns the checks that it is about.

use puremix::claims::rotation_invariance::Prediction;
use puremix::limit_set::LimitSet;
use puremix::model::Activation;
use puremix::theory::{gd, sgd};

use super::planted;

#[test]
fn every_check_can_fail() {
    let planted = planted!(rotation_invariance);
    let right = Prediction::default();
    let seen = planted.turns(Prediction { gd_shift: 1e-9, ..right.clone() });
    assert_eq!(seen, ["linear GD on A and on QA: largest relative distance at any step"]);
    // SGD indifferent to the rotation, on either data; limits that stand at right angles.
    let seen = planted.turns(Prediction { sgd_follows: [true, false], ..right.clone() });
    assert_eq!(seen, ["SGD on QA: runs that end in a row of ±QA"]);
    let seen = planted.turns(Prediction { sgd_follows: [false, true], ..right.clone() });
    assert_eq!(seen, ["SGD on A: runs that end in a row of ±A"]);
    let seen = planted.turns(Prediction { apart: std::f64::consts::SQRT_2, ..right.clone() });
    assert_eq!(
        seen,
        [
            "SGD on QA, same batches as on A: smallest distance of the end to a row of ±A",
            "ReLU GD on A and on QA: smallest distance of the ends"
        ]
    );
    // ReLU: the mixture of all samples; a winner among those that are not active.
    let all = |c0: &[f64], _: Activation| gd::limit(c0, Activation::Linear);
    let seen = planted.turns(Prediction { gd_limit: all, ..right.clone() });
    assert_eq!(seen, ["ReLU GD on A and on QA: largest distance to the closed form of each"]);
    fn inactive(c0: &[f64], activation: Activation) -> LimitSet {
        let opposite: Vec<f64> = c0.iter().map(|c| -c).collect();
        sgd::limit_set(if activation == Activation::Relu { &opposite } else { c0 }, activation)
    }
    let seen = planted.turns(Prediction { sgd_limit: inactive, ..right });
    assert_eq!(seen, ["ReLU SGD on A and on QA: pairs of runs that end in rows active in the data seen"]);
    planted.complete();
}
