//! Wrong theories of `cyclic_basin`, each of which turns the checks that it is about.

use puremix::claims::cyclic_basin;
use puremix::theory::cyclic;
use puremix::verdict::Verdict;

use super::{context, refuted, verdict};

#[test]
fn every_check_can_fail() {
    use cyclic_basin::{Options, Prediction, findings};
    use puremix::theory::cyclic::mixed as theory;
    let names = |prediction: Prediction| refuted(findings(&context(), &Options::default(), &prediction));
    let of = |prediction: Prediction| verdict(findings(&context(), &Options::default(), &prediction));
    let right = Prediction::default();
    assert_eq!(of(right.clone()), Verdict::Reproduced);
    // What the growing norm contributes, in full; head starts of the manifold alone; no head start at all.
    assert_eq!(of(Prediction { slope: |norm_sq| 1.0 - norm_sq, ..right.clone() }), Verdict::Refuted);
    fn manifold(c: &[f64], _: f64, first: usize, second: usize) -> f64 {
        cyclic::head_start(c, 1.0, first, second)
    }
    assert_eq!(of(Prediction { head_start: manifold, ..right.clone() }), Verdict::Refuted);
    fn largest(c: &[f64], _: f64, _: f64) -> usize {
        (0..c.len()).max_by(|&i, &j| c[i].abs().total_cmp(&c[j].abs())).unwrap()
    }
    let seen = names(Prediction { winner: largest, ..right.clone() });
    for name in ["m = 12, η = 0.05", "m = 6, η = 0.02"] {
        assert!(seen.iter().any(|seen| seen.starts_with(name)), "`{name}` does not turn: {seen:?}");
    }
    let turns = |prediction: Prediction, checks: &[&str]| {
        let seen = names(prediction);
        assert_eq!(seen.len(), checks.len(), "{seen:?}");
        for check in checks {
            assert!(seen.iter().any(|name| name.contains(check)), "`{check}` does not turn: {seen:?}");
        }
    };
    // The leading order of the multipliers, and half the growth; even mixtures for the mixed orbits; all their directions unstable.
    fn leading(eta: f64) -> [f64; 2] {
        [(1.0 - 2.0 * eta).powi(2), 1.0 + eta * eta]
    }
    turns(
        Prediction { multipliers: leading, ..right.clone() },
        &[
            "smaller multiplier",
            "larger multiplier",
            "largest error of a multiplier",
            "growth of the distance",
        ],
    );
    let slower = |eta: f64| theory::pair_multipliers(eta).map(f64::sqrt);
    turns(
        Prediction { multipliers: slower, ..right.clone() },
        &[
            "smaller multiplier",
            "larger multiplier",
            "largest error of a multiplier",
            "cycles within 0.001",
            "growth of the distance",
        ],
    );
    fn even(k: usize, _: f64) -> Vec<f64> {
        vec![1.0 / (k as f64).sqrt(); k]
    }
    turns(
        Prediction { mixed: even, ..right.clone() },
        &[
            "largest move of the mixed orbit",
            "smaller multiplier",
            "larger multiplier",
            "largest error of a multiplier",
            "cycles within 0.001",
            "least distance from the mixed orbit",
            "largest move over a cycle",
            "multipliers outside the unit circle",
        ],
    );
    // A point on an axis is no saddle.
    let vertex = |k: usize, _: f64| (0..k).map(|i| f64::from(u8::from(i == 0))).collect();
    let seen = names(Prediction { mixed: vertex, ..right.clone() });
    assert!(seen.iter().any(|name| name.contains("is a saddle")), "{seen:?}");
    turns(Prediction { unstable: |k| k, ..right }, &["multipliers outside the unit circle"]);
}
