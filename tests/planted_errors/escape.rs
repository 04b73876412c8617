//! Wrong theories of `escape`, each of which turns the checks that it is about.

use puremix::claims::escape;
use puremix::verdict::Verdict;

use super::{context, verdict};

#[test]
fn every_check_can_fail() {
    use escape::{Options, Prediction, findings};
    use puremix::theory::escape as theory;
    let of = |prediction: Prediction| verdict(findings(&context(), &Options::default(), &prediction));
    let right = Prediction::default();
    assert_eq!(of(right.clone()), Verdict::Reproduced);
    let diffusion_rate = |m: usize, b: usize, eta: f64| eta * eta * (b * (m - b)) as f64 / (m * m) as f64;
    assert_eq!(of(Prediction { diffusion_rate, ..right.clone() }), Verdict::Refuted);
    assert_eq!(of(Prediction { early_spread: |_, time| time, ..right.clone() }), Verdict::Refuted);
    // Straight away at full drift; an interval that is too short; one sample too many.
    assert_eq!(of(Prediction { mean_time: |_, far| far, ..right.clone() }), Verdict::Refuted);
    let nearer = |far: f64| theory::Survival::from_even(0.6 * far);
    assert_eq!(of(Prediction { survival: nearer, ..right.clone() }), Verdict::Refuted);
    assert_eq!(of(Prediction { fall: |m| m as f64, ..right }), Verdict::Refuted);
}
