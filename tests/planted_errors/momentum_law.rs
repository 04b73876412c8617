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
    // Momentum that ends in the mixture, as full batches do.
    let limit = |c: &[f64]| gd::limit(c, Activation::Linear).unwrap();
    planted.turns_only(Prediction { limit, ..right.clone() }, &["a datapoint, b < m", "weakest"]);
    // A clock that is faster by 1/(1 − β) alone.
    let slow = |m, b, eta: f64, beta: f64| selection::diffusion_rate(m, b, eta) / (1.0 - beta);
    planted.turns_only(
        Prediction { diffusion_rate: slow, ..right.clone() },
        &["heavy-ball:0.8: mean κt", "nesterov:0.8: mean κt"],
    );
    // A fair draw.
    let odds = |_: [f64; 2], _, _| 0.5;
    let named = ["heavy-ball:0.8: P(", "nesterov:0.8: P(", "heavy-ball:0.5: (P −", "nesterov:0.5: (P −"];
    planted.turns_only(Prediction { pair: odds, ..right.clone() }, &named);
    // Odds without a correction; with one of the other sign.
    let flat = |c: [f64; 2], _, far| momentum::pair(c, 0.0, far);
    planted.turns_only(Prediction { pair: flat, ..right.clone() }, &named[2..]);
    let opposite = |c: [f64; 2], step: f64, far| momentum::pair(c, -step, far);
    planted.turns_only(Prediction { pair: opposite, ..right.clone() }, &named[2..]);
    let seen = planted.turns_each(Prediction { mean_time: |_, far| far, ..right.clone() }, &["mean κt"]);
    assert_eq!(seen.len(), 2, "{seen:?}");
    // A threshold of gradient descent with the wrong side of momentum; one that is too low.
    let high = |rule| 1.05 * momentum::threshold(rule);
    planted.turns_only(Prediction { threshold: high, ..right.clone() }, &["2 % below"]);
    let low = |rule| 0.95 * momentum::threshold(rule);
    planted.turns_only(Prediction { threshold: low, ..right.clone() }, &["2 % above"]);
    let mixture = |c: &[f64]| match gd::limit(c, Activation::Linear) {
        Some(LimitSet::Point(mut alpha)) => {
            alpha[0] += 1e-6;
            Some(LimitSet::Point(alpha))
        }
        other => other,
    };
    planted.turns_only(Prediction { mixture, ..right.clone() }, &["2 % below"]);
    planted.turns_only(Prediction { turn: 1e-10, ..right.clone() }, &["largest turn"]);
    planted.turns_only(Prediction { turn_of_adam: 1.9, ..right }, &["Adam instead"]);
    planted.complete();
}
