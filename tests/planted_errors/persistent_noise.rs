//! Wrong theories of `persistent_noise`, each of which turns the checks that it is about.

use puremix::claims::persistent_noise::{self, Options, Prediction};
use puremix::theory::stationary;

use super::Planted;

#[test]
fn every_check_can_fail() {
    let planted = Planted::new(
        |context, prediction| persistent_noise::findings(context, &Options::default(), prediction),
        persistent_noise::STUDY.protocol,
    );
    let right = Prediction::default();
    let both = |prediction: Prediction, checks: &[&str]| {
        let seen = planted.turns(&prediction);
        let is_turned = |check: &&str| seen.iter().any(|name| name.contains(*check));
        assert!(seen.len() == checks.len() && checks.iter().all(is_turned), "{checks:?}: {seen:?}");
    };
    let turns = |prediction: Prediction, check: &str| both(prediction, &[check]);
    // Noise whose variance along the circle is that of one coordinate: a = 2σ².
    let label_mixing = |sigma: f64| stationary::label_noise_mixing(std::f64::consts::FRAC_1_SQRT_2 * sigma);
    turns(Prediction { label_mixing, ..right.clone() }, "time averages");
    // A uniform angle.
    let uniform = |_, angle| angle * std::f64::consts::FRAC_2_PI;
    both(Prediction { label_law: uniform, ..right.clone() }, &["time averages", "histogram"]);
    both(Prediction { correlated_law: uniform, ..right.clone() }, &["time averages", "histogram"]);
    // A law that has the right probability of being near a datapoint, and is uniform beyond.
    let beyond = |sigma: f64, angle: f64| {
        let near = stationary::label_noise_law(sigma, angle.min(0.15));
        near + (0.5 - near) * (angle - 0.15).max(0.0) / (std::f64::consts::FRAC_PI_4 - 0.15)
    };
    turns(Prediction { label_law: beyond, ..right.clone() }, "histogram");
    // A Boltzmann law of temperature 1/r without the factor of the noise.
    turns(Prediction { correlated_mixing: |r| r / (r + 0.1), ..right.clone() }, "time averages");
    // A time that grows exponentially in the inverse of the cause.
    turns(Prediction { label_time: |sigma| (0.5 / sigma).exp(), ..right.clone() }, "mean κT");
    turns(Prediction { correlated_time: |r| (0.5 / r).exp(), ..right.clone() }, "mean κT");
    turns(Prediction { beside: 1e-6, ..right.clone() }, "beside the recursion");
    turns(Prediction { without: 0.0, ..right }, "neither label noise");
    planted.complete();
}
