//! Wrong theories of `escape`, each of which turns the checks that it is about.

use puremix::claims::escape::Prediction;
use puremix::theory::escape as theory;
use puremix::theory::selection;

use super::planted;

#[test]
fn every_check_can_fail() {
    let planted = planted!(escape);
    let right = Prediction::default();
    // A run of the protocol sees one error of every kind. A clock that is slow by m/(m − 1). A full batch that drifts.
    planted.turns_each(
        Prediction {
            diffusion_rate: |m, b, eta| eta * eta * (b * (m - b)) as f64 / (m * m) as f64,
            rest: 1e-9,
            ..right.clone()
        },
        &[
            "E‖w − w_GD‖²",
            "mean κT until committed, |d|",
            "mean κT until committed less",
            "full batch from w_GD",
        ],
    );
    // The clock of draws with replacement, which knows no b = m.
    let diffusion_rate = selection::diffusion_rate_with_replacement;
    planted.turns_each(
        Prediction { diffusion_rate, ..right.clone() },
        &["P-value of one law of max cos²", "log–log slope of the mean time"],
    );
    // Noise of the same size at every mixture. Straight away at full drift.
    let seen = planted.turns_each(
        Prediction { early_spread: |_, time| time, mean_time: |_, far| far, ..right.clone() },
        &["E‖w − w_GD‖²", "mean κT until committed"],
    );
    assert_eq!(seen.len(), 5, "{seen:?}");
    // One sample too many; an interval that is too short, alone.
    let seen = planted.turns_each(
        Prediction { fall: |m| m as f64, survival: |far| theory::Survival::from_even(0.85 * far), ..right },
        &["fall of E Σ log cos", "over m − 1", "distance of the law of κT"],
    );
    assert_eq!(seen.len(), 5, "{seen:?}");
    planted.complete();
}
