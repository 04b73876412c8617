//! Wrong theories of `escape`, each of which turns the checks that it is about.

use puremix::claims::escape::{self, Options, Prediction};
use puremix::theory::escape as theory;
use puremix::theory::selection;

use super::Planted;

#[test]
fn every_check_can_fail() {
    let planted = Planted::new(
        |context, prediction| escape::findings(context, &Options::default(), prediction),
        escape::STUDY.protocol,
    );
    let right = Prediction::default();
    assert!(planted.holds(&right));
    let turns = |prediction: Prediction, checks: &[&str]| {
        let seen = planted.turns(&prediction);
        for check in checks {
            assert!(seen.iter().any(|name| name.contains(check)), "`{check}` does not turn: {seen:?}");
        }
        seen
    };
    // A clock that is slow by m/(m − 1); that of draws with replacement, which knows no b = m.
    let slow = |m: usize, b: usize, eta: f64| eta * eta * (b * (m - b)) as f64 / (m * m) as f64;
    turns(
        Prediction { diffusion_rate: slow, ..right.clone() },
        &["E‖w − w_GD‖²", "mean κT until committed, |d|", "mean κT until committed less"],
    );
    let diffusion_rate = selection::diffusion_rate_with_replacement;
    turns(
        Prediction { diffusion_rate, ..right.clone() },
        &["P-value of one law of max cos²", "log–log slope of the mean time"],
    );
    // Noise of the same size at every mixture; straight away at full drift.
    let seen = turns(Prediction { early_spread: |_, time| time, ..right.clone() }, &["E‖w − w_GD‖²"]);
    assert!(seen.len() == 3, "{seen:?}");
    let seen = turns(Prediction { mean_time: |_, far| far, ..right.clone() }, &["mean κT until committed"]);
    assert!(seen.len() == 2, "{seen:?}");
    // An interval that is too short; one sample too many; a full batch that drifts.
    let nearer = |far: f64| theory::Survival::from_even(0.85 * far);
    let seen = turns(Prediction { survival: nearer, ..right.clone() }, &["distance of the law of κT"]);
    assert!(seen.len() == 1, "{seen:?}");
    let seen =
        turns(Prediction { fall: |m| m as f64, ..right.clone() }, &["fall of E Σ log cos", "over m − 1"]);
    assert!(seen.len() == 4, "{seen:?}");
    let seen = turns(Prediction { rest: 1e-9, ..right }, &["full batch from w_GD"]);
    assert!(seen.len() == 1, "{seen:?}");
    planted.complete();
}
