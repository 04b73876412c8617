//! Wrong theories of `odds_identity`, each of which turns the checks that it is about.

use puremix::claims::odds_identity::Prediction;
use puremix::theory::selection::{self, Odds};

use super::planted;

#[test]
fn every_check_can_fail() {
    let planted = planted!(odds_identity);
    let right = Prediction::default();
    let (end, early, mixture) = ("E[e^{A/2}; i* = j]", "at τ = 0.7", "over all cells");
    // A run of the protocol sees errors of several kinds, each about checks of its own. Shares of the sum in the place of cosines. A method that gains much.
    let weights = |c: &[f64]| selection::proportional(c);
    planted.turns_only(
        Prediction { weights, variance_share: 0.05, ..right.clone() },
        &[end, early, mixture, "variance of"],
    );
    // A clock without the (m − b)/(m − 1) of draws without replacement, and one that is slower. Lots in epochs.
    let fast = |m, b, eta| selection::diffusion_rate_with_replacement(m, b, 1.3 * eta);
    planted.turns_only(
        Prediction { diffusion_rate: fast, winner_of_epochs: |_| 3, ..right.clone() },
        &[end, early, mixture, "e^{−A/2}; i*", "the largest wins"],
    );
    // A bound by the shares of the sum, which leaders exceed. The odds without the factor. A weight that epochs do not have.
    let bound = |c: &[f64]| selection::proportional(c);
    let damped = |c: &[f64], tolerance, seed| -> Odds { selection::probabilities(c, tolerance, seed) };
    planted.turns_only(
        Prediction { bound, damped, weight_of_epochs: 30.0, ..right },
        &["P(i* = j) less its bound", "e^{−A/2}; i*", "least of e^{A/2} cos"],
    );
    planted.complete();
}
