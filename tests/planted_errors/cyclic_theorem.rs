//! Wrong theories of `cyclic_theorem`, each of which turns the checks that it is about.

use puremix::claims::cyclic_theorem::{self, Inequality, Options, PROVED, Prediction};
use puremix::theory::cyclic::lyapunov;

use super::Planted;

#[test]
fn every_check_can_fail() {
    let planted = Planted::new(
        |context, prediction| cyclic_theorem::findings(context, &Options::default(), prediction),
        cyclic_theorem::STUDY.protocol,
    );
    let right = Prediction::default();
    let turns = |prediction: Prediction, checks: &[&str], count: usize| {
        let seen = planted.turns(&prediction);
        for check in checks {
            assert!(seen.iter().any(|name| name.contains(check)), "`{check}` does not turn: {seen:?}");
        }
        assert_eq!(seen.len(), count, "{seen:?}");
    };
    // A shift of V, which its zones do not notice, but the sectors do, and the engine: its W is another.
    let shifted = Inequality { shift: 1.02, ..PROVED };
    let checks = ["box outside the zones", "m = 2, cycles of the engine: largest distance", "m = 3, cycles"];
    turns(Prediction { inequality: shifted, ..right.clone() }, &checks, 3);
    // V alone.
    let checks = ["m = 2, η from 51/256 to 52/256: pieces with a box in a zone", "mixed orbits with a zone"];
    turns(Prediction { inequality: Inequality { weight: 0.0, ..PROVED }, ..right.clone() }, &checks, 7);
    // A map that is off by a part in 10¹² is verified as well, but it is not the engine's, nor is what its cycles gain.
    let off = Inequality { push: 1.0 + 1e-12, ..PROVED };
    let checks = ["share that lies in the enclosure", "largest distance of the gain"];
    turns(Prediction { inequality: off, ..right.clone() }, &checks, 4);
    // A function that falls over some cycles, as the first sample loses what it began with.
    let weighted = |q: &[f64], s: f64, _: f64| {
        let q: Vec<f64> = q.iter().zip([1.0, 0.2, 0.04]).map(|(q, weight)| q * weight).collect();
        lyapunov::concentration(&q) - s
    };
    turns(
        Prediction { lyapunov: weighted, ..right.clone() },
        &["least gain of W", "largest distance of the gain"],
        4,
    );
    turns(Prediction { orbits: |samples| 1 << samples, ..right.clone() }, &["mixed orbits"], 2);
    // Controls that are none.
    turns(Prediction { turned: PROVED, ..right.clone() }, &["the sign of η(2 − N) turned"], 2);
    turns(Prediction { without_defect: PROVED, ..right.clone() }, &["W without D²"], 1);
    turns(Prediction { shifted: PROVED, ..right.clone() }, &["V of shifted shares"], 1);
    turns(Prediction { beyond: 51, ..right }, &["140/256"], 2);
    planted.complete();
}
