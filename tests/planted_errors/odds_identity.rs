//! Wrong theories of `odds_identity`, each of which turns the checks that it is about.

use puremix::claims::odds_identity::{self, Options, Prediction};
use puremix::theory::selection::{self, Odds};

use super::Planted;

#[test]
fn every_check_can_fail() {
    let planted = Planted::new(
        |context, prediction| odds_identity::findings(context, &Options::default(), prediction),
        odds_identity::STUDY.protocol,
    );
    let right = Prediction::default();
    let turns = |prediction: Prediction, checks: &[&str], count: usize| {
        let seen = planted.turns(&prediction);
        for check in checks {
            assert!(seen.iter().any(|name| name.contains(check)), "`{check}` does not turn: {seen:?}");
        }
        assert_eq!(seen.len(), count, "{seen:?}");
    };
    let (end, early, mixture) = ("E[e^{A/2}; i* = j]", "at τ = 0.7", "over all cells");
    // Shares of the sum in the place of cosines.
    let weights = |c: &[f64]| selection::proportional(c);
    turns(Prediction { weights, ..right.clone() }, &[end, early, mixture], 3);
    // A clock without the (m − b)/(m − 1) of draws without replacement, and one that is slower.
    let fast = |m, b, eta| selection::diffusion_rate_with_replacement(m, b, 1.3 * eta);
    turns(Prediction { diffusion_rate: fast, ..right.clone() }, &[end, early, mixture, "e^{−A/2}; i*"], 4);
    // A bound by the shares of the sum, which leaders exceed.
    let bound = |c: &[f64]| selection::proportional(c);
    turns(Prediction { bound, ..right.clone() }, &["P(i* = j) less its bound"], 1);
    // The odds without the factor.
    let damped = |c: &[f64], tolerance, seed| -> Odds { selection::probabilities(c, tolerance, seed) };
    turns(Prediction { damped, ..right.clone() }, &["e^{−A/2}; i*"], 1);
    turns(Prediction { variance_share: 0.05, ..right.clone() }, &["variance of"], 1);
    // Lots in epochs.
    turns(Prediction { winner_of_epochs: |_| 3, ..right.clone() }, &["the largest wins"], 1);
    turns(Prediction { weight_of_epochs: 30.0, ..right }, &["least of e^{A/2} cos"], 1);
    planted.complete();
}
