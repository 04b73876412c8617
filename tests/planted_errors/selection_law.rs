//! Wrong theories of `selection_law`, each of which turns the checks that it is about.

use puremix::claims::selection_law::Prediction;
use puremix::theory::selection as theory;

use super::planted;

#[test]
fn every_check_can_fail() {
    let planted = planted!(selection_law);
    let right = Prediction::default();
    planted.turns_each(of_each_batch(&right), &OF_EACH_BATCH);
    planted.turns_each(of_squares(&right), &OF_SQUARES);
    // The odds with errors ten times too small, below.
    fn boastful(c: &[f64], tolerance: f64, seed: u64) -> theory::Odds {
        let odds = theory::monte_carlo(c, tolerance, seed);
        theory::Odds { errors: odds.errors.iter().map(|error| 0.1 * error).collect(), ..odds }
    }
    // No correction at all; one of the wrong sign, and for a start off the manifold that of a start on it; 3/64 for 2/64.
    let slope = "slope in η of the exact odds, largest deviation";
    let seen = planted.turns_each(Prediction { pair_at: |c, _| theory::pair(c), ..right.clone() }, &[slope]);
    assert!(seen.iter().all(|name| name.starts_with("m = 2, η")), "{seen:?}");
    fn on_the_manifold(c: [f64; 2]) -> f64 {
        let norm = c[0].hypot(c[1]);
        theory::pair_slope(c.map(|c| c / norm))
    }
    fn other_sign(c: [f64; 2], eta: f64) -> f64 {
        2.0 * theory::pair(c) - theory::Chain::new(eta).probability(c)
    }
    planted.turns_each(
        Prediction { pair_at: other_sign, slope: on_the_manifold, odds: boastful, ..right.clone() },
        &[
            slope,
            "η = 0.45: P − 2θ/π",
            "‖w_0‖ = 0.1: (P(i* = 1) − 2θ/π)/η",
            "Monte Carlo against (2/π) arctan",
            "Monte Carlo against the lattice",
        ],
    );
    // Spherical area in the place of the Monte Carlo, too.
    fn area(c: &[f64], tolerance: f64, _: u64) -> theory::Odds {
        theory::Odds { probabilities: theory::spherical(c), errors: vec![tolerance; c.len()], paths: 0 }
    }
    planted.turns_each(
        Prediction { slope: |c| 1.5 * theory::pair_slope(c), odds: area, ..right },
        &["θ = π/8: slope in η", slope, "11 starts pooled", "Monte Carlo against the lattice"],
    );
    planted.complete();
}

/// Larger batches for the larger correlation: odds that depend on b. A stop that biases nothing, and one that binds too early. Spherical area in
/// the place of the lattice. Guesses that are bounds. A clock that is slow by m/(m − 1). Off the manifold a norm that does not saturate, and lots of the size that they
/// have on it. A full batch that turns.
fn of_each_batch(right: &Prediction) -> Prediction {
    fn by_batch(c: [f64; 2], batch: usize) -> f64 {
        theory::pair(c.map(|c| c.powi(batch as i32)))
    }
    fn area(c: [f64; 3]) -> [f64; 3] {
        let law = theory::spherical(&c);
        [law[0], law[1], law[2]]
    }
    // The supermartingale with a = ½ alone.
    fn with_a_half(c: &[f64]) -> f64 {
        3f64.powf(0.25) * (c[1] / c[0]).sqrt()
    }
    fn cosines(c: &[f64]) -> Vec<f64> {
        let norm = c.iter().map(|c| c * c).sum::<f64>().sqrt();
        c.iter().map(|c| c / norm).collect()
    }
    Prediction {
        pair_in_batches: by_batch,
        stopped_early: |c, _| theory::pair(c),
        turns_again: with_a_half,
        triangle: area,
        diffusion_rate: |m, b, eta| eta * eta * (b * (m - b)) as f64 / (m * m) as f64,
        guesses: [cosines, cosines],
        arrival: |_| 1.0,
        arrival_spread: |norm| norm.ln().abs(),
        rest: 1e-9,
        ..right.clone()
    }
}

const OF_EACH_BATCH: [&str; 14] = [
    "two samples of 4, sgd with b = 2",
    "two samples of 4, sgd with b = 3",
    "two samples of 2, replacement with b = 2",
    "two samples of 4, replacement with b = 3",
    "stopped at cos² > 0.999, θ = 0.04 π/2: P(i* = 1)",
    "a decided path of the diffusion turns again",
    "Monte Carlo against the lattice",
    "(m − 1) κ T less the fall of Σ log cos",
    "c ∝ (5, 3, 2): P(i* = 1) by SGD at η = 0.1 exceeds",
    "by paths of the diffusion exceeds |c_1|/Σ|c|",
    "by paths of the diffusion exceeds spherical area",
    "N after m log(1/‖w_0‖)/2η steps",
    "variance of a log-ratio there",
    "full batch: largest change of a cosine",
];

/// The shares of the correlations, and those of their squares: for pairs, in batches, for three, for paths of the diffusion and for the Monte
/// Carlo. The clock of draws with replacement. Epochs that the first sample wins.
fn of_squares(right: &Prediction) -> Prediction {
    fn share(c: [f64; 2]) -> f64 {
        c[0] / (c[0] + c[1])
    }
    fn squares(c: &[f64]) -> Vec<f64> {
        c.iter().map(|c| c * c).collect()
    }
    fn shares_of_squares(c: [f64; 3]) -> [f64; 3] {
        let law = theory::proportional(&squares(&c));
        [law[0], law[1], law[2]]
    }
    Prediction {
        pair: |c| share(c.map(|c| c * c)),
        pair_at: |c, _| share(c),
        pair_in_batches: |c, _| share(c),
        triangle: shares_of_squares,
        odds: |c, tolerance, seed| theory::monte_carlo(&squares(c), tolerance, seed),
        path: |c, seed, path| (Prediction::default().path)(&squares(c), seed, path),
        diffusion_rate: theory::diffusion_rate_with_replacement,
        winner_of_epochs: |_| 0,
        ..right.clone()
    }
}

const OF_SQUARES: [&str; 14] = [
    "the exact odds, largest deviation from (2/π) arctan(c_1/c_2)",
    "θ = 0.17 π/2, η = 0.05: P(i* = 1)",
    "θ = 0.17 π/2, η → 0: P(i* = 1) by extrapolation",
    "halved: not 0, which it is for small η",
    "P(i* = 1) falls short of the law",
    "two samples of 2, replacement with b = 2",
    "P-value of equal odds",
    "slope in κ of the mean time to selection",
    "in the mean, is not 0",
    "c ∝ (5, 3, 2): P(i* = 1) by paths",
    "c ∝ (5, 3, 2), η → 0: P(i* = 1) of SGD",
    "Monte Carlo against (2/π) arctan",
    "runs in which the largest correlation wins",
    "epochs that drop a sample",
];
