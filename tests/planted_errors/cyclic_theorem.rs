//! Wrong theories of `cyclic_theorem`, each of which turns the checks that it is about.

use puremix::claims::cyclic_theorem::{Inequality, PROVED, Prediction};
use puremix::theory::cyclic::lyapunov;

use super::planted;

#[test]
fn every_check_can_fail() {
    let planted = planted!(cyclic_theorem);
    let right = Prediction::default();
    let turns = |prediction: Prediction, checks: &[&str], count: usize| {
        let seen = planted.turns_each(prediction, checks);
        assert_eq!(seen.len(), count, "{seen:?}");
    };
    // A shift of V, which the zones of two samples do not notice, but those of three and all sectors do, and the engine: its W is another.
    let shifted = Inequality { shift: 1.02, ..PROVED };
    let checks = [
        "box outside the zones",
        "m = 3, η from 209715/1048576 to 209716/1048576: step sizes with a box in a zone",
        "mixed orbits that are enclosed",
        "m = 2, cycles of the engine: largest distance",
        "m = 3, cycles",
    ];
    turns(Prediction { inequality: shifted, ..right.clone() }, &checks, 6);
    // V alone.
    let checks = [
        "m = 2, η from 209715/1048576 to 209716/1048576: step sizes with a box in a zone",
        "mixed orbits that are enclosed",
    ];
    turns(Prediction { inequality: Inequality { weight: 0.0, ..PROVED }, ..right.clone() }, &checks, 8);
    // In one run, as they have nothing to do with each other: a function that falls over some cycles, as the first sample loses what it began with; an orbit too many; and the
    // closed form of the limit of small step sizes.
    let weighted = |q: &[f64], s: f64, _: f64| {
        let q: Vec<f64> = q.iter().zip([1.0, 0.2, 0.04]).map(|(q, weight)| q * weight).collect();
        lyapunov::concentration(&q) - s
    };
    let even = |samples: usize, _: f64| vec![1.0 / (samples as f64).sqrt(); samples];
    turns(
        Prediction { lyapunov: weighted, orbits: |samples| 1 << samples, orbit: even, ..right.clone() },
        &[
            "least gain of W",
            "largest distance of the gain",
            "mixed orbits that are enclosed",
            "largest distance of the orbits' closed form",
        ],
        8,
    );
    // In one run, too: a map that is off by a part in 10¹², which is verified as well, but is not the engine's, nor is what its cycles gain; and controls that are none, of
    // which everything is verified.
    let off = Inequality { push: 1.0 + 1e-12, ..PROVED };
    turns(
        Prediction {
            inequality: off,
            turned: PROVED,
            without_defect: PROVED,
            shifted: PROVED,
            beyond: 51,
            ..right
        },
        &[
            "share that lies in the enclosure",
            "largest distance of the gain",
            "the sign of η(2 − N) turned",
            "W without D²",
            "V of shifted shares",
            "140/256",
        ],
        11,
    );
    planted.complete();
}
