//! Wrong theories of `hypothesis_map`, each of which turns the checks that it is about.

use puremix::claims::hypothesis_map;
use puremix::verdict::Verdict;

use super::{context, refuted, verdict};

#[test]
fn every_check_can_fail() {
    use hypothesis_map::{Options, Prediction, findings};
    let of = |prediction: Prediction| verdict(findings(&context(), &Options::default(), &prediction));
    let right = Prediction::default();
    assert_eq!(of(right.clone()), Verdict::Reproduced);
    let names = |prediction| refuted(findings(&context(), &Options::default(), &prediction));
    for threshold in [0.49, 0.51] {
        let seen = names(Prediction { threshold, ..right.clone() });
        let thresholds =
            seen.iter().filter(|name| name.contains("step size at which half of the runs arrive"));
        assert_eq!(thresholds.count(), 4, "{threshold}: {seen:?}");
    }
    let seen = names(Prediction { threshold: 0.7, ..right.clone() });
    assert!(seen.iter().any(|name| name.starts_with("between η = 1/5 and the threshold")), "{seen:?}");
    let seen = names(Prediction { arrivals_beyond: 0.5, ..right.clone() });
    assert_eq!(seen, ["beyond the threshold: runs that arrive"]);
    // Regions that reach over the threshold, and over norms at which runs are lost; in all cells together and in the weakest.
    let seen = names(Prediction { rectangle: (0.6, 1.0), ..right.clone() });
    for needle in ["the rectangle", "… in the weakest of these cells"] {
        assert!(seen.iter().any(|name| name.starts_with(needle)), "{seen:?}");
    }
    assert_eq!(of(Prediction { stretched: (0.2, 4.5), ..right.clone() }), Verdict::Refuted);
    assert_eq!(of(Prediction { captured_from: |norm| norm * norm - 0.05, ..right }), Verdict::Refuted);
}
