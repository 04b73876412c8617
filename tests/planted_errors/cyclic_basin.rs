//! Wrong theories of `cyclic_basin`, each of which turns the checks that it is about.

use puremix::claims::cyclic_basin::{self, Options, Prediction};
use puremix::limit_set::LimitSet;
use puremix::model::Activation;
use puremix::theory::cyclic::{self, mixed};

use super::Planted;

/// Head starts of the manifold alone.
fn manifold(c: &[f64], _: f64, first: usize, second: usize) -> f64 {
    cyclic::head_start(c, 1.0, first, second)
}

/// No head start at all.
fn largest(c: &[f64], _: f64, _: f64) -> usize {
    (0..c.len()).max_by(|&i, &j| c[i].abs().total_cmp(&c[j].abs())).unwrap()
}

/// Half the head start.
fn half(c: &[f64], norm_sq: f64, eta: f64) -> usize {
    cyclic::winner(c, norm_sq, 0.5 * eta)
}

/// The leading order of the multipliers.
fn leading(eta: f64) -> [f64; 2] {
    [(1.0 - 2.0 * eta).powi(2), 1.0 + eta * eta]
}

/// Half the growth.
fn slower(eta: f64) -> [f64; 2] {
    mixed::pair_multipliers(eta).map(f64::sqrt)
}

/// The limit of the mixed orbit as the step size falls.
fn even(k: usize, _: f64) -> Vec<f64> {
    vec![1.0 / (k as f64).sqrt(); k]
}

/// A point on an axis, which is no saddle.
fn vertex(k: usize, _: f64) -> Vec<f64> {
    (0..k).map(|i| f64::from(u8::from(i == 0))).collect()
}

/// Signs: as if the linear model, too, ended at `+a_i` only.
fn positive(c0: &[f64], activation: Activation) -> LimitSet {
    LimitSet::Datapoints(c0.iter().map(|_| i8::from(activation == Activation::Linear)).collect())
}

#[test]
fn every_check_can_fail() {
    let planted = Planted::new(
        |context, prediction| cyclic_basin::findings(context, &Options::default(), prediction),
        cyclic_basin::STUDY.protocol,
    );
    let right = Prediction::default();
    assert!(planted.holds(&right));
    let turns = |prediction: Prediction, checks: &[&str]| {
        let seen = planted.turns(&prediction);
        assert_eq!(seen.len(), checks.len(), "{seen:?}");
        for check in checks {
            assert!(seen.iter().any(|name| name.contains(check)), "`{check}` does not turn: {seen:?}");
        }
    };
    // What the growing norm contributes, in full, or not at all.
    let boundary = "boundary log(c_1/c_0)/η as η → 0";
    turns(Prediction { slope: |norm_sq| 1.0 - norm_sq, ..right.clone() }, &[boundary; 3]);
    turns(Prediction { slope: |_| 1.0, ..right.clone() }, &[boundary, boundary, boundary, "is not sharp"]);
    turns(Prediction { head_start: manifold, ..right.clone() }, &["boundary of the log-ratio over η"; 4]);
    for winner in [largest, half] {
        turns(Prediction { winner, ..right.clone() }, &["m = 12, η = 0.05", "m = 6, η = 0.02"]);
    }
    turns(
        Prediction { multipliers: leading, ..right.clone() },
        &[
            "smaller multiplier",
            "larger multiplier",
            "largest error of a multiplier",
            "growth of the distance",
        ],
    );
    turns(
        Prediction { multipliers: slower, ..right.clone() },
        &[
            "smaller multiplier",
            "larger multiplier",
            "largest error of a multiplier",
            "cycles within 0.001",
            "growth of the distance",
        ],
    );
    turns(
        Prediction { mixed: even, ..right.clone() },
        &[
            "largest move of the mixed orbit",
            "smaller multiplier",
            "larger multiplier",
            "largest error of a multiplier",
            "cycles within 0.001",
            "least distance from the mixed orbit",
            "largest move over a cycle",
            "multipliers outside the unit circle",
        ],
    );
    let seen = planted.turns(&Prediction { mixed: vertex, ..right.clone() });
    assert!(seen.iter().any(|name| name.contains("is a saddle")), "{seen:?}");
    turns(Prediction { unstable: |k| k, ..right.clone() }, &["multipliers outside the unit circle"]);
    turns(Prediction { conjecture: positive, ..right }, &["one datapoint of the right sign"]);
    planted.complete();
}
