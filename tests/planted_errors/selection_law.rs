//! Wrong theories of `selection_law`, each of which turns the checks that it is about.

use puremix::claims::selection_law;
use puremix::verdict::Verdict;

use super::{context, refuted, verdict};

#[test]
fn every_check_can_fail() {
    use puremix::theory::selection as theory;
    use selection_law::{Options, Prediction, findings};
    let names = |prediction: Prediction| refuted(findings(&context(), &Options::default(), &prediction));
    let turns = |prediction: Prediction, checks: &[&str]| {
        let seen = names(prediction);
        for check in checks {
            assert!(seen.iter().any(|name| name.contains(check)), "`{check}` does not turn: {seen:?}");
        }
        seen
    };
    let right = Prediction::default();
    assert_eq!(verdict(findings(&context(), &Options::default(), &right)), Verdict::Reproduced);
    // Larger batches for the larger correlation: odds that depend on b. A stop that biases nothing. Spherical area in the
    // place of the lattice. A clock that is slow by m/(m − 1).
    fn by_batch(c: [f64; 2], batch: usize) -> f64 {
        theory::pair(c.map(|c| c.powi(batch as i32)))
    }
    fn area(c: [f64; 3]) -> [f64; 3] {
        let law = theory::spherical(&c);
        [law[0], law[1], law[2]]
    }
    turns(
        Prediction {
            pair_in_batches: by_batch,
            stopped_early: |c, _| theory::pair(c),
            triangle: area,
            diffusion_rate: |m, b, eta| eta * eta * (b * (m - b)) as f64 / (m * m) as f64,
            ..right.clone()
        },
        &[
            "two samples of 4, sgd with b = 2",
            "two samples of 4, sgd with b = 3",
            "two samples of 2, replacement with b = 2",
            "two samples of 4, replacement with b = 3",
            "stopped at cos² > 0.999, θ = 0.04 π/2: P(i* = 1)",
            "Monte Carlo against the lattice",
            "(m − 1) κ T less the fall of Σ log cos",
        ],
    );
    // The shares of the correlations, alone and in batches, and those of their squares. Spherical area in the place of the Monte Carlo. The clock
    // of draws with replacement.
    fn proportional(c: [f64; 2]) -> f64 {
        c[0] / (c[0] + c[1])
    }
    fn squares(c: [f64; 3]) -> [f64; 3] {
        let total: f64 = c.iter().map(|c| c * c).sum();
        c.map(|c| c * c / total)
    }
    fn spherical(c: &[f64], tolerance: f64, _: u64) -> theory::Odds {
        theory::Odds { probabilities: theory::spherical(c), errors: vec![tolerance; c.len()], paths: 0 }
    }
    let odds = "the exact odds, largest deviation from (2/π) arctan(c_1/c_2)";
    turns(
        Prediction {
            pair: proportional,
            pair_in_batches: |c, _| proportional(c),
            triangle: squares,
            odds: spherical,
            diffusion_rate: |m, b, eta| theory::diffusion_rate_with_replacement(m, b, eta),
            ..right.clone()
        },
        &[
            odds,
            "two samples of 2, replacement with b = 2",
            "c ∝ (5, 3, 2): P(i* = 1) by paths",
            "c ∝ (5, 3, 2), η → 0: P(i* = 1) of SGD",
            "Monte Carlo against (2/π) arctan",
            "Monte Carlo against the lattice",
            "m = 6 to 100, 11 starts pooled",
            "slope in κ of the mean time to selection",
        ],
    );
    // The odds with errors ten times too small.
    fn boastful(c: &[f64], tolerance: f64, seed: u64) -> theory::Odds {
        let odds = theory::monte_carlo(c, tolerance, seed);
        theory::Odds { errors: odds.errors.iter().map(|error| 0.1 * error).collect(), ..odds }
    }
    turns(
        Prediction { odds: boastful, ..right.clone() },
        &["Monte Carlo against (2/π) arctan", "Monte Carlo against the lattice"],
    );
    // No correction at all; one of the wrong sign, and for a start off the manifold that of a start on it; 3/64 for 2/64.
    let slope = "slope in η of the exact odds, largest deviation";
    let seen = turns(Prediction { pair_at: |c, _| theory::pair(c), ..right.clone() }, &[slope]);
    assert!(seen.iter().all(|name| name.starts_with("m = 2, η")), "{seen:?}");
    fn on_the_manifold(c: [f64; 2]) -> f64 {
        let norm = c[0].hypot(c[1]);
        theory::pair_slope(c.map(|c| c / norm))
    }
    fn other_sign(c: [f64; 2], eta: f64) -> f64 {
        2.0 * theory::pair(c) - theory::Chain::new(eta).probability(c)
    }
    turns(
        Prediction { pair_at: other_sign, slope: on_the_manifold, ..right.clone() },
        &[slope, "η = 0.45: P − 2θ/π", "‖w_0‖ = 0.1: (P(i* = 1) − 2θ/π)/η"],
    );
    turns(Prediction { slope: |c| 1.5 * theory::pair_slope(c), ..right }, &["θ = π/8: slope in η", slope]);
}
