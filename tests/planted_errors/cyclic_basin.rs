//! Wrong theories of `cyclic_basin`, each of which turns the checks that it is about.

use puremix::claims::cyclic_basin::Prediction;
use puremix::limit_set::LimitSet;
use puremix::model::Activation;
use puremix::theory::cyclic::{self, mixed};

use super::planted;

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
    let planted = planted!(cyclic_basin);
    let right = Prediction::default();
    let turns = |prediction: Prediction, checks: &[&str]| {
        let seen = planted.turns(prediction);
        assert_eq!(seen.len(), checks.len(), "{seen:?}");
        for check in checks {
            let turned = seen.iter().filter(|name| name.contains(check)).count();
            assert_eq!(turned, checks.iter().filter(|other| other == &check).count(), "{check}: {seen:?}");
        }
    };
    // A run of the protocol sees one error of every kind. What the growing norm contributes, in full. No head start at all. The leading order of
    // the multipliers. As if all of them were unstable. A datapoint of another sign.
    let slope = "boundary log(c_1/c_0)/η as η → 0";
    turns(
        Prediction {
            slope: |norm_sq| 1.0 - norm_sq,
            winner: largest,
            multipliers: leading,
            unstable: |k| k,
            conjecture: positive,
            ..right.clone()
        },
        &[
            slope,
            slope,
            slope,
            "m = 12, η = 0.05",
            "m = 6, η = 0.02",
            "smaller multiplier",
            "larger multiplier",
            "largest error of a multiplier",
            "growth of the distance",
            "multipliers outside the unit circle",
            "one datapoint of the right sign",
        ],
    );
    // Nothing of what the growing norm contributes. Head starts of the manifold alone, and half of them. Half the growth.
    let head_start = "boundary of the log-ratio over η";
    turns(
        Prediction {
            slope: |_| 1.0,
            head_start: manifold,
            winner: half,
            multipliers: slower,
            ..right.clone()
        },
        &[
            slope,
            slope,
            slope,
            "is not sharp",
            head_start,
            head_start,
            head_start,
            head_start,
            "m = 12, η = 0.05",
            "m = 6, η = 0.02",
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
    let seen = planted.turns(Prediction { mixed: vertex, ..right });
    assert!(seen.iter().any(|name| name.contains("is a saddle")), "{seen:?}");
    planted.complete();
}
