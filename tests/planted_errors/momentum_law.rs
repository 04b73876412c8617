//! Wrong theories of `momentum_law`, each of which turns the checks that it is about.

use puremix::claims::momentum_law::Prediction;
use puremix::limit_set::LimitSet;
use puremix::model::Activation;
use puremix::theory::{gd, momentum, selection};

use super::planted;

#[test]
fn every_check_can_fail() {
    let planted = planted!(momentum_law);
    let right = Prediction::default();
    let turns = |prediction: Prediction, checks: &[&str], count: usize| {
        let seen = planted.turns(&prediction);
        for check in checks {
            assert!(seen.iter().any(|name| name.contains(check)), "`{check}` does not turn: {seen:?}");
        }
        assert_eq!(seen.len(), count, "{seen:?}");
    };
    // Momentum that ends in the mixture, as full batches do.
    let limit = |c: &[f64]| gd::limit(c, Activation::Linear).unwrap();
    turns(Prediction { limit, ..right.clone() }, &["a datapoint, b < m", "weakest"], 2);
    // A clock that is faster by 1/(1 − β) alone.
    let slow = |m, b, eta: f64, beta: f64| selection::diffusion_rate(m, b, eta) / (1.0 - beta);
    turns(
        Prediction { diffusion_rate: slow, ..right.clone() },
        &["heavy-ball:0.8: mean κt", "nesterov:0.8: mean κt"],
        2,
    );
    // A fair draw.
    let odds = |_: [f64; 2], _, _| 0.5;
    let named = ["heavy-ball:0.8: P(", "nesterov:0.8: P(", "heavy-ball:0.5: (P −", "nesterov:0.5: (P −"];
    turns(Prediction { pair: odds, ..right.clone() }, &named, 4);
    // Odds without a correction; with one of the other sign.
    let flat = |c: [f64; 2], _, far| momentum::pair(c, 0.0, far);
    turns(Prediction { pair: flat, ..right.clone() }, &named[2..], 2);
    let opposite = |c: [f64; 2], step: f64, far| momentum::pair(c, -step, far);
    turns(Prediction { pair: opposite, ..right.clone() }, &named[2..], 2);
    turns(Prediction { mean_time: |_, far| far, ..right.clone() }, &["mean κt"], 2);
    // A threshold of gradient descent with the wrong side of momentum; one that is too low.
    let high = |rule| 1.05 * momentum::threshold(rule);
    turns(Prediction { threshold: high, ..right.clone() }, &["2 % below"], 1);
    let low = |rule| 0.95 * momentum::threshold(rule);
    turns(Prediction { threshold: low, ..right.clone() }, &["2 % above"], 1);
    let mixture = |c: &[f64]| match gd::limit(c, Activation::Linear) {
        Some(LimitSet::Point(mut alpha)) => {
            alpha[0] += 1e-6;
            Some(LimitSet::Point(alpha))
        }
        other => other,
    };
    turns(Prediction { mixture, ..right.clone() }, &["2 % below"], 1);
    turns(Prediction { turn: 1e-10, ..right.clone() }, &["largest turn"], 1);
    turns(Prediction { turn_of_adam: 1.9, ..right }, &["Adam instead"], 1);
    planted.complete();
}
