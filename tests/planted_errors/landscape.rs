//! Wrong theories of `landscape`, each of which turns the checks that it is about.

use puremix::claims::landscape;
use puremix::verdict::Verdict;

use super::{context, refuted, verdict};

#[test]
fn every_check_can_fail() {
    use landscape::{Options, Prediction, findings};
    use puremix::theory::landscape as theory;
    let of = |prediction: Prediction| verdict(findings(&context(), &Options::default(), &prediction));
    let right = Prediction::default();
    assert_eq!(of(right.clone()), Verdict::Reproduced);
    assert_eq!(
        of(Prediction { minimum_loss: |m| (m as f64 - 1.0) / (2.0 * m as f64 + 1e-6), ..right.clone() }),
        Verdict::Refuted
    );
    assert_eq!(
        of(Prediction { curvature_without_projection: |n, m| (n - 1.0) / m as f64, ..right.clone() }),
        Verdict::Refuted
    );
    assert_eq!(of(Prediction { blank_loss: 0.5 + 1e-9, ..right.clone() }), Verdict::Refuted);
    // The gradient of Σ ℓ_i in the place of the mean, but for the points where it vanishes.
    let sum = |m: usize, c: f64, n: f64| m as f64 * theory::gradient_norm(m, c, n);
    assert_eq!(of(Prediction { gradient_norm: sum, ..right.clone() }), Verdict::Refuted);
    let names = |prediction| refuted(findings(&context(), &Options::default(), &prediction));
    let seen =
        names(Prediction { loss: |m, c, n| theory::loss(m, c, n) + 1e-3 * (1.0 - c), ..right.clone() });
    assert!(seen.iter().any(|name| name.starts_with("off the minima: largest deviation of L")), "{seen:?}");
    let seen = names(Prediction { loss: |m, c, n| m as f64 * theory::loss(m, c, n), ..right.clone() });
    for needle in ["10 % longer", "ReLU, one sign turned"] {
        assert!(seen.iter().any(|name| name.starts_with(needle)), "{seen:?}");
    }
    let seen = names(Prediction {
        curvature_without_projection: |n, m| (n - 2.0) / (m as f64 + 1e-3),
        ..right.clone()
    });
    assert!(seen.iter().any(|name| name.contains("all eigenvalues")), "{seen:?}");
    let seen = names(Prediction { residual_kept: 2.0, ..right.clone() });
    assert_eq!(seen, ["… with the residual left almost as it was"]);
    let seen = names(Prediction { dead_movement: 1e-9, ..right });
    assert_eq!(seen, ["the dead ReLU region: distance moved in 100 steps"]);
}
