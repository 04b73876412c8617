//! Wrong theories of `sharpness`, each of which turns the checks that it is about.

use puremix::claims::sharpness::Prediction;
use puremix::model::Activation;
use puremix::theory::sharpness as theory;

use super::planted;

#[test]
fn every_check_can_fail() {
    let planted = planted!(sharpness);
    let right = Prediction::default();
    let turns = |prediction: Prediction, starts: &[&str]| {
        let seen = planted.turns(prediction);
        let is_seen = |start: &&str| seen.iter().any(|name| name.starts_with(start));
        assert!(seen.len() == starts.len() && starts.iter().all(is_seen), "{starts:?}: {seen:?}");
    };
    // Every instrument sees it, not only the dense one.
    turns(Prediction { largest: |m| 4.001 / m as f64, ..right }, &["λ_max, dense", "λ_max, Lanczos"]);
    // Off by one in |S⁺|; kinks that count in full, or not at all; the common wisdom, SGD's minimum the flatter one.
    let off_by_one =
        |m: usize, n: usize, s: usize, a: Activation| theory::trace(m, n, s - usize::from(s > 1), a);
    let instruments = ["Tr H, Hutch++", "Tr H, values of the loss alone"];
    let (at_gd, at_sgd) = ("Tr H at w_GD, ReLU", "Tr H at w_SGD, ReLU");
    let gap = "Tr H(w_SGD) − Tr H(w_GD), ReLU";
    turns(Prediction { trace: off_by_one, ..right }, &[instruments[0], instruments[1], at_gd, gap]);
    let all = [instruments[0], instruments[1], at_gd, at_sgd, gap];
    let smooth = |m: usize, n: usize, s: usize, _: Activation| theory::trace(m, n, s, Activation::Linear);
    turns(Prediction { trace: smooth, ..right }, &all);
    let full = |m: usize, n: usize, s: usize, a: Activation| {
        2.0 * theory::trace(m, n, s, a) - theory::trace(m, n, s, Activation::Linear)
    };
    turns(Prediction { trace: full, ..right }, &all);
    let flatter = |m: usize, n: usize, s: usize, a: Activation| theory::trace(m, n, m + 1 - s, a);
    let seen = planted.turns(Prediction { trace: flatter, ..right });
    assert!(seen.iter().any(|name| name.starts_with(at_sgd)), "{seen:?}");
    // A wrong trace of the linear model alone, and one eigenvalue in the wrong place.
    fn linear_off(m: usize, n: usize, s: usize, a: Activation) -> f64 {
        theory::trace(m, n, s, a) + if a == Activation::Linear { 1e-3 } else { 0.0 }
    }
    let seen = planted.turns(Prediction { trace: linear_off, ..right });
    assert!(seen.iter().any(|name| name.starts_with("Tr H, linear")), "{seen:?}");
    fn shifted(m: usize, n: usize, s: usize, a: Activation) -> Vec<(f64, usize)> {
        let mut spectrum = theory::spectrum(m, n, s, a);
        spectrum[0].0 += 1e-3;
        spectrum
    }
    turns(Prediction { spectrum: shifted, ..right }, &["every eigenvalue, dense"]);
    // A kink too many between the minima; a gap of the linear model; a mean gap of a twentieth more.
    turns(Prediction { kinks: |active| active as f64, ..right }, &["smallest gap in units of 1/2m"]);
    turns(Prediction { linear_gap: 1e-3, ..right }, &["linear model: largest |Tr H(w_SGD)"]);
    turns(Prediction { mean_gap: |m| 1.05 * theory::mean_gap(m), ..right }, &["mean gap between the traces"]);
    planted.complete();
}
