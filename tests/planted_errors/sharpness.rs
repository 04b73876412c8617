//! Wrong theories of `sharpness`, each of which turns the checks that it is about.

use puremix::claims::sharpness;
use puremix::model::Activation;
use puremix::verdict::Verdict;

use super::{context, refuted, verdict};

#[test]
fn every_check_can_fail() {
    use puremix::theory::sharpness as theory;
    use sharpness::{Options, Prediction, findings};
    let of = |prediction: Prediction| verdict(findings(&context(), &Options::default(), &prediction));
    let right = Prediction::default();
    assert_eq!(of(right.clone()), Verdict::Reproduced);
    let names = |prediction| refuted(findings(&context(), &Options::default(), &prediction));
    // Every instrument sees it, not only the dense one.
    let seen = names(Prediction { largest: |m| 4.001 / m as f64, ..right.clone() });
    assert!(seen.iter().any(|name| name.starts_with("λ_max, dense")), "{seen:?}");
    assert!(seen.iter().any(|name| name.starts_with("λ_max, Lanczos")), "{seen:?}");
    // Off by one in |S⁺|, and no kinks at all.
    let off_by_one =
        |m: usize, n: usize, s: usize, a: Activation| theory::trace(m, n, s - usize::from(s > 1), a);
    let seen = names(Prediction { trace: off_by_one, ..right.clone() });
    assert!(seen.iter().any(|name| name.starts_with("Tr H at w_GD")), "{seen:?}");
    assert!(seen.iter().any(|name| name.starts_with("Tr H, Hutch++")), "{seen:?}");
    assert!(seen.iter().any(|name| name.starts_with("Tr H, values of the loss alone")), "{seen:?}");
    let smooth = |m: usize, n: usize, s: usize, _: Activation| theory::trace(m, n, s, Activation::Linear);
    assert_eq!(of(Prediction { trace: smooth, ..right.clone() }), Verdict::Refuted);
    // The common wisdom: SGD's minimum the flatter one. And a wrong trace of the linear model alone.
    let flatter = |m: usize, n: usize, s: usize, a: Activation| theory::trace(m, n, m + 1 - s, a);
    assert_eq!(of(Prediction { trace: flatter, ..right.clone() }), Verdict::Refuted);
    fn linear_off(m: usize, n: usize, s: usize, a: Activation) -> f64 {
        theory::trace(m, n, s, a) + if a == Activation::Linear { 1e-3 } else { 0.0 }
    }
    let seen = names(Prediction { trace: linear_off, ..right.clone() });
    assert!(seen.iter().any(|name| name.starts_with("Tr H, linear")), "{seen:?}");
    // One eigenvalue in the wrong place; gaps that are not there.
    fn shifted(m: usize, n: usize, s: usize, a: Activation) -> Vec<(f64, usize)> {
        let mut spectrum = theory::spectrum(m, n, s, a);
        spectrum[0].0 += 1e-3;
        spectrum
    }
    let seen = names(Prediction { spectrum: shifted, ..right.clone() });
    assert_eq!(seen, ["every eigenvalue, dense: largest deviation from its closed form"]);
    let seen = names(Prediction { smallest_gap: 7.0, ..right.clone() });
    assert!(seen[0].starts_with("smallest gap in units of 1/2m") && seen.len() == 1, "{seen:?}");
    let seen = names(Prediction { linear_gap: 1e-3, ..right.clone() });
    assert!(seen[0].starts_with("linear model: largest |Tr H(w_SGD)") && seen.len() == 1, "{seen:?}");
    // A gap of ½ in the limit.
    let seen = names(Prediction { mean_gap: |_| 0.5, ..right });
    assert!(seen[0].starts_with("mean gap between the traces") && seen.len() == 1, "{seen:?}");
}
