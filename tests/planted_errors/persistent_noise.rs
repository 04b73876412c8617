//! Wrong theories of `persistent_noise`, each of which turns the checks that it is about.

use puremix::claims::persistent_noise::Prediction;
use puremix::theory::stationary;

use super::planted;

#[test]
fn every_check_can_fail() {
    let planted = planted!(persistent_noise);
    let right = Prediction::default();
    // Noise whose variance along the circle is that of one coordinate: a = 2σ². A time that grows exponentially in the inverse of the cause. A gradient
    // beside the recursion's.
    let label_mixing = |sigma: f64| stationary::label_noise_mixing(std::f64::consts::FRAC_1_SQRT_2 * sigma);
    let label_time = |sigma: f64| (0.5 / sigma).exp();
    planted.turns_only(
        Prediction { label_mixing, label_time, beside: 1e-6, ..right.clone() },
        &["time averages", "mean κT", "beside the recursion"],
    );
    // A Boltzmann law of temperature 1/r without the factor of the noise. Such a time here. Runs that stay mixed without noise.
    let correlated_time = |r: f64| (0.5 / r).exp();
    planted.turns_only(
        Prediction { correlated_mixing: |r| r / (r + 0.1), correlated_time, without: 0.0, ..right.clone() },
        &["time averages", "mean κT", "neither label noise"],
    );
    // A uniform angle.
    let uniform = |_, angle| angle * std::f64::consts::FRAC_2_PI;
    planted.turns_only(Prediction { label_law: uniform, ..right.clone() }, &["time averages", "histogram"]);
    planted
        .turns_only(Prediction { correlated_law: uniform, ..right.clone() }, &["time averages", "histogram"]);
    // A law that has the right probability of being near a datapoint, and is uniform beyond.
    let beyond = |sigma: f64, angle: f64| {
        let near = stationary::label_noise_law(sigma, angle.min(0.15));
        near + (0.5 - near) * (angle - 0.15).max(0.0) / (std::f64::consts::FRAC_PI_4 - 0.15)
    };
    planted.turns_only(Prediction { label_law: beyond, ..right }, &["histogram"]);
    planted.complete();
}
