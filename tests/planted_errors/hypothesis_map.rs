//! Wrong theories of `hypothesis_map`, each of which turns the checks that it is about.

use puremix::claims::hypothesis_map::Prediction;

use super::planted;

#[test]
fn every_check_can_fail() {
    let planted = planted!(hypothesis_map);
    let right = Prediction::default();
    for threshold in [0.49, 0.51] {
        let seen = planted.turns(Prediction { threshold, ..right.clone() });
        let thresholds =
            seen.iter().filter(|name| name.contains("step size at which half of the runs arrive"));
        assert_eq!(thresholds.count(), 4, "{threshold}: {seen:?}");
    }
    let seen = planted.turns(Prediction { arrivals_beyond: 0.5, ..right.clone() });
    assert_eq!(seen, ["beyond the threshold: runs that arrive"]);
    // Regions that reach over the threshold, and over norms at which runs are lost; in all cells together and in the weakest.
    for (region, wrong) in [
        ("between η = 1/5 and the threshold", Prediction { threshold: 0.7, ..right.clone() }),
        ("the rectangle", Prediction { rectangle: (0.6, 1.0), ..right.clone() }),
        ("norms from 1 to √2", Prediction { stretched: (0.2, 4.5), ..right.clone() }),
    ] {
        let seen = planted.turns(wrong);
        let weakest = format!("… in the weakest of these cells: {region}");
        for needle in [region, &weakest] {
            assert!(seen.iter().any(|name| name.starts_with(needle)), "{seen:?}");
        }
    }
    // The residual without the square root: s_0² = N − 1 for 2√(N − 1).
    let seen = planted.turns(Prediction { captured_from: |norm| norm * norm - 1.0, ..right });
    assert!(seen.len() == 3 && seen.iter().all(|name| name.contains("from which it is lost")), "{seen:?}");
    planted.complete();
}
