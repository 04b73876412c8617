//! The laws beyond the paper.

use puremix::claims::{cyclic_basin, escape, rate_law, selection_law};
use puremix::theory::{cyclic, sgd};
use puremix::verdict::Verdict;

use super::{context, refuted, verdict};

#[test]
fn selection_law_can_fail() {
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

#[test]
fn rate_law_can_fail() {
    use puremix::schedule::ScheduleKind;
    use puremix::theory::rate as theory;
    use rate_law::{Options, Prediction, findings};
    let names = |prediction: Prediction| refuted(findings(&context(), &Options::default(), &prediction));
    let of = |prediction: Prediction| verdict(findings(&context(), &Options::default(), &prediction));
    let right = Prediction::default();
    assert_eq!(of(right.clone()), Verdict::Reproduced);
    // With replacement, the leading order for the exact expectation.
    fn leading(kind: ScheduleKind, m: usize, b: usize, eta: f64) -> Option<theory::StepLaw> {
        let law = theory::step_law(kind, m, b, eta)?;
        let rate =
            if kind == ScheduleKind::Replacement { sgd::rate_with_replacement(m, b, eta) } else { law.rate };
        Some(theory::StepLaw { rate, ..law })
    }
    let seen = names(Prediction { law: leading, ..right.clone() });
    assert!(seen.iter().any(|name| name.starts_with("replacement, m = 4, b = 3")), "{seen:?}");
    // Epochs as fast as draws with replacement.
    fn epochs(kind: ScheduleKind, m: usize, b: usize, eta: f64) -> Option<theory::StepLaw> {
        let law = theory::step_law(kind, m, b, eta)?;
        let rate =
            if kind == ScheduleKind::Reshuffle { sgd::rate_with_replacement(m, b, eta) } else { law.rate };
        Some(theory::StepLaw { rate, ..law })
    }
    assert_eq!(of(Prediction { law: epochs, ..right.clone() }), Verdict::Refuted);
    // Without replacement, as if the winner's own draws were free of the loser's: (m − 1)/m of the rate.
    fn slower(kind: ScheduleKind, m: usize, b: usize, eta: f64) -> Option<theory::StepLaw> {
        let law = theory::step_law(kind, m, b, eta)?;
        let rate = if kind == ScheduleKind::Sgd { law.rate * (m as f64 - 1.0) / m as f64 } else { law.rate };
        Some(theory::StepLaw { rate, ..law })
    }
    let seen = names(Prediction { law: slower, ..right.clone() });
    assert!(seen.iter().any(|name| name.starts_with("sgd, m = ") && name.ends_with("rate λ")), "{seen:?}");
    // A walk wider by a seventh, where there are runs enough to see it.
    fn wider(kind: ScheduleKind, m: usize, b: usize, eta: f64) -> Option<theory::StepLaw> {
        let law = theory::step_law(kind, m, b, eta)?;
        Some(theory::StepLaw { variance: 1.3 * law.variance, ..law })
    }
    let seen = names(Prediction { law: wider, ..right.clone() });
    assert!(seen.iter().any(|name| name.contains("variance of the walk")), "{seen:?}");
    // Every loser of cyclic batches as far from the winner as the next.
    let anywhere = |m: usize, b: usize, _: usize, _: usize, eta: f64| theory::cyclic_blocks(m, b, 0, 1, eta);
    assert_eq!(of(Prediction { blocks: anywhere, ..right.clone() }), Verdict::Refuted);
    // Neighbours as slow as at b = 1, whatever b and m have in common.
    let seen = names(Prediction { slowest: |_, _| 1, ..right.clone() });
    assert_eq!(seen.len(), 2, "{seen:?}");
    assert!(seen.iter().all(|name| name.contains("slowest losers")), "{seen:?}");
    assert_eq!(of(Prediction { best: |m, _, _, _| m / 2, ..right.clone() }), Verdict::Refuted);
    assert_eq!(of(Prediction { pair_time: |_, far| far, ..right }), Verdict::Refuted);
}

#[test]
fn cyclic_basin_can_fail() {
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

#[test]
fn escape_can_fail() {
    use escape::{Options, Prediction, findings};
    use puremix::theory::escape as theory;
    let of = |prediction: Prediction| verdict(findings(&context(), &Options::default(), &prediction));
    let right = Prediction::default();
    assert_eq!(of(right.clone()), Verdict::Reproduced);
    let diffusion_rate = |m: usize, b: usize, eta: f64| eta * eta * (b * (m - b)) as f64 / (m * m) as f64;
    assert_eq!(of(Prediction { diffusion_rate, ..right.clone() }), Verdict::Refuted);
    assert_eq!(of(Prediction { early_spread: |_, time| time, ..right.clone() }), Verdict::Refuted);
    // Straight away at full drift; an interval that is too short; one sample too many.
    assert_eq!(of(Prediction { mean_time: |_, far| far, ..right.clone() }), Verdict::Refuted);
    let nearer = |far: f64| theory::Survival::from_even(0.6 * far);
    assert_eq!(of(Prediction { survival: nearer, ..right.clone() }), Verdict::Refuted);
    assert_eq!(of(Prediction { fall: |m| m as f64, ..right }), Verdict::Refuted);
}
