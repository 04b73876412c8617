//! Wrong theories of `landscape`, each of which turns the checks that it is about.

use puremix::claims::landscape::Prediction;
use puremix::theory::landscape as theory;

use super::planted;

#[test]
fn every_check_can_fail() {
    let planted = planted!(landscape);
    let right = Prediction::default();
    planted.turns_in_order(
        Prediction { minimum_loss: |m| (m as f64 - 1.0) / (2.0 * m as f64 + 1e-6), ..right },
        &["random minima: largest deviation", "GD on Burn", "SGD on Burn", "GD from beside the saddle"],
    );
    let (saddle, spurious) = ("saddle, ‖w‖² = 0.7: ", "spurious minimum, ‖w‖² = 2.6: ");
    let of_both = |what: &str| [format!("{saddle}{what}"), format!("{spurious}{what}")];
    let [at_saddle, at_spurious] = of_both("gradient and loss");
    planted.turns_in_order(
        Prediction { blank_loss: 0.5 + 1e-9, ..right },
        &[
            &at_saddle,
            &at_spurious,
            "GD from beside the spurious minimum",
            "the dead ReLU region: final loss",
        ],
    );
    // The gradient of Σ ℓ_i in the place of the mean, but for the points where it vanishes; and one that vanishes at another norm.
    let sum = |m: usize, c: f64, n: f64| m as f64 * theory::gradient_norm(m, c, n);
    planted.turns_in_order(
        Prediction { gradient_norm: sum, ..right },
        &["off the minima: largest deviation of ‖∇L‖"],
    );
    let longer = |m: usize, c: f64, n: f64| theory::gradient_norm(m, c, n * (1.0 + 1e-9));
    planted.turns_in_order(
        Prediction { gradient_norm: longer, ..right },
        &["random minima: largest gradient", "off the minima: largest deviation of ‖∇L‖"],
    );
    let off_c = |m: usize, c: f64, n: f64| theory::loss(m, c, n) + 1e-3 * (1.0 - c);
    let seen = planted.turns(Prediction { loss: off_c, ..right });
    assert!(seen.iter().any(|name| name.starts_with("off the minima: largest deviation of L")), "{seen:?}");
    planted.turns_in_order(
        Prediction { loss: |m, c, n| m as f64 * theory::loss(m, c, n), ..right },
        &["off the minima: largest deviation of L", "10 % longer", "ReLU, one sign turned"],
    );
    // The eigenvalue of another norm, and of a little more samples.
    let [first, second] = of_both("extreme eigenvalue");
    let [third, fourth] = of_both("all eigenvalues");
    let eigenvalues = [first.as_str(), &third, &second, &fourth];
    planted.turns_in_order(
        Prediction { curvature_without_projection: |n, m| (n - 1.0) / m as f64, ..right },
        &eigenvalues,
    );
    planted.turns_in_order(
        Prediction { curvature_without_projection: |n, m| (n - 2.0) / (m as f64 + 1e-3), ..right },
        &eigenvalues,
    );
    // The residual down to where the minimum ceases to attract; and a dead start that moves.
    planted.turns_in_order(
        Prediction { residual_kept: 2.0, ..right },
        &["… with the residual left almost as it was"],
    );
    planted.turns_in_order(
        Prediction { dead_movement: 1e-9, ..right },
        &["the dead ReLU region: distance moved in 100 steps"],
    );
    planted.complete();
}
