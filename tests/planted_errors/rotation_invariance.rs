//! Wrong theories of `rotation_invariance`, each of which turns the checks that it is about.

use puremix::claims::rotation_invariance;
use puremix::limit_set::LimitSet;
use puremix::model::Activation;
use puremix::theory::{gd, sgd};
use puremix::verdict::Verdict;

use super::{context, refuted, verdict};

#[test]
fn every_check_can_fail() {
    use rotation_invariance::{Options, Prediction, findings};
    let of = |prediction: Prediction| verdict(findings(&context(), &Options::default(), &prediction));
    let right = Prediction::default();
    assert_eq!(of(right.clone()), Verdict::Reproduced);
    assert_eq!(of(Prediction { gd_shift: 1e-9, ..right.clone() }), Verdict::Refuted);
    // SGD indifferent to the rotation, on either data; limits that stand at right angles.
    assert_eq!(of(Prediction { sgd_follows: [true, false], ..right.clone() }), Verdict::Refuted);
    assert_eq!(of(Prediction { sgd_follows: [false, true], ..right.clone() }), Verdict::Refuted);
    let names = |prediction| refuted(findings(&context(), &Options::default(), &prediction));
    let right_angle = std::f64::consts::SQRT_2;
    let seen = names(Prediction { apart: right_angle, ..right.clone() });
    assert_eq!(
        seen,
        [
            "SGD on QA, same batches as on A: smallest distance of the end to a row of ±A",
            "ReLU GD on A and on QA: smallest distance of the ends"
        ]
    );
    // ReLU: the mixture of all samples; a winner among those that are not active.
    let all = |c0: &[f64], _: Activation| gd::limit(c0, Activation::Linear);
    let seen = names(Prediction { gd_limit: all, ..right.clone() });
    assert_eq!(seen, ["ReLU GD on A and on QA: largest distance to the closed form of each"]);
    fn inactive(c0: &[f64], activation: Activation) -> LimitSet {
        let opposite: Vec<f64> = c0.iter().map(|c| -c).collect();
        sgd::limit_set(if activation == Activation::Relu { &opposite } else { c0 }, activation)
    }
    let seen = names(Prediction { sgd_limit: inactive, ..right });
    assert_eq!(seen, ["ReLU SGD on A and on QA: pairs of runs that end in rows active in the data seen"]);
}
